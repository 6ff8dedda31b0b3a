"""The hooks and the page on CI: what they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
import yaml
from typer.main import get_command

from billsync.cli.app import app

ROOT = Path(__file__).parents[2]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))  # noqa: TID251
PAGE = (ROOT / "docs" / "how-to" / "revops-ci.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"billsync mapping \w+(?: [-\w./]+)*", PAGE)))


def options(words: list[str]) -> set[str]:
    """The options of a command; an unknown one is an error."""
    command = get_command(app)
    for word in words:
        assert isinstance(command, typer.core.TyperGroup)
        command = command.commands[word]
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("line", [*COMMANDS, *(hook["entry"] for hook in HOOKS)])
def test_every_command_that_is_named_exists_with_its_options(line: str) -> None:
    words = line.split()[1:]
    known = options(words[:2])
    assert {word for word in words[2:] if word.startswith("--")} <= known


def test_the_hooks_look_at_mappings_and_at_nothing_else() -> None:
    shipped = [str(path.relative_to(ROOT)) for path in (ROOT / "mappings").rglob("*.yaml")]
    for hook in HOOKS:
        pattern = re.compile(hook["files"])
        assert all(pattern.search(name) for name in [*shipped, "crm/mappings/a.yml"])
        assert not [
            name
            for name in ("billsync.yaml", "mappings/lookups/products.csv", "mymappings/a.yaml")
            if pattern.search(name)
        ]
    assert {hook["id"] for hook in HOOKS} == set(re.findall(r"- id: (\S+)", PAGE))


def test_every_yaml_block_of_the_page_is_yaml() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        yaml.safe_load(block)  # noqa: TID251
