"""Two records become one: whose values stay, who answers for the other, and what is left of it."""

from __future__ import annotations

import pytest

from tests.hubspot.account import Account, refusal

Two = tuple[str, str]


@pytest.fixture
def two(account: Account) -> Two:
    """Two companies, each with a deal."""
    made = []
    for name, phone in (("X", ""), ("Y", "123")):
        company = account.made("companies", name=name, **({"phone": phone} if phone else {}))
        deal = account.made("deals", dealname=f"of {name}")
        account.human("associate", "deals", deal, to_object="companies", to=company)
        made.append(company)
    account.forward(60)
    return made[0], made[1]


def test_the_winner_keeps_its_values_and_takes_what_it_lacks(account: Account, two: Two) -> None:
    winner, loser = two
    merged = account.sent("POST", "companies/merge", {"primaryObjectId": winner, "objectIdToMerge": loser}, status=200)
    found = merged["properties"]
    assert (merged["id"], found["name"], found["phone"]) == (winner, "X", "123")
    assert (found["hs_merged_object_ids"], merged["updatedAt"]) == (loser, "2026-09-01T12:01:00Z")


def test_the_loser_answers_with_the_winner_and_is_found_nowhere_else(account: Account, two: Two) -> None:
    winner, loser = two
    account.human("merge", "companies", winner, loser=loser)
    assert account.got(f"companies/{loser}")["id"] == winner
    read = account.sent("POST", "companies/batch/read", {"inputs": [{"id": loser}]}, status=200)
    assert [row["id"] for row in read["results"]] == [winner]
    assert [row["id"] for row in account.got("companies")["results"]] == [winner]
    assert account.got("companies", archived="true")["results"] == []
    assert account.found("companies") == [winner]
    account.set(merge_redirects=False, merged_in_archive=True)
    assert account.ask("GET", f"companies/{loser}").status_code == 404
    assert [row["id"] for row in account.got("companies", archived="true")["results"]] == [loser]


def test_the_losers_deals_are_the_winners_and_say_nothing_of_it(account: Account, two: Two) -> None:
    winner, loser = two
    before = {row["id"]: row["updatedAt"] for row in account.got("deals")["results"]}
    account.human("merge", "companies", winner, loser=loser)
    assert {row["id"]: row["updatedAt"] for row in account.got("deals")["results"]} == before
    ends = account.got(f"companies/{winner}/associations/deals")["results"]
    assert {str(row["toObjectId"]) for row in ends} == set(before)
    for deal in before:
        shown = account.got(f"deals/{deal}", associations="companies")["associations"]["companies"]["results"]
        assert {row["id"] for row in shown} == {winner}


def test_merges_of_merges_are_all_told(account: Account, two: Two) -> None:
    winner, loser = two
    account.human("merge", "companies", winner, loser=loser)
    last = account.made("companies", name="Z")
    account.human("merge", "companies", last, loser=winner)
    merged = account.got(f"companies/{last}", properties="hs_merged_object_ids")["properties"]["hs_merged_object_ids"]
    assert set(merged.split(";")) == {winner, loser}
    assert account.got(f"companies/{loser}")["id"] == last


def test_an_account_may_mint_a_new_record_of_the_two(account: Account, two: Two) -> None:
    account.set(merge_mints=True)
    new = account.human("merge", "companies", two[0], loser=two[1])
    assert new not in two
    assert [account.got(f"companies/{id}")["id"] for id in two] == [new, new]
    assert account.got(f"companies/{new}", properties="name")["properties"]["name"] == "X"
    assert len(account.got(f"companies/{new}/associations/deals")["results"]) == 2


def test_a_unique_value_of_the_loser_is_free_again(account: Account) -> None:
    winner, loser = account.made("contacts", email="a@example.com"), account.made("contacts", email="b@example.com")
    account.human("merge", "contacts", winner, loser=loser)
    account.made("contacts", email="b@example.com")


def test_nothing_is_merged_with_itself_or_with_what_is_not_there(account: Account, two: Two) -> None:
    own = {"primaryObjectId": two[0], "objectIdToMerge": two[0]}
    assert refusal(account.ask("POST", "companies/merge", own))[0] == 400
    assert account.ask("POST", "companies/merge", {**own, "objectIdToMerge": "77"}).status_code == 404
    assert refusal(account.ask("POST", "companies/merge", {}))[:2] == (400, "VALIDATION_ERROR")
