"""What comes out whole is mapped in the transaction that stores it; what does not waits for the rest of the read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copy

import pytest

from billsync.stage import facts
from billsync.store import Store
from tests.stage.office import Office


class Stopped(Exception):
    """The process dies here."""


@pytest.fixture
def office(tmp_path: Path, sqlite_template: Path) -> Iterator[Office]:
    store = Store.open(f"sqlite:///{copy(sqlite_template, tmp_path / 'store.db')}")
    yield Office(tmp_path, store)
    store.close()


def _read(office: Office, *, ahead: bool = False) -> None:
    office.save()
    office.runs += 1
    facts.read(replace(office.world(date(2017, 12, 31)), fetch_ahead=ahead))


def _deals(office: Office) -> tuple[dict[str, int], int]:
    with office.store.view() as tx:
        return tx.inbox.states("crm", "sales_pipeline"), tx.facts.count("deal")


def test_a_read_alone_leaves_nothing_to_map(tmp_path: Path, store: Store) -> None:
    office = Office(tmp_path, store)
    _read(office, ahead=True)
    assert _deals(office) == ({"mapped": 2, "skipped": 1}, 2)
    with office.store.view() as tx:
        row, fact = tx.inbox.get("crm", "sales_pipeline", "D2"), tx.facts.get("deal", "D2")
        tie = tx.links.get("deal", "D2", "crm")
    assert row is not None
    assert fact is not None
    assert tie is not None
    assert (row.state, row.version, fact.source, tie.ref) == ("mapped", 1, tie.ref, fact.source)


def test_what_refers_to_a_record_that_is_not_there_waits_as_new_and_is_told_after_the_read(office: Office) -> None:
    office.deals["D4"] = ("Newcomer", "Won", "7")
    _read(office)
    assert _deals(office) == ({"mapped": 2, "skipped": 1, "new": 1}, 2)
    facts.make(office.world(date(2017, 12, 31)))
    assert _deals(office) == ({"mapped": 2, "skipped": 1, "problem": 1}, 2)
    office.accounts["Newcomer"] = "Norway"
    office.deals["D4"] = ("Newcomer", "Won", "8")
    _read(office)
    assert _deals(office) == ({"mapped": 3, "skipped": 1}, 3)
    with office.store.view() as tx:
        assert tx.problems.list() == []


def test_a_process_that_dies_before_the_commit_leaves_neither_record_nor_document(office: Office) -> None:
    def point(name: str) -> None:
        if name == "pull-page:before-commit":
            raise Stopped

    office.store._point, usual = point, office.store._point
    with pytest.raises(Stopped):
        _read(office)
    office.store._point = usual
    with office.store.view() as tx:
        assert (tx.inbox.counts(), tx.facts.count("customer"), tx.inbox.cursor("crm", "accounts")) == ({}, 0, None)
    _read(office)
    assert _deals(office) == ({"mapped": 2, "skipped": 1}, 2)


def test_one_that_changed_is_mapped_again_and_one_that_is_gone_is_left_to_the_stage_that_takes_back(
    office: Office,
) -> None:
    office.deals["D9"] = ("Acme", "Won", "9")
    _read(office)
    office.deals["D1"] = ("Acme", "Won", "101")
    del office.deals["D9"]
    _read(office)
    with office.store.view() as tx:
        row, fact = tx.inbox.get("crm", "sales_pipeline", "D1"), tx.facts.get("deal", "D1")
    assert row is not None
    assert fact is not None
    assert (row.state, row.version, fact.version) == ("mapped", 2, 2)
    assert '"unit_amount":"101"' in fact.doc
    assert _deals(office) == ({"mapped": 2, "skipped": 1, "new": 1}, 3)
    facts.make(office.world(date(2017, 12, 31)))
    assert _deals(office) == ({"mapped": 2, "skipped": 1, "gone": 1}, 2)
