"""A storm of edits: whatever people did, lists, search and associations tell one and the same story afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hubspot.account import Account


def furnished(account: Account) -> None:
    """Twenty companies and sixty deals with a line each."""
    companies = [account.made("companies", name=f"C{n}") for n in range(20)]
    deals = [
        {"properties": {"dealname": f"D{n}", "amount": str(n)}, "associations": [end(companies[n % 20], 341)]}
        for n in range(60)
    ]
    made = sorted(row["id"] for row in account.sent("POST", "deals/batch/create", {"inputs": deals})["results"])
    lines = [{"properties": {"name": "L", "price": "5"}, "associations": [end(id, 20)]} for id in made]
    account.sent("POST", "line_items/batch/create", {"inputs": lines})


def end(id: str, type: int) -> dict[str, Any]:
    """An association of a record that is made."""
    return {"to": {"id": id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type}]}


def told(account: Account) -> dict[str, Any]:
    """Deals as lists tell them: amount, stage, companies, lines; what is in the bin; who answers for whom."""
    deals = {}
    for page in account.pages("deals", limit="100", properties="amount,dealstage", associations="companies,line_items"):
        for row in page:
            ends = row.get("associations", {})
            ids = {
                name: sorted({end["id"] for end in ends.get(name, {}).get("results", [])})
                for name in ("companies", "line items")
            }
            deals[row["id"]] = (row["properties"]["amount"], row["properties"]["dealstage"], row["updatedAt"], ids)
    gone = sorted(row["id"] for page in account.pages("deals", limit="100", archived="true") for row in page)
    return {"deals": deals, "gone": gone}


def stands(account: Account) -> dict[str, Any]:
    """The same, as it stands."""
    rows = account.documents("deals")
    deals = {}
    for id, row in rows.items():
        ends, own = row["associations"], row["properties"]
        ids = {"companies": sorted(ends.get("companies", [])), "line items": sorted(ends.get("line_items", []))}
        if not row["archived"]:
            deals[id] = (own.get("amount"), own.get("dealstage"), own["hs_lastmodifieddate"], ids)
    return {
        "deals": deals,
        "gone": sorted(id for id, row in rows.items() if row["archived"] and not row["merged_into"]),
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_after_a_storm_all_tell_the_same(account: Account, seed: int) -> None:
    furnished(account)
    account.set(lag_update_s=60, lag_create_s=10, ids="scattered")
    done: dict[str, int] = {}
    for number in range(5):
        for name, count in account.admin("POST", "storm", {"seed": seed * 100 + number, "edits": 60}).items():
            done[name] = done.get(name, 0) + count
        account.forward(7)
    assert {"deal", "merge", "deal deleted", "deal restored", "company of a deal", "line", "new line"} <= done.keys()
    assert told(account) == stands(account)
    live = stands(account)["deals"]
    seen = {row["id"]: row for row in account.search("deals", limit=200, properties=["amount", "dealstage"])["results"]}
    assert any(seen[id]["updatedAt"] != row[2] for id, row in live.items() if id in seen)
    account.forward(60)
    found = account.search("deals", limit=200, properties=["amount", "dealstage"])["results"]
    assert {
        row["id"]: (row["properties"]["amount"], row["properties"]["dealstage"], row["updatedAt"]) for row in found
    } == {id: row[:3] for id, row in live.items()}
    for id, row in account.documents("companies").items():
        if row["merged_into"]:
            assert account.got(f"companies/{id}")["id"] != id


def test_a_storm_is_decided_by_its_seed(account: Account) -> None:
    states = []
    for _ in range(2):
        account.ready()
        furnished(account)
        account.admin("POST", "storm", {"seed": 3, "edits": 150})
        states.append(stands(account))
    assert states[0] == states[1]
