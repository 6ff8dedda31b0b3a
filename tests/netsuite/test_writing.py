"""What the account lets writers do, and what it refuses, in NetSuite's words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.netsuite.stand_in import GOODS, StandIn, code, line, sale


def test_an_upsert_answers_the_same_twice(account: StandIn) -> None:
    body = {"companyName": "Acme", "subsidiary": {"id": "1"}}
    first = account.ask("PUT", "customer/eid:crm-1", body)
    again = account.ask("PUT", "customer/eid:crm-1", {"companyName": "Acme Ltd"})
    assert (first.status_code, again.status_code, first.content) == (204, 204, b"")
    assert first.headers["location"] == again.headers["location"]
    assert first.headers["location"].endswith("/services/rest/record/v1/customer/647")
    assert account.get("customer/eid:crm-1")["companyName"] == "Acme Ltd"
    assert len(account.truth("customer")) == 1
    assert code(account.ask("PUT", "customer/eid:crm-1", {"externalId": "other"})) == (400, "INVALID_CONTENT")
    assert code(account.ask("PUT", "customer/647", {})) == (405, "INVALID_METHOD")


def test_an_upsert_with_lines_twice_has_the_lines_twice(account: StandIn) -> None:
    """The trap of keyed sublists: what has no key is appended, unless it replaces."""
    body = sale(account.customer(), line(10), line(20))
    account.ask("PUT", "invoice/eid:inv-1", body)
    account.ask("PUT", "invoice/eid:inv-1", body)
    assert account.get("invoice/eid:inv-1")["total"] == 60
    account.ask("PUT", "invoice/eid:inv-1", body, params={"replace": "item"})
    found = account.get("invoice/eid:inv-1")
    assert (found["total"], [each["line"] for each in found["item"]["items"]]) == (30, [1, 2])


def test_lines_by_their_key(account: StandIn) -> None:
    id = account.invoice(account.customer(), line(10), line(20))
    account.made("PATCH", f"invoice/{id}", {"item": {"items": [{"line": 2, "quantity": 3}]}})
    assert [each["amount"] for each in account.get(f"invoice/{id}")["item"]["items"]] == [10, 60]
    account.made("PATCH", f"invoice/{id}", {"item": {"items": [line(5)]}})
    account.made("PATCH", f"invoice/{id}", {"memo": "lines stay"})
    found = account.get(f"invoice/{id}")
    assert (found["total"], found["memo"]) == (75, "lines stay")


def test_external_ids_of_transactions_are_one_space(account: StandIn) -> None:
    customer = account.customer(externalId="x")
    account.invoice(customer, externalId="x")  # a customer's is another space
    for path in ("invoice", "creditMemo"):
        refused = account.ask("POST", path, sale(customer, externalId="x"))
        assert code(refused) == (400, "USER_ERROR")
        assert "This entity already exists." in refused.text
    assert account.ask("PUT", "creditMemo/eid:x", sale(customer)).status_code == 400
    account.set(duplicate_code="DUP_RCRD")
    assert code(account.ask("POST", "invoice", sale(customer, externalId="x"))) == (400, "DUP_RCRD")
    account.ask("DELETE", "invoice/eid:x")
    account.made("PUT", "creditMemo/eid:x", sale(customer))


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"entity": {"id": "999"}}, "USER_ERROR", "Invalid Field Value 999 for the following field: entity"),
    ({"entity": None}, "USER_ERROR", "Please enter value(s) for: Customer"),
    ({"item": {"items": []}}, "USER_ERROR", "at least one line item"),
    ({"item": {"items": [line(5, item="7")]}}, "USER_ERROR", "Invalid Field Value 7"),
    ({"item": {"items": [{"item": {"id": "98"}}]}}, "USER_ERROR", "Please enter value(s) for: Amount"),
    ({"item": {"items": [line("ten")]}}, "USER_ERROR", "Invalid Field Value ten"),
    ({"item": [line(5)]}, "INVALID_CONTENT", "item"),
    ({"item": {"items": [line(-5)]}}, "USER_ERROR", "must not be negative"),
    ({"tranDate": "2026-02-30"}, "USER_ERROR", "Invalid Field Value 2026-02-30"),
    ({"currency": {"id": "2"}}, "USER_ERROR", "Invalid currency reference key 2 for entity 647."),
    ({"subsidiary": {"id": "2"}}, "USER_ERROR", "subsidiary"),
    ({"memo": "x" * 1000}, "INVALID_CONTENT", "more than the maximum number ( 999 )"),
    ({"isTaxable": "yes"}, "INVALID_CONTENT", "boolean"),
    ({"terms": {"id": "77"}}, "USER_ERROR", "terms"),
]


@pytest.mark.parametrize(("fields", "expected", "text"), WRONG, ids=[text for *_, text in WRONG])
def test_what_is_wrong_is_refused_and_leaves_nothing(
    account: StandIn, fields: dict[str, Any], expected: str, text: str
) -> None:
    answer = account.ask("POST", "invoice", {**sale(account.customer()), **fields})
    assert code(answer) == (400, expected)
    assert text in answer.json()["o:errorDetails"][0]["detail"]
    assert account.truth("invoice") == {}


def test_where_a_line_is_wrong_is_said(account: StandIn) -> None:
    refused = account.ask("POST", "invoice", sale(account.customer(), line(1), line(2, item="7")))
    assert refused.json()["o:errorDetails"][0]["o:errorPath"] == "item.items[1].item"
    assert refused.json()["type"] == "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1"
    assert refused.headers["content-type"].startswith("application/vnd.oracle.resource+json; type=error")


def test_misspelt_fields_are_dropped_in_silence_unless_one_asks(account: StandIn) -> None:
    """The trap of the default: a line's memo that nobody ever sees."""
    body = sale(account.customer(), {**line(5), "descripton": "lost"}, memmo="lost", custbody_deal_id="7")
    found = account.get(f"invoice/{account.made('POST', 'invoice', body)}")
    assert "memmo" not in found
    assert found["custbody_deal_id"] == "7"
    strict = account.ask("POST", "invoice", body, X_NetSuite_PropertyNameValidation="error")
    assert code(strict) == (400, "NONEXISTENT_FIELD")


