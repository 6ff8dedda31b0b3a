"""Documents: sums as Xero has them, numbers, closed periods, people who were there before, partial batches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.xero.house import House, invoice, line

D = Decimal


def _sums(made: dict[str, Any]) -> tuple[Decimal, ...]:
    return tuple(D(str(made[name])) for name in ("SubTotal", "TotalTax", "Total"))


@pytest.mark.parametrize(
    ("lines", "mode", "sums"),
    [
        ([line("0.01")], "Exclusive", ("0.01", "0", "0.01")),
        ([line("1.005")], "Exclusive", ("1.01", "0.2", "1.21")),
        ([line("33.335", 3)], "Exclusive", ("100.02", "20", "120.02")),
        ([line("0.33", TaxType="TAX001")] * 3, "Exclusive", ("0.99", "0.09", "1.08")),
        ([line("119", TaxType="OUTPUT")], "Inclusive", ("100", "19", "119")),
        ([line("0.99", TaxType="OUTPUT")] * 3, "Inclusive", ("2.49", "0.48", "2.97")),
        ([line("100", DiscountRate=15)], "Exclusive", ("85", "17", "102")),
        ([line("100", TaxType="OUTPUT2"), line("50", TaxType="RROUTPUT")], "Exclusive", ("150", "23.5", "173.5")),
        ([line("100")], "NoTax", ("100", "0", "100")),
        ([line("10", TaxAmount="1.99")], "Exclusive", ("10", "1.99", "11.99")),
    ],
)
def test_sums(house: House, lines: list[dict[str, Any]], mode: str, sums: tuple[str, ...]) -> None:
    given = [{k: float(v) if k in ("UnitAmount", "TaxAmount") else v for k, v in one.items()} for one in lines]
    assert _sums(house.made("Invoices", invoice("", *given, LineAmountTypes=mode))) == tuple(D(text) for text in sums)


def test_prices_in_four_decimals_for_those_who_ask(house: House) -> None:
    given = {"Invoices": [invoice("A-1", line(0.0125, 1000))]}
    two = house.ask("PUT", "Invoices", {"Invoices": [invoice("A-2", line(0.0125, 1000))]}).json()["Invoices"][0]
    four = house.ask("PUT", "Invoices?unitdp=4", given).json()["Invoices"][0]
    assert (two["SubTotal"], four["SubTotal"]) == (10, 12.5)
    assert house.ask("GET", f"Invoices/{four['InvoiceID']}").json()["Invoices"][0]["LineItems"][0]["UnitAmount"] == 0.01
    long = house.ask("GET", f"Invoices/{four['InvoiceID']}?unitdp=4").json()["Invoices"][0]
    assert long["LineItems"][0]["UnitAmount"] == 0.0125


def test_what_disagrees_with_itself_or_is_incomplete_is_refused(house: House) -> None:
    put: Any = lambda *lines, **more: house.wrong("PUT", "Invoices", {"Invoices": [invoice("A-1", *lines, **more)]})  # noqa: E731
    assert put(line(100, 2, LineAmount=199.99)) == "The line total 199.99 does not match the expected line total 200.00"
    assert put({"Description": "no account", "UnitAmount": 1}) == "Account code must be specified for each line item."
    assert put(line(AccountCode="610")) == "Account code '610' is not a valid code for this document."
    assert "TaxType code 'NOPE'" in put(line(TaxType="NOPE"))
    assert put(line(), CurrencyCode="SEK") == "Organisation is not subscribed to currency SEK"
    assert put({"UnitAmount": 1, "AccountCode": "200"}) == "The description field is mandatory for each line item."
    assert put(line(-5)) == "The total of the invoice must not be negative."
    assert put(line(ItemCode="NONE")) == "Item code 'NONE' is not valid."
    assert house.truth("Invoices") == []
    assert house.truth("Contacts") == []


def test_a_thousand_lines_quotes_and_emoji(house: House) -> None:
    text = "‘Quotes’ “and” 🚀 \\ <b>&amp;"
    made = house.made("Invoices", invoice("Ü/1 🚀", *[line(0.01, Description=text)] * 1000))
    assert (made["InvoiceNumber"], len(made["LineItems"]), made["SubTotal"]) == ("Ü/1 🚀", 1000, 10)
    assert made["LineItems"][-1]["Description"] == text


def test_a_number_is_unique_for_put_and_means_the_same_invoice_for_post(house: House) -> None:
    first = house.made("Invoices", invoice("A-1"))
    assert house.wrong("PUT", "Invoices", {"Invoices": [invoice("a-1")]}) == "Invoice # must be unique."
    again = house.made("Invoices", invoice("A-1", line(250)), "POST")
    assert (again["InvoiceID"], again["SubTotal"]) == (first["InvoiceID"], 250)
    house.made("Invoices", {"InvoiceID": first["InvoiceID"], "Status": "VOIDED"}, "POST")
    assert house.wrong("PUT", "Invoices", {"Invoices": [invoice("A-1")]}) == "Invoice # must be unique."
    told = house.wrong("POST", "Invoices", {"Invoices": [invoice("A-1")]})
    assert told == "Invoice not of valid status for modification"


def test_a_closed_period_takes_nothing_and_gives_nothing(house: House) -> None:
    open_one = house.made("Invoices", invoice("A-1", Date="2026-02-10"))
    house.set(period_lock_date="2026-02-28")
    told = "The document date cannot be before the period lock date"
    assert house.wrong("PUT", "Invoices", {"Invoices": [invoice("A-2", Date="2026-02-28")]}) == told
    void = {"Invoices": [{"InvoiceID": open_one["InvoiceID"], "Status": "VOIDED"}]}
    assert house.wrong("POST", "Invoices", void) == told
    assert house.made("Invoices", invoice("A-2", Date="2026-03-01"))["Status"] == "AUTHORISED"
    payment = {"Invoice": {"InvoiceNumber": "A-1"}, "Account": {"Code": "090"}, "Date": "2026-02-27", "Amount": 1}
    assert "period lock date" in house.wrong("PUT", "Payments", {"Payments": [payment]})
    locked = house.ask("GET", "Organisation").json()["Organisations"][0]["PeriodLockDate"]
    assert locked == "/Date(1772236800000+0000)/"


def test_contacts_by_number_by_name_and_archived(house: House) -> None:
    first = house.made("Contacts", {"Name": "Acme", "ContactNumber": "C-1", "EmailAddress": "a@example.com"})
    assert (
        house.made("Contacts", {"Name": "Acme Ltd", "ContactNumber": "C-1"}, "POST")["ContactID"] == first["ContactID"]
    )
    assert "already assigned" in house.wrong("PUT", "Contacts", {"Contacts": [{"Name": "acme ltd"}]})
    assert "already assigned" in house.wrong(
        "POST", "Contacts", {"Contacts": [{"Name": "Acme Ltd", "ContactNumber": "C-2"}]}
    )
    house.made("Invoices", invoice("A-1", Contact={"Name": "New by name"}))
    assert [one["Name"] for one in house.truth("Contacts")] == ["Acme Ltd", "New by name"]
    house.human("archive", "Contact", first["ContactID"])
    told = house.wrong("PUT", "Invoices", {"Invoices": [invoice("A-2", Contact={"ContactNumber": "C-1"})]})
    assert "has been archived" in told
    assert len(house.ask("GET", "Contacts").json()["Contacts"]) == 1
    assert len(house.ask("GET", "Contacts?includeArchived=true").json()["Contacts"]) == 2


def test_a_batch_of_which_one_fails_is_refused_whole_or_in_part(house: House) -> None:
    batch = {"Invoices": [invoice("A-1"), invoice("A-2", line(AccountCode="999")), invoice("A-3")]}
    refused = house.ask("PUT", "Invoices", batch)
    assert (refused.status_code, refused.json()["ErrorNumber"], len(refused.json()["Elements"])) == (400, 10, 1)
    assert house.truth("Invoices") == []
    mixed = house.ask("PUT", "Invoices?summarizeErrors=false", batch).json()["Invoices"]
    assert [one["StatusAttributeString"] for one in mixed] == ["OK", "ERROR", "OK"]
    assert (mixed[1]["InvoiceID"], mixed[1]["HasErrors"]) == ("00000000-0000-0000-0000-000000000000", True)
    assert [one["InvoiceNumber"] for one in house.truth("Invoices")] == ["A-1", "A-3"]
    house.set(siblings="valid")
    both = {"Invoices": [invoice("A-4"), invoice("A-1")]}
    assert house.ask("PUT", "Invoices", both).status_code == 400
    assert [one["InvoiceNumber"] for one in house.truth("Invoices")] == ["A-1", "A-3", "A-4"]


def test_payments_credit_and_overpayment_close_an_invoice_and_open_it_again(house: House) -> None:
    made = house.made("Invoices", invoice("A-1"))
    pay = {"Invoice": {"InvoiceNumber": "A-1"}, "Account": {"Code": "090"}, "Date": "2026-03-06", "Amount": 50}
    house.made("Payments", pay)
    assert house.wrong("PUT", "Payments", {"Payments": [{**pay, "Amount": 70.01}]}).startswith("Payment amount exceeds")
    edit = {"Invoices": [{"InvoiceID": made["InvoiceID"], "LineItems": [line(1)]}]}
    assert house.wrong("POST", "Invoices", edit).startswith("This document cannot be edited")
    note = {"Type": "ACCRECCREDIT", "Status": "AUTHORISED", "Contact": {"Name": "Acme"}, "LineItems": [line(50)]}
    credit = house.made("CreditNotes", {**note, "Date": "2026-03-06"})
    to: Any = {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": 60, "Date": "2026-03-06"}
    applied = house.ask("PUT", f"CreditNotes/{credit['CreditNoteID']}/Allocations", {"Allocations": [to]})
    assert applied.status_code == 200
    over = {"Type": "RECEIVE-OVERPAYMENT", "Contact": {"Name": "Acme"}, "BankAccount": {"Code": "090"}}
    bank = house.made("BankTransactions", {**over, "LineItems": [{"Description": "too much", "LineAmount": 25}]})
    path = f"Overpayments/{bank['OverpaymentID']}/Allocations"
    assert house.ask("PUT", path, {"Allocations": [{**to, "Amount": 10}]}).status_code == 200
    paid = house.ask("GET", f"Invoices/{made['InvoiceID']}").json()["Invoices"][0]
    assert (paid["Status"], paid["AmountDue"], paid["AmountPaid"], paid["AmountCredited"]) == ("PAID", 0, 50, 70)
    assert [one["AppliedAmount"] for one in paid["CreditNotes"] + paid["Overpayments"]] == [60, 10]
    assert house.ask("GET", f"Overpayments/{bank['OverpaymentID']}").json()["Overpayments"][0]["RemainingCredit"] == 15
    id = applied.json()["Allocations"][0]["AllocationID"]
    gone = house.ask("DELETE", f"CreditNotes/{credit['CreditNoteID']}/Allocations/{id}")
    assert gone.json()["IsDeleted"] is True
    again = house.ask("GET", f"Invoices/{made['InvoiceID']}").json()["Invoices"][0]
    assert (again["Status"], again["AmountDue"]) == ("AUTHORISED", 60)
    refund = {"CreditNote": {"CreditNoteID": credit["CreditNoteID"]}, "Account": {"Code": "090"}, "Amount": 60}
    assert house.made("Payments", refund)["PaymentType"] == "ARCREDITPAYMENT"


def test_a_key_makes_one_for_six_minutes(house: House) -> None:
    first = house.ask("PUT", "Invoices", {"Invoices": [invoice()]}, Idempotency_Key="k")
    again = house.ask("PUT", "Invoices", {"Invoices": [invoice()]}, Idempotency_Key="k")
    assert again.json() == first.json()
    assert house.ask("PUT", "Invoices", {"Invoices": [invoice("B")]}, Idempotency_Key="k").status_code == 400
    assert house.ask("PUT", "Invoices", {"Invoices": [invoice()]}, Idempotency_Key="k" * 129).status_code == 400
    house.forward(361)
    house.ask("PUT", "Invoices", {"Invoices": [invoice()]}, Idempotency_Key="k")
    assert [one["InvoiceNumber"] for one in house.truth("Invoices")] == ["INV-0001", "INV-0002"]


def test_items_and_their_defaults(house: House) -> None:
    sales = {"UnitPrice": 12.5, "AccountCode": "260", "TaxType": "RROUTPUT"}
    item = house.made("Items", {"Code": "LIC", "Name": "Licence", "Description": "A licence", "SalesDetails": sales})
    told = house.wrong("PUT", "Items", {"Items": [{"Code": "lic"}]})
    assert told == "Price List Item with Code 'lic' already exists"
    assert house.made("Items", {"Code": "LIC", "Name": "Seat"}, "POST")["ItemID"] == item["ItemID"]
    made = house.made("Invoices", invoice("A-1", {"ItemCode": "LIC", "Quantity": 4}))
    assert (made["LineItems"][0]["Description"], _sums(made)) == ("A licence", (D(50), D("3.5"), D("53.5")))
    assert house.ask("DELETE", f"Items/{item['ItemID']}").status_code == 204
    assert house.ask("GET", "Items").json()["Items"] == []


def test_what_is_set_up(house: House) -> None:
    component = {"Name": "State", "Rate": 6.25}
    made = house.made("TaxRates", {"Name": "State tax", "TaxComponents": [component, {"Name": "City", "Rate": 1}]})
    assert (made["TaxType"], made["EffectiveRate"]) == ("TAX002", D("7.25"))
    assert _sums(house.made("Invoices", invoice("A-1", line(100, TaxType="TAX002"))))[1] == D("7.25")
    assert house.ask("PUT", "Currencies", {"Code": "SEK"}).status_code == 200
    swedish = house.made("Invoices", invoice("A-2", CurrencyCode="SEK", CurrencyRate=11.25))
    assert (swedish["CurrencyCode"], swedish["CurrencyRate"]) == ("SEK", D("11.25"))
    assert house.ask("PUT", "Accounts", {"Code": "201", "Name": "Licences", "Type": "REVENUE"}).status_code == 200
    assert house.made("Invoices", invoice("A-3", line(AccountCode="201")))["Status"] == "AUTHORISED"
