"""Our books against theirs: each difference once, both totals, and memory that does not grow with the documents."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.reconcile import Ours, Theirs, compare


def ours(reference: str = "INV-1", total: str = "119.00", **facts: Any) -> Ours:
    made = Ours(reference, "acme", "EUR", Decimal(total), Decimal("19.00"), "sent", Decimal(total))
    return replace(made, **facts)


def theirs(reference: str = "INV-1", total: str = "119.00", **facts: Any) -> Theirs:
    made = Theirs(reference, f"id-{reference}", "EUR", Decimal(total), Decimal("19.00"), "sent", Decimal(total))
    return replace(made, **facts)


def test_equal_books_have_no_drift() -> None:
    found = compare([ours("A"), ours("B")], [theirs("A"), theirs("B")])
    assert (found.drifts, found.matched, found.agreed) == ([], 2, 2)
    totals = found.by_currency["EUR"]
    assert (totals.ours, totals.theirs, totals.difference) == (Decimal("238.00"), Decimal("238.00"), Decimal(0))
    assert found.by_customer[("acme", "EUR")] == totals


@pytest.mark.parametrize(
    ("facts", "kind", "here", "there"),
    [
        ({"total": Decimal("119.01"), "open": None}, "amount", "119.00 EUR", "119.01 EUR"),
        ({"tax": Decimal("18.99")}, "tax", "19.00 EUR", "18.99 EUR"),
        ({"currency": "USD", "total": Decimal(5)}, "currency", "119.00 EUR", "5 USD"),
        ({"state": "paid"}, "status", "sent, 119.00 EUR open", "paid, 119.00 EUR open"),
        ({"open": Decimal("19.00")}, "status", "sent, 119.00 EUR open", "sent, 19.00 EUR open"),
        ({"state": "paid", "open": None}, "status", "sent, 119.00 EUR open", "paid"),
    ],
)
def test_each_difference_is_told_with_both_sides(facts: dict[str, Any], kind: str, here: str, there: str) -> None:
    found = compare([ours()], [theirs(**facts)])
    (drift,) = found.drifts
    assert (drift.kind, drift.document, drift.ours, drift.theirs, drift.place) == (
        kind,
        "INV-1",
        here,
        there,
        "id-INV-1",
    )
    assert (found.matched, found.agreed) == (1, 0)


def test_what_they_do_not_say_is_not_compared() -> None:
    assert compare([ours()], [theirs(tax=None, state=None, open=None)]).drifts == []


def test_the_same_amount_with_other_zeros_is_no_difference() -> None:
    assert compare([ours()], [theirs(total="119.0", open=Decimal(119), tax=Decimal(19))]).drifts == []


def test_missing_extra_and_doubled_documents_are_told() -> None:
    found = compare(
        [ours("A"), ours("C")],
        [theirs("B"), theirs("C", id="1"), theirs("C", id="2", total="1.00"), theirs("D")],
    )
    assert [(drift.kind, drift.document, drift.place) for drift in found.drifts] == [
        ("missing", "A", ""),
        ("extra", "B", "id-B"),
        ("duplicate", "C", "1, 2"),
        ("extra", "D", "id-D"),
    ]
    assert (found.drifts[2].ours, found.drifts[2].theirs) == ("1 document", "2 documents")
    totals = found.by_currency["EUR"]
    assert (totals.our_count, totals.their_count) == (2, 4)
    assert totals.theirs == Decimal("358.00")
    assert found.by_customer[("", "EUR")].their_count == 2


def test_documents_without_our_reference_are_extra_one_by_one() -> None:
    found = compare([], [theirs("", id="1"), theirs("", id="2")])
    assert [(drift.kind, drift.place) for drift in found.drifts] == [("extra", "1"), ("extra", "2")]


def test_totals_are_kept_by_currency_and_customer() -> None:
    found = compare([ours("A"), ours("B", customer="shop", currency="USD")], [theirs("A"), theirs("B", currency="USD")])
    assert set(found.by_currency) == {"EUR", "USD"}
    assert set(found.by_customer) == {("acme", "EUR"), ("shop", "USD")}


def test_a_stream_out_of_order_is_refused_rather_than_misread() -> None:
    with pytest.raises(ValueError, match="our documents are not sorted"):
        compare([ours("B"), ours("A")], [])
    with pytest.raises(ValueError, match="their documents are not sorted"):
        compare([], [theirs("B"), theirs("A")])


REFERENCES = st.lists(st.sampled_from("ABCDEFGH"), max_size=8, unique=True).map(sorted)


@given(REFERENCES, REFERENCES, st.sets(st.sampled_from("ABCDEFGH")))
def test_every_document_is_accounted_for(here: list[str], there: list[str], off: set[str]) -> None:
    found = compare(
        [ours(name) for name in here], [theirs(name, "1.00" if name in off else "119.00", open=None) for name in there]
    )
    by_kind = {
        kind: {drift.document for drift in found.drifts if drift.kind == kind}
        for kind in ("missing", "extra", "amount")
    }
    both = set(here) & set(there)
    assert by_kind == {"missing": set(here) - set(there), "extra": set(there) - set(here), "amount": both & off}
    assert (found.matched, found.agreed) == (len(both), len(both - off))
    assert len(found.drifts) == len({(drift.kind, drift.document) for drift in found.drifts})


def test_memory_stays_flat_however_many_documents_agree() -> None:
    def stream(count: int) -> tuple[Iterator[Ours], Iterator[Theirs]]:
        return (ours(f"{n:08}") for n in range(count)), (theirs(f"{n:08}") for n in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            assert compare(*stream(count)).agreed == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(5000) < peak(500) + 50_000