def test_the_user_reads_another_language(account: StandIn) -> None:
    account.set(language="de")
    refused = account.ask("POST", "customer", {"companyName": "Acme"})
    assert code(refused) == (400, "USER_ERROR")
    assert "Bitte geben Sie Werte ein" in refused.text


def test_names_of_customers_are_unique(account: StandIn) -> None:
    id = account.customer("Acme")
    same = {"companyName": "ACME", "subsidiary": {"id": "1"}}
    assert code(account.ask("POST", "customer", same)) == (400, "UNIQUE_CUST_ID_REQD")
    assert account.made("POST", "customer", {**same, "entityId": "ACME 2"}) != id
    assert code(account.ask("POST", "customer", {"subsidiary": {"id": "1"}})) == (400, "USER_ERROR")
    account.set(one_world=False)
    account.made("POST", "customer", {"companyName": "No subsidiary"})


def test_inactive_customers_and_those_with_documents(account: StandIn) -> None:
    customer = account.customer()
    account.invoice(customer)
    assert code(account.ask("DELETE", f"customer/{customer}")) == (400, "USER_ERROR")
    account.human("deactivate", "customer", customer)
    assert code(account.ask("POST", "invoice", sale(customer))) == (400, "USER_ERROR")
    account.made("PATCH", f"customer/{customer}", {"isInactive": False})
    account.invoice(customer)


def test_numbers(account: StandIn) -> None:
    customer = account.customer()
    assert account.get(f"invoice/{account.invoice(customer, tranId='R-1')}")["tranId"] == "R-1"
    assert code(account.ask("POST", "invoice", sale(customer, tranId="R-1"))) == (400, "USER_ERROR")
    assert account.get(f"invoice/{account.invoice(customer)}")["tranId"] == "INV101"
    account.set(numbers="any")
    account.invoice(customer, tranId="R-1")
    account.set(numbers="assigned")  # the account numbers, whatever the writer says
    assert account.get(f"invoice/{account.invoice(customer, tranId='R-2')}")["tranId"] == "INV102"


