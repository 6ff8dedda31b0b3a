"""The connector before the door, and the real effect machine that drives it, on one clock with the stand-in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from billsync.connector import Applied, Context, Expectation, Intent, Memory, Outcome
from billsync.model.delivery import Delivery
from billsync.model.problem import Problem
from billsync.push import Options, Pushed, deliver, payload
from billsync.store import Store, Tx
from billsync_connectors.xero.connector import Xero
from billsync_connectors.xero.settings import XeroSettings
from tests.push.fakes import HandClock
from tests.xero.door import Door
from tests.xero.house import ID, SECRET, House

D = Decimal
ON = date(2026, 3, 5)
HOUR = timedelta(hours=1)
PLURALS = {
    "contact": "Contacts",
    "item": "Items",
    "invoice": "Invoices",
    "credit_note": "CreditNotes",
    "payment": "Payments",
}


@dataclass
class SharedClock(HandClock):
    """Time that passes by sleeping, in the stand-in too."""

    house: House | None = None
    owed: float = 0.0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.owed += seconds
        if self.house is not None and self.owed >= 1:
            self.house.forward(int(self.owed))
            self.owed -= int(self.owed)


@dataclass
class Desk:
    """One connection `erp`."""

    house: House
    door: Door
    store: Store | None = None
    keep: Memory = field(default_factory=Memory)
    customer: str = ""

    def __post_init__(self) -> None:
        self.clock = SharedClock(house=self.house)
        self.opened: list[Xero] = []
        self.erp = self.connector()
        self.customer = self.made("contact", "acme", Name="Acme")

    def connector(self, **settings: Any) -> Xero:
        own: dict[str, Any] = {
            "client_id": ID,
            "client_secret": SECRET,
            "tenant": self.house.tenant,
            "url": self.door.url,
        }
        own |= {"revenue_account": "200", "bank_account": "090", "tax_codes": {"DE20": "OUTPUT2"}}
        chosen = XeroSettings.model_validate({**own, **settings})
        made = Xero(Context("erp", Path(), self.keep), chosen, sleep=lambda _seconds: None)
        self.opened.append(made)
        return made

    def close(self) -> None:
        """Close every connector that was opened."""
        for one in self.opened:
            one.close()

    # ------------------------------------------------------------ writing past the machine

    def write(self, *intents: Intent) -> list[Outcome]:
        return self.erp.write(intents[0].object, intents)

    def made(self, object: str, key: str, **fields: Any) -> str:
        """A record that is written; its id."""
        (outcome,) = self.write(intent(object, key, **fields))
        assert isinstance(outcome, Applied), outcome
        return outcome.remote_id

    def made_bill(self, key: str) -> str:
        """An invoice of 120.00 that stands there; its id."""
        (outcome,) = self.write(self.bill(key))
        assert isinstance(outcome, Applied), outcome
        return outcome.remote_id

    def bill(self, key: str, *lines: dict[str, Any], **more: Any) -> Intent:
        """An invoice of 120.00 for Acme, or of these lines."""
        expect = more.pop("expect", None if lines else sums())
        options = {name: more.pop(name) for name in ("remote_id", "void") if name in more}
        own = {"Contact": {"ContactID": self.customer}, "Date": ON, "DueDate": date(2026, 4, 4), "CurrencyCode": "EUR"}
        data = {**own, "LineItems": list(lines) or [line()], **more}
        return intent("invoice", key, expect=expect, **options, **data)

    def credit(self, key: str, invoice: str | None, amount: Any = 100, **more: Any) -> Intent:
        """A credit note of `amount` and 20 % of tax."""
        own = {"Contact": {"ContactID": self.customer}, "Date": ON, "CurrencyCode": "EUR"}
        own |= {"Invoice": {"InvoiceID": invoice}, "LineItems": [line(amount)]}
        return intent("credit_note", key, **{**own, **more})

    def money(self, key: str, invoice: str, amount: Any, **more: Any) -> Intent:
        return intent("payment", key, Invoice={"InvoiceID": invoice}, Amount=D(amount), Date=ON, **more)

    def truth(self, object: str) -> list[dict[str, Any]]:
        return self.house.truth(PLURALS[object])

    def shown(self, object: str, *names: str) -> list[tuple[Any, ...]]:
        """These fields of every record that is there."""
        return [tuple(row.get(name) for name in names) for row in self.truth(object)]

    # ------------------------------------------------------------ faults, and the machine

    def strike(self, fault: str, object: str, method: str, **options: Any) -> None:
        """Let a fault strike the next request of that kind; from now on answers may be wrong."""
        self.door.disturbed = True
        self.house.fault(fault, path=f"/api.xro/2.0/{PLURALS[object]}", method=method, **options)

    def plan(self, one: Intent) -> None:
        """Plan a delivery of an intent."""
        assert self.store is not None
        made = payload.plan(
            connection="erp", object=one.object, kind=one.object, our_id=one.key, number=1, document=one.payload,
            mapping="m", rank=2, sequence=one.key, needs=(), expect=one.expect,
        )  # fmt: skip
        with self.store.tx("plan") as tx:
            tx.outbox.plan([made], at=self.clock.now())

    def push(self, *, after: timedelta = timedelta(0), **options: Any) -> Pushed:
        """One push, so much later."""

        def report(tx: Tx, problems: Iterable[Problem]) -> None:
            tx.problems.report(list(problems), pipeline="p", run="r", at=self.clock.now())

        assert self.store is not None
        if after:
            self.clock.sleep(after.total_seconds())
        chosen = Options(**{"patience_s": 3600, **options})
        return deliver(
            self.store, self.erp, "erp", owner="me", clock=self.clock, chance=Random(1), options=chosen, report=report
        )

    def row(self, one: Intent) -> Delivery:
        assert self.store is not None
        with self.store.view() as tx:
            found = tx.outbox.get(f"{one.object}:{one.key}:erp:1")
        assert found is not None
        return found

    def state(self, one: Intent) -> str:
        """State and, where it is not done, the reason."""
        row = self.row(one)
        return " ".join(part for part in (str(row.state), row.reason) if part)


def intent(
    object: str,
    key: str,
    *,
    expect: Expectation | None = None,
    remote_id: str | None = None,
    void: bool = False,
    **data: Any,
) -> Intent:
    return Intent(key, object, data, remote_id, idempotency_key=f"{object}-{key}", expect=expect, void=void)


def line(unit: Any = 100, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    """One line at 20 %."""
    own = {
        "Description": "Licence",
        "Quantity": D(quantity),
        "UnitAmount": D(unit),
        "tax_code": "DE20",
        "tax_rate": D("0.2"),
    }
    return {**own, **more}


def sums(total: Any = 120, tax: Any = 20, lines: int = 1, currency: str = "EUR") -> Expectation:
    return Expectation(total=D(total), tax=D(tax), currency=currency, lines=lines, on=ON)
