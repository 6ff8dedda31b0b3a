"""`billsync change`: what deals propose, looked at, agreed to and refused from the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.place import CONFIG, HEADER, MAPPING, Place

MONTHLY = MAPPING.replace(
    "model: {const: one_time}", "model: {const: recurring}\n      every:\n        fields:\n          months: {const: 1}"
)
DEAL = "G-1,Basic,Acme,2026-02-01,{},500,USD\n"


def deals(place: Place, *quantities: int) -> None:
    rows = (DEAL.format(quantity).replace("G-1", f"G-{number}") for number, quantity in enumerate(quantities, start=1))
    place.write("crm/deals.csv", HEADER + "".join(rows))


@pytest.fixture
def shop(place: Place, sqlite_template: Path) -> Place:
    """Two seats of one deal are agreed and billed; what goes down is decided by a person."""
    shutil.copy(sqlite_template, place.folder / "billsync.db")
    place.write("deals.yaml", MONTHLY)
    policy(place, "{approve_when: [mrr_down, credit, above: 3000 USD]}")
    deals(place, 2)
    assert place.billsync("sync").code == 0
    return place


def policy(place: Place, text: str) -> None:
    changed = CONFIG.replace("{through: 2026-12-31}", "{through: 2026-02-01}")
    place.write("billsync.yaml", f"{changed}    changes: {text}\n")


def test_a_change_that_waits_is_listed_shown_approved_and_billed(shop: Place) -> None:
    deals(shop, 1)
    said = shop.billsync("sync")
    assert (said.code, "changes that wait\t1" in said.out) == (0, True)
    [listed] = shop.billsync("change", "list", "--format", "json").json
    assert (listed["id"], listed["kind"], listed["state"]) == ("G-1/2", "changed", "waiting")
    assert (listed["now"], listed["mrr"]) == (["-500.00 USD"], ["-500.00 USD (contraction)"])
    shown = shop.billsync("change", "show", "G-1/2", "--format", "json").json
    assert [(item["kind"], item["total"]) for item in shown["effect"]["documents"]] == [("credit_note", "500.00")]
    assert "recurring revenue goes down" in shop.billsync("change", "show", "G-1/2").out
    done = shop.billsync("change", "approve", "G-1/2", "--reason", "by phone", "--by", "mo", "--format", "json")
    assert (done.code, [(item["state"], item["who"], item["reason"]) for item in done.json]) == (
        0,
        [("applied", "mo", "by phone")],
    )
    assert shop.billsync("change", "approve", "G-1/2").code == 0
    shop.billsync("bill")
    [note] = shop.billsync("invoice", "list", "--kind", "credit_note", "--format", "json").json
    assert note["total"] == "500.00"
    assert shop.billsync("verify").code == 0


def test_a_refused_one_stays_refused_and_cannot_be_approved(shop: Place) -> None:
    deals(shop, 1)
    shop.billsync("sync")
    assert shop.billsync("change", "reject", "--all", "--reason", "a mistake").code == 0
    assert shop.billsync("change", "list").out.strip() == "no change is proposed"
    assert shop.billsync("change", "approve", "G-1/2").code == 1
    shop.billsync("sync", "--full")
    states = [item["state"] for item in shop.billsync("change", "list", "--state", "all", "--format", "json").json]
    assert states == ["applied", "rejected"]


def test_what_comes_to_something_else_by_now_is_shown_again_and_ends_with_4(shop: Place) -> None:
    deals(shop, 1)
    shop.billsync("sync")
    shop.write("billsync.yaml", (shop.folder / "billsync.yaml").read_text().replace("2026-02-01", "2026-03-01"))
    said = shop.billsync("change", "approve", "--customer", "Acme")
    assert (said.code, "it comes to something else by now" in said.out) == (4, True)
    assert shop.billsync("change", "approve", "--customer", "Acme").code == 0


def test_several_that_wait_are_decided_at_once(shop: Place) -> None:
    deals(shop, 1, 20, 30)
    shop.billsync("sync")
    waiting = shop.billsync("change", "list", "--format", "json").json
    assert [(item["id"], item["reason"].partition(":")[0]) for item in waiting] == [
        ("G-1/2", "recurring revenue goes down"),
        ("G-2/1", "it comes to 10000.00 USD, above 3000"),
        ("G-3/1", "it comes to 15000.00 USD, above 3000"),
    ]
    assert shop.billsync("change", "approve", "G-2/1", "G-3/1").code == 0
    assert [item["id"] for item in shop.billsync("change", "list", "--format", "json").json] == ["G-1/2"]


def test_a_plan_tells_what_would_be_proposed(shop: Place) -> None:
    deals(shop, 1)
    plan = shop.billsync("plan", "--format", "json").json
    turns = [(turn["subject"], turn["before"], turn["after"], turn["note"]) for turn in plan["turns"]]
    assert turns == [("change/G-1/2", "", "waiting", "changed; -500.00 USD; -500.00 USD a month (contraction)")]
    assert shop.billsync("change", "list").out.strip() == "no change is proposed"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("approve",), "which proposals"),
        (("approve", "D9/1"), "there is no proposal 'D9/1'"),
        (("show", "D9/1"), "there is no proposal 'D9/1'"),
        (("reject", "--all"), "--reason"),
    ],
)
def test_wrong_usage_ends_with_2(shop: Place, asked: tuple[str, ...], said: str) -> None:
    answer = shop.billsync("change", *asked)
    assert (answer.code, said in answer.err) == (2, True), answer.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{preset: carefull}", "did you mean 'careful'"),
        ("{approve_when: [closed_period]}", "`closed_period` needs `closed_through`"),
        ("{approve_when: [above: 10000]}", "expected an amount with its currency, such as 10000 EUR"),
        ("{approve_when: [above: 10000 EUX]}", "EUX"),
        ("{approve_when: [mrr_dwn]}", "mrr_down"),
        ("{effective: tomorrow}", "expected 'today', 'next_period' or 'from_start'"),
        ("{aply: at_once}", "has no key 'aply'"),
    ],
)
def test_what_is_wrong_with_a_policy_is_told_with_its_place(place: Place, text: str, said: str) -> None:
    policy(place, text)
    answer = place.billsync("change", "list")
    assert answer.code == 2
    assert said in answer.err, answer.err
    assert "billsync.yaml:16" in answer.err
