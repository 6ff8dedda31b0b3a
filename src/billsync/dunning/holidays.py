"""Holidays by rule, so that no list runs out: fixed days, weekdays of a month, days around Easter.  (pure)"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from billsync.model.base import Noun

Substitute = Literal["none", "nearest_weekday", "next_weekday"]
"""What becomes of a fixed day on a weekend: nothing; Friday for a Saturday and Monday for a Sunday; or the next weekday
that is no holiday itself, in addition to the day."""

_SATURDAY: Final = 5


class FixedDay(Noun):
    """The same day each year; 29 February exists in leap years only."""

    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]

    @model_validator(mode="after")
    def _exists(self) -> FixedDay:
        if self.day > calendar.monthrange(2024, self.month)[1]:
            raise ValueError(f"there is no day {self.day} in month {self.month}")
        return self


class WeekdayOfMonth(Noun):
    """A weekday of a month.

    Attributes:
        weekday: 0 is Monday.
        nth: 1 to 4, counted from the month's beginning, or -1 for the last.
    """

    month: Annotated[int, Field(ge=1, le=12)]
    weekday: Annotated[int, Field(ge=0, le=6)]
    nth: Annotated[int, Field(ge=-1, le=4)]

    @model_validator(mode="after")
    def _counted(self) -> WeekdayOfMonth:
        if not self.nth:
            raise ValueError("weekdays are counted from 1, or -1 for the last of the month")
        return self


class HolidayCalendar(Noun):
    """The holidays of a place.

    Attributes:
        easter: days counted from Easter Sunday: -2 is Good Friday, 1 Easter Monday, 39 Ascension, 50 Whit Monday.
        substitute: what becomes of fixed days on a weekend.
    """

    fixed: tuple[FixedDay, ...] = ()
    weekdays: tuple[WeekdayOfMonth, ...] = ()
    easter: tuple[Annotated[int, Field(ge=-90, le=90)], ...] = ()
    substitute: Substitute = "none"


@lru_cache(maxsize=256)
def holidays(of: HolidayCalendar, year: int) -> frozenset[date]:
    """The days of a year (1583 to 9998), of substitutes those of its own holidays: some may lie in the year before."""
    moved = {_weekday_of(year, rule) for rule in of.weekdays}
    moved |= {easter_sunday(year) + timedelta(days=offset) for offset in of.easter}
    found = set(moved)
    for day in sorted(_fixed(of, year)):
        found |= _with_substitute(day, of, found)
    return frozenset(found)


def is_holiday(day: date, of: HolidayCalendar) -> bool:
    """Whether it is one: also as the substitute of a holiday in the next year."""
    return day in holidays(of, day.year) or day in holidays(of, day.year + 1)


def easter_sunday(year: int) -> date:
    """Easter Sunday by the Gregorian calendar (the anonymous computus)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * weekday) // 433
    month = (h + weekday - 7 * m + 90) // 25
    return date(year, month, (h + weekday - 7 * m + 33 * month + 19) % 32)


def _fixed(of: HolidayCalendar, year: int) -> Iterator[date]:
    for rule in of.fixed:
        if rule.day <= calendar.monthrange(year, rule.month)[1]:
            yield date(year, rule.month, rule.day)


def _weekday_of(year: int, rule: WeekdayOfMonth) -> date:
    if rule.nth == -1:
        last = date(year, rule.month, calendar.monthrange(year, rule.month)[1])
        return last - timedelta(days=(last.weekday() - rule.weekday) % 7)
    first = date(year, rule.month, 1)
    return first + timedelta(days=(rule.weekday - first.weekday()) % 7 + 7 * (rule.nth - 1))


def _with_substitute(day: date, of: HolidayCalendar, taken: set[date]) -> set[date]:
    if of.substitute == "none" or day.weekday() < _SATURDAY:
        return {day}
    if of.substitute == "nearest_weekday":
        return {day, day + timedelta(days=-1 if day.weekday() == _SATURDAY else 1)}
    other = day + timedelta(days=1)
    while other.weekday() >= _SATURDAY or other in taken or _is_fixed(other, of):
        other += timedelta(days=1)
    return {day, other}


def _is_fixed(day: date, of: HolidayCalendar) -> bool:
    return any((rule.month, rule.day) == (day.month, day.day) for rule in of.fixed)


def _calendar(fixed: str, weekdays: str = "", easter: str = "", substitute: Substitute = "none") -> HolidayCalendar:
    """From `month-day`, `month/weekday/nth` and days from Easter, with blanks between them."""
    days = [text.split("-") for text in fixed.split()]
    rules = [text.split("/") for text in weekdays.split()]
    return HolidayCalendar.model_validate(
        {
            "fixed": [{"month": int(month), "day": int(day)} for month, day in days],
            "weekdays": [{"month": int(m), "weekday": int(weekday), "nth": int(nth)} for m, weekday, nth in rules],
            "easter": [int(offset) for offset in easter.split()],
            "substitute": substitute,
        }
    )


CALENDARS: Final[dict[str, HolidayCalendar]] = {
    "TARGET": _calendar("1-1 5-1 12-25 12-26", easter="-2 1"),
    "DE": _calendar("1-1 5-1 10-3 12-25 12-26", easter="-2 1 39 50"),
    "FR": _calendar("1-1 5-1 5-8 7-14 8-15 11-1 11-11 12-25", easter="1 39 50"),
    "GB": _calendar("1-1 12-25 12-26", "5/0/1 5/0/-1 8/0/-1", "-2 1", "next_weekday"),
    "US": _calendar("1-1 6-19 7-4 11-11 12-25", "1/0/3 2/0/3 5/0/-1 9/0/1 10/0/2 11/3/4", substitute="nearest_weekday"),
}
"""Name -> holidays that the law of 2026 sets for the whole place: euro payments (TARGET closing days), Germany's of all
states, France without Alsace-Moselle, England and Wales, the federal ones of the United States."""
