"""Credit notes in the ledger: within their invoices, frozen, and seen where somebody changed them all the same."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import text

from billsync.invoicing.credit_note import credit_note
from billsync.invoicing.draft import finalise_note
from billsync.model.invoice import CreditNote, InvoiceState
from billsync.store import Crediting, IllegalMove, Store
from billsync.verify import verify
from tests.store.made import AT, charge, invoice


def note(number: str, amount: str, *, after: tuple[CreditNote, ...] = ()) -> CreditNote:
    """So much of the invoice INV-1, which is over 10.00."""
    bill = invoice("INV-1", charge())
    made = credit_note(bill, after, {bill.lines[0].id: Decimal(amount)}, issued_on=bill.issued_on)
    return finalise_note(made, number, "CN")


@pytest.fixture
def billed(store: Store) -> Store:
    with store.tx("t") as tx:
        tx.ledger.draw("INV")
        tx.ledger.add_charges([charge()], run="r1", at=AT)
        tx.ledger.add_invoice(invoice("INV-1", charge()), run="r1", at=AT)
    return store


def test_what_a_note_takes_is_off_its_invoice(billed: Store) -> None:
    with billed.tx("t") as tx:
        tx.ledger.add_credit_notes([Crediting(note("CN-1", "4"), {"INV-1": Decimal("4.00")})], run="r2", at=AT)
        stored = tx.ledger.invoice("INV-1")
        assert stored is not None
        assert (str(stored.credited), str(stored.open)) == ("4.00", "6.00")
        [kept] = tx.ledger.credit_notes_of(["INV-1"])["INV-1"]
        assert (kept.note, kept.takes, kept.state) == (
            note("CN-1", "4"), {"INV-1": Decimal("4.00")}, InvoiceState.FINALISED,
        )  # fmt: skip
    assert [(item.invariant, item.row) for item in verify(billed, now=AT).broken] == []


@pytest.mark.parametrize(
    ("second", "takes", "said"),
    [
        (("CN-2", "7"), {"INV-1": Decimal(7)}, "more than is left to credit"),
        (("CN-2", "5"), {"INV-1": Decimal(4)}, "takes off something else"),
        (("CN-2", "5"), {"INV-9": Decimal(5)}, "there is no invoice INV-9"),
        (("CN-1", "5"), {"INV-1": Decimal(5)}, "exists already"),
        (("", "5"), {"INV-1": Decimal(5)}, "has no number"),
    ],
)
def test_what_must_never_be_is_refused(
    billed: Store, second: tuple[str, str], takes: dict[str, Decimal], said: str
) -> None:
    first = note("CN-1", "4")
    with billed.tx("t") as tx:
        tx.ledger.add_credit_notes([Crediting(first, {"INV-1": Decimal(4)})], run="r2", at=AT)
    number, amount = second
    wanted = note(number or "x", amount).model_copy(update={"number": number, "id": "another"})
    with pytest.raises(IllegalMove, match=said), billed.tx("t") as tx:
        tx.ledger.add_credit_notes([Crediting(wanted, takes)], run="r3", at=AT)
    with billed.view() as tx:
        assert [item.note.number for item in tx.ledger.credit_notes()] == ["CN-1"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE credit_notes SET total_minor = 1", "DELETE FROM credit_notes", "DELETE FROM credit_allocations",
        "UPDATE credit_allocations SET amount_minor = 1", "UPDATE invoices SET prepaid_minor = 1",
    ],
)  # fmt: skip
def test_nothing_of_it_is_ever_rewritten(billed: Store, statement: str) -> None:
    with billed.tx("t") as tx:
        tx.ledger.add_credit_notes([Crediting(note("CN-1", "4"), {"INV-1": Decimal(4)})], run="r2", at=AT)
    with pytest.raises(IllegalMove, match="never changes"), billed.tx("t") as tx:
        tx.conn.execute(text(statement))


def test_a_credit_that_somebody_took_off_behind_our_back_is_found(billed: Store) -> None:
    with billed.tx("t") as tx:
        tx.ledger.add_credit_notes([Crediting(note("CN-1", "4"), {"INV-1": Decimal(4)})], run="r2", at=AT)
    with billed.tx("t") as tx:
        tx.conn.execute(text("UPDATE invoices SET credited_minor = 0"))
    broken = verify(billed, now=AT).broken
    assert [(item.invariant, item.row) for item in broken] == [("I10", "INV-1")]
