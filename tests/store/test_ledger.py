"""The books: a charge stands on one invoice, numbers have no gaps, a payment counts once, nothing is rewritten."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from billsync.model.invoice import InvoiceState
from billsync.model.payment import Refund
from billsync.store import IllegalMove, Store, Tx
from tests.store.made import AT, CRM, DAY, LONG, charge, invoice, payment

S = InvoiceState


def billed(tx: Tx, number: str = "INV-1", amount: str = "10.00", key: str = "D-1/L-1", deal: str = "D-1") -> None:
    item = charge(key, amount=amount, deal=deal)
    tx.ledger.add_charges([item], run="r1", at=AT)
    tx.ledger.add_invoice(invoice(number, item), run="r1", at=AT)


# ---------------------------------------------------------------- charges


def test_open_charges_wait_for_their_day_and_leave_when_they_are_invoiced(store: Store) -> None:
    early, late = charge("D-1/1"), charge("D-1/2", due=date(2026, 2, 28))
    other = charge("D-2/1", deal="D-2", buyer="aaa")
    with store.tx("t") as tx:
        tx.ledger.add_charges([early, late, other], run="r1", at=AT)
        assert tx.ledger.open_charges(DAY) == [other, early]
        tx.ledger.add_invoice(invoice("INV-1", early), run="r1", at=AT)
        assert tx.ledger.open_charges(date(2026, 12, 31)) == [other, late]
        assert {key: item.invoice for key, item in tx.ledger.charges_of("D-1").items()} == {
            "D-1/1": "INV-1",
            "D-1/2": None,
        }
        assert set(tx.ledger.charges_of_many(["D-1", "D-2", "D-3"])) == {"D-1", "D-2"}


def test_a_charge_exists_once(store: Store) -> None:
    with store.tx("t") as tx:
        tx.ledger.add_charges([charge()], run="r1", at=AT)
    with pytest.raises(IllegalMove, match="exists already"), store.tx("t") as tx:
        tx.ledger.add_charges([charge()], run="r2", at=AT)


def test_an_open_charge_can_be_taken_back_and_an_invoiced_one_cannot(store: Store) -> None:
    with store.tx("t") as tx:
        tx.ledger.add_charges([charge("D-1/1"), charge("D-1/2")], run="r1", at=AT)
        tx.ledger.add_invoice(invoice("INV-1", charge("D-1/1")), run="r1", at=AT)
        tx.ledger.drop_charges(["D-1/2"], run="r2", at=AT)
    with pytest.raises(IllegalMove, match="D-1/1"), store.tx("t") as tx:
        tx.ledger.drop_charges(["D-1/1"], run="r2", at=AT)
    with store.view() as tx:
        assert list(tx.ledger.charges_of("D-1")) == ["D-1/1"]


# ---------------------------------------------------------------- invoices


def test_a_charge_cannot_stand_on_two_invoices_and_the_attempt_leaves_nothing(store: Store) -> None:
    with store.tx("t") as tx:
        billed(tx)
        tx.ledger.add_charges([charge("D-1/2")], run="r1", at=AT)

    def bill_twice(tx: Tx) -> None:
        tx.ledger.draw("INV")
        tx.ledger.add_invoice(invoice("INV-2", charge("D-1/2"), charge()), run="r2", at=AT)

    with pytest.raises(IllegalMove, match="stands on another invoice"):
        store.run("t", bill_twice)
    with store.tx("t") as tx:
        assert tx.ledger.invoice("INV-2") is None
        assert tx.ledger.charges_of("D-1")["D-1/2"].invoice is None
        assert tx.ledger.draw("INV") == 1


def test_an_invoice_for_a_charge_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(IllegalMove, match="is not there"), store.tx("t") as tx:
        tx.ledger.add_invoice(invoice("INV-1", charge()), run="r1", at=AT)


def test_numbers_and_ids_of_invoices_exist_once(store: Store) -> None:
    with store.tx("t") as tx:
        billed(tx)
        tx.ledger.add_charges([charge("D-1/2")], run="r1", at=AT)
    for number, id in (("INV-1", "another"), ("INV-2", "deal/INV-1"), ("", "draft")):
        with pytest.raises(IllegalMove), store.tx("t") as tx:
            tx.ledger.add_invoice(invoice(number, charge("D-1/2"), id=id), run="r1", at=AT)
    with store.view() as tx:
        assert tx.ledger.invoice_ids(["acme", "nobody"]) == {"deal/INV-1"}


def test_an_invoice_comes_back_as_it_was_made(store: Store) -> None:
    made = invoice("INV-1", charge(), id=LONG)
    with store.tx("t") as tx:
        tx.ledger.add_charges([charge()], run="r1", at=AT)
        tx.ledger.add_invoice(made, run="r1", at=AT)
        stored = tx.ledger.invoice("INV-1")
    assert stored is not None
    assert stored.invoice == made
    assert (stored.state, stored.paid, stored.paid_on, stored.open) == (S.FINALISED, Decimal(0), None, Decimal("10.00"))
    assert (stored.row_hash, stored.run) == (made.digest(), "r1")


def test_invoices_are_found_by_customer_state_and_deal(store: Store) -> None:
    with store.tx("t") as tx:
        for n in range(1, 5):
            billed(tx, f"INV-{n}", key=f"D-{n}/1", deal=f"D-{n % 2}")
        tx.ledger.move_invoice("INV-2", S.SENT, note="erp has it", at=AT)

        def numbers(**filters: Any) -> list[str]:
            return [item.invoice.number for item in tx.ledger.invoices(**filters)]

        assert numbers() == ["INV-1", "INV-2", "INV-3", "INV-4"]
        assert numbers(after="INV-2", limit=1) == ["INV-3"]
        assert numbers(state=S.SENT) == ["INV-2"]
        assert numbers(deal="D-1") == ["INV-1", "INV-3"]
        assert numbers(customer="nobody") == []
        of_deals = tx.ledger.invoices_of_deals(["D-0", "D-9"])
        assert {deal: [item.invoice.number for item in items] for deal, items in of_deals.items()} == {
            "D-0": ["INV-2", "INV-4"]
        }


def test_states_move_along_the_table_only(store: Store) -> None:
    with store.tx("t") as tx:
        billed(tx)
        tx.ledger.move_invoice("INV-1", S.SENT, note="erp has it", at=AT)
        with pytest.raises(IllegalMove, match="cannot go from sent to finalised"):
            tx.ledger.move_invoice("INV-1", S.FINALISED, note="", at=AT)
        with pytest.raises(IllegalMove, match="no invoice INV-9"):
            tx.ledger.move_invoice("INV-9", S.SENT, note="", at=AT)
        trail = [(row["before"], row["after"], row["note"]) for row in tx.audit.tail("invoice/INV-1")]
    assert trail[0] == ("finalised", "sent", "erp has it")
    assert trail[1][:2] == ("", "finalised")
    assert len(trail) == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE invoices SET total_minor = 1",
        "UPDATE invoices SET doc = '{}'",
        "UPDATE invoices SET row_hash = ''",
        "DELETE FROM invoices",
        "UPDATE audit SET note = ''",
        "DELETE FROM audit",
    ],
)
def test_the_database_itself_refuses_to_rewrite_the_books(store: Store, change: str) -> None:
    with store.tx("t") as tx:
        billed(tx)
    with pytest.raises(IllegalMove, match=r"never changes|only grows"), store.tx("t") as tx:
        tx.conn.execute(text(change))


def _break_in(tx: Tx, table: str, *statements: str) -> None:
    """Do what somebody with the database's password could do."""
    if tx.conn.dialect.name == "sqlite":
        for name in tx.conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            tx.conn.execute(text(f"DROP TRIGGER {name}"))
    else:
        tx.conn.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    for statement in statements:
        tx.conn.execute(text(statement))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE invoices SET doc = replace(doc, '10.00', '90.00')", "not as it was finalised"),
        ("UPDATE invoices SET row_hash = 'x'", "not as it was finalised"),
        ("UPDATE invoices SET total_minor = 9000", "columns of the invoice INV-1"),
        ("UPDATE invoices SET paid_minor = 1000", "not the sum of its allocations"),
        ("UPDATE charges SET invoice = NULL", "charges bound to the invoice INV-1"),
    ],
)
def test_a_changed_digit_in_the_books_is_found(store: Store, change: str, found: str) -> None:
    with store.tx("t") as tx:
        billed(tx)
        assert tx.ledger.verify() == []
        _break_in(tx, "invoices", change)
    with store.view() as tx:
        faults = tx.ledger.verify()
    assert len(faults) == 1
    assert found in faults[0]


