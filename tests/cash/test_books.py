"""Payments, refunds and chargebacks, told in any order and any number of times: the same books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billsync.connector import Target
from billsync.invoicing.policy import InvoicingRules
from billsync.mapping import Mapped
from billsync.model.invoice import InvoiceState
from billsync.model.payment import Payment, Refund
from billsync.model.problem import Place
from billsync.push import Options
from billsync.stage import money
from billsync.stage.world import End, Silent, World
from billsync.store import InboxRow, Store, Tx
from tests.push.fakes import Books, Fake, HandClock
from tests.store.made import charge, invoice

AT = datetime(2026, 3, 1, tzinfo=UTC)
TOTALS = {"INV-1": "10.00", "INV-2": "3.00"}


Telling = tuple[str, str, Payment | Refund | None]
"""A record, the kind that it is of, and what it tells; None where it tells that no longer."""


@dataclass
class Desk:
    """A store with two invoices, and a way to tell it things."""

    store: Store
    clock: HandClock = field(default_factory=lambda: HandClock(AT))

    def __post_init__(self) -> None:
        erp = Fake.of(Books(Target.NONE), self.clock)
        self.world = World(
            pipeline="p", store=self.store, source=End("crm", erp), target=None, inbound=(), outbound={},
            payments=None, status=None, rules=InvoicingRules(), through=AT.date(), run="r", owner="me",
            clock=self.clock, chance=Random(1), options=Options(), progress=Silent(),
        )  # fmt: skip

    def open(self, tx: Tx) -> None:
        for number, total in TOTALS.items():
            item = charge(f"{number}/1", amount=total)
            tx.ledger.add_charges([item], run="r", at=AT)
            tx.ledger.add_invoice(invoice(number, item), run="r", at=AT)
            tx.ledger.move_invoice(number, InvoiceState.SENT, note="", at=AT)

    def told(self, tellings: Sequence[Telling]) -> dict[str, Any]:
        """What the books say after these tellings, in a transaction that is given up."""
        found: dict[str, Any] = {}
        with suppress(_Forgotten), self.store.tx("tell") as tx:
            self.open(tx)
            for record, kind, noun in tellings:
                row = InboxRow("crm", "payments", record, {}, "", Place(), noun is None, 1, "new")
                money.book(self.world, tx, kind, "crm", [(row, Mapped("", noun=noun))])
            assert tx.ledger.verify() == []
            assert tx.ledger.events_verify()[1] == []
            found = said(tx)
            raise _Forgotten
        return found


class _Forgotten(Exception):
    """Rolls a transaction back."""


def said(tx: Tx) -> dict[str, Any]:
    """All that the books say, but for how they came to it."""
    payments = {
        item.payment.id: (item.payment.amount, item.back, item.settled, item.payment.invoice)
        for item in tx.ledger.payments()
        if item.state == "booked"
    }
    invoices = {item.invoice.number: (item.state, item.paid, item.paid_on) for item in tx.ledger.invoices()}
    problems = sorted((item.problem.code, item.problem.place.id or "") for item in tx.problems.list())
    return {"payments": payments, "invoices": invoices, "problems": problems}


AMOUNTS = st.integers(1, 1200).map(lambda cents: Decimal(cents).scaleb(-2))
DAYS = st.integers(1, 5).map(lambda day: date(2026, 2, day))
VERSIONS = st.sampled_from("1234")


@st.composite
def histories(draw: st.DrawFn) -> list[list[Telling]]:
    """What each of some records tells, one thing after the other; records of one payment carry different versions."""
    found: list[list[Telling]] = []
    for n in range(draw(st.integers(1, 5))):
        kind, id = draw(st.sampled_from(["payment", "payment", "refund"])), draw(st.sampled_from("AB"))
        tellings: list[Telling] = []
        for step in range(draw(st.integers(1, 3))):
            amount, day = draw(AMOUNTS), draw(DAYS)
            currency = draw(st.sampled_from(["EUR", "EUR", "EUR", "USD"]))
            facts = {"id": id, "amount": amount, "currency": currency, "version": f"{draw(VERSIONS)}.{n}.{step}"}
            noun: Payment | Refund | None = None
            if kind == "payment":
                number = draw(st.sampled_from(["INV-1", "INV-1", "INV-2", "X-9", None]))
                noun = Payment(**facts, invoice=number, received_on=day)
            else:
                way = draw(st.sampled_from(["refund", "chargeback"]))
                noun = Refund(**facts, payment=draw(st.sampled_from("ABC")), kind=way, paid_on=day)
            tellings.append((f"record-{n}", kind, noun if draw(st.integers(0, 4)) else None))
        found.append(tellings)
    return found


def mixed(told: list[list[Telling]], chance: Random) -> list[Telling]:
    """The histories through each other, each in its own order, and everything told more than once now and then."""
    left, out = [list(tellings) for tellings in told], []
    while left := [tellings for tellings in left if tellings]:
        telling = chance.choice(left).pop(0)
        out += [telling] * chance.choice([1, 1, 2])
    return out


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.randoms())
def test_the_books_follow_from_what_is_told_last_and_never_from_the_way_there(
    desk: Desk, told: list[list[Telling]], chance: Random
) -> None:
    """I6, F82 to F84: whatever came, in whatever order, the books are as if only the last word had been said."""
    last = [tellings[-1] for tellings in told]
    wanted = desk.told(last)
    assert desk.told(mixed(told, chance)) == wanted
    chance.shuffle(last)
    assert desk.told(last) == wanted
    for state, paid, _day in wanted["invoices"].values():
        assert paid >= 0
        assert (state is InvoiceState.SENT) == (paid == 0)
    assert all(
        0 <= back <= amount and 0 <= settled <= amount - back
        for amount, back, settled, _ in wanted["payments"].values()
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}", create=True)
    yield Desk(store)
    store.close()
