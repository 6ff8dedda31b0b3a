"""The real effect machine on a real store, sending to the real stand-in, on a clock that both share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from billsync.model.delivery import Delivery
from billsync.model.problem import Problem
from billsync.push import Options, Pushed, deliver, payload
from billsync.store import Store, Tx
from billsync_connectors.sandbox.connector import Sandbox
from tests.push.fakes import HandClock
from tests.sandbox.bills import TOTAL, document, party
from tests.sandbox.stand_in import StandIn

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class SharedClock(HandClock):
    """Time that passes by sleeping, in the stand-in too, as long as it runs."""

    there: StandIn | None = None
    owed: float = 0.0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.owed += seconds
        if self.there is not None and self.there.runs:
            self.there.forward(self.owed)
            self.owed = 0.0


@dataclass
class Desk:
    """One connection `erp` of kind `kind`, with what was planned for it."""

    store: Store
    there: StandIn
    kind: str = "C"
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = SharedClock(there=self.there)
        self.there.set(kind=self.kind)
        self.customer = party(self.there)
        self.erp = self.connector()

    def connector(self, **settings: Any) -> Sandbox:
        """A connection as configured."""
        chosen = {"kind": self.kind, "timeout": 30, "batch_max": 1, **self.settings, **settings}
        made = self.there.connector(**chosen)
        made._http._sleep = lambda _seconds: None  # reads are repeated at once: nobody waits for them here
        return made

    def plan(self, *numbers: int, needs: tuple[str, ...] = (), **fields: Any) -> None:
        """Plan invoices of 119.00."""
        with self.store.tx("plan") as tx:
            tx.outbox.plan([self._planned(number, needs, fields) for number in numbers], at=self.clock.now())

    def _planned(self, number: int, needs: tuple[str, ...], fields: dict[str, Any]) -> Delivery:
        name = f"INV-{number:02}"
        return payload.plan(
            connection="erp", object="invoice", kind="invoice", our_id=name, number=1,
            document=document(self.customer, name, **fields), mapping="m", rank=2, sequence=name, needs=needs,
            expect=TOTAL,
        )  # fmt: skip

    def strike(self, fault: str, **options: Any) -> None:
        """Let a fault strike the creation of the next invoice, not the look before it."""
        put = self.kind == "B"
        where = {"method": "PUT"} if put else {"path": "/v1/invoice$", "method": "POST"}
        self.there.fault(fault, **where, **options)

    def push(self, *, after: timedelta = timedelta(0), erp: Sandbox | None = None, **options: Any) -> Pushed:
        """One push, so much later."""

        def report(tx: Tx, problems: Iterable[Problem]) -> None:
            tx.problems.report(list(problems), pipeline="p", run="r", at=self.clock.now())

        if after:
            self.clock.sleep(after.total_seconds())
        chosen = Options(**{"patience_s": 3600, **options})
        return deliver(
            self.store, erp or self.erp, "erp", owner="me", clock=self.clock, chance=Random(1), options=chosen,
            report=report,
        )  # fmt: skip

    def row(self, number: int = 1) -> Delivery:
        with self.store.view() as tx:
            found = tx.outbox.get(f"invoice:INV-{number:02}:erp:1")
        assert found is not None
        return found

    def state(self, number: int = 1) -> str:
        """State and, where it is not done, the reason."""
        row = self.row(number)
        return " ".join(part for part in (str(row.state), row.reason) if part)

    def undone(self, numbers: Iterable[int]) -> list[int]:
        """Those that did not take effect, or do not stand there exactly once."""
        there = self.there.references()
        names = {number: f"INV-{number:02}" for number in numbers}
        fine = ("CONFIRMED", "SETTLED")
        return [n for n, name in names.items() if self.row(n).state not in fine or there.count(name) != 1]

    def done_once(self, number: int = 1) -> bool:
        """Whether the invoice took effect, and stands there once."""
        return self.undone([number]) == []


def of_kind(kind: str, ledger: Store, there: StandIn, **settings: Any) -> Desk:
    """A desk before an ERP of this kind, with one invoice planned."""
    made = Desk(ledger, there, kind, settings)
    made.plan(1)
    return made