def test_a_document_forged_with_its_hash_is_found_by_the_audit_chain(store: Store) -> None:
    forged = invoice("INV-1", charge(amount="90.00"))
    with store.tx("t") as tx:
        billed(tx)
        _break_in(tx, "invoices")
        values = {"doc": forged.json_text(), "hash": forged.digest()}
        tx.conn.execute(text("UPDATE invoices SET doc = :doc, row_hash = :hash, total_minor = 9000"), values)
        assert tx.ledger.verify() == ["the invoice INV-1 is not as it was finalised (row_hash)"]


# ---------------------------------------------------------------- numbers


def test_numbers_count_from_one_in_each_series_and_a_rollback_leaves_no_gap(store: Store) -> None:
    with store.tx("t") as tx:
        assert [tx.ledger.draw("INV-2026") for _ in range(3)] == [1, 2, 3]
        assert tx.ledger.draw("INV-2027") == 1
        assert [tx.ledger.draw("INV-2028", 500), tx.ledger.draw("INV-2028")] == [1, 501]
    with pytest.raises(ZeroDivisionError), store.tx("t") as tx:
        assert tx.ledger.draw("INV-2026") / 0
    with store.tx("t") as tx:
        assert tx.ledger.draw("INV-2026") == 4


# ---------------------------------------------------------------- payments


