"""Slots whose time has come: which one rings, which wait, and which are let go and why.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billsync.timetable.schedule import Schedule

Why = Literal["on_time", "late", "quiet", "blackout", "overlap", "together", "misfire"]


@dataclass(frozen=True, slots=True)
class Ripe:
    """A slot whose time to ring has come.

    Attributes:
        why: what it waited for: `on_time` for nothing, `late` where nobody was there to ring it, `quiet`, `blackout`,
            or `overlap` for a run before it.
    """

    id: str
    due: datetime
    ring_at: datetime
    why: Why


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a ripe slot.

    Attributes:
        fate: it rings now, waits, or is `skipped`; `missed` where it passed without a run.
        why: the reason, as a code; note: in words.
    """

    slot: Ripe
    fate: Literal["ringing", "waiting", "skipped", "missed"]
    why: Why
    note: str = ""


def settle(schedule: Schedule, ripe: Sequence[Ripe], now: datetime, *, busy: bool) -> list[Verdict]:
    """What becomes of ripe slots, given in the order of `due`; at most one of them rings, and none while `busy`."""
    found = [verdict for slot in ripe if (verdict := _misfired(schedule, slot, now)) is not None]
    gone = {verdict.slot.id for verdict in found}
    left = [slot for slot in ripe if slot.id not in gone]
    if busy:
        return found + list(_behind(schedule, left))
    if not left:
        return found
    if schedule.misfire.catch_up == "all":
        return [*found, Verdict(left[0], "ringing", left[0].why)]
    *older, newest = left
    return [
        *found,
        *(Verdict(slot, "skipped", "together", _together(slot, newest)) for slot in older),
        Verdict(newest, "ringing", newest.why),
    ]


def _misfired(schedule: Schedule, slot: Ripe, now: datetime) -> Verdict | None:
    patience = schedule.misfire.patience
    if patience is None or now - slot.ring_at <= patience:
        return None
    if slot.why == "overlap" and schedule.misfire.run_within_s is None:
        return None  # it waits for a run, and was not missed
    late = round((now - slot.ring_at).total_seconds())
    return Verdict(slot, "missed", "misfire", f"{late} s late, at most {round(patience.total_seconds())} s are allowed")


def _behind(schedule: Schedule, ripe: Sequence[Ripe]) -> Iterator[Verdict]:
    """While the pipeline runs: what is to be caught up one by one waits in any case."""
    for slot in ripe:
        if schedule.overlap == "queue" or (schedule.misfire.catch_up == "all" and slot.why == "late"):
            if slot.why == "on_time":
                yield Verdict(slot, "waiting", "overlap", "waits for the run before it")
        else:
            yield Verdict(slot, "skipped", "overlap", "the run before it was still under way")


def _together(slot: Ripe, newest: Ripe) -> str:
    waited = f", after {slot.why}" if slot.why in ("quiet", "blackout") else ""
    return f"one run for it and {newest.id}{waited}"
