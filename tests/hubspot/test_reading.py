"""Lists and search: pages, the cap, the index that comes late, ties, and what a filter means."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.hubspot.account import Account, refusal


def test_a_list_comes_in_pages_by_id(account: Account) -> None:
    ids = [account.made("companies", name=f"C{n}") for n in range(7)]
    pages = list(account.pages("companies", limit="3"))
    assert [[row["id"] for row in page] for page in pages] == [ids[:3], ids[3:6], ids[6:]]
    first = account.got("companies", limit="3")
    assert first["paging"]["next"]["after"] == ids[2]
    assert len(account.got("companies")["results"]) == 7
    assert refusal(account.ask("GET", "companies", limit="101"))[:2] == (400, "VALIDATION_ERROR")


def test_a_record_that_goes_while_one_reads_shifts_no_page(account: Account) -> None:
    ids = [account.made("companies", name=f"C{n}") for n in range(6)]
    first = account.got("companies", limit="3")
    for id in ids[:3]:
        account.human("delete", "companies", id)
    rest = account.got("companies", limit="3", after=first["paging"]["next"]["after"])
    assert [row["id"] for row in rest["results"]] == ids[3:]


def test_scattered_ids_come_up_behind_the_reader(account: Account) -> None:
    account.set(ids="scattered")
    ids = [int(account.made("companies", name=f"C{n}")) for n in range(12)]
    assert ids != sorted(ids)
    assert [int(row["id"]) for page in account.pages("companies", limit="5") for row in page] == sorted(ids)


# ---------------------------------------------------------------- search


def test_search_pages_by_offset_and_tells_the_total(account: Account) -> None:
    ids = {account.made("deals", dealname=f"D{n}", amount=str(n)) for n in range(5)}
    sorts = [{"propertyName": "amount", "direction": "DESCENDING"}]
    first = account.search("deals", limit=2, sorts=sorts, properties=["amount"])
    assert (first["total"], first["paging"]) == (5, {"next": {"after": "2"}})
    last = account.search("deals", limit=2, after="4", sorts=sorts, properties=["amount"])
    assert "paging" not in last
    assert [row["properties"]["amount"] for row in (*first["results"], *last["results"])] == ["4", "3", "0"]
    assert {row["id"] for row in account.search("deals", limit=200)["results"]} == ids
    assert account.search("deals", limit=4)["paging"] == {"next": {"after": "4"}}
    assert all("associations" not in row for row in first["results"])


def test_numbers_are_sorted_as_numbers(account: Account) -> None:
    for amount in ("9", "100", "20.5"):
        account.made("deals", amount=amount)
    found = account.search("deals", sorts=["amount"], properties=["amount"])["results"]
    assert [row["properties"]["amount"] for row in found] == ["9", "20.5", "100"]


def test_records_of_one_instant_come_in_no_order_of_ids(account: Account) -> None:
    account.human("create", "deals", properties={"dealname": "A"}, copies=30)
    ids = [row["id"] for row in account.search("deals", sorts=["hs_lastmodifieddate"], limit=100)["results"]]
    assert ids != sorted(ids)
    again = [row["id"] for row in account.search("deals", sorts=["hs_lastmodifieddate"], limit=100)["results"]]
    assert again == ids
    account.set(ties="shifting")
    other = [row["id"] for row in account.search("deals", sorts=["hs_lastmodifieddate"], limit=100)["results"]]
    assert sorted(other) == sorted(ids)
    assert other != ids


def test_beyond_ten_thousand_there_is_an_error_however_many_there_are(account: Account) -> None:
    account.set(search_cap=100, search_page=20)
    account.human("create", "deals", properties={"dealname": "A"}, copies=130)
    last = account.search("deals", limit=20, after=80)
    assert (last["total"], last["paging"]) == (130, {"next": {"after": "100"}})
    beyond = account.ask("POST", "deals/search", {"limit": 20, "after": "100"})
    assert refusal(beyond) == (400, "VALIDATION_ERROR", "The maximum number of results of a search is 10000")
    assert account.ask("POST", "deals/search", {"limit": 20, "after": 81}).status_code == 400
    assert account.search("deals", ("hs_object_id", "GT", last["results"][0]["id"]), limit=20)["total"] < 130


def test_the_cap_and_the_page_are_hubspots_by_default(account: Account) -> None:
    assert account.ask("POST", "deals/search", {"limit": 200, "after": 9800}).status_code == 200
    assert account.ask("POST", "deals/search", {"limit": 200, "after": 9801}).status_code == 400
    assert account.ask("POST", "deals/search", {"limit": 201}).status_code == 400


def test_an_archived_record_is_never_found(account: Account) -> None:
    account.set(lag_update_s=600)
    id = account.made("deals", dealname="A")
    account.human("delete", "deals", id)
    assert account.search("deals")["total"] == 0


def test_the_index_lags_behind_and_not_for_all_records_the_same(account: Account) -> None:
    account.set(lag_create_s=10, lag_update_s=60)
    ids = [account.made("deals", dealname="A", amount=str(n)) for n in range(40)]
    seen = []
    for _ in range(11):
        seen.append(set(account.found("deals", limit=100)))
        account.forward(1)
    assert (seen[0], len(seen[-1])) == (set(), 40)
    assert 0 < len(seen[5]) < 40
    assert all(before <= after for before, after in pairwise(seen))
    assert seen[5] != set(ids[: len(seen[5])])  # one made later may be seen earlier
    account.sent("PATCH", f"deals/{ids[0]}", {"properties": {"amount": "99"}})
    assert account.got(f"deals/{ids[0]}")["properties"]["amount"] == "99"
    assert account.found("deals", ("amount", "EQ", "99")) == []
    account.forward(61)
    assert account.found("deals", ("amount", "EQ", "99")) == [ids[0]]


def test_a_late_record_has_an_earlier_instant_than_what_is_seen_already(account: Account) -> None:
    account.set(lag_create_s=10)
    ids = []
    for _ in range(20):
        ids.append(account.made("deals", dealname="A"))
        account.forward(0.5)
    changed = {row["id"]: row["updatedAt"] for row in account.search("deals", limit=100)["results"]}
    late = set(ids) - set(changed)
    assert late
    newest = max(changed.values())
    assert any(account.got(f"deals/{id}")["updatedAt"] < newest for id in late)


def test_changes_that_overtake_each_other_leave_the_last_one(account: Account) -> None:
    account.set(lag_update_s=60)
    id = account.made("deals", amount="0")
    for amount in range(1, 30):
        account.sent("PATCH", f"deals/{id}", {"properties": {"amount": str(amount)}})
    account.forward(61)
    assert account.search("deals", properties=["amount"])["results"][0]["properties"]["amount"] == "29"


FOUND: list[tuple[str, str, Any, str]] = [
    ("amount", "EQ", "10.0", "b"),
    ("amount", "NEQ", "10", "acd"),
    ("amount", "GT", "9", "b"),
    ("amount", "LTE", 9, "a"),
    ("amount", "HAS_PROPERTY", None, "ab"),
    ("amount", "NOT_HAS_PROPERTY", None, "cd"),
    ("dealname", "EQ", "ACME north", "a"),
    ("dealname", "IN", ["acme north", "beta"], "ab"),
    ("dealname", "IN", ["Acme North"], ""),
    ("dealname", "NOT_IN", ["beta"], "acd"),
    ("dealname", "CONTAINS_TOKEN", "acme", "ac"),
    ("dealname", "CONTAINS_TOKEN", "nor*", "a"),
    ("dealname", "NOT_CONTAINS_TOKEN", "acme", "bd"),
    ("dealstage", "EQ", "closedwon", "c"),
    ("closedate", "GTE", "2026-01-01", "c"),
    ("closedate", "LT", "1767225600000", ""),
    ("nonsense", "EQ", "1", ""),
]


@pytest.fixture
def four(account: Account) -> dict[str, str]:
    made = {
        "a": {"dealname": "Acme North", "amount": "9"},
        "b": {"dealname": "Beta", "amount": "10"},
        "c": {"dealname": "acme-south", "dealstage": "closedwon", "closedate": "2026-01-01T00:00:00Z"},
        "d": {"dealstage": "closedlost"},
    }
    return {account.made("deals", **properties): letter for letter, properties in made.items()}


@pytest.mark.parametrize(("name", "operator", "value", "letters"), FOUND)
def test_what_a_filter_finds(
    account: Account, four: dict[str, str], name: str, operator: str, value: Any, letters: str
) -> None:
    assert "".join(sorted(four[id] for id in account.found("deals", (name, operator, value)))) == letters


def test_groups_are_alternatives_and_a_range_has_both_ends(account: Account, four: dict[str, str]) -> None:
    low = {"propertyName": "amount", "operator": "BETWEEN", "value": "9", "highValue": "10"}
    won = {"propertyName": "dealstage", "operator": "EQ", "value": "closedwon"}
    found = account.sent("POST", "deals/search", {"filterGroups": [{"filters": [low]}, {"filters": [won]}]})
    assert sorted(four[row["id"]] for row in found["results"]) == ["a", "b", "c"]
    both = account.sent("POST", "deals/search", {"filterGroups": [{"filters": [low, won]}]})
    assert both["results"] == []
    assert [four[row["id"]] for row in account.search("deals", query="north")["results"]] == ["a"]


def group(count: int) -> dict[str, Any]:
    return {"filters": [{"propertyName": "amount", "operator": "EQ", "value": str(n)} for n in range(count)]}


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [group(1)] * 6},
        {"filterGroups": [group(7)]},
        {"filterGroups": [group(5)] * 4},
        {"sorts": ["amount", "dealname"]},
        {"query": "a" * 3000},
        {"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "LIKE", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "GT", "value": "x"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "IN", "value": "x"}]}]},
    ],
)
def test_a_search_beyond_its_limits_is_refused(account: Account, body: dict[str, Any]) -> None:
    assert refusal(account.ask("POST", "deals/search", body))[:2] == (400, "VALIDATION_ERROR")


# ---------------------------------------------------------------- the real data


def test_the_real_opportunities_are_there_with_their_faults(full: Account) -> None:
    deals = [
        row for page in full.pages("deals", limit="100", properties="amount,dealstage,opportunity_id") for row in page
    ]
    assert len(deals) == len({row["properties"]["opportunity_id"] for row in deals}) == 8800
    won = [int(row["properties"]["amount"]) for row in deals if row["properties"]["dealstage"] == "closedwon"]
    assert (len(won), sum(won)) == (4238, 10_005_534)
    sizes = {name: full.search(name)["total"] for name in ("companies", "products", "contacts", "line_items")}
    assert sizes == {"companies": 85, "products": 7, "contacts": 85, "line_items": 8800}
    assert full.search("line_items", ("name", "EQ", "GTXPro"))["total"] == 1480
    assert full.search("line_items", ("name", "EQ", "GTXPro"), ("hs_product_id", "HAS_PROPERTY", ""))["total"] == 0
    assert full.search("companies", ("sector", "EQ", "technolgy"))["total"] == 12
    assert len(full.got("/crm/v3/owners/", limit="500")["results"]) == 35


def test_the_import_wrote_more_records_in_one_instant_than_a_page_holds(full: Account) -> None:
    some = full.search("deals", sorts=["hs_lastmodifieddate"], limit=1, after=4000)["results"][0]["updatedAt"]
    assert full.search("deals", ("hs_lastmodifieddate", "EQ", some))["total"] > 200


def test_deals_without_an_account_are_there_and_the_hierarchy_too(full: Account) -> None:
    page = full.got("deals", limit="100", associations="companies,line_items", properties="dealname")["results"]
    assert all(len(row["associations"]["line items"]["results"]) == 1 for row in page)
    named = [not row["properties"]["dealname"].startswith("No account") for row in page]
    assert ["companies" in row["associations"] for row in page] == named
    assert True in named
    without = full.search("deals", ("dealname", "CONTAINS_TOKEN", "account"), limit=1)
    assert without["total"] == 1425
    assert "companies" not in full.got(f"deals/{without['results'][0]['id']}", associations="companies").get(
        "associations", {}
    )
    child = full.search("companies", ("name", "EQ", "Bluth Company"))["results"][0]["id"]
    parents = full.ask("GET", f"companies/{child}/associations/companies").json()["results"]
    assert [kind["label"] for row in parents for kind in row["associationTypes"]] == ["Parent Company"]
