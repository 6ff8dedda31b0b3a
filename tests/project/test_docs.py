"""The pages keep their word: links lead somewhere, the tour names what is there and leaves nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "demo" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    broken = [name for name in targets if "://" not in name and not (page.parent / name).exists()]
    assert broken == []


def test_the_tour_names_what_is_there() -> None:
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    names = {name for name in re.findall(r"`([\w/]+(?:\.py|/))`", text) if not name.startswith(("mappings", "docs"))}
    here = {str(path.relative_to(ROOT / "src/billsync")) for path in (ROOT / "src/billsync").rglob("*")}
    known = here | {Path(name).name for name in here}
    missing = [name for name in names if name.rstrip("/") not in known and not (ROOT / name).exists()]
    assert missing == []


def test_the_tour_leaves_no_module_out() -> None:
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    tops = [
        path for path in (ROOT / "src/billsync").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    names = {path.name if path.suffix else f"{path.name}/" for path in tops} - {"__init__.py", "__main__.py"}
    assert [name for name in sorted(names) if name not in text] == []


def test_the_readme_names_both_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("make demo", "make test"):
        assert command in text


def test_every_make_target_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE))
    described = set(re.findall(r"^([a-z-]+):.*## .+$", makefile, flags=re.MULTILINE))
    assert targets <= described


def test_nothing_names_a_path_of_one_machine() -> None:
    ours = [
        path
        for folder in ("src", "connectors", "mappings", "config", "docs", "tests")
        for path in (ROOT / folder).rglob("*")
    ]
    texts = [path for path in ours if path.suffix in {".py", ".md", ".yaml"} and path != Path(__file__)]
    assert [str(path) for path in texts if "/work/" in path.read_text(encoding="utf-8")] == []
