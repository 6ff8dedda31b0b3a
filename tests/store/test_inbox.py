"""What comes in is kept once, version by version, and is mapped until it is settled."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billsync.store import Absorbed, Store
from tests.store.made import AT, LONG, later, record


def _states(store: Store, mapping: str = "m1") -> dict[str, str]:
    with store.view() as tx:
        return {row.id: row.state for row in tx.inbox.pending("crm", "Account", mapping)}


def test_a_page_is_absorbed_and_the_same_page_again_changes_nothing(store: Store) -> None:
    page = [record("A-1", Name="Acme"), record("A-2", Name="Bolt", Amount=Decimal("10.50"))]
    with store.tx("t") as tx:
        assert tx.inbox.absorb("crm", page, run="r1", at=AT) == Absorbed(new=2)
    with store.tx("t") as tx:
        assert tx.inbox.absorb("crm", page, run="r2", at=later(1)) == Absorbed(unchanged=2)
        row = tx.inbox.get("crm", "Account", "A-2")
    assert row is not None
    assert row.data == {"Id": "A-2", "Name": "Bolt", "Amount": "10.50"}
    assert (row.version, row.state, row.deleted, str(row.place)) == (
        1, "new", False, "crm/accounts.csv:2 (crm/Account/A-2)",
    )  # fmt: skip


def test_a_changed_record_is_new_again_and_counts_its_versions(store: Store) -> None:
    with store.tx("t") as tx:
        tx.inbox.absorb("crm", [record(Name="Acme")], run="r1", at=AT)
        tx.inbox.settle("crm", "Account", {"A-1": "mapped"}, mapping="m1")
    assert _states(store) == {}
    with store.tx("t") as tx:
        assert tx.inbox.absorb("crm", [record(Name="Acme Inc.")], run="r2", at=AT) == Absorbed(changed=1)
        row = tx.inbox.get("crm", "Account", "A-1")
    assert row is not None
    assert (row.version, row.state, row.data["Name"]) == (2, "new", "Acme Inc.")


def test_a_record_that_only_moved_in_its_file_is_not_mapped_again_but_is_found_at_its_new_line(store: Store) -> None:
    with store.tx("t") as tx:
        tx.inbox.absorb("crm", [record(line=2)], run="r1", at=AT)
        tx.inbox.settle("crm", "Account", {"A-1": "mapped"}, mapping="m1")
        assert tx.inbox.absorb("crm", [record(line=7)], run="r2", at=AT) == Absorbed(unchanged=1)
        row = tx.inbox.get("crm", "Account", "A-1")
    assert row is not None
    assert (row.place.line, row.state, row.version) == (7, "mapped", 1)


def test_of_a_record_that_comes_twice_in_a_page_the_last_counts(store: Store) -> None:
    with store.tx("t") as tx:
        assert tx.inbox.absorb("crm", [record(Name="old"), record(Name="new")], run="r", at=AT) == Absorbed(new=1)
        row = tx.inbox.get("crm", "Account", "A-1")
    assert row is not None
    assert row.data["Name"] == "new"


def test_a_deleted_record_keeps_what_it_was_and_comes_back_when_it_is_there_again(store: Store) -> None:
    with store.tx("t") as tx:
        tx.inbox.absorb("crm", [record(Name="Acme")], run="r1", at=AT)
        gone = record(deleted=True)
        assert tx.inbox.absorb("crm", [gone], run="r2", at=AT) == Absorbed(changed=1)
        assert tx.inbox.absorb("crm", [gone], run="r3", at=AT) == Absorbed(unchanged=1)
        row = tx.inbox.get("crm", "Account", "A-1")
        assert row is not None
        assert (row.deleted, row.state, row.version, row.data["Name"]) == (True, "new", 2, "Acme")
        tx.inbox.settle("crm", "Account", {"A-1": "gone"}, mapping="m1")
    assert _states(store, "another mapping") == {}
    with store.tx("t") as tx:
        assert tx.inbox.absorb("crm", [record(Name="Acme")], run="r4", at=AT) == Absorbed(changed=1)
    assert _states(store) == {"A-1": "new"}


def test_what_a_full_read_did_not_show_is_deleted_once(store: Store) -> None:
    with store.tx("t") as tx:
        tx.inbox.absorb("crm", [record("A-1"), record("A-2"), record("B-1", object="Deal")], run="r1", at=AT)
        assert tx.inbox.live_ids("crm", "Account") == {"A-1", "A-2"}
        assert tx.inbox.mark_deleted("crm", "Account", ["A-2", "A-2", "A-9"], run="r2", at=AT) == 1
        assert tx.inbox.mark_deleted("crm", "Account", ["A-2"], run="r3", at=AT) == 0
        assert tx.inbox.live_ids("crm", "Account") == {"A-1"}
        assert tx.inbox.has("crm", "Account", ["A-1", "A-2", "A-3"]) == {"A-1"}


def test_pending_are_new_ones_problems_and_those_of_another_mapping_in_pages(store: Store) -> None:
    with store.tx("t") as tx:
        tx.inbox.absorb("crm", [record(f"A-{n}") for n in range(6)], run="r1", at=AT)
        states = {"A-0": "mapped", "A-1": "problem", "A-2": "skipped", "A-3": "mapped"}
        tx.inbox.settle("crm", "Account", states, mapping="m1")
    assert _states(store, "m1") == {"A-1": "problem", "A-4": "new", "A-5": "new"}
    assert list(_states(store, "m2")) == [f"A-{n}" for n in range(6)]
    with store.tx("t") as tx:
        first = tx.inbox.pending("crm", "Account", "m2", limit=4)
        rest = tx.inbox.pending("crm", "Account", "m2", after=first[-1].id, limit=4)
        assert [row.id for row in first + rest] == [f"A-{n}" for n in range(6)]
        assert tx.inbox.counts() == {("crm", "Account"): {"mapped": 2, "problem": 1, "skipped": 1, "new": 2}}
        assert tx.inbox.retry("crm", "Account", "A-0")
        assert not tx.inbox.retry("crm", "Account", "A-9")
    assert _states(store)["A-0"] == "new"


def test_an_unknown_state_is_refused(store: Store) -> None:
    with store.tx("t") as tx, pytest.raises(ValueError, match="unknown inbox states"):
        tx.inbox.settle("crm", "Account", {"A-1": "done"}, mapping="m1")


def test_the_checkpoint_is_kept_with_the_page(store: Store) -> None:
    with store.tx("t") as tx:
        assert tx.inbox.cursor("crm", "Account") is None
        tx.inbox.set_cursor("crm", "Account", {"after": "2026-01-31", "page": 3}, at=AT)
        tx.inbox.set_cursor("crm", "Account", {"after": "2026-02-01"}, at=AT)
        assert tx.inbox.cursor("crm", "Account") == {"after": "2026-02-01"}
        assert tx.inbox.cursor("crm", "Deal") is None


def test_ids_too_long_for_an_index_stay_apart_and_come_back_whole(store: Store) -> None:
    ids = [LONG + "1", LONG + "2", "短い", "🧾", "a"]
    with store.tx("t") as tx:
        tx.inbox.absorb("crm", [record(id, Name=id) for id in ids], run="r1", at=AT)
        assert tx.inbox.absorb("crm", [record(id, Name=id) for id in ids], run="r1", at=AT) == Absorbed(unchanged=5)
        assert tx.inbox.has("crm", "Account", ids) == set(ids)
        tx.inbox.settle("crm", "Account", {LONG + "2": "mapped"}, mapping="m1")
        pages = []
        after = ""
        while rows := tx.inbox.pending("crm", "Account", "m1", after=after, limit=1):
            pages += [row.id for row in rows]
            after = rows[-1].id
    assert pages == ["a", LONG + "1", "短い", "🧾"]


@pytest.mark.parametrize("bad", ["nul\x00", "half \ud800"])
def test_text_that_only_one_database_would_take_is_refused_by_both(store: Store, bad: str) -> None:
    with store.tx("t") as tx:
        with pytest.raises(ValueError, match=r"NUL|Unicode|surrogate"):
            tx.inbox.absorb("crm", [record(bad)], run="r", at=AT)
        assert tx.inbox.counts() == {}
