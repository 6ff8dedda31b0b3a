"""A payment that a person takes back in a real Tryton is undone in the books, and back when it is booked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from billsync.invoicing.policy import InvoicingRules
from billsync.model.invoice import InvoiceState
from billsync.push import Options
from billsync.stage import returns
from billsync.stage.world import End, Silent, World
from billsync.store import Store
from billsync.workspace import read_mapping
from billsync_connectors.tryton import Tryton
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.push.fakes import HandClock
from tests.store import made
from tests.tryton.stories import applied, invoice, party

pytestmark = pytest.mark.tryton
AT = datetime(2017, 5, 1, tzinfo=UTC)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}", create=True)
    yield store
    store.close()


def test_a_payment_taken_back_in_tryton_is_taken_back_here(
    connect: Callable[..., Tryton], tryton_sandbox: TrytonSandbox, books: Store, tag: str
) -> None:
    erp, number = connect(), f"{tag}-1"
    applied(erp.write("invoice", [invoice(number, party(erp, tag))]))
    item = made.charge(number, amount="71.36").model_copy(update={"currency": "USD"})
    with books.tx("t") as tx:
        tx.ledger.add_charges([item], run="r", at=AT)
        bill = made.invoice(number, item).model_copy(update={"currency": "USD"})
        tx.ledger.add_invoice(bill, run="r", at=AT)
        tx.ledger.move_invoice(number, InvoiceState.SENT, note="", at=AT)
    end = End("erp", erp)
    world = World(
        pipeline="p", store=books, source=end, target=end, inbound=(), outbound={},
        payments=read_mapping("mappings/tryton/payment.yaml", Path()), status=None, rules=InvoicingRules(),
        through=AT.date(), run="r", owner="me", clock=HandClock(AT), chance=Random(1), options=Options(),
        progress=Silent(),
    )  # fmt: skip

    def stands() -> tuple[str, str]:
        returns.payments(world)
        with books.view() as tx:
            stored = tx.ledger.invoice(number)
            assert tx.ledger.verify() == []
            assert tx.ledger.events_verify()[1] == []
        assert stored is not None
        return str(stored.state), str(stored.open)

    tryton_sandbox.pay(number, Decimal("50.00"), date(2017, 4, 1), "part")
    tryton_sandbox.pay(number, Decimal("21.36"), date(2017, 4, 2), "rest")
    assert stands() == ("paid", "0.00")
    with books.view() as tx:
        ids = {item.payment.reference: item.payment.id for item in tx.ledger.payments(invoice=number)}
    tryton_sandbox.take_back(ids["rest"])
    assert stands() == ("partly_paid", "21.36")
    tryton_sandbox.take_back(ids["part"])
    assert stands() == ("sent", "71.36")
    assert stands() == ("sent", "71.36")
    with tryton_sandbox.rpc() as rpc:  # Tryton counts them against the invoice until they are off it
        lines = [int(id) for id in ids.values()]
        rpc.call("model.account.move.line.write", lines, {"invoice_payment": None})
    tryton_sandbox.pay(number, Decimal("71.36"), date(2017, 4, 9), "again")
    assert stands() == ("paid", "0.00")
