"""xero-python, unchanged, does a whole month's work; each request and answer is held to Xero's description."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from urllib3.exceptions import ProtocolError
from xero_python.accounting import (
    Account,
    Allocation,
    Allocations,
    Contact,
    Contacts,
    CreditNote,
    CreditNotes,
    HistoryRecord,
    HistoryRecords,
    Invoice,
    Invoices,
    Item,
    Items,
    LineItem,
    Payment,
    PaymentDelete,
    Payments,
    Purchase,
)  # fmt: skip
from xero_python.accounting.models import LineAmountTypes
from xero_python.exceptions import AccountingBadRequestException

from tests.xero.house import House


def _invoice(number: str, contact: Contact, *lines: LineItem) -> Invoice:
    return Invoice(
        type="ACCREC", contact=Contact(contact_id=contact.contact_id), line_items=list(lines), invoice_number=number,
        date=dt.date(2026, 3, 5), due_date=dt.date(2026, 4, 4), status="AUTHORISED",
        line_amount_types=LineAmountTypes.EXCLUSIVE, reference="R-1",
    )  # fmt: skip


def _line(unit: str, quantity: str = "1") -> LineItem:
    return LineItem(description="Licence", quantity=Decimal(quantity), unit_amount=Decimal(unit), item_code="LIC")


def test_a_month_of_work(house: House) -> None:
    api, tenant = house.sdk(), house.tenant
    sales = Purchase(unit_price=Decimal("33.33"), account_code="200", tax_type="OUTPUT2")
    assert api.get_organisations(tenant).organisations[0].base_currency.value == "EUR"
    (contact,) = api.create_contacts(
        tenant, Contacts(contacts=[Contact(name="Acme “Ünïcode” 🚀", contact_number="C-1")])
    ).contacts
    (item,) = api.create_items(tenant, Items(items=[Item(code="LIC", name="Licence", sales_details=sales)])).items
    made = api.create_invoices(
        tenant, Invoices(invoices=[_invoice("A-1", contact, _line("33.33", "3"), _line("0.01"))]), idempotency_key="k-1"
    ).invoices[0]
    assert (made.sub_total, made.total_tax, made.total, made.amount_due) == (100, 20, 120, 120)
    payment = Payment(
        invoice=Invoice(invoice_id=made.invoice_id),
        account=Account(code="090"),
        date=dt.date(2026, 3, 6),
        amount=Decimal("50.5"),
    )
    paid = api.create_payments(tenant, Payments(payments=[payment])).payments[0]
    credit = CreditNote(
        type="ACCRECCREDIT", contact=Contact(contact_id=contact.contact_id), status="AUTHORISED",
        date=dt.date(2026, 3, 7), line_items=[_line("10")],
    )  # fmt: skip
    note = api.create_credit_notes(tenant, CreditNotes(credit_notes=[credit])).credit_notes[0]
    given = Allocation(invoice=Invoice(invoice_id=made.invoice_id), amount=Decimal(12), date=dt.date(2026, 3, 7))
    applied = api.create_credit_note_allocation(
        tenant, note.credit_note_id, Allocations(allocations=[given])
    ).allocations[0]
    found = api.get_invoices(tenant, page=1, statuses=["AUTHORISED"]).invoices
    sums = [(one.amount_paid, one.amount_credited, one.amount_due) for one in found]
    assert sums == [(Decimal("50.5"), 12, Decimal("57.5"))]
    assert found[0].date == dt.date(2026, 3, 5)
    assert api.delete_credit_note_allocations(tenant, note.credit_note_id, applied.allocation_id).is_deleted
    deleted = api.delete_payment(tenant, paid.payment_id, PaymentDelete(status="DELETED")).payments[0]
    assert deleted.status == "DELETED"
    voided = Invoice(invoice_id=made.invoice_id, status="VOIDED")
    assert api.update_or_create_invoices(tenant, Invoices(invoices=[voided])).invoices[0].status == "VOIDED"
    assert item.item_id
    assert house.checked > 10


def test_its_papers(house: House) -> None:
    api, tenant = house.sdk(), house.tenant
    (contact,) = api.create_contacts(tenant, Contacts(contacts=[Contact(name="Acme")])).contacts
    api.create_items(
        tenant, Items(items=[Item(code="LIC", sales_details=Purchase(account_code="200", tax_type="NONE"))])
    )
    made = api.create_invoices(tenant, Invoices(invoices=[_invoice("A-1", contact, _line("5"))])).invoices[0]
    api.create_invoice_history(
        tenant, made.invoice_id, HistoryRecords(history_records=[HistoryRecord(details="billsync run 7")])
    )
    history = api.get_invoice_history(tenant, made.invoice_id).history_records
    assert history[0].details == "billsync run 7"
    api.create_invoice_attachment_by_file_name(tenant, made.invoice_id, "a.pdf", b"%PDF-1.4 ours", include_online=True)
    files = api.get_invoice_attachments(tenant, made.invoice_id).attachments
    assert [(each.file_name, each.mime_type, each.content_length) for each in files] == [
        ("a.pdf", "application/pdf", 13)
    ]
    assert api.get_invoice(tenant, made.invoice_id).invoices[0].has_attachments


def test_what_is_refused_is_its_own_exception(house: House) -> None:
    api, tenant = house.sdk(), house.tenant
    api.create_contacts(tenant, Contacts(contacts=[Contact(name="Acme")]))
    with pytest.raises(AccountingBadRequestException) as caught:
        api.create_contacts(tenant, Contacts(contacts=[Contact(name="ACME")]), summarize_errors=True)
    assert "already assigned to another contact" in caught.value.reason
    mixed = api.create_contacts(
        tenant, Contacts(contacts=[Contact(name="acme"), Contact(name="Other")]), summarize_errors=False
    )
    assert [one.status_attribute_string for one in mixed.contacts] == ["ERROR", "OK"]
    assert mixed.contacts[0].validation_errors[0].message.startswith("The contact name acme is already")


def test_it_sends_a_lost_put_again_by_itself_and_only_a_key_makes_that_one_invoice(house: House) -> None:
    """urllib3 takes PUT for idempotent; Xero's PUT creates."""
    api, tenant = house.sdk(), house.tenant
    (contact,) = api.create_contacts(tenant, Contacts(contacts=[Contact(name="Acme")])).contacts
    api.create_items(
        tenant, Items(items=[Item(code="LIC", sales_details=Purchase(account_code="200", tax_type="NONE"))])
    )
    invoice = _invoice("", contact, _line("5"))
    invoice.invoice_number = None
    house.fault("lost", method="PUT", path="/api.xro/2.0/Invoices")
    api.create_invoices(tenant, Invoices(invoices=[invoice]))
    assert len(house.truth("Invoices")) == 2
    house.fault("lost", method="PUT", path="/api.xro/2.0/Invoices")
    api.create_invoices(tenant, Invoices(invoices=[invoice]), idempotency_key="run-7/A")
    assert len(house.truth("Invoices")) == 3
    house.fault("lost", method="POST", path="/api.xro/2.0/Invoices")
    with pytest.raises(ProtocolError, match="Connection aborted"):
        api.update_or_create_invoices(tenant, Invoices(invoices=[_invoice("A-9", contact, _line("5"))]))
    api.update_or_create_invoices(tenant, Invoices(invoices=[_invoice("A-9", contact, _line("5"))]))
    assert [one["InvoiceNumber"] for one in house.truth("Invoices")].count("A-9") == 1


def test_it_sleeps_by_itself_on_a_days_limit_and_nobody_is_told(house: House) -> None:
    house.fault("limit", problem="day", seconds=1)
    assert len(house.sdk().get_currencies(house.tenant).currencies) == 6
    assert [one["status"] for one in house.admin("GET", "log")["requests"]] == [429, 200]
