"""What may stand under `schedule:` of a pipeline.  (pure)"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, field_validator, model_validator

from billsync.model.base import Day, Id, Noun, Zone
from billsync.timetable.crontab import check_cron

_DAY_S: Final = 86_400
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def _clock(value: object) -> time:
    if isinstance(value, time):
        return value
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a time of day from 00:00 to 23:59, such as 06:00")
    return time(int(found[1]), int(found[2]))


TimeOfDay = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["06:00"]}),
]
"""A time on the clock of a zone, `HH:MM`."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Then = Literal["wait", "skip"]


_DAYS: Final = ("last", "first_workday", "last_workday", *WEEKDAYS)


def _day_of_period(value: object) -> int | str:
    """A day is a number, as text too: YAML's values come as text."""
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 3 else value
    if isinstance(number, int) and 1 <= number <= 31:
        return number
    if isinstance(number, str) and number in _DAYS:
        return number
    raise ValueError("expected a day from 1 to 31, last, first_workday, last_workday, or mon to sun")


DayOfPeriod = Annotated[
    int | str,
    BeforeValidator(_day_of_period),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 31}, {"enum": list(_DAYS)}]}),
]


class Calendar(Noun):
    """By the calendar: on one day of every so many days, weeks, months, quarters or years.

    Attributes:
        every: the period; count: so many of them from one day to the next; since: a day in the first of them.
        day: of a week a weekday; of a longer period the day of its (first) month, where a month that is shorter has its
            last day, or the period's `last` day, `first_workday` or `last_workday`.
        at: times of that day.
        holidays: days from Monday to Friday that are no workdays.
    """

    every: Literal["day", "week", "month", "quarter", "year"]
    count: int = Field(default=1, ge=1, le=120)
    since: Day = date(2024, 1, 1)
    day: DayOfPeriod | None = None
    at: tuple[TimeOfDay, ...]
    holidays: frozenset[Day] = frozenset()

    @field_validator("at", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return value if isinstance(value, list | tuple) else (value,)

    @model_validator(mode="after")
    def _fits(self) -> Calendar:
        if not self.at:
            raise ValueError("expected a time of day in `at`, such as 06:00")
        weekday = self.day in WEEKDAYS
        if self.every == "day" and self.day is not None:
            raise ValueError("`every: day` takes no `day`")
        if self.every == "week" and not weekday:
            raise ValueError("`every: week` needs a `day` from mon to sun")
        if self.every in ("month", "quarter", "year") and (self.day is None or weekday):
            raise ValueError(f"`every: {self.every}` needs a `day`: 1 to 31, last, first_workday or last_workday")
        return self


class Misfire(Noun):
    """What becomes of slots that passed while nothing could run: the machine slept, the daemon was down.

    Attributes:
        catch_up: `one` run for all of them, `all` one after another, or `none`.
        run_within_s: a slot that is later than this many seconds is not run any more, or None; where `none` is caught
            up it is 60.
    """

    catch_up: Literal["one", "all", "none"] = "one"
    run_within_s: int | None = Field(default=None, ge=1, le=366 * _DAY_S)

    @property
    def patience(self) -> timedelta | None:
        """How late a slot may be run, or None for any time later."""
        if self.run_within_s is None:
            return timedelta(seconds=60) if self.catch_up == "none" else None
        return timedelta(seconds=self.run_within_s)


class Quiet(Noun):
    """Hours of a day in which nothing begins; what is under way goes on.

    Attributes:
        start, end: on the clock of the zone; an end that is not after the start is on the day after.
        zone: None where it is the schedule's own.
        days: weekdays on which the hours begin.
        then: a slot in them waits for their end, or is skipped.
    """

    start: TimeOfDay = Field(alias="from")
    end: TimeOfDay = Field(alias="to")
    zone: Zone | None = None
    days: tuple[Weekday, ...] = Field(default=WEEKDAYS, min_length=1)
    then: Then = "wait"

    @model_validator(mode="after")
    def _some_time_is_left(self) -> Quiet:
        if self.start == self.end:
            raise ValueError("quiet hours from and to the same time would be all day: use `blackout` for whole days")
        return self


class Blackout(Noun):
    """Days on which nothing begins, such as while finance closes the month.

    Attributes:
        start, end: from the first day to the day after the last one, or both None.
        last_days, first_days: so many days at the end of each month and at the beginning of the next, in place of them.
        months: the months that are closed, 1 to 12: `[3, 6, 9, 12]` closes quarters.
        workdays: count only Monday to Friday.
        zone: None where it is the schedule's own.
        then: a slot in them waits for the first day after, or is skipped.
    """

    start: Day | None = Field(default=None, alias="from")
    end: Day | None = Field(default=None, alias="to")
    last_days: int = Field(default=0, ge=0, le=15)
    first_days: int = Field(default=0, ge=0, le=10)
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field(default=tuple(range(1, 13)), min_length=1)
    workdays: bool = False
    zone: Zone | None = None
    then: Then = "wait"

    @model_validator(mode="after")
    def _one_of_two(self) -> Blackout:
        ends = (self.start is not None) + (self.end is not None)
        monthly = bool(self.last_days or self.first_days)
        if ends == 1 or monthly == (ends == 2):
            raise ValueError("expected either `from` and `to`, or `last_days` and `first_days` of every month")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f"`to` is the first day that is free again: expected one after {self.start}")
        return self


class Schedule(Noun):
    """When a pipeline runs by itself: by a cron line, every so many seconds, or by the calendar.

    Attributes:
        cron: five fields (minute, hour, day, month, weekday) as in crontab, or None.
        zone: whose clock `cron`, `calendar`, `quiet` and `blackout` speak of.
        every_s: seconds from one slot to the next, counted in UTC, or None.
        calendar: days of the calendar, or None.
        jitter_s: a slot waits up to this many seconds, always the same for the same slot: many pipelines do not begin
            in the same second.
        misfire: what becomes of slots that passed while nothing could run.
        overlap: a slot that comes while the pipeline runs is skipped, or waits for its end.
        quiet, blackout: when nothing begins.
    """

    cron: Id | None = None
    zone: Zone = "UTC"
    every_s: int | None = Field(default=None, ge=1, le=366 * _DAY_S)
    calendar: Calendar | None = None
    jitter_s: int = Field(default=0, ge=0, le=_DAY_S)
    misfire: Misfire = Misfire()
    overlap: Literal["skip", "queue"] = "skip"
    quiet: tuple[Quiet, ...] = ()
    blackout: tuple[Blackout, ...] = ()

    @field_validator("cron")
    @classmethod
    def _says_something(cls, value: str | None) -> str | None:
        if value is not None:
            check_cron(value)
        return value

    @model_validator(mode="after")
    def _one_of_three(self) -> Schedule:
        if sum(way is not None for way in (self.cron, self.every_s, self.calendar)) != 1:
            raise ValueError("expected one of `cron` and `every_s`, or a `calendar`")
        return self
