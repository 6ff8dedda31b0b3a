"""Intents for the stand-in, and the real effect machine on a real store that sends them, on a clock that both share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from billsync.connector import Context, Expectation, Intent, Outcome
from billsync.model.delivery import Delivery
from billsync.model.problem import Problem
from billsync.push import Options, Pushed, deliver, payload
from billsync.store import Store, Tx
from billsync_connectors.odoo.connector import Odoo
from billsync_connectors.odoo.settings import OdooSettings
from tests.odoo.house import DATABASE, LOGIN, House
from tests.push.fakes import HandClock

HOUR = timedelta(hours=1)
TOTAL = Expectation(Decimal("119.00"), Decimal("19.00"), "EUR", 1, date(2026, 3, 3))


def opened(house: House, **settings: Any) -> Odoo:
    """A connector that waits for nobody."""
    own = {"url": house.url, "database": DATABASE, "user": LOGIN, "api_key": house.key, "timeout": 20, **settings}
    return Odoo(Context("erp", Path()), OdooSettings(**own), sleep=lambda _seconds: None)


def line(price: str = "50.00", quantity: int = 2, **more: Any) -> dict[str, Any]:
    return {"name": "Seats", "quantity": Decimal(quantity), "price_unit": Decimal(price), "tax_rate": Decimal("0.19"),
            **more}  # fmt: skip


def document(partner: str, key: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """119.00 of 3 March."""
    head = {"payment_reference": key, "partner_id": partner, "invoice_date": date(2026, 3, 3), "currency_id": "EUR"}
    return {**head, "invoice_line_ids": list(lines or (line(),)), **more}


def write(erp: Odoo, object: str, key: str, payload: dict[str, Any], **more: Any) -> Outcome:
    """One intent, written."""
    return erp.write(object, [Intent(key, object, payload, **more)])[0]


def partner(erp: Odoo, key: str = "acme", **values: Any) -> str:
    """A customer's id there."""
    return made(write(erp, "partner", key, {"name": "Acme", **values}))


def made(outcome: Outcome) -> str:
    """The record's id, where there is one."""
    return str(getattr(outcome, "remote_id", "")) or repr(outcome)


def bill(erp: Odoo, key: str = "INV-1", **more: Any) -> str:
    """A posted invoice over 119.00; its id there."""
    return made(write(erp, "invoice", key, document(partner(erp), key, **more), expect=TOTAL))


def moves(house: House, type: str = "out_invoice") -> list[dict[str, Any]]:
    """The documents that the books have."""
    return [row for row in house.truth("account.move") if row["move_type"] == type]


def calls(house: House) -> list[str]:
    """Models and methods that were called, in order."""
    rows = house.admin("GET", "log")["requests"]
    return [row["path"].removeprefix("/json/2/") for row in rows if row["path"].startswith("/json/2/")]


@dataclass
class SharedClock(HandClock):
    """Time that passes by sleeping, in the stand-in too."""

    there: House | None = None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        assert self.there is not None
        self.there.forward(int(seconds) + 1)


@dataclass
class Desk:
    """One connection `erp`, with invoices planned for it."""

    store: Store
    there: House
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = SharedClock(there=self.there)
        self.erp = opened(self.there, **self.settings)
        self.customer = partner(self.erp)

    def plan(self, *numbers: int) -> None:
        """Plan invoices of 119.00."""
        with self.store.tx("plan") as tx:
            tx.outbox.plan([self._planned(f"INV-{number:02}") for number in numbers], at=self.clock.now())

    def _planned(self, name: str) -> Delivery:
        return payload.plan(
            connection="erp", object="invoice", kind="invoice", our_id=name, number=1,
            document=document(self.customer, name), mapping="m", rank=2, sequence=name, needs=(), expect=TOTAL,
        )  # fmt: skip

    def strike(self, call: str, fault: str, **options: Any) -> None:
        """Let a fault strike the next call of a model's method."""
        self.there.fault(fault, path=f"/json/2/{call}", **options)

    def push(self, *, after: timedelta = timedelta(0), **options: Any) -> Pushed:
        """One push, so much later."""

        def report(tx: Tx, problems: Iterable[Problem]) -> None:
            tx.problems.report(list(problems), pipeline="p", run="r", at=self.clock.now())

        if after:
            self.clock.sleep(after.total_seconds())
        return deliver(
            self.store, self.erp, "erp", owner="me", clock=self.clock, chance=Random(1),
            options=Options(**{"patience_s": 3600, **options}), report=report,
        )  # fmt: skip

    def state(self, number: int = 1) -> str:
        """State and, where it is not done, the reason."""
        with self.store.view() as tx:
            row = tx.outbox.get(f"invoice:INV-{number:02}:erp:1")
        assert row is not None
        return " ".join(part for part in (str(row.state), row.reason) if part)

    def there_once(self, number: int = 1) -> bool:
        """Whether the invoice took effect, and stands there posted, once and no second time."""
        rows = [row for row in moves(self.there) if row["payment_reference"] == f"INV-{number:02}"]
        done = self.state(number) in ("CONFIRMED", "SETTLED")
        return done and [(row["state"], str(row["amount_total"])) for row in rows] == [("posted", "119")]