def test_closed_periods(account: StandIn) -> None:
    customer = account.customer()
    id = account.invoice(customer, tranDate="2026-01-31")
    account.set(closed_through="2026-01-31")
    for method, path, body in (
        ("POST", "invoice", sale(customer, tranDate="2026-01-31")), ("PATCH", f"invoice/{id}", {"memo": "x"}),
        ("DELETE", f"invoice/{id}", None), ("PATCH", f"invoice/{id}", {"tranDate": "2026-02-01"}),
        ("POST", "customerPayment", {"customer": {"id": customer}, "payment": 1, "tranDate": "2026-01-02"}),
    ):  # fmt: skip
        refused = account.ask(method, path, body)
        assert code(refused) == (400, "USER_ERROR")
        assert "closed period" in refused.text
    account.human("update", "invoice", id, memo="people open it")
    account.invoice(customer, tranDate="2026-02-01")


def pay(customer: str, payment: Any, *applied: tuple[str, Any]) -> dict[str, Any]:
    items = [{"doc": {"id": id}, "apply": True, "amount": amount, "line": 0} for id, amount in applied]
    return {"customer": {"id": customer}, "payment": payment, "apply": {"items": items}, "account": {"id": "1"}}


def test_payments_and_what_they_pay(account: StandIn) -> None:
    customer, other = account.customer(), account.customer("Other")
    id, second = account.invoice(customer), account.invoice(customer)
    theirs = account.invoice(other)
    for wrong in (
        pay(customer, 200, (id, 101)),
        pay(customer, 50, (id, 60)),
        pay(customer, 9, (theirs, 9)),
        pay(customer, -1),
    ):
        assert code(account.ask("POST", "customerPayment", wrong)) == (400, "USER_ERROR")
    paid = account.made("POST", "customerPayment", pay(customer, 150, (id, 100), (second, 20)))
    assert account.get(f"customerPayment/{paid}")["unapplied"] == 30
    found = account.get(f"invoice/{id}")
    assert (found["status"]["id"], found["amountRemaining"], found["amountPaid"]) == ("Paid In Full", 0, 100)
    assert account.get(f"customer/{customer}")["balance"] == 50
    change = {"apply": {"items": [{"doc": {"id": id}, "apply": False}, {"doc": {"id": second}, "amount": 100}]}}
    account.made("PATCH", f"customerPayment/{paid}", change)
    assert account.get(f"invoice/{id}")["status"]["id"] == "Open"
    assert account.get(f"invoice/{second}")["amountRemaining"] == 0
    account.ask("DELETE", f"customerPayment/{paid}")
    assert account.get(f"invoice/{second}")["amountRemaining"] == 100


def test_credits_are_applied_by_themselves(account: StandIn) -> None:
    customer = account.customer()
    id = account.invoice(customer)
    apply = {"apply": {"items": [{"doc": {"id": id}, "apply": True, "amount": 30}]}}
    credit = account.made("POST", "creditMemo", {**sale(customer, line(40)), **apply})
    found = account.get(f"creditMemo/{credit}")
    assert (found["applied"], found["unapplied"], found["status"]["id"]) == (30, 10, "Open")
    assert account.get(f"invoice/{id}")["amountRemaining"] == 70
    account.made("POST", "customerPayment", {"customer": {"id": customer}, "payment": 80, "autoApply": True})
    assert account.get(f"invoice/{id}")["amountRemaining"] == 0


def test_transforms(account: StandIn) -> None:
    customer = account.customer()
    order = account.made("POST", "salesOrder", sale(customer, line(7, 3)))
    id = account.made("POST", f"salesOrder/{order}/!transform/invoice", {"memo": "of an order"})
    assert account.get(f"invoice/{id}")["total"] == 21
    account.made("POST", f"invoice/{id}/!transform/customerPayment", {})
    assert account.get(f"invoice/{id}")["status"]["id"] == "Paid In Full"
    refused = account.ask("POST", f"invoice/{id}/!transform/salesOrder", {})
    assert code(refused) == (400, "INVALID_REQUEST")


