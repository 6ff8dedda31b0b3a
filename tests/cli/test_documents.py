"""Credit notes, voids, re-issues and drafts by the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.place import CONFIG, GOOD, Place

SECOND = "G-2,Basic,Acme,2026-03-03,1,70,USD\n"


@pytest.fixture
def billed(place: Place, sqlite_template: Path) -> Place:
    """Two invoices, of 1,000 and 70 USD."""
    shutil.copy(sqlite_template, place.folder / "billsync.db")
    place.deals(GOOD, SECOND)
    assert place.billsync("sync").code == 0
    return place


def test_a_credit_note_is_shown_first_and_made_when_told(billed: Place) -> None:
    first = ("invoice", "credit", "INV-2026-000001")
    looked = billed.billsync(*first, "--line", "1=250", "--dry-run", "--format", "json").json
    assert (looked["made"], looked["document"]["total"]) == (False, "250.00")
    unsure = billed.billsync(*first)
    assert (unsure.code, "say --yes" in unsure.err) == (0, True)
    assert billed.billsync("invoice", "list", "--kind", "credit_note").out == "no credit notes\n"
    made = billed.billsync(*first, "--line", "1=250", "--reason", "broken", "--yes", "--format", "json").json
    assert (made["made"], made["number"]) == (True, "CN-2026-000001")
    assert "CN-2026-000002" in billed.billsync(*first, "--amount", "50", "--yes").out
    shown = billed.billsync("invoice", "show", "INV-2026-000001", "--format", "json").json
    assert (shown["open"], shown["credited"]) == ("700.00", "300.00")
    assert [item["number"] for item in shown["credit_notes"]] == ["CN-2026-000001", "CN-2026-000002"]
    listed = billed.billsync("invoice", "list", "--kind", "credit_note", "--format", "json").json
    assert [(row["total"], row["invoice"], row["state"]) for row in listed] == [
        ("250.00", ["INV-2026-000001"], "finalised"),
        ("50.00", ["INV-2026-000001"], "finalised"),
    ]
    assert billed.billsync("invoice", "show", "CN-2026-000001", "--format", "json").json["reason"] == "broken"
    assert "250.00 of 1000.00 USD given back" in billed.billsync("invoice", "explain", "CN-2026-000001").out
    assert "300.00 credited" in billed.billsync("invoice", "explain", "INV-2026-000001").out
    assert billed.billsync("verify").code == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("INV-9",), "there is no invoice"),
        (("INV-2026-000002", "--line", "7"), "has no line '7'"),
        (("INV-2026-000002", "--line", "1=x"), "--line 1=x"),
        (("INV-2026-000002", "--line", "1=71"), "at most 70 is left"),
        (("INV-2026-000002", "--amount", "-1"), "not within what is left"),
        (("INV-2026-000002", "--amount", "1", "--line", "1"), "write --line ID=AMOUNT"),
        (("INV-2026-000002", "--pipeline", "other"), "no pipeline is called"),
    ],
)
def test_what_cannot_be_given_back_is_said_and_nothing_is_done(
    billed: Place, asked: tuple[str, ...], said: str
) -> None:
    result = billed.billsync("invoice", "credit", *asked, "--yes")
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_void_and_made_anew(billed: Place) -> None:
    void = billed.billsync("invoice", "void", "INV-2026-000001", "--reason", "never ordered", "--yes")
    assert (void.code, "is void" in void.out) == (0, True)
    again = billed.billsync("invoice", "void", "INV-2026-000001", "--reason", "x", "--yes")
    assert (again.code, "void already" in again.err) == (2, True)
    made = billed.billsync("invoice", "reissue", "INV-2026-000002", "--reason", "address", "--yes", "--format", "json")
    assert [(row["number"], row["replaces"], row["issued_on"]) for row in made.json] == [
        ("INV-2026-000003", "INV-2026-000002", "2026-12-31")
    ]
    states = billed.billsync("invoice", "list", "--format", "json").json
    assert [row["state"] for row in states] == ["void", "void", "finalised"]
    assert billed.billsync("sync").code == 0
    assert len(billed.billsync("invoice", "list", "--format", "json").json) == 3
    assert billed.billsync("verify").code == 0


def test_drafts_wait_for_approval(place: Place) -> None:
    (place.folder / "billsync.yaml").write_text(CONFIG + "    invoicing: {finalise: on_approval}\n")
    place.deals(GOOD, SECOND)
    assert place.billsync("sync").code == 0
    assert place.billsync("invoice", "list").out == "no invoices\n"
    first, second = place.billsync("invoice", "list", "--state", "draft", "--format", "json").json
    assert [(row["total"], row["reason"]) for row in (first, second)] == [
        ("1000.00", "it waits for approval"), ("70.00", "it waits for approval"),
    ]  # fmt: skip
    assert place.billsync("approve").code == 2
    assert "there is no draft 'x'" in place.billsync("approve", "x").err
    assert place.billsync("approve", first["id"]).code == 0
    assert place.billsync("reject", second["id"], "--reason", "not yet").code == 0
    assert place.billsync("sync").code == 0
    [made] = place.billsync("invoice", "list", "--format", "json").json
    assert (made["number"], made["total"]) == ("INV-2026-000001", "1000.00")
    place.deals(GOOD, SECOND.replace(",70,", ",75,"))  # what was rejected changes, and waits again
    place.billsync("sync")
    [draft] = place.billsync("invoice", "list", "--state", "draft", "--format", "json").json
    assert (draft["total"], draft["state"]) == ("75.00", "draft")
    place.billsync("approve", "--all")
    place.billsync("sync")
    assert [row["total"] for row in place.billsync("invoice", "list", "--format", "json").json] == ["1000.00", "75.00"]
    assert place.billsync("invoice", "list", "--state", "draft").out == "no drafts\n"
    assert place.billsync("verify").code == 0


MONTHS = [(month, f"G-{month},Basic,Acme,2026-{month:02}-03,1,10,USD\n") for month in range(1, 4)]


def test_a_run_makes_no_more_than_its_bounds(place: Place) -> None:
    (place.folder / "billsync.yaml").write_text(CONFIG + "    invoicing: {limits: {invoices_per_run: 2}}\n")
    place.deals(*(deal for _, deal in MONTHS))
    assert place.billsync("sync").code == 1
    [problem] = place.billsync("errors", "list", "--format", "json").json
    assert (problem["code"], "which is its bound" in problem["message"]) == ("BILL-LIMIT-01", True)
    assert len(place.billsync("invoice", "list", "--format", "json").json) == 2
    assert place.billsync("sync").code == 1, "what is beyond waits for a person, not for the next run"
    place.billsync("approve", "--customer", "Acme")
    assert place.billsync("sync").code == 0
    numbers = [row["number"] for row in place.billsync("invoice", "list", "--format", "json").json]
    assert numbers == [f"INV-2026-00000{n}" for n in (1, 2, 3)]
