"""Records one by one: made, read, changed, archived, restored; what is refused, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.hubspot.account import TOKEN, Account, refusal


def test_a_deal_is_made_and_read_with_every_value_as_text(account: Account) -> None:
    made = account.sent("POST", "deals", {"properties": {"dealname": "Ten seats", "amount": 1500.50}}, status=201)
    assert made["properties"]["amount"] == "1500.5"
    assert (made["createdAt"], made["archived"]) == ("2026-09-01T12:00:00Z", False)
    assert made["url"].endswith(f"/record/0-3/{made['id']}")
    read = account.got(f"deals/{made['id']}")
    assert read["properties"] == {
        "amount": "1500.5", "closedate": None, "createdate": "2026-09-01T12:00:00Z", "dealname": "Ten seats",
        "dealstage": None, "hs_lastmodifieddate": "2026-09-01T12:00:00Z", "hs_object_id": made["id"],
        "pipeline": "default",
    }  # fmt: skip


def test_only_the_properties_asked_for_come_and_unknown_ones_are_left_out(account: Account) -> None:
    id = account.made("deals", dealname="A", amount="1")
    found = account.got(f"deals/{id}", properties="amount,deal_currency_code,nonsense")["properties"]
    assert found == {
        "amount": "1", "deal_currency_code": None, "createdate": "2026-09-01T12:00:00Z", "hs_object_id": id,
        "hs_lastmodifieddate": "2026-09-01T12:00:00Z",
    }  # fmt: skip


def test_contacts_tell_their_last_change_under_another_name(account: Account) -> None:
    id = account.made("contacts", email="a@example.com")
    found = account.got(f"contacts/{id}", properties="hs_lastmodifieddate,email")["properties"]
    assert found["lastmodifieddate"] == "2026-09-01T12:00:00Z"
    assert found["hs_lastmodifieddate"] is None
    assert account.found("contacts", ("hs_lastmodifieddate", "GTE", "0")) == []
    assert account.found("contacts", ("lastmodifieddate", "GTE", "0")) == [id]


def test_an_instant_has_milliseconds_only_where_there_are_any(account: Account) -> None:
    account.forward(0.007)
    id = account.made("deals", dealname="A", closedate="1767225600000")
    found = account.got(f"deals/{id}")
    assert (found["updatedAt"], found["properties"]["closedate"]) == (
        "2026-09-01T12:00:00.007Z",
        "2026-01-01T00:00:00Z",
    )


def test_a_change_that_changes_nothing_leaves_the_record_as_it_was(account: Account) -> None:
    id = account.made("deals", dealname="A", amount="1")
    account.forward(60)
    same = account.sent("PATCH", f"deals/{id}", {"properties": {"amount": "1"}})
    assert same["updatedAt"] == "2026-09-01T12:00:00Z"
    changed = account.sent("PATCH", f"deals/{id}", {"properties": {"amount": "2", "dealname": ""}})
    assert changed["updatedAt"] == "2026-09-01T12:01:00Z"
    assert "dealname" not in changed["properties"]


def test_an_edited_pipeline_modifies_every_deal_and_changes_none(account: Account) -> None:
    id = account.made("deals", dealname="A", amount="1")
    before = account.got(f"deals/{id}")["properties"]
    account.forward(60)
    account.human("touch", "deals")
    assert account.got(f"deals/{id}")["properties"] == {**before, "hs_lastmodifieddate": "2026-09-01T12:01:00Z"}


def test_an_address_that_is_too_long_gets_a_page_of_the_edge(account: Account) -> None:
    answer = account.ask("GET", "deals", properties=",".join(f"property_{n}" for n in range(1200)))
    assert (answer.status_code, answer.headers["Content-Type"]) == (414, "text/html; charset=utf-8")


def test_what_a_property_was_is_told_the_newest_first(account: Account) -> None:
    id = account.made("deals", dealname="A", dealstage="contractsent")
    for stage in ("closedwon", "contractsent", ""):
        account.forward(60)
        account.sent("PATCH", f"deals/{id}", {"properties": {"dealstage": stage}})
    query = {"propertiesWithHistory": "dealstage,dealname,amount"}
    found = account.got(f"deals/{id}", **query)["propertiesWithHistory"]
    assert [(row["timestamp"][14:16], row["value"]) for row in found["dealstage"]] == [
        ("03", ""), ("02", "contractsent"), ("01", "closedwon"), ("00", "contractsent"),
    ]  # fmt: skip
    assert ([row["value"] for row in found["dealname"]], found["amount"]) == (["A"], [])
    assert account.got("deals", limit="50", **query)["results"][0]["propertiesWithHistory"] == found
    assert account.ask("GET", "deals", limit="51", **query).status_code == 400
    body = {"inputs": [{"id": id}], "propertiesWithHistory": ["dealstage"]}
    (read,) = account.sent("POST", "deals/batch/read", body)["results"]
    assert read["propertiesWithHistory"] == {"dealstage": found["dealstage"]}


def test_closing_a_deal_computes_what_hubspot_computes(account: Account) -> None:
    id = account.made("deals", dealname="A", amount="100.50", dealstage="contractsent")
    names = "hs_is_closed,hs_is_closed_won,hs_closed_amount,amount_in_home_currency"
    assert account.got(f"deals/{id}", properties=names)["properties"]["hs_closed_amount"] == "0"
    account.sent("PATCH", f"deals/{id}", {"properties": {"dealstage": "closedwon"}})
    found = account.got(f"deals/{id}", properties=names)["properties"]
    assert (found["hs_is_closed"], found["hs_is_closed_won"]) == ("true", "true")
    assert (found["hs_closed_amount"], found["amount_in_home_currency"]) == ("100.50", "100.50")
    account.sent("PATCH", f"deals/{id}", {"properties": {"dealstage": "closedlost"}})
    found = account.got(f"deals/{id}", properties=names)["properties"]
    assert (found["hs_is_closed"], found["hs_is_closed_won"], found["hs_closed_amount"]) == ("true", "false", "0")


def test_a_line_item_is_price_times_quantity_less_its_discount(account: Account) -> None:
    id = account.made("line_items", price="33.33", quantity="3", hs_discount_percentage="10")
    assert account.got(f"line_items/{id}")["properties"]["amount"] == "89.991"
    account.sent("PATCH", f"line_items/{id}", {"properties": {"hs_discount_percentage": "", "discount": "3.33"}})
    assert account.got(f"line_items/{id}")["properties"]["amount"] == "90"


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("deals", {"nonsense": "1"}, "PROPERTY_DOESNT_EXIST", 'Property "nonsense" does not exist'),
    ("deals", {"amount": "a lot"}, "INVALID_DOUBLE", "a lot was not a valid number."),
    ("deals", {"amount": "NaN"}, "INVALID_DOUBLE", "NaN was not a valid number."),
    ("deals", {"closedate": "1/1/1"}, "INVALID_LONG", "1/1/1 was not a valid long."),
    ("deals", {"dealstage": "won"}, "INVALID_OPTION", "won was not one of the allowed options: [appointmentscheduled"),
    ("deals", {"hs_is_closed_won": "true"}, "READ_ONLY_VALUE", '"hs_is_closed_won" is a read only property'),
    ("line_items", {"price": "-1"}, "INVALID_VALUE", "-1 is negative"),
    (
        "products",
        {"hs_recurring_billing_start_date": "1767225600001"},
        "INVALID_DATE",
        "1767225600001 is at an invalid",
    ),
    ("contacts", {"email": "nobody"}, "INVALID_EMAIL", "Email address nobody is invalid"),
    ("deals", {"dealname": ["a"]}, "INVALID_TYPE", "['a'] is not a text"),
]


@pytest.mark.parametrize(("object", "properties", "code", "message"), WRONG)
def test_a_value_that_is_not_possible_is_refused(
    account: Account, object: str, properties: dict[str, Any], code: str, message: str
) -> None:
    answer = account.ask("POST", object, {"properties": properties})
    status, category, told = refusal(answer)
    assert (status, category) == (400, "VALIDATION_ERROR")
    (error,) = answer.json()["errors"]
    assert error["code"] == code
    assert error["message"].startswith(message)
    assert error["context"] == {"propertyName": [*properties]}
    (inside,) = json.loads(told.removeprefix("Property values were not valid: "))
    assert (inside["isValid"], inside["error"], inside["name"]) == (False, code, next(iter(properties)))
    assert account.documents(object) == {}


def test_what_is_not_there_is_told_in_two_ways(account: Account) -> None:
    assert refusal(account.ask("GET", "deals/4711")) == (404, "", "resource not found")
    word = account.ask("GET", "deals/won")
    assert refusal(word) == (404, "OBJECT_NOT_FOUND", "Object not found.  objectId are usually numeric.")
    assert word.json()["context"] == {"id": ["won"]}
    assert refusal(account.ask("POST", "deals", [1]))[:2] == (400, "VALIDATION_ERROR")
    broken = account.http.post(
        f"{account.url}/crm/v3/objects/deals",
        content=b'{"a":',
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert refusal(broken)[2].startswith("Invalid input JSON on line 1, column 6")


def test_a_contacts_address_is_its_own(account: Account) -> None:
    first = account.made("contacts", email="A@example.com")
    again = account.ask("POST", "contacts", {"properties": {"email": "a@EXAMPLE.com"}})
    assert refusal(again) == (409, "CONFLICT", f"Contact already exists. Existing ID: {first}")
    account.sent("DELETE", f"contacts/{first}")
    account.sent("POST", "contacts", {"properties": {"email": "a@example.com"}})


def test_archived_is_neither_read_nor_listed_but_in_the_bin_for_ninety_days(account: Account) -> None:
    id = account.made("deals", dealname="A")
    kept = account.made("deals", dealname="B")
    assert account.ask("DELETE", f"deals/{id}").status_code == 204
    assert account.ask("DELETE", f"deals/{id}").status_code == 204
    assert account.ask("GET", f"deals/{id}").status_code == 404
    assert [row["id"] for row in account.got("deals")["results"]] == [kept]
    (row,) = account.got("deals", archived="true")["results"]
    assert (row["id"], row["archived"], row["archivedAt"]) == (id, True, "2026-09-01T12:00:00Z")
    assert account.got(f"deals/{id}", archived="true")["id"] == id
    account.forward(90 * 86400 + 1)
    assert account.got("deals", archived="true")["results"] == []
    assert account.ask("GET", f"deals/{id}", archived="true").status_code == 404


def test_a_restored_record_is_back(account: Account) -> None:
    id = account.made("deals", dealname="A")
    account.human("delete", "deals", id)
    account.forward(5)
    account.human("restore", "deals", id)
    assert account.got(f"deals/{id}")["updatedAt"] == "2026-09-01T12:00:05Z"


def test_large_and_strange_text_comes_back_as_it_was(account: Account) -> None:
    text = "\u202eright to left\u202c \U0001f4b6 e\u0301 \x00 " + "x" * 10_000_000
    id = account.sent("POST", "deals", {"properties": {"description": text}})["id"]
    assert account.got(f"deals/{id}", properties="description")["properties"]["description"] == text
    half = account.http.patch(
        f"{account.url}/crm/v3/objects/deals/{id}",
        content=rb'{"properties": {"description": "half \ud800 a pair"}}',
        headers={"Authorization": f"Bearer {TOKEN}"},
    ).json()
    assert half["properties"]["description"] == "half \ufffd a pair"


def test_an_invoice_goes_from_draft_to_open_to_paid(account: Account) -> None:
    lacking = account.ask("POST", "invoices", {"properties": {"hs_tax_id": "1"}})
    assert refusal(lacking) == (400, "VALIDATION_ERROR", "Some required properties were not set: hs_currency")
    id = account.sent("POST", "invoices", {"properties": {"hs_currency": "USD"}})["id"]
    opened = {"properties": {"hs_invoice_status": "open"}}
    assert refusal(account.ask("PATCH", f"invoices/{id}", opened))[0] == 400
    line = account.made("line_items", price="20.50", quantity="2")
    contact = account.made("contacts", email="a@example.com")
    for end, end_id in (("line_items", line), ("contacts", contact)):
        account.sent("PUT", f"invoices/{id}/associations/default/{end}/{end_id}")
    assert account.got(f"invoices/{id}", properties="hs_amount_billed")["properties"]["hs_amount_billed"] == "41"
    made = account.sent("PATCH", f"invoices/{id}", opened)["properties"]
    assert (made["hs_number"], made["hs_balance_due"]) == ("INV-1001", "41")
    assert refusal(account.ask("PATCH", f"invoices/{id}", {"properties": {"hs_invoice_status": "draft"}}))[0] == 400
    account.sent("PATCH", f"line_items/{line}", {"properties": {"price": "99"}})
    paid = account.sent("PATCH", f"invoices/{id}", {"properties": {"hs_invoice_status": "paid"}})["properties"]
    assert (paid["hs_amount_paid"], paid["hs_balance_due"]) == ("41", "0")
    assert account.got(f"invoices/{id}", properties="hs_amount_billed")["properties"]["hs_amount_billed"] == "41"


def test_it_has_everything_again_after_being_killed(account: Account) -> None:
    company = account.made("companies", name="مرحبا 🎉 Ünïcode")
    deal = account.made("deals", dealname="A")
    account.human("associate", "deals", deal, to_object="companies", to=company)
    before = {name: account.documents(name) for name in ("companies", "deals")}
    account.kill()
    account.start()
    assert {name: account.documents(name) for name in ("companies", "deals")} == before
    assert (
        account.got(f"deals/{deal}", associations="companies")["associations"]["companies"]["results"][0]["id"]
        == company
    )
    assert account.search("deals")["total"] == 1
