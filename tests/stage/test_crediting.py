"""What is given back of invoices, made void and made anew, over runs of the real pipeline."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.model.invoice import InvoiceState
from billsync.stage import crediting, voiding
from billsync.stage.crediting import Asked, NotPossible
from billsync.store import Store, StoredInvoice
from tests.stage.office import INVOICE, PARTY, PRODUCT, Office

S = InvoiceState
DAY = date(2017, 12, 31)
NOTE = "mappings/tryton/credit_note.yaml"


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Office:
    office = Office(tmp_path, store, outbound=(PARTY, PRODUCT, INVOICE, NOTE))
    office.run()
    return office


def stands(office: Office, number: str) -> StoredInvoice:
    with office.store.view() as tx:
        found = tx.ledger.invoice(number)
    assert found is not None
    return found


def test_a_part_is_given_back_and_goes_to_the_erp_once(office: Office) -> None:
    note = crediting.credit(office.world(DAY), Asked("INV-0001", amount=Decimal(40), reason="broken"))
    assert (note.number, note.total, note.invoice, note.issued_on) == (
        "CN-2017-000001",
        Decimal("40.00"),
        "INV-0001",
        DAY,
    )
    assert (stands(office, "INV-0001").open, stands(office, "INV-0001").state) == (Decimal("60.00"), S.SENT)
    office.run()
    office.run()
    assert office.there().count("CN-2017-000001") == 1
    with office.store.view() as tx:
        stored = tx.ledger.credit_note("CN-2017-000001")
    assert stored is not None
    assert (stored.state, stored.takes) == (S.SENT, {"INV-0001": Decimal("40.00")})
    assert office.sound()


def test_what_is_given_back_is_not_paid_and_the_rest_of_a_payment_is_the_customers(office: Office) -> None:
    office.pay("INV-0001", "100")
    office.run()
    assert stands(office, "INV-0001").state is S.PAID
    crediting.credit(office.world(DAY), Asked("INV-0001", {"1": Decimal(25)}))
    assert (stands(office, "INV-0001").paid, stands(office, "INV-0001").state) == (Decimal("75.00"), S.PAID)
    with office.store.view() as tx:
        [payment] = tx.ledger.payments(invoice="INV-0001")
    assert payment.left == Decimal("25.00")
    assert office.codes() == ["CASH-PAYMENT-02"]
    assert office.sound()


def test_notes_never_come_to_more_than_their_invoice(office: Office) -> None:
    for amount in ("33.33", "33.33", None):
        crediting.credit(office.world(DAY), Asked("INV-0001", amount=Decimal(amount) if amount else None))
    stored = stands(office, "INV-0001")
    assert (stored.credited, stored.open, stored.state) == (Decimal("100.00"), Decimal("0.00"), S.PAID)
    for asked in (Asked("INV-0001"), Asked("INV-0002", amount=Decimal(251)), Asked("INV-0002", {"7": None})):
        with pytest.raises(NotPossible):
            crediting.credit(office.world(DAY), asked)
    with office.store.view() as tx:
        assert [item.note.number for item in tx.ledger.credit_notes()] == [f"CN-2017-00000{n}" for n in (1, 2, 3)]
    assert office.sound()


def test_a_void_invoice_is_void_there_too(office: Office) -> None:
    assert voiding.void(office.world(DAY), "INV-0001", "never ordered") == "it is taken back in erp with the next run"
    assert (stands(office, "INV-0001").state, stands(office, "INV-0001").open) == (S.VOID, Decimal("100.00"))
    office.run()
    assert office.books.voided == [office.id_of("INV-0001")]
    assert office.run().exit_code == 0
    assert "D1" not in {deal for deal, (_, state) in office.invoices().items() if state is not S.VOID}
    with pytest.raises(NotPossible, match="void already"):
        voiding.void(office.world(DAY), "INV-0001", "again")
    assert office.sound()


def test_nobody_is_asked_later_why_an_invoice_is_void_that_we_made_so(office: Office) -> None:
    voiding.void(office.world(DAY), "INV-0001", "never ordered")
    office.run()
    office.books.shows[office.id_of("INV-0001")] = {"state": "void"}
    for _ in range(9):  # a day each
        office.run()
    assert office.codes() == []


def test_a_paid_or_credited_invoice_is_never_void(office: Office) -> None:
    office.pay("INV-0001", "10")
    office.run()
    crediting.credit(office.world(DAY), Asked("INV-0002", amount=Decimal(1)))
    for number in ("INV-0001", "INV-0002", "INV-9"):
        with pytest.raises(NotPossible):
            voiding.void(office.world(DAY), number, "")
    assert office.sound()


def test_an_invoice_made_anew_takes_the_place_of_the_void_one(office: Office) -> None:
    [again] = voiding.reissue(office.world(DAY), "INV-0001", "wrong address")
    assert (again.number, again.replaces, again.issued_on, again.total) == (
        "INV-0003", "INV-0001", DAY, Decimal("100.00"),
    )  # fmt: skip
    assert [line.charge for line in again.lines] == [line.charge for line in stands(office, "INV-0001").invoice.lines]
    office.run()
    assert office.books.voided == [office.id_of("INV-0001")]
    assert office.there().count("INV-0003") == 1
    assert office.run().exit_code == 0
    with pytest.raises(NotPossible, match="stand on another one"):
        voiding.reissue(office.world(DAY), "INV-0001", "again")
    assert office.sound()
