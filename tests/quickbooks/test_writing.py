"""What the company lets writers do, and what it refuses, in Intuit's words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.quickbooks.stand_in import LINE, StandIn, code, exact, line


def sent(customer: str, *lines: Any, **fields: Any) -> dict[str, Any]:
    return {"CustomerRef": {"value": customer}, "Line": list(lines or [LINE]), **fields}


def test_the_recorded_invoice(company: StandIn) -> None:
    """The shape that was recorded in a sandbox company in May 2026, but for ids, names and times."""
    company.stand()
    customer = company.customer()
    asked = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 100}
    row = {"DetailType": "SalesItemLineDetail", "Amount": 100, "SalesItemLineDetail": asked}
    answer = company.ask("POST", "invoice", sent(customer, row, TxnDate="2024-01-15"))
    found = exact(answer)["Invoice"]
    item, whole = found["Line"]
    assert set(item) == {"Id", "LineNum", "Amount", "DetailType", "SalesItemLineDetail", "CustomExtensions"}
    assert item["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}
    assert item["SalesItemLineDetail"]["ItemAccountRef"] == {"value": "1", "name": "Services"}
    assert whole == {"Amount": 100, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    assert (found["DueDate"], found["TotalAmt"], found["Balance"]) == ("2024-02-14", 100, 100)
    assert found["TxnTaxDetail"] == {"TotalTax": 0}
    assert found["CurrencyRef"] == {"value": "USD", "name": "United States Dollar"}
    assert (found["SyncToken"], found["PrintStatus"], found["EmailStatus"]) == ("0", "NeedToPrint", "NotSet")
    assert '"TotalAmt":100,' in answer.text  # whole amounts are integers
    assert found["MetaData"]["LastUpdatedTime"] == "2026-03-05T04:00:00-08:00"
    assert answer.json()["time"] == "2026-03-05T03:59:59.500-08:00"  # older than what was made: no cursor
    assert {"intuit_tid", "qbo-version"} <= set(answer.headers)
    assert "retry-after" not in answer.headers


def test_a_sparse_update_keeps_and_a_full_one_empties(company: StandIn) -> None:
    row = company.invoice(company.customer(), PrivateNote="deal 7", CustomerMemo={"value": "thanks"})
    seen = {"Id": row["Id"], "SyncToken": "0"}
    sparse = company.post("invoice", {**seen, "sparse": True, "PrivateNote": "deal 8"})
    assert (sparse["PrivateNote"], sparse["CustomerMemo"], sparse["SyncToken"]) == ("deal 8", {"value": "thanks"}, "1")
    assert sparse["Line"] == row["Line"]
    full = company.post("invoice", {**sent(row["CustomerRef"]["value"]), "Id": row["Id"], "SyncToken": "1"})
    assert "PrivateNote" not in full
    assert "CustomerMemo" not in full
    assert full["DocNumber"] == row["DocNumber"]


def test_lines_are_replaced_as_a_whole(company: StandIn) -> None:
    row = company.invoice(company.customer(), line(10), line(20))
    change = {"Id": row["Id"], "SyncToken": "0", "sparse": True, "Line": [row["Line"][1], line(5)]}
    found = company.post("invoice", change)
    assert [(each.get("Id"), each["Amount"]) for each in found["Line"]] == [("2", 20), ("1", 5), (None, 25)]


def test_a_stale_token_is_refused_and_nothing_is_done(company: StandIn) -> None:
    row = company.invoice(company.customer())
    change = {"Id": row["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "mine"}
    company.human("update", "Invoice", row["Id"], PrivateNote="theirs")
    assert code(company.ask("POST", "invoice", change)) == (400, "5010")
    assert code(company.ask("POST", "invoice", {**change, "SyncToken": ""})) == (400, "2020")
    assert company.get("Invoice", row["Id"])["PrivateNote"] == "theirs"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"DueDat": "2026-03-01"}, "2010"),
    ({"Line": [{**LINE, "Amout": 1}]}, "2010"),
    ({"Line": [{**LINE, "SalesItemLineDetail": {"Quantity": 3}}]}, "2010"),
    ({"Line": []}, "2020"),
    ({"Line": [{"Amount": 5}]}, "2020"),
    ({"Line": [{**LINE, "DetailType": "Nope"}]}, "2170"),
    ({"Line": [{**LINE, "Amount": "ten"}]}, "2010"),
    ({"Line": [{**LINE, "Amount": 10**13}]}, "2090"),
    ({"CustomerRef": {"value": "999"}}, "2500"),
    ({"CustomerRef": {}}, "2500"),
    ({"Line": [line(5, item="77")]}, "2500"),
    ({"SalesTermRef": {"value": "99"}}, "2500"),
    ({"DocNumber": "x" * 22}, "2050"),
    ({"PrivateNote": "x" * 4001}, "2050"),
    ({"TxnDate": "2026-02-30"}, "2070"),
    ({"Line": [{**line(19.99, 3), "Amount": "59.96"}]}, "6070"),
    ({"Line": [line(5), {"DetailType": "DiscountLineDetail", "Amount": 9}]}, "6000"),
    ({"Line": [line(5), {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}]}, "6090"),
    ({"Line": [line(5, TaxCodeRef={"value": "99"})]}, "6100"),
    ({"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "99"}}}, "6160"),
    ({"CurrencyRef": {"value": "EUR"}}, "6000"),
]


@pytest.mark.parametrize(
    ("fields", "expected"), WRONG, ids=[f"{expected}-{n}" for n, (_, expected) in enumerate(WRONG)]
)
def test_what_is_wrong_is_refused_and_leaves_nothing(company: StandIn, fields: dict[str, Any], expected: str) -> None:
    customer = company.customer()
    assert code(company.ask("POST", "invoice", {**sent(customer), **fields})) == (400, expected)
    assert company.truth("Invoice") == {}
    assert company.invoice(customer)["DocNumber"] == "1001"  # no number was used up


def test_names_are_unique_until_their_owner_goes(company: StandIn) -> None:
    first = company.customer("Acme")
    refused = company.ask("POST", "customer", {"DisplayName": "ACME"})
    assert code(refused) == (400, "6240")
    assert refused.json()["Fault"]["Error"][0]["Detail"] == f"The name supplied already exists. : Id={first}"
    gone = company.post("customer", {"Id": first, "SyncToken": "0", "sparse": True, "Active": False})
    assert (gone["DisplayName"], gone["Active"]) == ("Acme (deleted)", False)
    second = company.customer("Acme")
    assert code(company.ask("POST", "invoice", sent(first))) == (400, "2500")
    assert company.query("select * from Customer")["Customer"][0]["Id"] == second
    assert company.query("select count(*) from Customer where Active in (true, false)")["totalCount"] == 2
    assert code(company.ask("POST", "customer", {"DisplayName": "A:B"})) == (400, "2040")
    assert code(company.ask("POST", "customer", {"Notes": "who?"})) == (400, "6080")
    assert code(company.ask("POST", "item", {"Name": "X", "Type": "Service"})) == (400, "2020")


def test_a_customer_who_owes_cannot_go(company: StandIn) -> None:
    customer = company.customer()
    company.invoice(customer)
    row = company.get("Customer", customer)
    assert row["Balance"] == 100
    away = {"Id": customer, "SyncToken": row["SyncToken"], "sparse": True, "Active": False}
    assert code(company.ask("POST", "customer", away)) == (400, "6220")


def test_numbers(company: StandIn) -> None:
    customer = company.customer()
    assert company.invoice(customer, DocNumber="INV-7")["DocNumber"] == "INV-7"
    again = company.ask("POST", "invoice", sent(customer, DocNumber="INV-7"))
    assert code(again) == (400, "6140")
    assert "TxnId=146" in again.text
    assert code(company.ask("POST", "creditmemo", sent(customer, DocNumber="INV-7"))) == (400, "6140")
    allowed = company.ask("POST", "invoice", sent(customer, DocNumber="INV-7"), include="allowduplicatedocnum")
    assert allowed.status_code == 200
    company.set(warn_duplicates=False)
    company.invoice(customer, DocNumber="INV-7")
    company.invoice(customer, DocNumber="1001")
    assert company.invoice(customer)["DocNumber"] == "1002"
    company.set(custom_numbers=True)
    assert "DocNumber" not in company.invoice(customer)
    assert company.invoice(customer, AutoDocNumber=True)["DocNumber"] == "1003"


def test_closed_books(company: StandIn) -> None:
    customer = company.customer()
    row = company.invoice(customer, TxnDate="2026-01-31")
    company.set(closed_through="2026-01-31")
    seen = {"Id": row["Id"], "SyncToken": "0", "sparse": True}
    for body, params in (
        (sent(customer, TxnDate="2026-01-31"), {}),
        ({**seen, "TxnDate": "2026-02-01"}, {}),
        (seen, {"operation": "void"}),
        (seen, {"operation": "delete"}),
    ):
        assert code(company.ask("POST", "invoice", body, **params)) == (400, "6210")
    pay = {"CustomerRef": {"value": customer}, "TotalAmt": 1, "TxnDate": "2026-01-01"}
    assert code(company.ask("POST", "payment", pay)) == (400, "6210")
    company.set(closing_password=False)
    assert code(company.ask("POST", "payment", pay)) == (400, "6200")
    assert (
        company.ask("GET", "preferences").json()["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"] == "2026-01-31"
    )
    company.human("update", "Invoice", row["Id"], PrivateNote="people know the password")
    assert company.invoice(customer, TxnDate="2026-02-01")["TotalAmt"] == 100


def test_payments_and_what_they_pay(company: StandIn) -> None:
    customer, other = company.customer(), company.customer("Other")
    row, theirs = company.invoice(customer), company.invoice(other)

    def paid(amount: Any, total: Any, id: str = row["Id"], kind: str = "Invoice") -> dict[str, Any]:
        link = {"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": kind}]}
        return {"CustomerRef": {"value": customer}, "TotalAmt": total, "Line": [link]}

    assert code(company.ask("POST", "payment", paid(101, 200))) == (400, "6000")
    assert code(company.ask("POST", "payment", paid(50, 40))) == (400, "6000")
    twice = {**paid(60, 120), "Line": paid(60, 120)["Line"] * 2}
    assert code(company.ask("POST", "payment", twice)) == (400, "6000")
    assert code(company.ask("POST", "payment", paid(5, 5, theirs["Id"]))) == (400, "620")
    assert code(company.ask("POST", "payment", paid(5, 5, kind="Bill"))) == (400, "620")
    assert code(company.ask("POST", "payment", {**paid(5, -5)})) == (400, "2140")
    first = company.post("payment", paid(60, 60))
    found = company.get("Invoice", row["Id"])
    assert (found["Balance"], found["LinkedTxn"]) == (40, [{"TxnId": first["Id"], "TxnType": "Payment"}])
    assert code(company.ask("POST", "payment", paid(60, 60))) == (400, "6000")
    more = company.post("payment", {**paid(100, 130), "Id": first["Id"], "SyncToken": "0", "sparse": True})
    assert (more["UnappliedAmt"], company.get("Invoice", row["Id"])["Balance"]) == (30, 0)
    assert company.get("Customer", customer)["Balance"] == -30
    seen = {"Id": first["Id"], "SyncToken": "1", "sparse": True}
    assert company.post("payment", seen, operation="update", include="void")["TotalAmt"] == 0
    assert company.get("Invoice", row["Id"])["Balance"] == 100
    assert company.get("Customer", customer)["Balance"] == 100


def test_a_voided_invoice_frees_what_was_paid_on_it(company: StandIn) -> None:
    customer = company.customer()
    row = company.invoice(customer, PrivateNote="deal 7")
    link = {"Amount": 100, "LinkedTxn": [{"TxnId": row["Id"], "TxnType": "Invoice"}]}
    paid = company.post("payment", {"CustomerRef": {"value": customer}, "TotalAmt": 100, "Line": [link]})
    seen = {"Id": row["Id"], "SyncToken": "0"}
    assert code(company.ask("POST", "invoice", seen, operation="void")) == (400, "6000")
    company.set(void_paid="free")
    voided = company.post("invoice", seen, operation="void")
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"]) == (0, 0, "Voided\ndeal 7")
    assert [each["Amount"] for each in voided["Line"]] == [0, 0]
    found = company.get("Payment", paid["Id"])
    assert (found["Line"], found["UnappliedAmt"], found["SyncToken"]) == ([], 100, "1")
    assert company.get("Customer", customer)["Balance"] == -100
    credit = company.post("creditmemo", sent(customer))
    refused = company.ask("POST", "creditmemo", {"Id": credit["Id"], "SyncToken": "0"}, operation="void")
    assert code(refused) == (400, "500")


def test_credits_go_onto_new_invoices_where_the_company_wants_it(company: StandIn) -> None:
    """A preference that many companies have on: QuickBooks makes a payment that nobody asked for."""
    company.set(auto_apply_credits=True)
    customer = company.customer()
    credit = company.post("creditmemo", sent(customer, line(30)))
    row = company.invoice(customer)
    assert (row["Balance"], company.get("CreditMemo", credit["Id"])["Balance"]) == (70, 0)
    (payment,) = company.query("select * from Payment")["Payment"]
    assert (payment["TotalAmt"], payment["PrivateNote"]) == (0, "Created by QB Online to link credits to charges.")


def test_a_request_is_executed_once(company: StandIn) -> None:
    customer = company.customer()
    first = company.ask("POST", "invoice", sent(customer), requestid="inv-1")
    again = company.ask("POST", "invoice", sent(customer), requestid="inv-1")
    assert (first.json(), len(company.truth("Invoice"))) == (again.json(), 1)
    other = company.ask("POST", "invoice", sent(customer, line(7)), requestid="inv-1")
    assert other.json() == first.json()  # it does not even look at the body
    assert code(company.ask("POST", "invoice", sent(customer), requestid="x" * 51)) == (400, "2130")
    company.stand("2026-04-01T00:00:00Z")
    company.login()
    company.ask("POST", "invoice", sent(customer), requestid="inv-2")
    company.set(request_s=86_400)
    company.forward(86_401)
    company.login()
    company.ask("POST", "invoice", sent(customer), requestid="inv-2")
    assert len(company.truth("Invoice")) == 3


def test_a_refused_request_may_come_again(company: StandIn) -> None:
    customer = company.customer()
    wrong = sent(customer, TxnDate="never")
    assert code(company.ask("POST", "invoice", wrong, requestid="inv-1")) == (400, "2070")
    assert company.ask("POST", "invoice", sent(customer), requestid="inv-1").status_code == 200
    company.set(replay_faults=True)
    assert code(company.ask("POST", "invoice", wrong, requestid="inv-2")) == (400, "2070")
    assert code(company.ask("POST", "invoice", sent(customer), requestid="inv-2")) == (400, "2070")


def test_a_batch_is_answered_in_an_order_of_its_own(company: StandIn) -> None:
    customer = company.customer()
    items = [{"bId": str(n), "operation": "create", "Invoice": sent(customer, line(n))} for n in range(8)]
    items += [
        {"bId": "bad", "operation": "create", "Invoice": sent("999")},
        {"bId": "q", "Query": "select * from Term"},
    ]
    items += [{"bId": "none", "operation": "create", "Car": {}}]
    answer = company.ask("POST", "batch", {"BatchItemRequest": items})
    found = {each["bId"]: each for each in exact(answer)["BatchItemResponse"]}
    assert list(found) != [each["bId"] for each in items]
    assert [found[str(n)]["Invoice"]["TotalAmt"] for n in range(8)] == list(map(Decimal, range(8)))
    assert found["bad"]["Fault"]["Error"][0]["code"] == "2500"
    assert found["none"]["Fault"]["Error"][0]["code"] == "2000"
    assert len(found["q"]["QueryResponse"]["Term"]) == 5
    assert len(company.truth("Invoice")) == 8
    assert code(company.ask("POST", "batch", {"BatchItemRequest": items[:1] * 31})) == (400, "1040")
    assert code(company.ask("POST", "batch", {"BatchItemRequest": items[:1]}, requestid="x" * 37)) == (400, "2130")
    again = {"BatchItemRequest": [{**items[0], "bId": "b"}]}
    assert (
        company.ask("POST", "batch", again, requestid="b-1").json()
        == company.ask("POST", "batch", again, requestid="b-1").json()
    )
    assert len(company.truth("Invoice")) == 9


def test_many_lines(company: StandIn) -> None:
    row = company.invoice(company.customer(), *[line("0.01") for _ in range(1000)])
    assert (row["TotalAmt"], len(row["Line"])) == (Decimal(10), 1001)
