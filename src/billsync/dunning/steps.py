"""The days on which an unpaid invoice escalates: days after it fell due, moved off days without work.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from billsync.dunning.holidays import CALENDARS, HolidayCalendar, is_holiday
from billsync.model.base import Day, Id, Noun
from billsync.model.scalar import show

Weekday = Annotated[int, Field(ge=0, le=6)]
"""0 is Monday."""

_LONGEST_WAIT = 400
"""Days that a step is moved at most: calendars without any working day are refused then."""


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
        calendars: names of calendars (see `CALENDARS`) on whose holidays nothing is done: on those of any of them.
        own: calendars of one's own, in addition.
        move: a step that falls on such a day is taken on the next working day, or stays.
        meeting: where steps are moved to one day, all of them are taken, or the last one alone.
    """

    steps: tuple[Step, ...]
    days_off: tuple[Weekday, ...] = ()
    holidays: tuple[Day, ...] = ()
    calendars: tuple[Id, ...] = ()
    own: tuple[HolidayCalendar, ...] = ()
    move: Literal["next_working_day", "stay"] = "next_working_day"
    meeting: Literal["all", "last"] = "all"

    @model_validator(mode="after")
    def _sensible(self) -> Escalation:
        days = [step.days for step in self.steps]
        if days != sorted(set(days)):
            raise ValueError("the steps of an escalation rise in days")
        if len(set(self.days_off)) == 7:
            raise ValueError("an escalation needs a weekday on which something is done")
        unknown = [name for name in self.calendars if name not in CALENDARS]
        if unknown:
            raise ValueError(f"there is no calendar {show(unknown[0])}: expected one of {', '.join(CALENDARS)}")
        return self

    def works_on(self, day: date) -> bool:
        """Whether something is done on the day."""
        if day.weekday() in self.days_off or day in self.holidays:
            return False
        return not any(is_holiday(day, each) for each in (*(CALENDARS[name] for name in self.calendars), *self.own))


@dataclass(frozen=True, slots=True)
class Planned:
    """A step and the day on which it is taken."""

    name: str
    on: date


def planned(unpaid_since: date, escalation: Escalation) -> tuple[Planned, ...]:
    """The steps with their days, in order.  Raises ValueError where 400 days in a row are without work."""
    found = [
        Planned(step.name, _moved(unpaid_since + timedelta(days=step.days), escalation)) for step in escalation.steps
    ]
    if escalation.meeting == "all":
        return tuple(found)
    return tuple({step.on: step for step in found}.values())


def reached(plan: Sequence[Planned], as_of: date) -> Planned | None:
    """The last step whose day has come, or None."""
    return next((step for step in reversed(plan) if step.on <= as_of), None)


def _moved(day: date, escalation: Escalation) -> date:
    if escalation.move == "stay":
        return day
    for ahead in range(_LONGEST_WAIT):
        if escalation.works_on(later := day + timedelta(days=ahead)):
            return later
    raise ValueError(f"from {day} on there is no working day in {_LONGEST_WAIT} days: see the days off and holidays")
