"""A hundred thousand documents are compared without being held: sorted in files, and walked side by side."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import Standing
from billsync.reconcile import Ours, Question, There, compare
from billsync.stage.spool import Spool
from billsync.stage.standing import Theirs, frozen, thawed

MANY = 100_000
ROOT = Path(__file__).parents[2]
DAY = date(2026, 1, 1)
TOTAL, TAX = Decimal("119.00"), Decimal("19.00")
LOST, CHANGED = 40_000, 70_000


def ours() -> Iterator[Ours]:
    return (Ours(f"INV-{n:06}", "acme", "EUR", TOTAL, TAX, TOTAL, DAY, DAY) for n in range(MANY))


class Listing:
    """A system that lists its documents in an order of its own."""

    def standing(self, object: str) -> Iterator[list[Standing]]:
        """In pages; one is not there, and one shows another amount."""
        for start in range(0, MANY, 500):
            scattered = (place * 7919 % MANY for place in range(start, start + 500))
            yield [_document(n) for n in scattered if n != LOST]


def _document(n: int) -> Standing:
    total = TOTAL + 1 if n == CHANGED else TOTAL
    return Standing(str(n), f"INV-{n:06}", "EUR", total, tax=TAX, open=total, on=DAY, due_on=DAY, state="sent")


def hold() -> None:
    """Compare, and say by how many kilobytes the process grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Spool() as spool:
        theirs = Theirs(spool)
        theirs.take(Listing().standing("invoice"))
        found = compare(ours(), theirs, Question(lambda reference: reference.startswith("INV-")))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    drifts = [(str(drift.kind), drift.document) for drift in found.drifts]
    sys.stdout.write(json.dumps([grown, drifts, found.matched, found.totals.of("EUR").erp.documents]))


def test_a_hundred_thousand_documents_in_a_few_megabytes() -> None:
    """In a process of its own, whose memory is its own too."""
    code = "from tests.reconcile.test_memory import hold; hold()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    grown, drifts, matched, there = json.loads(done.stdout)
    assert drifts == [["missing", f"INV-{LOST:06}"], ["amount", f"INV-{CHANGED:06}"]]
    assert (matched, there) == (MANY - 1, MANY - 1)
    assert grown < 40_000, f"{grown} kB"


@given(st.lists(st.tuples(st.text(max_size=3), st.integers()), max_size=40), st.integers(1, 7))
def test_a_spool_sorts_whatever_comes_and_is_read_as_often_as_needed(rows: list[tuple[str, int]], run: int) -> None:
    with Spool(run) as spool:
        spool.add((key, [value]) for key, value in rows)
        once, twice = list(spool), list(spool)
    assert once == twice
    assert [key for key, _ in once] == sorted(key for key, _ in rows)
    assert sorted((key, values[0]) for key, values in once) == sorted(rows)


@given(
    st.builds(
        Standing,
        id=st.text(),
        reference=st.text(),
        currency=st.just("EUR"),
        total=st.decimals(allow_nan=False, allow_infinity=False, places=2),
        customer=st.none() | st.text(),
        open=st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
        on=st.none() | st.dates(),
        lines=st.none() | st.integers(),
        state=st.none() | st.text(),
    )
)
def test_a_standing_document_comes_back_from_its_file_as_it_was(item: Standing) -> None:
    assert thawed(frozen(item)) == item
    assert There("x", thawed(frozen(item))).standing == item
