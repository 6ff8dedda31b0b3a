"""The connector before the stand-in, what is written through it, and the effect machine on a clock that both share."""

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
from billsync_connectors.quickbooks.connector import QuickBooks
from billsync_connectors.quickbooks.settings import QuickBooksSettings
from tests.push.fakes import HandClock
from tests.quickbooks.stand_in import BASE, CLIENT, REALM, StandIn

HOUR = timedelta(hours=1)
ON = date(2026, 3, 5)
TO = f"{BASE}/invoice$"
"""Where documents are made."""


@dataclass
class Office:
    """A company that lets writers number, with a customer and an item, and the connector."""

    there: StandIn
    keep: Memory = field(default_factory=Memory)
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.there.set(custom_numbers=True)
        self.erp = self.open()
        self.customer = self.id("customer", "acme", {"DisplayName": "Acme"})
        self.item = self.id("item", "SEAT", {"Name": "Seat"})

    def open(self, **settings: Any) -> QuickBooks:
        """A connection as configured; its reads are repeated at once."""
        chosen = {
            "url": self.there.url, "client_id": CLIENT[0], "client_secret": CLIENT[1], "realm": REALM,
            "refresh_token": self.there.refresh, "calls_per_s": 1000, "revenue_account": "Services", "timeout": 30,
            **self.settings, **settings,
        }  # fmt: skip
        made = QuickBooks(Context("erp", Path(), self.keep), QuickBooksSettings.model_validate(chosen))
        made._http._sleep = lambda _seconds: None
        self.there.sessions.append(made)  # closed with the company's other clients
        return made

    # ------------------------------------------------------------ one write

    def write(self, object: str, key: str, payload: dict[str, Any], **intent: Any) -> Outcome:
        """What becomes of one intent."""
        own = {"idempotency_key": f"key-{object}-{key}", **intent}
        return self.erp.write(object, [Intent(key, object, payload, **own)])[0]

    def id(self, object: str, key: str, payload: dict[str, Any]) -> str:
        """The id of a record that is written without trouble."""
        outcome = self.write(object, key, payload)
        assert isinstance(outcome, Applied), outcome
        return outcome.remote_id

    def bill(self, number: str = "INV-1", *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """An invoice as a mapping makes it: over 119.00, of which 0 tax, where nothing is said."""
        return {
            "DocNumber": number, "CustomerRef": {"value": self.customer}, "TxnDate": ON,
            "CurrencyRef": {"value": "USD"}, "Line": list(lines) or [self.line("59.50", "2")], **fields,
        }  # fmt: skip

    def line(self, price: str, quantity: str = "1", rate: str = "0", code: str = "", text: str = "") -> dict[str, Any]:
        """A line as a mapping makes it."""
        detail = {"ItemRef": {"value": self.item}, "Qty": Decimal(quantity), "UnitPrice": Decimal(price)}
        return {"Description": text, "SalesItemLineDetail": detail, "tax_code": code, "tax_rate": Decimal(rate)}

    def paid(self, invoice: str, amount: str, **fields: Any) -> dict[str, Any]:
        """A payment as a mapping makes it."""
        link = {"TxnId": invoice, "TxnType": "Invoice"}
        sent = {"TotalAmt": Decimal(amount), "TxnDate": ON, "CurrencyRef": {"value": "USD"}}
        return {**sent, "Line": [{"Amount": Decimal(amount), "LinkedTxn": [link]}], **fields}

    def numbers(self, kind: str = "Invoice") -> list[str]:
        """The numbers that stand there, void ones too."""
        return [str(row.get("DocNumber")) for row in self.there.truth(kind).values() if not row.get("deleted")]


def expect(total: str, tax: str = "0", lines: int = 1, currency: str = "USD") -> Expectation:
    """What a document must show."""
    return Expectation(Decimal(total), Decimal(tax), currency, lines, ON)


@dataclass
class SharedClock(HandClock):
    """Time that passes by sleeping, in the company too."""

    there: StandIn | None = None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.there is not None:
            self.there.forward(int(seconds) + 1)


@dataclass
class Desk:
    """The effect machine with documents planned for the connection `erp`."""

    store: Store
    office: Office

    def __post_init__(self) -> None:
        self.clock = SharedClock(there=self.office.there)

    def plan(self, *numbers: int, object: str = "invoice", **fields: Any) -> None:
        """Plan invoices of 119.00."""
        with self.store.tx("plan") as tx:
            tx.outbox.plan([self._planned(n, object, fields) for n in numbers], at=self.clock.now())

    def _planned(self, number: int, object: str, fields: dict[str, Any]) -> Delivery:
        name = f"INV-{number:02}"
        return payload.plan(
            connection="erp", object=object, kind=object, our_id=name, number=1,
            document=self.office.bill(name) | fields if object == "invoice" else fields, mapping="m", rank=2,
            sequence=name, needs=(), expect=expect("119.00") if object == "invoice" else None,
        )  # fmt: skip

    def push(self, *, after: timedelta = timedelta(0), **options: Any) -> Pushed:
        """One push, so much later."""

        def report(tx: Tx, problems: Iterable[Problem]) -> None:
            tx.problems.report(list(problems), pipeline="p", run="r", at=self.clock.now())

        if after:
            self.clock.sleep(after.total_seconds())
        return deliver(
            self.store, self.office.erp, "erp", owner="me", clock=self.clock, chance=Random(1),
            options=Options(**{"patience_s": 3600, **options}), report=report,
        )  # fmt: skip

    def state(self, number: int = 1, kind: str = "invoice") -> str:
        """State and, where it is not done, the reason."""
        with self.store.view() as tx:
            row = tx.outbox.get(f"{kind}:INV-{number:02}:erp:1")
        assert row is not None
        return " ".join(filter(None, (str(row.state), row.reason)))

    def done_once(self, number: int = 1) -> bool:
        """Whether the invoice took effect, and stands there once."""
        once = self.office.numbers().count(f"INV-{number:02}") == 1
        return once and self.state(number).split()[0] in ("CONFIRMED", "SETTLED")
