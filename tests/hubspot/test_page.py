"""docs/reference/hubspot-stand-in.md names every setting, fault and door there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.hubspot.account import Account

PAGE = (Path(__file__).parents[2] / "docs/reference/hubspot-stand-in.md").read_text(encoding="utf-8")


def rows(title: str) -> list[list[str]]:
    """The rows of the page's table under a heading."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]


def test_every_setting_is_told_with_its_default(account: Account) -> None:
    account.admin("POST", "reset")
    there = account.admin("GET", "settings")
    told: dict[str, str] = {}
    for row in rows("Settings"):
        names = re.findall(r"`(\w+)`", row[0])
        defaults = row[1].split(", ")
        if len(names) == len(defaults):
            told.update(zip(names, defaults, strict=True))
        else:
            told.update(dict.fromkeys(names, "?"))
    assert sorted(told) == sorted(there)
    known = {name: str(value).lower() for name, value in there.items()}
    wrong = {
        name: (text, known[name])
        for name, text in told.items()
        if text not in ("?", '""', '"" (all)', "all") and text.lower() != known[name]
    }
    assert wrong == {}


def test_every_fault_is_told(account: Account) -> None:
    for row in rows("Faults"):
        for name in re.findall(r"`([\w-]+)`", row[0]):
            account.fault(name)
    switched = [row["fault"] for row in account.admin("GET", "faults")["faults"]]
    assert len(switched) == len(set(switched)) == 30


def test_every_door_is_told_and_opens(account: Account) -> None:
    from billsync_connectors.hubspot.server.admin import _DOORS, _HANDS

    told = " ".join(row[0] for row in rows("Administration"))
    paths = {path for _method, path in _DOORS} | {"webhooks/deliver"}
    assert {path for path in paths if path not in told} == set()
    hands = next(row[1] for row in rows("Administration") if "human" in row[0])
    assert {name for name in _HANDS if f"`{name}`" not in hands} == set()
