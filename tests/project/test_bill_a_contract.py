"""docs/how-to/bill-a-contract.md: its files are billed as they stand, and every command says what the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from tests.cli.place import Place

PAGE: Final = (Path(__file__).parents[2] / "docs" / "how-to" / "bill-a-contract.md").read_text(encoding="utf-8")
FILES: Final = re.findall(r"^```yaml (\S+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
COMMANDS: Final = re.findall(
    r"^```console(?: exit=(\d))?\n\$ billsync ([^\n]+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("code", "command", "shown"), COMMANDS, ids=[command for _, command, _ in COMMANDS])
def test_a_command_says_what_the_page_shows(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    command: str,
    shown: str,
) -> None:
    place = Place(tmp_path, capsys, monkeypatch)
    for name, text in FILES:
        place.write(name, text)
    said = place.billsync(*shlex.split(command))
    assert said.code == int(code or 0), said.out
    left = said.out
    for part in shown.split("...\n"):
        assert part in left, f"not said, or not in this order:\n{part}\nof\n{left}"
        left = left[left.index(part) + len(part) :]


def test_the_page_has_its_files_and_commands() -> None:
    assert (len(FILES), len(COMMANDS)) == (4, 6)
