"""The days on which an unpaid invoice escalates: days after it fell due, moved off days without work.  (pure)"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from billsync.model.base import Day, Id, Noun

Weekday = Annotated[int, Field(ge=0, le=6)]
"""0 is Monday."""


class Step(Noun):
    """A step of escalation: its name and the days after which it is taken, counted from the first unpaid day."""

    name: Id
    days: Annotated[int, Field(ge=0, le=3650)]


class Escalation(Noun):
    """What happens to an invoice that stays unpaid.

    Attributes:
        steps: in rising days.
        days_off: weekdays on which nothing is done.
        holidays: days on which nothing is done.
        move: a step that falls on such a day is taken on the next working day, or stays.
    """

    steps: tuple[Step, ...]
    days_off: tuple[Weekday, ...] = ()
    holidays: tuple[Day, ...] = ()
    move: Literal["next_working_day", "stay"] = "next_working_day"

    @model_validator(mode="after")
    def _rising(self) -> Escalation:
        days = [step.days for step in self.steps]
        if days != sorted(set(days)):
            raise ValueError("the steps of an escalation rise in days")
        if len(set(self.days_off)) == 7:
            raise ValueError("an escalation needs a weekday on which something is done")
        return self


@dataclass(frozen=True, slots=True)
class Planned:
    """A step and the day on which it is taken."""

    name: str
    on: date


def planned(unpaid_since: date, escalation: Escalation) -> tuple[Planned, ...]:
    """The steps with their days; steps that are moved to one day keep their order."""
    return tuple(
        Planned(step.name, _moved(unpaid_since + timedelta(days=step.days), escalation)) for step in escalation.steps
    )


def reached(plan: Sequence[Planned], as_of: date) -> Planned | None:
    """The last step whose day has come, or None."""
    return next((step for step in reversed(plan) if step.on <= as_of), None)


def _moved(day: date, escalation: Escalation) -> date:
    off: Collection[date] = frozenset(escalation.holidays)
    while escalation.move == "next_working_day" and (day.weekday() in escalation.days_off or day in off):
        day += timedelta(days=1)
    return day
