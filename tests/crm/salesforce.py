"""Salesforce's stand-in as the copying sees it: how it is set up, what people do, and what is true there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync_connectors.salesforce.named import SalesforceSandbox

OBJECTS: Final = ("Account", "Product2", "Opportunity")
CHILDREN: Final = {
    "Contacts": ("Contact", "AccountId"),
    "PricebookEntries": ("PricebookEntry", "Product2Id"),
    "OpportunityLineItems": ("OpportunityLineItem", "OpportunityId"),
}
PARENTS: Final = {
    "Account": ("Account", "AccountId"),
    "Product2": ("Product2", "Product2Id"),
    "Pricebook2": ("Pricebook2", "Pricebook2Id"),
}
LAG_S: Final = 300
_EVER: Final = "ever "
"""Before an object's name: its deleted records too."""

Rows = Mapping[str, Mapping[str, Any]]


class Salesforce:
    """One org with the demo's 8,800 opportunities; its clock stands until it is moved."""

    connector = "salesforce"
    objects = OBJECTS
    settings = f"lag_s: {LAG_S}, page_size: 200"
    options = 'page_max: "500"'

    def __init__(self, folder: Path) -> None:
        self.box = SalesforceSandbox(folder)

    def up(self) -> None:
        """Start it with its data."""
        self.box.up()
        self.box.admin("POST", "clock", {"set": "2026-11-22T12:00:00Z", "tick_ms": 250})

    def storm(self, seed: int, edits: int) -> dict[str, int]:
        """So many edits, deletes and merges by lot; some are committed up to two minutes late."""
        return dict(self.box.admin("POST", "storm", {"seed": seed, "edits": edits, "late_s": 120}))

    def settle(self) -> None:
        """All is committed, and older than what a read goes back."""
        self.box.admin("POST", "clock", {"advance_s": LAG_S + 120})

    def sweep(self) -> None:
        """Nothing more is needed: every change leaves a trace."""
        self.settle()

    def traceless(self, fault: str) -> bool:
        """Nothing is."""
        return False

    def down(self) -> None:
        """Stop it."""
        self.box.down()

    # ------------------------------------------------------------ what is true

    def truth(self) -> dict[str, Rows]:
        """Object -> id -> its fields, of all that live, and of all that ever did; parents and children too."""
        names = {*OBJECTS, *(child for child, _ in CHILDREN.values()), *(parent for parent, _ in PARENTS.values())}
        found: dict[str, Rows] = {}
        for name in names:
            rows = self.box.admin("GET", f"records?object={name}")["records"]
            found[name] = {row["Id"]: row for row in rows if not row["IsDeleted"]}
            found[_EVER + name] = {row["Id"]: row for row in rows}
        return found

    def faults(self, object: str, id: str, shown: Mapping[str, Any], truth: Mapping[str, Rows]) -> list[str]:
        """What a record of the copy shows otherwise than the org has it."""
        return [f"{object} {id}: {fault}" for fault in _faults(truth[object][id], shown, truth)]


def _faults(row: Mapping[str, Any], shown: Mapping[str, Any], truth: Mapping[str, Rows]) -> list[str]:
    found: list[str] = []
    for name, value in shown.items():
        if name == "attributes":
            continue
        if name in CHILDREN:
            found += _children(name, row, value, truth)
        elif isinstance(value, Mapping):
            object, by = PARENTS[name]
            parent = truth[_EVER + object][row[by]]  # one in the bin is shown, where a record still refers to it
            found += [f"{name}.{fault}" for fault in _faults(parent, value, truth)]
        elif name in PARENTS:
            by = PARENTS[name][1]
            found += [] if row.get(by) is None else [f"{name} is missing, and {by} is {row[by]}"]
        elif name not in row or not _same(row[name], value):
            found.append(f"{name} is {value!r}, and there {row.get(name)!r}")
    return found


def _children(name: str, row: Mapping[str, Any], value: Any, truth: Mapping[str, Rows]) -> list[str]:
    object, by = CHILDREN[name]
    there = {id: child for id, child in truth[object].items() if child[by] == row["Id"]}
    shown = {child["Id"]: child for child in (value or {}).get("records", [])}
    if there.keys() != shown.keys():
        return [f"{name} are {sorted(shown)}, and there {sorted(there)}"]
    return [f"{name} {id}: {fault}" for id in there for fault in _faults(there[id], shown[id], truth)]


def _same(there: Any, shown: Any) -> bool:
    if isinstance(there, int | float) and not isinstance(there, bool):
        return not isinstance(shown, bool) and Decimal(str(there)) == Decimal(str(shown))
    if isinstance(there, str) and isinstance(shown, str) and there.endswith("+0000"):
        return datetime.fromisoformat(there) == datetime.fromisoformat(shown)
    return bool(there == shown)
