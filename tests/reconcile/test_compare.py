"""Our books against theirs: each difference once, in its class, both totals, and nothing of other people's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import Standing
from billsync.model.delivery import DeliveryState
from billsync.model.drift import DriftKind
from billsync.reconcile import Booked, Comparison, Ours, Question, There, Written, compare

K, S = DriftKind, DeliveryState
DAY, DUE = date(2026, 3, 1), date(2026, 3, 31)
MINE = Question(lambda reference: reference.startswith("INV-"))


def ours(reference: str = "INV-1", total: str = "119.00", *, state: DeliveryState = S.CONFIRMED, **facts: Any) -> Ours:
    written = Written(f"invoice:{reference}:erp:1", state, facts.pop("reason", ""), f"R-{reference}", 1, "C1")
    paid = tuple(facts.get("payments", ()))
    left = Decimal(total) - sum((item.settled for item in paid), Decimal(0))
    made = Ours(reference, "acme", "EUR", Decimal(total), Decimal("19.00"), left, DAY, DUE, written=written)
    return replace(made, **facts)


def standing(reference: str = "INV-1", total: str = "119.00", **facts: Any) -> Standing:
    made = Standing(
        f"R-{reference}", reference, "EUR", Decimal(total), customer="C1", tax=Decimal("19.00"), open=Decimal(total),
        on=DAY, due_on=DUE, lines=1, state="sent",
    )  # fmt: skip
    return replace(made, **facts)


def payment(id: str = "P1", amount: str = "40.00", number: str = "INV-1", **facts: Any) -> Standing:
    made = Standing(id, "", "EUR", Decimal(amount), applies_to=number, on=date(2026, 3, 10), state="booked")
    return replace(made, **facts)


def booked(id: str = "P1", amount: str = "40.00", on: date = date(2026, 3, 10)) -> Booked:
    return Booked(f"ours-{id}", id, "EUR", Decimal(amount), Decimal(amount), on)


def compared(mine: Iterable[Ours], theirs: Sequence[Standing], question: Question = MINE) -> Comparison:
    rows = [There(item.applies_to if item.applies_to is not None else item.reference, item, item.applies_to is not None)
            for item in theirs]  # fmt: skip
    return compare(sorted(mine, key=lambda row: row.reference), sorted(rows, key=lambda row: row.reference), question)


def told(found: Comparison) -> list[tuple[str, str, list[str]]]:
    return [(drift.kind, drift.document, [item.field for item in drift.fields]) for drift in found.drifts]


def test_equal_books_have_no_drift_and_equal_sums() -> None:
    found = compared([ours("INV-1"), ours("INV-2")], [standing("INV-2"), standing("INV-1")])
    assert (found.drifts, found.matched, found.agreed) == ([], 2, 2)
    sides = found.totals.of("EUR")
    assert sides.ours == sides.erp
    assert (sides.ours.net, sides.ours.tax, sides.ours.total) == (Decimal(200), Decimal(38), Decimal(238))


@pytest.mark.parametrize(
    ("facts", "kind", "fields", "amount"),
    [
        ({"total": Decimal("119.01"), "open": None, "state": None}, K.AMOUNT, ["total"], "0.01"),
        ({"tax": Decimal("18.99")}, K.TAX, ["tax"], "0.01"),
        ({"currency": "USD", "total": Decimal(5)}, K.CURRENCY, ["total"], "119.00"),
        ({"on": date(2026, 3, 2)}, K.DATE, ["date"], "0"),
        ({"due_on": date(2026, 4, 2)}, K.DATE, ["due date"], "0"),
        ({"lines": 2}, K.EDITED, ["lines"], "0"),
        ({"customer": "C2"}, K.EDITED, ["customer"], "0"),
    ],
)
def test_what_was_never_compared_is_told_by_its_field_and_what_was_confirmed_is_an_edit(
    facts: dict[str, Any], kind: DriftKind, fields: list[str], amount: str
) -> None:
    fresh = compared([ours(state=S.REVIEW, reason="readback_mismatch")], [standing(**facts)])
    assert told(fresh) == [(kind, "INV-1", fields)]
    assert fresh.drifts[0].amount == Decimal(amount)
    sure = compared([ours()], [standing(**facts)])
    assert told(sure) == [(K.DATE if kind is K.DATE else K.EDITED, "INV-1", fields)]
    assert (sure.matched, sure.agreed) == (1, 0)


@pytest.mark.parametrize(
    ("facts", "there"),
    [
        ({"open": Decimal("19.00"), "state": "partly_paid"}, "partly_paid (19.00 EUR open)"),
        ({"open": Decimal(0), "state": "paid"}, "paid (0 EUR open)"),
        ({"state": "paid", "open": None}, "paid"),
        ({"state": "draft"}, "draft (119.00 EUR open)"),
        ({"state": "void", "open": Decimal(0)}, "void (0 EUR open)"),
    ],
)
def test_another_state_or_open_amount_is_told_with_both_sides(facts: dict[str, Any], there: str) -> None:
    (drift,) = compared([ours()], [standing(**facts)]).drifts
    assert (drift.kind, drift.fields[0].ours, drift.fields[0].theirs) == (K.STATUS, "sent (119.00 EUR open)", there)


def test_what_they_do_not_say_is_not_compared() -> None:
    silent = Standing("R-INV-1", "INV-1", "EUR", Decimal("119.0"))
    assert compared([ours()], [silent]).drifts == []


def test_missing_extra_and_doubled_documents_are_told_with_what_was_paid_on_the_surplus() -> None:
    found = compared(
        [ours("INV-A"), ours("INV-C")],
        [standing("INV-B"), standing("INV-C"), standing("INV-C", "1.00", id="9", open=Decimal("0.40"))],
    )
    assert told(found) == [
        (K.MISSING, "INV-A", ["document"]),
        (K.EXTRA, "INV-B", ["document"]),
        (K.DUPLICATE, "INV-C", ["documents", "paid"]),
    ]
    assert found.drifts[2].there == ("R-INV-C", "9")
    assert (found.totals.of("EUR").ours.documents, found.totals.of("EUR").erp.documents) == (2, 3)


def test_the_document_that_our_books_know_is_the_one_that_stays() -> None:
    (drift,) = compared([ours()], [standing(id="1"), standing()]).drifts
    assert drift.there == ("R-INV-1", "1")


def test_void_documents_there_count_for_nothing() -> None:
    assert compared([ours()], [standing(), standing(id="9", state="void")]).drifts == []
    assert compared([], [standing(state="void")]).drifts == []
    assert compared([ours(void=True)], [standing(state="void")]).drifts == []
    assert told(compared([ours(void=True)], [standing()])) == [(K.STATUS, "INV-1", ["state"])]


def test_a_write_whose_outcome_is_not_known_stands_there_after_all() -> None:
    found = compared([ours(state=S.REVIEW, reason="unknown_outcome")], [standing()])
    assert told(found) == [(K.STATUS, "INV-1", ["write"])]


def test_documents_without_a_number_of_ours_are_other_peoples() -> None:
    theirs = [standing("", id="1"), standing("", id="2"), standing("PO 17"), payment(number="PO 17")]
    found = compared([], theirs)
    assert (found.drifts, found.others, found.totals.by_currency) == ([], 3, {})


def test_a_payment_on_one_side_only_is_told_once_and_not_as_a_status_too() -> None:
    half = standing(open=Decimal("79.00"), state="partly_paid")
    assert told(compared([ours()], [half, payment()])) == [(K.PAYMENT, "INV-1", ["payment P1"])]
    gone = compared([ours(payments=(booked(),))], [standing()])
    assert told(gone) == [(K.PAYMENT, "INV-1", ["payment P1"])]
    assert compared([ours(payments=(booked(),))], [half, payment()]).drifts == []
    changed = compared([ours(payments=(booked(),))], [half, payment(amount="40.01")])
    assert changed.drifts[0].amount == Decimal("0.01")


def test_what_payments_do_not_explain_is_a_status_beside_them() -> None:
    found = compared([ours()], [standing(open=Decimal("50.00"), state="partly_paid"), payment()])
    assert [kind for kind, _, _ in told(found)] == [K.PAYMENT, K.STATUS]


def test_an_overpaid_invoice_has_nothing_open_on_both_sides() -> None:
    part = Booked("ours-P1", "P1", "EUR", Decimal("130.00"), Decimal("119.00"), DAY)
    there = standing(open=Decimal("-11.00"), state="paid")
    assert compared([ours(payments=(part,))], [there, payment(amount="130.00")]).drifts == []


def test_where_payments_are_not_listed_only_what_is_open_is_compared() -> None:
    unlisted = replace(MINE, listed=False)
    paid = ours(payments=(booked(),))
    assert compared([paid], [standing(open=Decimal("79.00"), state="partly_paid")], unlisted).drifts == []
    assert told(compared([paid], [standing()], unlisted)) == [(K.STATUS, "INV-1", ["state"])]


def test_as_of_a_day_later_documents_and_payments_are_left_out_on_both_sides() -> None:
    then = replace(MINE, as_of=date(2026, 3, 5))
    paid = ours(payments=(booked(),))
    there = [standing(open=Decimal("79.00"), state="partly_paid"), payment()]
    found = compared([paid, ours("INV-2", on=date(2026, 3, 6))], [*there, standing("INV-2", on=date(2026, 3, 6))], then)
    assert (found.drifts, found.matched) == ([], 1)
    sides = found.totals.of("EUR")
    assert (sides.ours.open, sides.erp.open) == (Decimal(119), Decimal(119))
    assert compared([paid], there, replace(MINE, as_of=DAY)).matched == 1, "the day itself counts"
    late = [standing(open=Decimal("79.00"), state="partly_paid"), payment(on=date(2026, 3, 4))]
    assert told(compared([paid], late, then)) == [(K.PAYMENT, "INV-1", ["payment P1"])]


def test_one_customer_only() -> None:
    one = replace(MINE, customer="acme", there=frozenset({"C1"}))
    theirs = [standing("INV-1", id="R-INV-1", total="1.00"), standing("INV-3"), standing("INV-4", customer="C2")]
    found = compared([ours("INV-1"), ours("INV-2", customer="shop")], theirs, one)
    assert told(found) == [(K.EDITED, "INV-1", ["total"]), (K.EXTRA, "INV-3", ["document"])]
    assert found.totals.of("EUR").ours.documents == 1


def test_a_stream_out_of_order_is_refused_rather_than_misread() -> None:
    with pytest.raises(ValueError, match="our documents are not sorted"):
        compare([ours("INV-B"), ours("INV-A")], [], MINE)
    with pytest.raises(ValueError, match="their documents are not sorted"):
        compare([], [There("INV-B", standing("INV-B")), There("INV-A", standing("INV-A"))], MINE)


FAULTS = ("none", "missing", "extra", "duplicate", "currency", "edited", "date", "status", "payment")


@given(st.lists(st.sampled_from(FAULTS), max_size=12))
def test_every_planted_drift_is_told_once_and_nothing_else(faults: list[str]) -> None:
    mine: list[Ours] = []
    theirs: list[Standing] = []
    for n, fault in enumerate(faults):
        name = f"INV-{n}"
        if fault != "extra":
            mine.append(ours(name))
        match fault:
            case "missing":
                continue
            case "duplicate":
                theirs += [standing(name), standing(name, id=f"twice-{n}")]
            case "currency":
                theirs.append(standing(name, currency="USD"))
            case "edited":
                theirs.append(standing(name, "120.00", open=Decimal("120.00")))
            case "date":
                theirs.append(standing(name, on=date(2026, 4, 1)))
            case "status":
                theirs.append(standing(name, open=Decimal(0), state="paid"))
            case "payment":
                theirs += [standing(name, open=Decimal(79), state="partly_paid"), payment(f"P{n}", number=name)]
            case _:
                theirs.append(standing(name))
    found = compared(mine, theirs)
    classes = {fault: fault for fault in FAULTS} | {"currency": "edited"}
    planted = {f"INV-{n}": classes[fault] for n, fault in enumerate(faults) if fault != "none"}
    assert {drift.document: str(drift.kind) for drift in found.drifts} == planted
    assert len(found.drifts) == len(planted)
    assert found.agreed == faults.count("none")