def book(tx: Tx, id: str = "pay-1", amount: str = "10.00", number: str = "INV-1", **facts: Any) -> str:
    told = payment(id, amount, number).model_copy(update=facts)
    return tx.ledger.book_payment(told, source=CRM, run="r1", at=AT)


def back(tx: Tx, id: str = "R-1", amount: str = "4.00", of: str = "pay-1", **facts: Any) -> str:
    told = Refund(id=id, payment=of, amount=Decimal(amount), currency="EUR", paid_on=DAY, **facts)
    return tx.ledger.book_refund(told, source=CRM, run="r1", at=AT)


def settled(tx: Tx, number: str = "INV-1") -> tuple[Decimal, date | None]:
    stored = tx.ledger.invoice(number)
    assert stored is not None
    return stored.paid, stored.paid_on


def test_a_payment_is_booked_once_however_often_it_is_read(store: Store) -> None:
    with store.tx("t") as tx:
        billed(tx)
        assert book(tx, amount="4.00") == "booked"
        assert tx.ledger.settle("INV-1", {"pay-1": Decimal("4.00")}, at=AT)
    with store.tx("t") as tx:
        assert book(tx, amount="4.00") == "repeated"
        assert not tx.ledger.settle("INV-1", {"pay-1": Decimal("4.00")}, at=AT)
        assert settled(tx) == (Decimal("4.00"), None)
        assert [item.n for item in tx.ledger.payments()] == [1]
        assert tx.ledger.verify() == []


def test_the_last_payment_dates_the_settlement_in_whatever_order_they_are_booked(store: Store) -> None:
    march, april = date(2026, 3, 1), date(2026, 4, 1)
    with store.tx("t") as tx:
        billed(tx)
        book(tx, "b", "6.00", received_on=april)
        book(tx, "a", "4.00", received_on=march)
        tx.ledger.settle("INV-1", {"b": Decimal("6.00"), "a": Decimal("4.00")}, at=AT)
        assert settled(tx) == (Decimal("10.00"), april)
        found = tx.ledger.payments(invoice="INV-1")
        assert [(item.payment.id, item.settled) for item in found] == [("a", Decimal("4.00")), ("b", Decimal("6.00"))]
        assert tx.ledger.payments(invoice="INV-2") == []
        assert [item.payment.id for item in tx.ledger.payments(after="a")] == ["b"]


def test_no_more_can_be_settled_than_is_owed_nor_than_a_payment_has(store: Store) -> None:
    with store.tx("t") as tx:
        billed(tx)
        book(tx, amount="20.00")
        book(tx, "dollars", "10.00", currency="USD")
    for number, shares in (
        ("INV-1", {"pay-1": "10.01"}),
        ("INV-9", {"pay-1": "1.00"}),
        ("INV-1", {"pay-1": "-1.00"}),
        ("INV-1", {"pay-9": "1.00"}),
        ("INV-1", {"dollars": "1.00"}),
    ):
        with pytest.raises(IllegalMove), store.tx("t") as tx:
            tx.ledger.settle(number, {id: Decimal(amount) for id, amount in shares.items()}, at=AT)
    with store.tx("t") as tx:
        back(tx, amount="15.00")
    with pytest.raises(IllegalMove, match="it has less"), store.tx("t") as tx:
        tx.ledger.settle("INV-1", {"pay-1": Decimal("5.01")}, at=AT)
    with store.view() as tx:
        assert settled(tx) == (Decimal(0), None)
        assert tx.ledger.verify() == []


def test_a_payment_of_nothing_we_know_is_kept_all_the_same(store: Store) -> None:
    with store.tx("t") as tx:
        assert [book(tx, LONG, number=LONG), book(tx, LONG, number=LONG)] == ["booked", "repeated"]
        assert [item.payment.id for item in tx.ledger.payments(invoice=LONG, unallocated=True)] == [LONG]
        assert tx.ledger.verify() == []


