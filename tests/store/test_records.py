"""Links, problems and runs."""

from __future__ import annotations

import pytest

from billsync.model.problem import Problem
from billsync.model.ref import Link, Ref
from billsync.store import IllegalMove, Store
from tests.store.made import AT, LONG, later, problem


def link(ours: str, theirs: str, *, system: str = "erp", sent: str = "") -> Link:
    return Link(kind="customer", our_id=ours, ref=Ref(system=system, kind="party.party", id=theirs), sent=sent)


def test_links_are_found_from_both_sides(store: Store) -> None:
    links = [link("acme", "1"), link("bolt", LONG), link("acme", "9", system="crm")]
    with store.tx("t") as tx:
        tx.links.put(links, at=AT)
        assert tx.links.get("customer", "acme", "erp") == links[0]
        assert tx.links.get("customer", "nobody", "erp") is None
        assert tx.links.many("customer", ["acme", "bolt", "x"], "erp") == {"acme": links[0], "bolt": links[1]}
        assert tx.links.by_ref("erp", "party.party", [LONG, "9"]) == {LONG: links[1]}
        tx.links.put([link("acme", "2", sent="d")], at=AT)
        assert tx.links.get("customer", "acme", "erp") == link("acme", "2", sent="d")


def test_two_of_ours_cannot_be_the_same_record_there(store: Store) -> None:
    with pytest.raises(IllegalMove), store.tx("t") as tx:
        tx.links.put([link("acme", "1"), link("bolt", "1")], at=AT)


# ---------------------------------------------------------------- problems


def _report(store: Store, *items: Problem, run: str = "r1", seconds: int = 0) -> int:
    with store.tx("t") as tx:
        return tx.problems.report(items, pipeline="p", run=run, at=later(seconds))


def test_a_problem_is_one_row_however_often_it_is_seen(store: Store) -> None:
    assert _report(store, problem(), problem(), problem("A-2")) == 2
    worse = problem().model_copy(update={"message": "it still cannot be billed"})
    assert _report(store, worse, run="r2", seconds=9) == 0
    with store.view() as tx:
        first, second = tx.problems.list()
        assert tx.problems.count_open() == 2
        assert tx.problems.get(second.number) == second
        assert tx.problems.get(99) is None
    assert (first.number, first.problem, first.times, first.run) == (1, worse, 2, "r2")
    assert (first.first_seen, first.last_seen, first.state, first.pipeline) == (AT, later(9), "open", "p")


def test_a_problem_is_resolved_when_its_record_is_and_opens_again_under_its_number(store: Store) -> None:
    _report(store, problem(), problem("A-2"), problem(code="CASH-PAYMENT-01"), problem("A-1", object="Deal"))
    with store.tx("t") as tx:
        closed = tx.problems.close(
            connection="crm", object="Account", ids=["A-1", "A-2", "A-3"],
            except_={problem("A-2").fingerprint}, at=AT, codes_prefix="BILL-",
        )  # fmt: skip
        assert closed == 1
        assert [item.number for item in tx.problems.list(state="resolved")] == [1]
        assert tx.problems.close(connection="crm", object="Account", ids=["A-1"], at=AT) == 1
        assert [item.number for item in tx.problems.list()] == [2, 4]
    assert _report(store, problem(), run="r2") == 1
    with store.tx("t") as tx:
        assert [item.number for item in tx.problems.list()] == [1, 2, 4]
        assert tx.problems.close_fingerprints([problem().fingerprint, "unknown"], AT) == 1


def test_complaints_about_a_file_end_when_it_is_read_without_them(store: Store) -> None:
    header = problem(None, "READ-CSV-01", file="a.csv", line=1)
    row = problem("A-1", "READ-CSV-02")
    _report(store, header, row, problem("A-1"), problem(None, "READ-CSV-01", object="Deal"))
    with store.tx("t") as tx:
        assert tx.problems.close_file("crm", "Account", except_={row.fingerprint}, at=AT) == 1
        assert {item.problem.code for item in tx.problems.list(state="resolved")} == {"READ-CSV-01"}
        assert tx.problems.count_open() == 3


def test_problems_are_listed_by_filter_and_page(store: Store) -> None:
    _report(store, *(problem(f"A-{n}") for n in range(4)), problem(LONG, "CASH-PAYMENT-01"))
    with store.view() as tx:
        assert [item.number for item in tx.problems.list(after=1, limit=2)] == [2, 3]
        assert [item.problem.place.id for item in tx.problems.list(code="CASH-PAYMENT-01")] == [LONG]
        assert tx.problems.list(pipeline="another") == []
        assert len(tx.problems.list(state=None)) == 5


# ---------------------------------------------------------------- runs


def test_a_slot_is_run_once_and_tells_how_it_ended(store: Store) -> None:
    with store.tx("t") as tx:
        assert tx.runs.start("p@1", "p", slot="1", owner="me", at=AT)
        assert not tx.runs.start("p@1", "p", slot="1", owner="you", at=AT)
        tx.runs.finish("p@1", state="ok", exit_code=0, counts={"deals": 3}, note="", at=later(5))
        run = tx.runs.get("p@1")
    assert run is not None
    assert (run.state, run.owner, run.counts, run.exit_code) == ("ok", "me", {"deals": 3}, 0)
    assert (run.started_at, run.finished_at) == (AT, later(5))


def test_runs_that_died_are_marked_by_the_next_one(store: Store) -> None:
    with store.tx("t") as tx:
        for n, owner in enumerate(("dead", "me", "dead")):
            tx.runs.start(f"p@{n}", "p", slot=str(n), owner=owner, at=later(n))
        tx.runs.start("q@0", "q", slot="0", owner="dead", at=AT)
        tx.runs.finish("p@2", state="ok", exit_code=0, counts={}, note="", at=AT)
        assert tx.runs.orphans("p", "me", later(9)) == 1
        assert [(run.id, run.state) for run in tx.runs.list(pipeline="p")] == [
            ("p@2", "ok"),
            ("p@1", "running"),
            ("p@0", "killed"),
        ]
        assert len(tx.runs.list(limit=2)) == 2
