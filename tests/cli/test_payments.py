"""`payments list` and `payments show`: what came in, what it settles, and what of it is the payer's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from billsync.model.payment import Payment, Refund
from billsync.model.ref import Ref
from billsync.store import Store
from tests.cli.place import GOOD, Place

AT = datetime(2026, 3, 1, tzinfo=UTC)
FROM = Ref(system="crm", kind="payments", id="e1")


def test_what_is_left_of_payments_is_listed_and_explained(place: Place) -> None:
    place.deals(GOOD)
    place.billsync("sync")
    assert place.billsync("payments", "list").out == "no payments\n"
    [invoice] = place.billsync("invoice", "list", "--format", "json").json
    store = Store.open(f"sqlite:///{place.folder / 'billsync.db'}")
    with store.tx("t") as tx:
        for id, amount in (("P1", "1200"), ("P2", "5")):
            told = Payment(
                id=id, invoice=invoice["number"], amount=Decimal(amount), currency="USD", received_on=date(2026, 2, 4)
            )
            tx.ledger.book_payment(told, source=FROM, run="r", at=AT)
        back = Refund(
            id="R1", payment="P1", amount=Decimal(50), currency="USD", paid_on=date(2026, 2, 9), kind="chargeback"
        )
        tx.ledger.book_refund(back, source=FROM, run="r", at=AT)
        tx.ledger.settle(invoice["number"], {"P1": Decimal(invoice["total"]) - 5, "P2": Decimal(5)}, at=AT)
    store.close()
    everything = place.billsync("payments", "list", "--format", "json").json
    assert [(row["id"], row["back"], row["left"]) for row in everything] == [
        ("P1", "50.00", str(Decimal("1155.00") - Decimal(invoice["total"]))),
        ("P2", "0.00", "0.00"),
    ]
    assert [row["id"] for row in place.billsync("payments", "list", "--unallocated", "--format", "json").json] == ["P1"]
    assert place.billsync("payments", "list", "--invoice", "X-9").out == "no payments for the invoice 'X-9'\n"
    shown = place.billsync("payments", "show", "P1", "--format", "json").json
    assert [(row["id"], row["kind"]) for row in shown["refunds"]] == [("R1", "chargeback")]
    assert [row["invoice"] for row in shown["settles"]] == [invoice["number"]]
    assert "chargeback" in place.billsync("payments", "show", "P1").out
