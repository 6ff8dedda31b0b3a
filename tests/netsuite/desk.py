"""The real effect machine on a real store, sending to the real stand-in, on a clock that both share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from billsync.connector import Intent
from billsync.model.problem import Problem
from billsync.push import Options, deliver, payload
from billsync.store import Store, Tx
from tests.netsuite.connecting import connect, invoice, living, party, payment
from tests.netsuite.stand_in import StandIn
from tests.push.fakes import HandClock

HOUR = 3600


@dataclass
class SharedClock(HandClock):
    """Time that passes by sleeping, in the stand-in too."""

    there: StandIn | None = None
    owed: int = 0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.owed += int(seconds) + 1
        if self.there is not None:
            self.there.forward(self.owed)
            self.owed = 0


class Desk:
    """One connection `erp`, with what was planned for it."""

    def __init__(self, store: Store, there: StandIn, **settings: Any) -> None:
        self.store, self.there, self.settings = store, there, settings
        self.clock = SharedClock(there=there)
        self.buyer = party(connect(there))

    def plan(self, *numbers: int) -> None:
        """Plan invoices of 120.00."""
        self._planned([invoice(self.buyer, f"INV-{number}") for number in numbers], rank=2)

    def plan_payment(self, key: str, invoice: str) -> None:
        """Plan a payment of 120.00."""
        self._planned([payment(key, "120.00", invoice=invoice)], rank=3)

    def _planned(self, intents: Sequence[Intent], rank: int) -> None:
        with self.store.tx("plan") as tx:
            tx.outbox.plan([_delivery(intent, rank) for intent in intents], at=self.clock.now())

    def push(self, *, after_s: int = 0, patience_s: int = 2 * HOUR, **settings: Any) -> None:
        """One push, so much later."""

        def report(tx: Tx, problems: Iterable[Problem]) -> None:
            tx.problems.report(list(problems), pipeline="p", run="r", at=self.clock.now())

        if after_s:
            self.clock.sleep(after_s)
        deliver(
            self.store, connect(self.there, **{**self.settings, **settings}), "erp", owner="me", clock=self.clock,
            chance=Random(1), options=Options(patience_s=patience_s), report=report,
        )  # fmt: skip

    def state(self, key: str) -> str:
        """State and, where it is not done, the reason."""
        with self.store.view() as tx:
            row = tx.outbox.get(f"{key}:erp:1")
        assert row is not None
        return " ".join(part for part in (str(row.state), row.reason) if part)

    def done_once(self, *numbers: int) -> bool:
        """Whether each invoice took effect, and nothing else stands there."""
        states = {self.state(f"invoice:INV-{number}") for number in numbers}
        return states <= {"CONFIRMED", "SETTLED"} and sorted(living(self.there, "invoice")) == sorted(
            f"INV-{number}" for number in numbers
        )


def _delivery(intent: Intent, rank: int) -> Any:
    return payload.plan(
        connection="erp", object=intent.object, kind=intent.object, our_id=intent.key, number=1,
        document=intent.payload, mapping="m", rank=rank, sequence=intent.key, needs=(), expect=intent.expect,
    )  # fmt: skip
