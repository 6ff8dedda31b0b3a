"""An office in which every run is planned, looked at and applied."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billsync.planning import Applied, Plan, carry_out, make
from billsync.settings.shape import Bounds
from billsync.stage.world import World
from tests.plan.dumps import dump, files
from tests.stage.office import Office

YEAR_END = date(2017, 12, 31)
CONNECTIONS = {"crm": "1", "erp": "1"}


@dataclass
class Desk:
    """Plans and applies in an office."""

    office: Office
    bounds: Bounds = field(default_factory=Bounds)
    connections: Mapping[str, str] = field(default_factory=lambda: CONNECTIONS)
    at: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What happens at a named moment of the store, once."""

    def __post_init__(self) -> None:
        self.office.store._point = self._moment

    def _moment(self, name: str) -> None:
        self.at.pop(name, lambda: None)()

    def world(self, through: date = YEAR_END) -> World:
        return self.office.world(through)

    def plan(self, *, through: date = YEAR_END, full: bool = False) -> Plan:
        """A plan of things as they stand."""
        self.office.save()
        self.office.clock.at += timedelta(hours=1)
        return make(self.world(through), self.connections, self.bounds, full=full)

    def apply(self, plan: Plan) -> Applied:
        """Carry it out, some time later."""
        self.office.save()
        self.office.clock.at += timedelta(hours=1)
        return carry_out(self.world(plan.through), plan, self.connections, self.bounds)

    def everything(self) -> tuple[object, ...]:
        """All that stands anywhere."""
        books = self.office.books
        there = [*books.documents], {**books.content}, books.requests
        return dump(self.office.store), files(self.office.folder), *there

    def there(self) -> dict[str, dict[str, Any]]:
        """The ERP's own records by our reference."""
        books = self.office.books
        return {key: dict(books.content[remote]) for key, remote in books.documents}

    def told(self) -> dict[str, dict[str, str]]:
        """The CRM's own rows by deal."""
        path = self.office.folder / "status" / "status.csv"
        if not path.exists():
            return {}
        with path.open(encoding="utf-8", newline="") as file:
            return {row["deal"]: row for row in csv.DictReader(file)}


def unfolded(fields: Mapping[str, Any], references: Mapping[str, str]) -> dict[str, Any]:
    """Field by path -> value, references as the ids that they have there."""
    return {name: references.get(value, value) if isinstance(value, str) else value for name, value in fields.items()}


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """A record's content, field by path; written apart from the code under test."""
    if isinstance(value, dict) and value:
        return {k: v for name, item in value.items() for k, v in flat(item, f"{path}.{name}" if path else name).items()}
    if isinstance(value, list) and value:
        return {k: v for n, item in enumerate(value) for k, v in flat(item, f"{path}[{n}]").items()}
    return {path: value}


def money(document: Mapping[str, Any]) -> Decimal:
    """What an invoice of the ERP comes to, by its lines."""
    lines = document["lines"]
    return sum((Decimal(str(line["quantity"])) * Decimal(str(line["unit_price"])) for line in lines), Decimal(0))
