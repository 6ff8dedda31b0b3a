"""`billsync simulate PIPELINE`: the months to come in a rehearsal of the store, which stays as it was."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.cli import simulate
from tests.cli.place import CONFIG, HEADER, MAPPING, Place

RECURRING = MAPPING.replace(
    "model: {const: one_time}", "model: {const: recurring}\n      every: {fields: {months: {const: '1', as: integer}}}"
)
MONTHS = ["2026-02-28", "2026-03-31", "2026-04-30"]
FROM_TO = ("--from", "2026-02-01", "--to", "2026-04-30")


@pytest.fixture(params=["sqlite", "postgres"])
def monthly(place: Place, request: pytest.FixtureRequest) -> Place:
    """Two deals that are billed each month, on either store."""
    config = CONFIG
    if request.param == "postgres":
        config = config.replace("sqlite:///billsync.db", f'"{request.getfixturevalue("postgres_store_url")}"')
    place.write("billsync.yaml", config)
    place.write("deals.yaml", RECURRING)
    place.write("crm/deals.csv", HEADER + "G-1,Basic,Acme,2026-01-31,2,500,USD\nG-2,Basic,Acme,2026-03-15,1,7.10,USD\n")
    return place


def listed(place: Place) -> list[dict[str, Any]]:
    """The invoices that the books hold."""
    said = place.billsync("invoice", "list", "--format", "json")
    return said.json if said.code == 0 else []


def test_the_months_to_come_are_those_that_come(monthly: Place) -> None:
    said = monthly.billsync("simulate", "billing", *FROM_TO, "--format", "json")
    assert said.code == 0
    assert [run["through"] for run in said.json["runs"]] == MONTHS
    assert [run["invoices"] for run in said.json["runs"]] == [2, 2, 2]
    assert listed(monthly) == []
    for day in MONTHS:
        assert monthly.billsync("sync", "--through", day).code == 0
    names = ("number", "customer", "issued_on", "due_on", "subtotal", "tax", "total", "currency")
    assert [{name: item[name] for name in names} for item in said.json["documents"]] == [
        {name: item[name] for name in names} for item in listed(monthly)
    ]


def test_it_goes_on_from_what_the_books_hold_and_leaves_them_as_they_are(monthly: Place) -> None:
    assert monthly.billsync("sync", "--through", "2026-03-31").code == 0
    before = listed(monthly)
    said = monthly.billsync("simulate", "billing", *FROM_TO)
    assert said.code == 0
    assert "2026-03-31\t0\t0\t" in said.out
    assert "2026-04-30\t2\t0\tUSD: 1,007.10" in said.out
    assert "nothing was stored or sent" in said.err
    assert listed(monthly) == before
    assert monthly.billsync("sync", "--through", "2026-03-31").code == 0
    assert listed(monthly) == before


def test_a_deal_that_cannot_be_billed_stops_no_other_and_is_told(place: Place) -> None:
    place.write("deals.yaml", RECURRING)
    place.write(
        "crm/deals.csv", HEADER + "G-1,Basic,Acme,2026-01-31,2,500,USD\nG-2,Basic,Nobody,2026-03-15,1,7.10,USD\n"
    )
    said = place.billsync("simulate", "billing", *FROM_TO, "--step", "week", "--explain")
    assert said.code == 1
    assert "INV-2026-000004" in said.out
    assert "every month in advance, anchored on the 31st" in said.out
    assert "Nobody" in said.out
    assert place.billsync("errors", "list").code == 6  # there is still no store


def test_a_long_list_is_cut_on_the_screen_only(place: Place) -> None:
    place.patch.setattr(simulate, "SHOWN", 2)
    place.write("deals.yaml", RECURRING)
    place.write("crm/deals.csv", HEADER + "G-1,Basic,Acme,2026-01-31,2,500,USD\n")
    said = place.billsync("simulate", "billing", *FROM_TO)
    assert "... and 2 more: --format json has them all" in said.out
    assert len(place.billsync("simulate", "billing", *FROM_TO, "--format", "json").json["documents"]) == 4