def test_rest_cannot_void_but_a_script_can(account: StandIn) -> None:
    customer = account.customer()
    id = account.invoice(customer)
    account.made("POST", "customerPayment", pay(customer, 100, (id, 100)))
    script = {"script": "customscript_void_transaction", "deploy": "customdeploy1"}
    answer = account.ask("POST", "/app/site/hosting/restlet.nl", {"type": "invoice", "id": id}, params=script)
    assert answer.json() == {"id": id}
    found = account.get(f"invoice/{id}")
    assert (found["total"], found["status"]["id"], found["memo"]) == (0, "Voided", "VOID")
    assert account.get(f"customer/{customer}")["balance"] == -100
    assert code(account.ask("PATCH", f"invoice/{id}", {"memo": "x"})) == (400, "USER_ERROR")
    again = account.ask("POST", "/app/site/hosting/restlet.nl", {"type": "invoice", "id": id}, params=script)
    assert again.json()["error"]["code"] == "USER_ERROR"
    wrong = account.ask("POST", "/app/site/hosting/restlet.nl", {}, params={"script": "1", "deploy": "1"})
    assert wrong.json()["error"]["code"] == "SSS_INVALID_SCRIPTLET_ID"


@pytest.mark.parametrize(
    ("rate", "quantity", "currency", "total"),
    [("0.01", 1, "1", "0.01"), ("1.005", 1, "1", "1.01"), ("2.675", 1, "1", "2.68"), ("100.5", 1, "5", "101"),
     ("1.2345", 1, "6", "1.23")],
)  # fmt: skip
def test_decimals(account: StandIn, rate: str, quantity: int, currency: str, total: str) -> None:
    """Yen have none, Kuwaiti dinars two: NetSuite knows a precision of 0 and of 2 only."""
    customer = account.customer(currency={"id": currency})
    assert account.get(f"invoice/{account.invoice(customer, line(rate, quantity))}")["total"] == Decimal(total)


def test_an_amount_wins_over_quantity_and_rate(account: StandIn) -> None:
    """Why totals differ: nobody says that 3 x 19.99 is not 60."""
    id = account.invoice(account.customer(), {**line("19.99", 3), "amount": 60})
    assert account.get(f"invoice/{id}")["total"] == 60


def test_taxes_in_the_us(account: StandIn) -> None:
    customer = account.customer()
    taxed = {**line("10.03", 1, GOODS), "isTaxable": True}
    found = account.get(f"invoice/{account.invoice(customer, taxed, taxed, line(5))}")
    assert (found["subtotal"], found["taxTotal"], found["total"]) == (
        Decimal("25.06"),
        Decimal("1.65"),
        Decimal("26.71"),
    )
    account.set(tax_rounding="line")
    assert account.get(f"invoice/{account.invoice(customer, taxed, taxed)}")["taxTotal"] == Decimal("1.66")
    silent = {"item": {"id": GOODS}, "amount": 100}  # the item is taxed, though the writer says nothing
    assert account.get(f"invoice/{account.invoice(customer, silent)}")["taxTotal"] == Decimal("8.25")
    free = account.customer("Church", taxable=False)
    assert account.get(f"invoice/{account.invoice(free, silent)}")["taxTotal"] == 0
    account.set(tax_skew="0.01")
    assert account.get(f"invoice/{account.invoice(customer, silent)}")["taxTotal"] == Decimal("8.26")


def test_taxes_elsewhere(account: StandIn) -> None:
    account.set(nexus="other")
    customer = account.customer()
    refused = account.ask("POST", "invoice", sale(customer))
    assert "Please enter value(s) for: Tax Code." in refused.text
    lines = [line(100, taxCode={"id": "2"}), line(50, taxCode={"id": "3"}), line(1, taxCode={"id": "4"})]
    found = account.get(f"invoice/{account.invoice(customer, *lines)}")
    assert (found["taxTotal"], found["total"]) == (Decimal("23.5"), Decimal("174.5"))


def test_a_discount_of_the_whole(account: StandIn) -> None:
    discount = {"discountItem": {"id": "100"}, "discountRate": -10}
    found = account.get(f"invoice/{account.invoice(account.customer(), **discount)}")
    assert (found["discountTotal"], found["total"]) == (-10, 90)


def test_many_lines(account: StandIn) -> None:
    id = account.invoice(account.customer(), *[line("0.01") for _ in range(1000)])
    found = account.get(f"invoice/{id}")
    assert (found["total"], len(found["item"]["items"])) == (10, 1000)
