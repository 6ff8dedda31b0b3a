"""The judgement of the effect machine: what an outcome or a look-up means for one delivery.  (pure)

Nothing here sends or stores.  Every function takes what is known and gives the one move that follows from it; the moves
that exist at all stand in `model/delivery.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

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
    differences,
)
from billsync.model.delivery import Delivery, DeliveryState

BASE_S: Final = 2.0
CAP_S: Final = 6 * 3600.0
MAX_ATTEMPTS: Final = 60
KEY_MARGIN_S: Final = 3600.0
LOOKS: Final = 2
"""Empty look-ups, each a settle time after the one before, until a write counts as not executed."""
SWEEPS_S: Final = (2 * 3600, 22 * 3600, 6 * 86_400)
"""Seconds from the confirmation to the first sweep, and from each sweep to the next: 2 hours, a day, a week."""
TAKEN: Final = "reference_taken"
"""A document there carries our reference and shows something else, though we never sent it."""
DRIFTED: Final = "schema_drift"
"""The fields of the system changed, and the document cannot be written as it was meant."""
EDITED: Final = "edited_there"
"""Somebody changed there what we wrote."""
UNTIED: Final = "untied"
"""A person undid the tie to the record there, and which one stands for the document now is open."""
FOR_PERSONS: Final = frozenset({"number_taken", "period_closed", TAKEN})
"""Refusals that no mended record cures: a person decides what shall become of the document."""

_S = DeliveryState


@dataclass(frozen=True, slots=True)
class Move:
    """One move of one delivery.

    Attributes:
        to: the new state, or None where it stays in its state and only `columns` change.
        reason: token for the delivery's row.
        note: one sentence for the attempt's row.
        columns: further columns of the delivery's row.
        offline: True where the outside system as a whole was not reached.
    """

    to: DeliveryState | None
    reason: str
    note: str = ""
    columns: dict[str, Any] = field(default_factory=dict)
    offline: bool = False


def backoff_s(attempt: int, chance: Random) -> float:
    """Seconds until the next try: full jitter over an exponential that is capped at six hours."""
    return max(0.1, chance.uniform(0.0, 1.0) * min(CAP_S, BASE_S * 2.0 ** min(attempt, 16)))


def after_write(
    delivery: Delivery,
    outcome: Outcome,
    sheet: WriteSheet,
    *,
    now: datetime,
    chance: Random,
    expect: Expectation | None = None,
    unclear: bool = False,
) -> Move:
    """What an outcome of `write` means.  `delivery` is the row as it was claimed, `expect` what it must show there.

    `unclear` is True where an earlier attempt may have taken effect, so that a refusal of this one proves nothing
    about that one.
    """
    match outcome:
        case Applied(remote_id=remote_id, echo=echo) if wrong := differences(expect, echo):
            return Move(_S.REVIEW, "readback_mismatch", wrong, {"remote_id": remote_id, "next_at": None})
        case Applied(remote_id=remote_id):
            return Move(_S.CONFIRMED, "", "applied", {"remote_id": remote_id, "next_at": None})
        case Mismatch(remote_id=remote_id, message=message):
            return Move(_S.REVIEW, "readback_mismatch", message, {"remote_id": remote_id, "next_at": None})
        case Unfinished(remote_id=remote_id, message=message) if delivery.attempt > MAX_ATTEMPTS:
            return Move(_S.REVIEW, "too_many_attempts", message, {"remote_id": remote_id, "next_at": None})
        case Unfinished(remote_id=remote_id, reason=reason, message=message):
            soon = now + timedelta(seconds=backoff_s(delivery.attempt, chance))
            return Move(_S.RETRY, reason, message, {"remote_id": remote_id, "next_at": soon})
        case Refused(reason=reason, message=message) if unclear or reason in FOR_PERSONS | {EDITED, UNTIED}:
            return Move(_S.REVIEW, reason, message, {"next_at": None})
        case Refused(reason=reason, message=message):
            return Move(_S.DEAD, reason, message, {"next_at": None})
        case TryLater():
            later = _retry(delivery, outcome, now, chance)
            return replace(later, to=_S.UNKNOWN) if unclear and later.to is _S.RETRY else later
        case Unclear(reason=reason, message=message):
            return Move(
                _S.UNKNOWN, reason, message, {"next_at": unknown_until(sheet, delivery, now, chance), "probes": 0}
            )


def _retry(delivery: Delivery, fault: TryLater, now: datetime, chance: Random) -> Move:
    if delivery.attempt > MAX_ATTEMPTS and not fault.offline:
        return Move(_S.REVIEW, "too_many_attempts", fault.message, {"next_at": None})
    wait = backoff_s(min(delivery.attempt, 3) if fault.offline else delivery.attempt, chance)
    wait = min(max(wait, fault.after_s or 0), CAP_S)
    return Move(
        _S.RETRY, fault.reason, fault.message, {"next_at": now + timedelta(seconds=wait)}, offline=fault.offline
    )


def unknown_until(sheet: WriteSheet, delivery: Delivery, now: datetime, chance: Random) -> datetime:
    """When an unknown outcome may be looked into: for targets that are searched, not before the request has settled."""
    if sheet.target is Target.SEARCH:
        return now + timedelta(seconds=sheet.settle_s)
    return now + timedelta(seconds=backoff_s(delivery.attempt, chance))


@dataclass(frozen=True, slots=True)
class Resend:
    """An unknown delivery that may be sent again without a look-up, since the target makes one effect of two sends."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """An unknown delivery that has to be looked up first."""


def about_unknown(delivery: Delivery, sheet: WriteSheet, *, now: datetime) -> Resend | LookUp | Move:
    """What to do with a delivery whose outcome is unknown, by the kind of target."""
    if delivery.attempt > MAX_ATTEMPTS and sheet.target is not Target.SEARCH:
        return Move(_S.REVIEW, "too_many_attempts", "its outcome stays unknown", {"next_at": None})
    if delivery.remote_id is not None or sheet.target is Target.UPSERT:
        return Resend()
    if sheet.target is Target.SEARCH:
        return LookUp()
    if sheet.target is Target.KEY:
        lifetime = sheet.key_lifetime_s or 0.0
        first = delivery.first_sent_at or now
        if (now - first).total_seconds() < lifetime - KEY_MARGIN_S:
            return Resend()
        if sheet.reference:
            return LookUp()
        return Move(_S.REVIEW, "key_expired", "the idempotency key may have expired", {"next_at": None})
    return Move(_S.REVIEW, "unknown_outcome", "the target offers neither a key nor a search", {"next_at": None})


def after_look(
    delivery: Delivery,
    probe: Probe,
    sheet: WriteSheet,
    expect: Expectation | None,
    *,
    now: datetime,
    chance: Random,
) -> Move:
    """What a look-up of an unknown delivery means."""
    match probe:
        case Found(remote_ids=ids) if len(ids) > 1:
            return Move(_S.REVIEW, "duplicate_found", f"{len(ids)} records carry the reference: {', '.join(ids)}")
        case Found(remote_ids=(remote_id,), complete=False):
            return Move(
                None, "unfinished", f"found {remote_id}, not finished", {"remote_id": remote_id, "next_at": now}
            )
        case Found(remote_ids=(remote_id, *_)) if expect is None:
            # it may be the record as it was before: what was lost may have been a change of it
            return Move(
                None, "to_be_updated", f"found {remote_id}, written again", {"remote_id": remote_id, "next_at": now}
            )
        case Found(remote_ids=(remote_id, *_), echo=echo):
            wrong = differences(expect, echo)
            if wrong:
                return Move(_S.REVIEW, "readback_mismatch", wrong, {"remote_id": remote_id, "next_at": None})
            return Move(
                _S.CONFIRMED, "", f"found by its reference: {remote_id}", {"remote_id": remote_id, "next_at": None}
            )
        case Absent() if delivery.probes + 1 >= LOOKS and delivery.attempt > MAX_ATTEMPTS:
            return Move(_S.REVIEW, "too_many_attempts", "sent many times, and never there", {"next_at": None})
        case Absent() if delivery.probes + 1 >= LOOKS:
            again = now + timedelta(seconds=backoff_s(delivery.attempt, chance))
            note = "looked up twice, a settle time apart: not there"
            return Move(_S.READY, "not_executed", note, {"next_at": again})
        case Absent():
            again = now + timedelta(seconds=sheet.settle_s)
            return Move(
                None, "not_found_yet", "not there at the first look", {"probes": delivery.probes + 1, "next_at": again}
            )
        case Unsure(reason=reason, message=message, offline=offline):
            later = now + timedelta(
                seconds=backoff_s(min(delivery.attempt, 3) if offline else delivery.attempt, chance)
            )
            return Move(None, reason, message, {"next_at": later}, offline=offline)
        case Found():
            raise ValueError("a look-up that found something names at least one record")


def first_sweep(now: datetime) -> dict[str, Any]:
    """Columns of a write that has just taken effect: when it is looked at again."""
    return {"probes": 0, "next_at": now + timedelta(seconds=SWEEPS_S[0])}


def after_sweep(
    delivery: Delivery, probe: Probe, expect: Expectation | None, *, adopts: bool, now: datetime, chance: Random
) -> Move:
    """What a look at a write that took effect means: it stands there as it was sent, or a person is told.

    A request that took effect after it was given up shows here as a doubled document.  `adopts` where a person's edit
    of the document there is taken as it is.
    """
    match probe:
        case Found(remote_ids=ids) if len(ids) > 1:
            return _swept_away("duplicate_found", f"{len(ids)} records carry the reference: {', '.join(ids)}")
        case Found(remote_ids=(remote_id,)) if remote_id != delivery.remote_id:
            return _swept_away("remote_replaced", f"{delivery.remote_id} is gone, {remote_id} carries its reference")
        case Found(echo={"state": "void"}):
            return _swept_away("voided_there", "it was made void there after it was written")
        case Found(complete=complete, echo=echo):
            wrong = differences(expect, echo) or ("" if complete else "it is not final there any more")
            if wrong and not adopts:
                return _swept_away(EDITED, wrong)
            return _settled(delivery, f"adopted: {wrong}" if wrong else "", now)
        case Absent():
            return _swept_away("remote_missing", f"{delivery.remote_id} is not there any more")
        case Unsure(reason="not_supported", message=message):
            return Move(None, delivery.reason, message, {"next_at": None})
        case Unsure(message=message, offline=offline):
            later = now + timedelta(seconds=60 + backoff_s(6, chance))
            return Move(None, delivery.reason, message, {"next_at": later}, offline=offline)


def _swept_away(reason: str, note: str) -> Move:
    return Move(_S.REVIEW, reason, note, {"next_at": None})


def _settled(delivery: Delivery, note: str, now: datetime) -> Move:
    done = delivery.probes + 1
    later = now + timedelta(seconds=SWEEPS_S[done]) if done < len(SWEEPS_S) else None
    to = _S.SETTLED if delivery.state is _S.CONFIRMED else None
    return Move(to, note or delivery.reason, note, {"probes": done, "next_at": later})


def unresolved(name: str) -> Move:
    """What it means that a delivery refers to a document that has no id there: it cannot be sent as it was frozen."""
    return Move(_S.REVIEW, "missing_reference", f"{name} has no id there", {"next_at": None})


def drifted(change: str) -> Move:
    """What it means that the system's fields are not those that the document was made for: it waits for them."""
    return Move(_S.REVIEW, DRIFTED, change, {"next_at": None})


