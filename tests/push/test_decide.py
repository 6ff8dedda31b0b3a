"""The judgement: what an outcome means follows the one table of moves, for every kind of target."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import (
    Absent,
    Applied,
    Expectation,
    Found,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    Target,
    TryLater,
    Unclear,
    Unfinished,
    Unsure,
    WriteSheet,
)
from billsync.model.delivery import MOVES, Delivery, DeliveryState
from billsync.push import decide

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
S = DeliveryState


def delivery(state: DeliveryState = S.INFLIGHT, **columns: object) -> Delivery:
    made = Delivery(
        id="1", key="invoice:1:erp:1", connection="erp", object="invoice", kind="invoice", our_id="1",
        payload="{}", payload_digest="x", state=state, attempt=1, first_sent_at=NOW, last_sent_at=NOW,
    )  # fmt: skip
    return made.model_copy(update=columns)


def sheet(target: Target = Target.SEARCH) -> WriteSheet:
    return WriteSheet(target=target, reference="ref", settle_s=60, key_lifetime_s=86400)


@pytest.mark.parametrize(
    ("outcome", "to", "reason"),
    [
        (Applied("R1"), S.CONFIRMED, ""),
        (Mismatch("R1", "total is 2 there, 1 here"), S.REVIEW, "readback_mismatch"),
        (Unfinished("R1", "not_posted"), S.RETRY, "not_posted"),
        (Refused("bad_reference", "no such customer"), S.DEAD, "bad_reference"),
        (Refused("period_closed", "March is closed"), S.REVIEW, "period_closed"),
        (Refused("number_taken", "somebody else's"), S.REVIEW, "number_taken"),
        (TryLater("rate_limited", after_s=30), S.RETRY, "rate_limited"),
        (Unclear("timeout_after_send"), S.UNKNOWN, "timeout_after_send"),
    ],
)
def test_each_outcome_has_its_move(outcome: Outcome, to: DeliveryState, reason: str) -> None:
    move = decide.after_write(delivery(), outcome, sheet(), now=NOW, chance=Random(1))
    assert (move.to, move.reason) == (to, reason)


def test_an_unfinished_record_is_never_created_again() -> None:
    move = decide.after_write(delivery(), Unfinished("R1", "not_posted"), sheet(), now=NOW, chance=Random(1))
    assert move.columns["remote_id"] == "R1"


def test_an_unknown_search_target_settles_before_the_first_look() -> None:
    move = decide.after_write(delivery(), Unclear("reset"), sheet(), now=NOW, chance=Random(1))
    assert move.columns["next_at"] == NOW + timedelta(seconds=60)


def test_two_empty_looks_are_needed_before_it_is_sent_again() -> None:
    first = decide.after_look(delivery(S.UNKNOWN), Absent(), sheet(), None, now=NOW, chance=Random(1))
    assert (first.to, first.columns["probes"]) == (None, 1)
    assert first.columns["next_at"] == NOW + timedelta(seconds=60)
    second = decide.after_look(delivery(S.UNKNOWN, probes=1), Absent(), sheet(), None, now=NOW, chance=Random(1))
    assert second.to is S.READY


def test_a_doubled_document_is_for_a_person() -> None:
    move = decide.after_look(delivery(S.UNKNOWN), Found(("R1", "R2")), sheet(), None, now=NOW, chance=Random(1))
    assert (move.to, move.reason) == (S.REVIEW, "duplicate_found")


def test_a_found_document_with_another_total_is_for_a_person() -> None:
    expect = Expectation(total=Decimal("10.00"))
    probe = Found(("R1",), echo={"total": Decimal("9.99")})
    move = decide.after_look(delivery(S.UNKNOWN), probe, sheet(), expect, now=NOW, chance=Random(1))
    assert (move.to, move.note) == (S.REVIEW, "total is 9.99 there, 10.00 here")


@pytest.mark.parametrize(("hours", "resend"), [(22, True), (23, False), (30, False)])
def test_a_key_is_trusted_until_an_hour_before_it_expires(hours: int, resend: bool) -> None:
    blind = sheet(Target.KEY).model_copy(update={"reference": ""})
    searched = decide.about_unknown(delivery(S.UNKNOWN), sheet(Target.KEY), now=NOW + timedelta(hours=hours))
    what = decide.about_unknown(delivery(S.UNKNOWN), blind, now=NOW + timedelta(hours=hours))
    if resend:
        assert isinstance(what, decide.Resend)
        assert isinstance(searched, decide.Resend)
    else:
        assert isinstance(searched, decide.LookUp)
        assert isinstance(what, decide.Move)
        assert (what.to, what.reason) == (S.REVIEW, "key_expired")


def test_a_target_without_key_or_search_is_for_a_person_at_once() -> None:
    what = decide.about_unknown(delivery(S.UNKNOWN), sheet(Target.NONE), now=NOW)
    assert isinstance(what, decide.Move)
    assert what.to is S.REVIEW


OUTCOMES = st.sampled_from(
    [
        Applied("R1"), Mismatch("R1", "x"), Unfinished("R1", "x"), Refused("x"), Unclear("x"),
        TryLater("x"), TryLater("x", after_s=10**20), TryLater("x", offline=True),
    ]
)  # fmt: skip
PROBES = st.sampled_from(
    [
        Found(("R1",)),
        Found(("R1",), complete=False),
        Found(("R1", "R2")),
        Absent(),
        Unsure("x"),
        Unsure("x", offline=True),
    ]
)


@given(OUTCOMES, st.sampled_from(Target), st.integers(1, 200))
def test_every_outcome_leads_along_the_table(outcome: Outcome, target: Target, attempt: int) -> None:
    move = decide.after_write(delivery(attempt=attempt), outcome, sheet(target), now=NOW, chance=Random(attempt))
    assert move.to in MOVES[S.INFLIGHT]
    if move.to in (S.RETRY, S.UNKNOWN):
        assert NOW <= move.columns["next_at"] <= NOW + timedelta(hours=6)


@given(PROBES, st.integers(0, 3), st.integers(1, 200))
def test_every_look_leads_along_the_table(probe: Probe, probes: int, attempt: int) -> None:
    row = delivery(S.UNKNOWN, probes=probes, attempt=attempt)
    move = decide.after_look(row, probe, sheet(), None, now=NOW, chance=Random(attempt))
    assert move.to is None or move.to in MOVES[S.UNKNOWN]


@given(st.integers(0, 10_000), st.integers())
def test_backoff_stays_within_its_cap(attempt: int, seed: int) -> None:
    assert 0 < decide.backoff_s(attempt, Random(seed)) <= decide.CAP_S
