"""Phases one after the other: trials, discounts, fixed terms, then for good; and ramps, values that step.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal, TypeVar

from billsync.model.period import Every, Period, anchor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a subscription.

    Attributes:
        kind: `trial` is free, `discount` and `fixed` are priced as they say, `evergreen` goes on.
        lasts: its length, or None for one without end, which is the last.
    """

    kind: Literal["trial", "discount", "fixed", "evergreen"]
    lasts: Every | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A phase with its days, half-open; `ends_on` is None where it goes on."""

    phase: Phase
    starts_on: date
    ends_on: date | None


def spans(start: date, phases: Sequence[Phase]) -> tuple[Span, ...]:
    """The phases with their days, from `start` on, each beginning where the one before ends.

    Raises ValueError where a phase without end is not the last.
    """
    found: list[Span] = []
    begin = start
    for number, phase in enumerate(phases, start=1):
        if phase.lasts is None:
            if number < len(phases):
                raise ValueError(f"the {phase.kind} phase goes on without end, so none can follow it")
            return (*found, Span(phase, begin, None))
        end = anchor(begin, phase.lasts, 1)
        found.append(Span(phase, begin, end))
        begin = end
    return tuple(found)


def value_on(steps: Sequence[tuple[date, T]], day: date) -> T | None:
    """The value of a ramp on a day: that of its last step which is not later, or None before the first."""
    return next((value for since, value in reversed(steps) if since <= day), None)


def cut(period: Period, days: Iterable[date]) -> tuple[Period, ...]:
    """The period cut at each of the days that lies strictly inside it, in order."""
    inside = sorted({day for day in days if period.start < day < period.end})
    return tuple(Period(*pair) for pair in pairwise([period.start, *inside, period.end]))