def about_untied(ref: str, probe: Probe | None) -> Outcome | None:
    """What a look means before a document is written that a person untied from the record `ref`; None to go on.

    `probe` is None where the system cannot be searched.  One that carries our reference and is another record is
    adopted; what cannot be known a person has to say: link it, or answer that there is none.
    """
    match probe:
        case None:
            return Refused(UNTIED, f"it was untied from {ref}, and whether another record stands for it cannot be seen")
        case Found(remote_ids=ids) if ref in ids:
            return Refused(UNTIED, f"{ref}, from which it was untied, still carries its reference there")
    return None


def taken(remote_id: str, other: str) -> Move:
    """What it means that the record which an outcome names stands for another document of ours already."""
    note = f"{remote_id} stands for {other} already"
    return Move(_S.REVIEW, "remote_id_taken", note, {"remote_id": None, "next_at": None})


def before_create(probe: Probe, expect: Expectation | None) -> Outcome | None:
    """What a look before the first creation means: None to go on and create.

    A record that already carries our reference is ours (a store restored from a backup, a person who was faster): it is
    adopted, and the same goes on with its id; one that shows other content is for a person.
    """
    match probe:
        case Absent():
            return None
        case Unsure(reason=reason, message=message, offline=offline):
            return TryLater(reason, message, offline=offline)
        case Found(remote_ids=ids) if len(ids) > 1:
            return Mismatch(ids[0], f"{len(ids)} records carry the reference: {', '.join(ids)}")
        case Found(remote_ids=(remote_id, *_), echo=echo):
            wrong = differences(expect, echo)
            return Refused(TAKEN, f"{remote_id} carries the reference already: {wrong}") if wrong else None
        case Found():
            raise ValueError("a look-up that found something names at least one record")
