"""The vendor's world: python-quickbooks and intuit-oauth, unchanged, do all that a billing system does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from intuitlib.exceptions import AuthClientError
from quickbooks.batch import batch_create, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import AuthorizationException, ObjectNotFoundException, QuickbooksException
from quickbooks.objects.attachable import Attachable
from quickbooks.objects.base import AttachableRef, Ref
from quickbooks.objects.creditmemo import CreditMemo
from quickbooks.objects.customer import Customer
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.item import Item
from quickbooks.objects.payment import Payment, PaymentLine
from quickbooks.objects.preferences import Preferences
from quickbooks.objects.taxcode import TaxCode
from quickbooks.objects.term import Term

from tests.quickbooks.stand_in import StandIn


def ref(value: Any) -> Ref:
    made = Ref()
    made.value = str(value)
    return made


def customer(qb: Any, name: str = "Acme") -> Any:
    made = Customer()
    made.DisplayName = name
    return made.save(qb=qb)


def sold(price: str, quantity: str = "1") -> Any:
    made = SalesItemLine()
    made.Amount = Decimal(price) * Decimal(quantity)
    made.SalesItemLineDetail = SalesItemLineDetail()
    made.SalesItemLineDetail.ItemRef = ref(1)
    made.SalesItemLineDetail.UnitPrice, made.SalesItemLineDetail.Qty = Decimal(price), Decimal(quantity)
    made.SalesItemLineDetail.ServiceDate = "2026-03-01"
    return made


def sale(kind: Any, of: Any, *lines: Any) -> Any:
    made = kind()
    made.CustomerRef = ref(of.Id)
    made.Line = list(lines)
    return made


def test_from_customer_to_payment(company: StandIn) -> None:
    qb = company.sdk()
    item = Item()
    item.Name, item.Type, item.IncomeAccountRef = "Seats", "Service", ref(1)
    assert item.save(qb=qb).Sku is None
    acme = customer(qb)
    invoice = sale(Invoice, acme, sold("19.99", "3")).save(qb=qb, request_id="inv-1")
    assert (invoice.TotalAmt, invoice.Balance, invoice.DocNumber) == (Decimal("59.97"), Decimal("59.97"), "1001")
    assert [line.DetailType for line in invoice.Line] == ["SalesItemLineDetail", "SubTotalLineDetail"]
    payment, paid = Payment(), PaymentLine()
    payment.CustomerRef, payment.TotalAmt = ref(acme.Id), Decimal("60.00")
    paid.Amount, paid.LinkedTxn = Decimal("59.97"), [invoice.to_linked_txn()]
    payment.Line.append(paid)
    assert payment.save(qb=qb).UnappliedAmt == Decimal("0.03")
    again = Invoice.get(invoice.Id, qb=qb)
    assert (again.Balance, again.LinkedTxn[0].TxnType, again.SyncToken) == (0, "Payment", "0")


def test_a_credit_memo_is_applied_by_a_payment_of_nothing(company: StandIn) -> None:
    qb = company.sdk()
    acme = customer(qb)
    invoice, credit = sale(Invoice, acme, sold("100")).save(qb=qb), sale(CreditMemo, acme, sold("30")).save(qb=qb)
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = ref(acme.Id), 0
    for kind, row in (("Invoice", invoice), ("CreditMemo", credit)):
        applied = PaymentLine()
        link = row.to_linked_txn()
        link.TxnType = kind
        applied.Amount, applied.LinkedTxn = 30, [link]
        payment.Line.append(applied)
    payment.save(qb=qb)
    assert Invoice.get(invoice.Id, qb=qb).Balance == 70
    assert CreditMemo.get(credit.Id, qb=qb).RemainingCredit == 0


def test_void_delete_send_and_print(company: StandIn) -> None:
    qb = company.sdk()
    acme = customer(qb)
    first, second = (sale(Invoice, acme, sold("10")).save(qb=qb) for _ in range(2))
    assert first.download_pdf(qb=qb).startswith(b"%PDF-1.4")
    assert first.send(qb=qb, send_to="ap@acme.test")["Invoice"]["EmailStatus"] == "EmailSent"
    first = Invoice.get(first.Id, qb=qb)
    first.void(qb=qb)
    voided = Invoice.get(first.Id, qb=qb)
    assert (voided.TotalAmt, voided.Balance, voided.PrivateNote) == (0, 0, "Voided")
    assert second.delete(qb=qb)["Invoice"]["status"] == "Deleted"
    with pytest.raises(ObjectNotFoundException):
        Invoice.get(second.Id, qb=qb)
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = ref(acme.Id), 5
    payment = payment.save(qb=qb)
    payment.void(qb=qb)
    assert Payment.get(payment.Id, qb=qb).TotalAmt == 0


def test_what_it_read_it_can_write_back(company: StandIn) -> None:
    qb = company.sdk()
    invoice = sale(Invoice, customer(qb), sold("0.1", "3"), sold("7")).save(qb=qb)
    read = Invoice.get(invoice.Id, qb=qb)
    read.PrivateNote = "quotes \" and ' and \U0001f4b6"
    saved = read.save(qb=qb)
    assert (saved.SyncToken, saved.TotalAmt, saved.PrivateNote) == ("1", Decimal("7.3"), read.PrivateNote)
    read.PrivateNote = "too late"
    with pytest.raises(QuickbooksException) as stale:
        read.save(qb=qb)
    assert stale.value.error_code == 5010


def test_queries(company: StandIn) -> None:
    qb = company.sdk()
    for name in ("Acme", "O'Neill", "Zeta"):
        customer(qb, name)
    assert [row.DisplayName for row in Customer.all(qb=qb, order_by="DisplayName")] == ["Acme", "O'Neill", "Zeta"]
    assert Customer.filter(DisplayName="O'Neill", qb=qb)[0].DisplayName == "O'Neill"
    assert Customer.count("DisplayName LIKE '%e%'", qb=qb) == 3
    assert len(Customer.choose(["Acme", "Zeta"], field="DisplayName", qb=qb)) == 2
    assert Customer.where("MetaData.LastUpdatedTime > '2030-01-01T00:00:00Z'", qb=qb) == []
    assert {row.Name for row in TaxCode.all(qb=qb)} == {"TAX", "NON", "Sales tax"}
    assert {int(row.DueDays) for row in Term.all(qb=qb)} == {0, 10, 15, 30, 60}
    assert Preferences.get(qb=qb).CurrencyPrefs.MultiCurrencyEnabled is True


def test_batches_are_each_for_itself(company: StandIn) -> None:
    qb = company.sdk()
    customer(qb, "Taken")
    rows = []
    for name in ("A", "Taken", *(f"C{number}" for number in range(33))):
        row = Customer()
        row.DisplayName = name
        rows.append(row)
    found = batch_create(rows, qb=qb)
    assert len(found.successes) == 34
    assert (found.faults[0].Error[0].code, found.faults[0].original_object.DisplayName) == ("6240", "Taken")
    for row in found.successes[:2]:
        row.Notes = "changed"
    assert {row.SyncToken for row in batch_update(found.successes[:2], qb=qb).successes} == {"1"}


def test_changes_and_attachments(company: StandIn) -> None:
    qb = company.sdk()
    company.stand()
    acme = customer(qb)
    kept, gone = (sale(Invoice, acme, sold("5")).save(qb=qb) for _ in range(2))
    gone.delete(qb=qb)
    found = change_data_capture([Invoice, Payment, Customer], "2026-03-05T00:00:00+00:00", qb=qb)
    assert {row.Id for row in found.Invoice} == {kept.Id, gone.Id}
    assert not hasattr(found, "Payment")
    note = Attachable()
    note.FileName, note.ContentType, note._FileBytes = "invoice.pdf", "application/pdf", b"%PDF-1.4 \x00\xff"
    hangs = AttachableRef()
    hangs.EntityRef = ref(kept.Id)
    hangs.EntityRef.type = "Invoice"
    note.AttachableRef.append(hangs)
    saved = note.save(qb=qb)
    assert (saved.FileName, saved.Size, saved.AttachableRef[0].EntityRef.value) == ("invoice.pdf", 11, kept.Id)
    link = company.ask("GET", f"download/{saved.Id}").text
    assert company.http.get(link).content == b"%PDF-1.4 \x00\xff"


def test_tokens_as_the_vendors_client_takes_them(company: StandIn) -> None:
    company.set(rotate_after_s=0)
    qb = company.sdk()
    company.admin("POST", "expire")
    with pytest.raises(AuthorizationException):
        Customer.all(qb=qb)
    old = qb.auth_client.refresh_token
    qb.auth_client.refresh()
    assert qb.auth_client.refresh_token != old
    assert qb.auth_client.x_refresh_token_expires_in == 8_640_000
    qb.session.access_token  # noqa: B018  the SDK's session still has the old one
    company.access, company.refresh = qb.auth_client.access_token, qb.auth_client.refresh_token
    assert Customer.all(qb=company.sdk()) == []
    with pytest.raises(AuthClientError) as lost:
        qb.auth_client.refresh(refresh_token=old)
    assert lost.value.status_code == 400
    assert b"invalid_grant" in lost.value.content
