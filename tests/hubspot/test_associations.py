"""Associations: both ways, labels, primary ones, pages of them, and no word of it in the record."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hubspot.account import Account, refusal

Three = tuple[str, str, str]


@pytest.fixture
def three(account: Account) -> Three:
    """A deal and two companies."""
    return account.made("deals", dealname="A"), account.made("companies", name="X"), account.made("companies", name="Y")


def kinds(account: Account, path: str) -> dict[str, list[int]]:
    return {
        str(row["toObjectId"]): [kind["typeId"] for kind in row["associationTypes"]]
        for row in account.got(path)["results"]
    }


def test_an_association_is_there_from_both_sides_and_the_first_company_is_the_primary_one(
    account: Account, three: Three
) -> None:
    deal, first, second = three
    told = account.sent("PUT", f"deals/{deal}/associations/default/companies/{first}", status=200)
    assert [row["associationSpec"]["associationTypeId"] for row in told["results"]] == [341, 342]
    account.sent("PUT", f"deals/{deal}/associations/default/companies/{second}")
    account.sent("PUT", f"deals/{deal}/associations/default/companies/{second}")
    assert kinds(account, f"deals/{deal}/associations/companies") == {first: [5, 341], second: [341]}
    assert kinds(account, f"companies/{first}/associations/deals") == {deal: [6, 342]}


def test_there_is_one_primary_company(account: Account, three: Three) -> None:
    deal, first, second = three
    account.sent("PUT", f"deals/{deal}/associations/default/companies/{first}")
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
    told = account.sent("PUT", f"deals/{deal}/associations/companies/{second}", spec, status=201)
    assert (told["fromObjectTypeId"], told["toObjectTypeId"], told["labels"]) == ("0-3", "0-2", ["Primary"])
    assert kinds(account, f"deals/{deal}/associations/companies") == {first: [341], second: [5, 341]}


def test_a_record_shows_a_row_for_each_kind_and_line_items_with_a_blank(account: Account, three: Three) -> None:
    deal, first, _ = three
    line = account.made("line_items", name="L", price="1")
    account.sent("PUT", f"deals/{deal}/associations/default/companies/{first}")
    account.sent("PUT", f"deals/{deal}/associations/default/line_items/{line}")
    shown = account.got(f"deals/{deal}", associations="companies,line_items,contacts")["associations"]
    assert shown == {
        "companies": {
            "results": [{"id": first, "type": "deal_to_company"}, {"id": first, "type": "deal_to_company_unlabeled"}]
        },
        "line items": {"results": [{"id": line, "type": "deal_to_line_item"}]},
    }


def test_an_association_changes_without_touching_the_deal(account: Account, three: Three) -> None:
    deal, first, _ = three
    before = account.got(f"deals/{deal}")
    account.forward(60)
    account.sent("PUT", f"deals/{deal}/associations/default/companies/{first}")
    line = account.made("line_items", name="L", price="7", quantity="3")
    account.sent("PUT", f"deals/{deal}/associations/default/line_items/{line}")
    assert account.got(f"deals/{deal}") == before
    account.set(lines_move_deal=True)
    account.sent("PATCH", f"line_items/{line}", {"properties": {"quantity": "4"}})
    after = account.got(f"deals/{deal}")
    assert (after["properties"]["amount"], after["updatedAt"]) == ("28", "2026-09-01T12:01:00Z")


def test_batches_read_what_there_is_and_tell_what_has_none(account: Account, three: Three) -> None:
    deal, first, second = three
    pair = {"from": {"id": deal}, "to": {"id": first}}
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}]
    made = account.sent(
        "POST",
        "/crm/associations/2026-03/deals/companies/batch/create",
        {"inputs": [{**pair, "types": spec}]},
        status=201,
    )
    assert made["results"][0]["fromObjectId"] == deal
    read = {"inputs": [{"id": deal}, {"id": "77"}]}
    found = account.sent("POST", "/crm/associations/2026-03/deals/companies/batch/read", read, status=207)
    assert [(row["from"], row["to"][0]["toObjectId"]) for row in found["results"]] == [({"id": deal}, first)]
    (error,) = found["errors"]
    assert error["message"] == "No company is associated with deal 77."
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    old = account.sent(
        "POST", "/crm/v4/associations/deals/companies/batch/read", {"inputs": [{"id": deal}]}, status=200
    )
    assert old["results"][0]["to"][0]["toObjectId"] == int(first)
    account.sent(
        "POST", "/crm/v4/associations/deals/companies/batch/associate/default",
        {"inputs": [{"from": {"id": deal}, "to": {"id": second}}]}, status=200,
    )  # fmt: skip
    gone = {"inputs": [{"from": {"id": deal}, "to": [{"id": first}]}]}
    assert account.ask("POST", "/crm/v4/associations/deals/companies/batch/archive", gone).status_code == 204
    assert account.ask("POST", "/crm/associations/2026-03/deals/companies/batch/archive", gone).status_code == 200
    assert list(kinds(account, f"deals/{deal}/associations/companies")) == [second]


def test_many_associations_come_in_pages(account: Account, three: Three) -> None:
    deal, _, _ = three
    account.set(association_page=3)
    ids = []
    for number in range(7):
        ids.append(account.made("contacts", email=f"c{number}@example.com"))
        account.human("associate", "deals", deal, to_object="contacts", to=ids[-1])
    seen: list[str] = []
    after = ""
    while len(seen) < 7:
        body = {"inputs": [{"id": deal, **({"after": after} if after else {})}]}
        row = account.sent("POST", "/crm/associations/2026-03/deals/contacts/batch/read", body)["results"][0]
        seen += [end["toObjectId"] for end in row["to"]]
        after = row.get("paging", {}).get("next", {}).get("after", "")
    assert (seen, after) == (ids, "")
    page = account.got(f"deals/{deal}/associations/contacts", limit="2", after=ids[1])
    assert [row["toObjectId"] for row in page["results"]] == ids[2:4]


def test_a_line_item_has_one_parent(account: Account, three: Three) -> None:
    deal, _, _ = three
    line = account.made("line_items", name="L", price="1")
    account.sent("PUT", f"deals/{deal}/associations/default/line_items/{line}")
    invoice = account.made("invoices", hs_currency="USD")
    answer = account.ask("PUT", f"invoices/{invoice}/associations/default/line_items/{line}")
    assert refusal(answer) == (400, "VALIDATION_ERROR", f"Line item {line} is already associated with deal {deal}")


def test_a_label_of_the_account_goes_both_ways(account: Account, three: Three) -> None:
    deal, first, _ = three
    path = "/crm/v4/associations/deals/companies"
    made = account.sent("POST", f"{path}/labels", {"label": "Billed to", "name": "billed_to", "inverseLabel": "Pays"})
    (there, back) = made["results"]
    assert (there["category"], there["label"], back["label"]) == ("USER_DEFINED", "Billed to", "Pays")
    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": there["typeId"]}]
    account.sent("PUT", f"deals/{deal}/associations/companies/{first}", spec, status=201)
    (back_row,) = account.got(f"companies/{first}/associations/deals")["results"]
    assert {kind["label"] for kind in back_row["associationTypes"]} == {None, "Pays", "Primary"}
    away = {"from": {"id": deal}, "to": {"id": first}}
    account.sent("POST", f"{path}/batch/labels/archive", {"inputs": [{**away, "types": spec}]})
    assert kinds(account, f"deals/{deal}/associations/companies") == {first: [5, 341]}
    plain = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}]
    account.sent("POST", f"{path}/batch/labels/archive", {"inputs": [{**away, "types": plain}]})
    assert kinds(account, f"deals/{deal}/associations/companies") == {}
    assert there["typeId"] in {row["typeId"] for row in account.got(f"{path}/labels")["results"]}


@pytest.mark.parametrize(
    "spec",
    [
        [],
        {},
        [{"associationTypeId": 341}],
        [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
        [{"associationCategory": "HUBSPOT_DEFINED"}],
    ],
)
def test_a_kind_that_there_is_not_is_refused(account: Account, three: Three, spec: Any) -> None:
    deal, first, _ = three
    answer = account.ask("PUT", f"deals/{deal}/associations/companies/{first}", spec)
    assert refusal(answer)[:2] == (400, "VALIDATION_ERROR")
    assert kinds(account, f"deals/{deal}/associations/companies") == {}


def test_deals_are_made_with_their_associations_or_not_at_all(account: Account, three: Three) -> None:
    _, first, _ = three
    end = {"to": {"id": first}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}]}
    made = account.sent("POST", "deals", {"properties": {"dealname": "B"}, "associations": [end]})
    assert kinds(account, f"deals/{made['id']}/associations/companies") == {first: [5, 341]}
    bad = account.ask("POST", "deals", {"properties": {"dealname": "C"}, "associations": [{**end, "to": {"id": "77"}}]})
    assert refusal(bad) == (400, "VALIDATION_ERROR", "One or more associations are invalid")
    assert account.search("deals", ("dealname", "EQ", "C"))["total"] == 0
    account.human("delete", "companies", first)
    assert kinds(account, f"deals/{made['id']}/associations/companies") == {}


def test_v3_tells_kinds_in_words_and_both_ways(account: Account) -> None:
    contact, company = account.made("contacts", email="a@example.com"), account.made("companies", name="X")
    pair = {"from": {"id": contact}, "to": {"id": company}, "type": "contact_to_company"}
    made = account.sent("POST", "/crm/v3/associations/contacts/companies/batch/create", {"inputs": [pair]})
    assert made["results"] == [
        {"from": {"id": company}, "to": {"id": contact}, "type": "company_to_contact"},
        {"from": {"id": contact}, "to": {"id": company}, "type": "contact_to_company"},
    ]
    read = account.sent("POST", "/crm/v3/associations/contacts/companies/batch/read", {"inputs": [{"id": contact}]})
    assert [row["type"] for row in read["results"][0]["to"]] == ["contact_to_company", "contact_to_company_unlabeled"]
