"""`billsync bill`: invoices from what the books hold, though the CRM cannot be reached any more."""

from __future__ import annotations

import shutil

from tests.cli.place import MAPPING, Place

MONTHLY = MAPPING.replace(
    "model: {const: one_time}", "model: {const: recurring}\n      every:\n        fields:\n          months: {const: 1}"
)


def monthly(place: Place) -> None:
    """One deal of 1,000.00 a month from 3 February, billed through March."""
    place.write("deals.yaml", MONTHLY)
    assert place.billsync("sync", "--through", "2026-03-31").code == 0


def test_it_tells_first_and_makes_the_same_then(place: Place) -> None:
    monthly(place)
    shutil.rmtree(place.folder / "crm")  # nobody is asked
    before = place.billsync("invoice", "list", "--format", "json").json
    said = place.billsync("bill", "--through", "2026-05-31", "--dry-run", "--format", "json")
    assert said.code == 0, said.err
    tried = said.json
    assert place.billsync("invoice", "list", "--format", "json").json == before
    made = place.billsync("bill", "--through", "2026-05-31", "--format", "json").json
    assert made["invoices"] == tried["invoices"]
    assert [(item["number"], item["total"]) for item in made["invoices"]] == [
        ("INV-2026-000003", "1000.00"),
        ("INV-2026-000004", "1000.00"),
    ]
    again = place.billsync("bill", "--through", "2026-05-31")
    assert (again.code, again.out.strip()) == (0, "no invoice is due")
    assert place.billsync("verify").code == 0


def test_a_pipeline_that_is_not_there_is_wrong_usage(place: Place) -> None:
    monthly(place)
    assert place.billsync("bill", "other").code == 2