def test_what_is_told_otherwise_is_a_row_more_and_frees_what_it_settled(store: Store) -> None:
    with store.tx("t") as tx:
        billed(tx)
        book(tx)
        tx.ledger.settle("INV-1", {"pay-1": Decimal("10.00")}, at=AT)
        assert book(tx, amount="7.00") == "corrected"
        assert settled(tx) == (Decimal(0), None)
        tx.ledger.settle("INV-1", {"pay-1": Decimal("7.00")}, at=AT)
        assert tx.ledger.reverse_payment("pay-1", note="deleted", run="r2", at=AT)
        assert not tx.ledger.reverse_payment("pay-1", note="deleted", run="r2", at=AT)
        (stored,) = tx.ledger.payments()
        assert (stored.state, stored.n, stored.net, stored.left) == ("reversed", 3, Decimal(0), Decimal(0))
        assert [str(item.amount) for item in stored.allocations] == ["10.00", "-10.00", "7.00", "-7.00"]
        assert book(tx, amount="7.00") == "corrected"
        assert tx.ledger.verify() == []
        assert tx.audit.verify() == []


def test_refunds_take_from_what_is_left_first_and_wait_for_their_payment(store: Store) -> None:
    with store.tx("t") as tx:
        billed(tx)
        assert back(tx) == "booked"
        assert [item.refund.id for item in tx.ledger.parked_refunds()] == ["R-1"]
        book(tx, amount="14.00")
        assert tx.ledger.parked_refunds() == []
        tx.ledger.settle("INV-1", {"pay-1": Decimal("10.00")}, at=AT)
        assert [back(tx), back(tx, amount="5.00"), back(tx, amount="5.00")] == ["repeated", "corrected", "repeated"]
        assert settled(tx) == (Decimal(0), None)
        assert tx.ledger.payments()[0].left == Decimal("9.00")
        assert back(tx, "R-2", "99.00", kind="chargeback", fee_reference="F-1") == "booked"
        assert (tx.ledger.payments()[0].net, tx.ledger.payments()[0].back) == (Decimal(0), Decimal("14.00"))
        assert tx.ledger.reverse_refund("R-2", note="won", run="r2", at=AT)
        assert tx.ledger.payments()[0].net == Decimal("9.00")
        assert tx.ledger.verify() == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments SET amount_minor = 1",
        "DELETE FROM allocations",
        "UPDATE refunds SET state = 'reversed'",
        "DELETE FROM payment_versions",
    ],
)
def test_the_database_itself_refuses_to_rewrite_what_was_booked(store: Store, change: str) -> None:
    with store.tx("t") as tx:
        billed(tx)
        book(tx)
        book(tx, amount="8.00")
        tx.ledger.settle("INV-1", {"pay-1": Decimal("8.00")}, at=AT)
        back(tx)
    with pytest.raises(IllegalMove, match="never changes"), store.tx("t") as tx:
        tx.conn.execute(text(change))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE receipts SET back_minor = 1", "does not come to what its rows say"),
        ("UPDATE receipts SET settled_minor = 1", "does not come to what its rows say"),
        ("UPDATE receipts SET invoice = 'INV-2'", "columns that differ"),
        ("DELETE FROM receipts", "does not come to what its rows say"),
    ],
)
def test_a_changed_digit_in_what_a_payment_comes_to_is_found(store: Store, change: str, found: str) -> None:
    with store.tx("t") as tx:
        billed(tx)
        book(tx)
        assert tx.ledger.verify() == []
        tx.conn.execute(text(change))
        (fault,) = tx.ledger.verify()
    assert found in fault


# ---------------------------------------------------------------- large amounts


def test_amounts_of_eighteen_digits_are_exact_also_in_sums(store: Store) -> None:
    huge = "9999999999999999.99"
    with store.tx("t") as tx:
        for n in range(1, 12):
            billed(tx, f"INV-{n}", huge, f"D-{n}/1", f"D-{n}")
        book(tx, amount=huge)
        tx.ledger.settle("INV-1", {"pay-1": Decimal(huge)}, at=AT)
        stored = tx.ledger.invoice("INV-1")
        assert stored is not None
        assert (stored.paid, stored.open) == (Decimal(huge), Decimal(0))
        assert tx.ledger.totals() == [("EUR", 11, 11 * (10**18 - 1), 10**18 - 1)]


def test_an_amount_above_what_the_ledger_holds_is_refused_before_anything_is_written(store: Store) -> None:
    item = charge(amount="999999999999999999.99")
    with store.tx("t") as tx:
        tx.ledger.add_charges([item], run="r1", at=AT)
        with pytest.raises(ValueError, match="more than the ledger holds"):
            tx.ledger.add_invoice(invoice("INV-1", item), run="r1", at=AT)
        assert tx.ledger.invoices() == []
