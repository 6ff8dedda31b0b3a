"""HubSpot's stand-in as the copying sees it: how it is set up, what people do, and what is true there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync_connectors.hubspot.named import NamedHubSpot

OBJECTS: Final = ("companies", "contacts", "products", "deals")
INSIDE: Final = {"companies": ("contacts",), "deals": ("line_items",)}
LAG_S: Final = 90
COMPUTED: Final = frozenset(
    {"company", "owner", "owner_email", "pipeline_label", "stage_label", "is_closed", "is_won", "probability"}
)
"""What the connector adds to the properties of HubSpot; the mappings' own tests look at these."""

Rows = Mapping[str, Mapping[str, Any]]


class HubSpot:
    """One account with the demo's 8,800 opportunities; time passes as it is moved."""

    connector = "hubspot"
    objects = OBJECTS
    settings = f"search_lag_s: {LAG_S}, searches_per_s: 1000"
    options = 'search_per_s: "1000000", burst_max: "1000000", ties: shifting, ids: scattered'

    def __init__(self, folder: Path) -> None:
        self.box = NamedHubSpot(folder)

    def up(self) -> None:
        """Start it with its data."""
        self.box.up()

    def storm(self, seed: int, edits: int) -> dict[str, int]:
        """So many edits, deletes, restores and merges by lot, within some seconds."""
        done = dict(self.box.admin("POST", "storm", {"seed": seed, "edits": edits}))
        self.box.admin("POST", "clock", {"advance_s": 3})
        return done

    def settle(self) -> None:
        """Search has caught up, and all is older than what a read goes back."""
        self.box.admin("POST", "clock", {"advance_s": LAG_S + 90})

    def sweep(self) -> None:
        """A day later everything is looked through."""
        self.box.admin("POST", "clock", {"advance_s": 25 * 3600})

    def traceless(self, fault: str) -> bool:
        """A deal that goes to another company is not modified, and nothing lists it."""
        return fault.startswith("deals ") and ": companies are" in fault

    def down(self) -> None:
        """Stop it."""
        self.box.down()

    # ------------------------------------------------------------ what is true

    def truth(self) -> dict[str, Rows]:
        """Object -> id -> the record with its associations, of all that live."""
        found: dict[str, Rows] = {}
        for name in {*OBJECTS, *(child for children in INSIDE.values() for child in children)}:
            rows = self.box.admin("GET", f"documents?object={name}")["records"]
            found[name] = {row["id"]: row for row in rows if not row["archived"] and not row["merged_into"]}
        return found

    def faults(self, object: str, id: str, shown: Mapping[str, Any], truth: Mapping[str, Rows]) -> list[str]:
        """What a record of the copy shows otherwise than the account has it."""
        row = truth[object][id]
        found = []
        for name, value in shown.items():
            if name in INSIDE.get(object, ()):
                found += _inside(name, row, value, truth)
            elif name in ("companies", "contacts", "deals", "line_items"):
                found += _linked(name, row, value)
            elif name not in COMPUTED and name != "id" and not _same(row["properties"].get(name), value):
                found.append(f"{name} is {value!r}, and there {row['properties'].get(name)!r}")
        return [f"{object} {id}: {fault}" for fault in found]


def _linked(name: str, row: Mapping[str, Any], value: Sequence[str]) -> list[str]:
    there = sorted(row["associations"].get(name, []))
    return [] if sorted(value) == there else [f"{name} are {sorted(value)}, and there {there}"]


def _inside(name: str, row: Mapping[str, Any], value: Any, truth: Mapping[str, Rows]) -> list[str]:
    there = {id for id in row["associations"].get(name, []) if id in truth[name]}
    shown = {inner["id"]: inner for inner in value}
    if there != shown.keys():
        return [f"{name} are {sorted(shown)}, and there {sorted(there)}"]
    return [
        f"{name} {id}: {field} is {held!r}, and there {truth[name][id]['properties'].get(field)!r}"
        for id, inner in shown.items()
        for field, held in inner.items()
        if field != "id" and not _same(truth[name][id]["properties"].get(field), held)
    ]


def _same(there: str | None, shown: Any) -> bool:
    """HubSpot has texts only; the copy numbers as decimal text, instants and days as such."""
    if there in (None, ""):
        return shown is None
    if shown == there or (isinstance(shown, bool) and there == str(shown).lower()):
        return True
    return isinstance(shown, str | int) and _reads(str(there)) == _reads(str(shown))


def _reads(text: str) -> object:
    try:
        return Decimal(text)
    except ArithmeticError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
