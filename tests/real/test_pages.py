"""The how-to pages of preview, simulate and subscriptions: what they show is what the commands say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from billsync import assets
from tests.cli.place import Place

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ("preview-and-simulate",)
COMMANDS: Final = [
    (name, command, shown)
    for name in PAGES
    for command, shown in re.findall(
        r"^```\n\$ billsync ([^\n]+)\n(.*?)^```$",
        (ROOT / "docs" / "how-to" / f"{name}.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
]


@pytest.mark.parametrize(("page", "command", "shown"), COMMANDS, ids=[command for _, command, _ in COMMANDS])
def test_a_command_says_what_the_page_shows(place: Place, page: str, command: str, shown: str) -> None:
    (place.folder / "demo").symlink_to(assets.folder("demo"))
    said = place.billsync(*shlex.split(command))
    assert said.code == 0, said.out
    left = said.out
    for part in re.sub(r" {2,}", "\t", shown).split("...\n"):
        spaced = re.sub(r" {2,}", "\t", left)
        assert part in spaced, f"not said, or not in this order:\n{part}\nof\n{spaced}"
        left = spaced[spaced.index(part) + len(part) :]


def test_the_pages_have_commands() -> None:
    assert len(COMMANDS) == 2


def test_the_steps_of_the_subscriptions_page_lead_where_they_say(place: Place) -> None:
    """The folder that its steps make is the one of the tests; its figures are those of the file."""
    page = (ROOT / "docs" / "how-to" / "bill-subscriptions.md").read_text(encoding="utf-8")
    for path in re.findall(r"\.\./((?:demo|config)/\S+)", page):
        assert (ROOT / path).exists(), path
    assert "**5,334,268.35**" in page
    assert 12 * 45611660 - 13913085 == 533426835
