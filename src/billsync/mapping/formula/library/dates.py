"""Functions of dates and instants.  No function knows what day it is.  (pure)"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from billsync.mapping.formula.functions import Mismatch, function
from billsync.mapping.formula.library.basics import whole
from billsync.mapping.formula.library.forms import date_form
from billsync.mapping.values import kind_of
from billsync.model.period import add_months
from billsync.model.scalar import day_in_zone, read_day, read_instant, read_zone, show

Made = TypeVar("Made")

_MAX_DAYS: Final = 3_660_000
_MAX_MONTHS: Final = 12_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SECONDS: Final = 253_402_300_799  # the last second of the year 9999
_MICROS: Final = 1_000_000


# ---------------------------------------------------------------- reading


@function(
    "DATE(text: text, format: text?) -> date",
    "The day that a text names, as YYYY-MM-DD or in the given form.",
    "TEXT(DATE('2026-01-31')) = '2026-01-31'",
    "DATE('31.1.2026', 'D.M.YYYY') = DATE('2026-01-31')",
    note="Of text. From three numbers: MAKEDATE(2026, 1, 31). From an instant: DATEVALUE.",
    fails={
        "DATE('2026-02-30')": "DATE: the day '2026-02-30' does not exist",
        "DATE('31.1.2026')": "DATE: expected a day such as 2026-01-31, got '31.1.2026'",
    },
)
def _date(text: str, format: str | None = None) -> date:
    return read_day(text) if format is None else date_form(format, "date").read_day(text)


@function(
    "MAKEDATE(year: number, month: number, day: number) -> date",
    "The day of three numbers.",
    "MAKEDATE(2026, 1, 31) = DATE('2026-01-31')",
    note="DATE(year, month, day) in Salesforce and Excel.",
    fails={"MAKEDATE(2026, 2, 30)": "MAKEDATE: the day 2026-02-30 does not exist"},
)
def _makedate(year: Decimal, month: Decimal, day: Decimal) -> date:
    parts = whole(year, "a year", 1, 9999), whole(month, "a month", 1, 12), whole(day, "a day", 1, 31)
    try:
        return date(*parts)
    except ValueError:
        raise ValueError(f"the day {parts[0]:04}-{parts[1]:02}-{parts[2]:02} does not exist") from None


@function(
    "DATEVALUE(value: any, zone: text?) -> date",
    "The day of an instant in a named zone; a date is itself, and text is read as one of both.",
    "DATEVALUE(DATETIMEVALUE('2026-01-31T23:30:00Z'), 'Europe/Berlin') = DATE('2026-02-01')",
    "DATEVALUE('2026-01-31T23:30:00Z', 'UTC') = DATE('2026-01-31')",
    "DATEVALUE('2026-01-31') = DATE('2026-01-31')",
    note="An instant is another day in another zone, so the zone has to be named: the customer's, or the one of "
    "your books.",
    fails={
        "DATEVALUE('2026-01-31T23:30:00Z')": "DATEVALUE: an instant is on another day in another zone: name one, "
        "such as 'Europe/Berlin'"
    },
)
def _datevalue(value: Any, zone: str | None = None) -> date:
    # An instant's text is longer than a day's ten characters.
    instant = read_instant(value) if isinstance(value, str) and len(value) > 10 else value
    if kind_of(instant) != "instant":
        return _day(instant)
    if zone is None:
        raise ValueError("an instant is on another day in another zone: name one, such as 'Europe/Berlin'")
    return _checked(lambda: day_in_zone(instant, read_zone(zone)))


def _day(value: Any) -> date:
    if kind_of(value) not in {"date", "text"}:
        raise Mismatch("date", value)
    return read_day(value)


def _checked(work: Callable[[], Made]) -> Made:
    """What the work gives.  Raises ValueError where it leaves the years that there are."""
    try:
        return work()
    except OverflowError:
        raise ValueError("the day lies before the year 1 or after the year 9999") from None


@function(
    "DATETIMEVALUE(text: text, zone: text?) -> instant",
    "The instant that a text names: with its offset, or as the clocks of a named zone show it.",
    "DATETIMEVALUE('2026-01-31T10:00:00+01:00') = DATETIMEVALUE('2026-01-31T09:00:00Z')",
    "DATETIMEVALUE('2026-07-01 10:00:00', 'Europe/Berlin') = DATETIMEVALUE('2026-07-01T08:00:00Z')",
    note="In the hour that comes twice in autumn, the first one is meant.",
    fails={
        "DATETIMEVALUE('2026-01-31 10:00:00')": "DATETIMEVALUE: expected an instant such as "
        "2026-01-31T10:00:00Z, got '2026-01-31 10:00:00'",
        "DATETIMEVALUE('2026-03-29 02:30:00', 'Europe/Berlin')": "DATETIMEVALUE: the clocks of "
        "Europe/Berlin never show '2026-03-29 02:30:00'",
    },
)
def _datetimevalue(text: str, zone: str | None = None) -> datetime:
    if zone is None:
        return read_instant(text)
    local = ZoneInfo(read_zone(zone))
    wanted = _clock(text)
    made = _checked(lambda: wanted.replace(tzinfo=local).astimezone(UTC))
    if made.astimezone(local).replace(tzinfo=None) != wanted:
        raise ValueError(f"the clocks of {zone} never show {show(text)}")
    return made


def _clock(text: str) -> datetime:
    try:
        return read_instant(f"{text}Z").replace(tzinfo=None)
    except ValueError:
        message = f"expected a time of the zone's clocks such as 2026-01-31 10:00:00, got {show(text)}"
        raise ValueError(message) from None


@function(
    "FROMUNIX(seconds: number) -> instant",
    "The instant so many seconds after 1970-01-01 00:00 UTC.",
    "FROMUNIX(1767225600) = DATETIMEVALUE('2026-01-01T00:00:00Z')",
    "FROMUNIX(DIV(1767225600500, 1000, 3)) = DATETIMEVALUE('2026-01-01T00:00:00.500Z')",
    note="HubSpot and others give milliseconds: divide them by 1000 first.",
    fails={
        "FROMUNIX(1767225600000)": "FROMUNIX: seconds lie within the years 1 to 9999, got 1767225600000: are "
        "they milliseconds?"
    },
)
def _fromunix(seconds: Decimal) -> datetime:
    if not -62_135_596_800 <= seconds <= _MAX_SECONDS:
        shown = show(str(seconds), 40)[1:-1]
        raise ValueError(f"seconds lie within the years 1 to 9999, got {shown}: are they milliseconds?")
    return _EPOCH + timedelta(microseconds=int(seconds * _MICROS))


# ---------------------------------------------------------------- parts


@function(
    "YEAR(date: date) -> number",
    "Its year.",
    "YEAR(DATE('2026-01-31')) = 2026",
    fails={"YEAR('2026-01-31')": "YEAR works on a date, this is text"},
)
def _year(day: date) -> Decimal:
    return Decimal(day.year)


@function(
    "QUARTER(date: date) -> number",
    "Its quarter of the calendar year, 1 to 4.",
    "QUARTER(DATE('2026-04-01')) = 2",
    fails={"QUARTER(4)": "QUARTER works on a date, this is a number"},
)
def _quarter(day: date) -> Decimal:
    return Decimal((day.month + 2) // 3)


@function(
    "MONTH(date: date) -> number",
    "Its month, 1 to 12.",
    "MONTH(DATE('2026-01-31')) = 1",
    fails={"MONTH('Jan')": "MONTH works on a date, this is text"},
)
def _month(day: date) -> Decimal:
    return Decimal(day.month)


@function(
    "DAY(date: date) -> number",
    "Its day of the month, 1 to 31.",
    "DAY(DATE('2026-01-31')) = 31",
    fails={"DAY(31)": "DAY works on a date, this is a number"},
)
def _day_of(day: date) -> Decimal:
    return Decimal(day.day)


@function(
    "WEEKDAY(date: date) -> number",
    "Its day of the week: 1 is Sunday, 7 is Saturday.",
    "WEEKDAY(DATE('2026-02-01')) = 1",
    "WEEKDAY(DATE('2026-01-31')) = 7",
    note="As in Salesforce and Excel; not as in ISO 8601, where 1 is Monday.",
    fails={"WEEKDAY(1)": "WEEKDAY works on a date, this is a number"},
)
def _weekday(day: date) -> Decimal:
    return Decimal(day.isoweekday() % 7 + 1)


@function(
    "ISOWEEKNUM(date: date) -> number",
    "Its week of the year by ISO 8601, 1 to 53.",
    "ISOWEEKNUM(DATE('2026-01-01')) = 1",
    "ISOWEEKNUM(DATE('2027-01-01')) = 53",
    fails={"ISOWEEKNUM(1)": "ISOWEEKNUM works on a date, this is a number"},
)
def _isoweeknum(day: date) -> Decimal:
    return Decimal(day.isocalendar().week)


# ---------------------------------------------------------------- moving


@function(
    "ADDDAYS(date: date, days: number) -> date",
    "So many days later, or earlier.",
    "ADDDAYS(DATE('2026-01-31'), 1) = DATE('2026-02-01')",
    "ADDDAYS(DATE('2026-03-01'), -1) = DATE('2026-02-28')",
    note="`date + 1` in Salesforce and Excel; here + adds numbers only.",
    fails={
        "ADDDAYS(DATE('2026-01-31'), 0.5)": "ADDDAYS: the number of days is a whole number from -3660000 to "
        "3,660,000, got 0.5"
    },
)
def _adddays(day: date, days: Decimal) -> date:
    step = timedelta(days=whole(days, "the number of days", -_MAX_DAYS, _MAX_DAYS))
    return _checked(lambda: day + step)


@function(
    "ADDMONTHS(date: date, months: number) -> date",
    "So many months later, at most to the end of that month.",
    "ADDMONTHS(DATE('2026-01-31'), 1) = DATE('2026-02-28')",
    "ADDMONTHS(DATE('2026-01-15'), -12) = DATE('2025-01-15')",
    note="EDATE in Excel.",
    fails={"ADDMONTHS('2026-01-31', 1)": "ADDMONTHS works on a date, this is text"},
)
def _addmonths(day: date, months: Decimal) -> date:
    return _moved(day, whole(months, "the number of months", -_MAX_MONTHS, _MAX_MONTHS))


@function(
    "ADDYEARS(date: date, years: number) -> date",
    "So many years later; 29 February becomes 28 where it must.",
    "ADDYEARS(DATE('2024-02-29'), 1) = DATE('2025-02-28')",
    "ADDYEARS(DATE('2026-01-31'), 3) = DATE('2029-01-31')",
    fails={"ADDYEARS('2026-01-31', 1)": "ADDYEARS works on a date, this is text"},
)
def _addyears(day: date, years: Decimal) -> date:
    return _moved(day, 12 * whole(years, "the number of years", -_MAX_MONTHS // 12, _MAX_MONTHS // 12))


def _moved(day: date, months: int) -> date:
    year = (day.year * 12 + day.month - 1 + months) // 12
    if not 1 <= year <= 9999:
        raise ValueError("the day lies before the year 1 or after the year 9999")
    return add_months(day, months)


@function(
    "EOMONTH(date: date, months: number?) -> date",
    "The last day of its month, or of one so many months later.",
    "EOMONTH(DATE('2026-02-10')) = DATE('2026-02-28')",
    "EOMONTH(DATE('2026-01-31'), 1) = DATE('2026-02-28')",
    fails={"EOMONTH('2026-02')": "EOMONTH works on a date, this is text"},
)
def _eomonth(day: date, months: Decimal | None = None) -> date:
    there = _addmonths(day, months or Decimal(0))
    return there.replace(day=calendar.monthrange(there.year, there.month)[1])


@function(
    "STARTOFMONTH(date: date) -> date",
    "The first day of its month.",
    "STARTOFMONTH(DATE('2026-02-10')) = DATE('2026-02-01')",
    fails={"STARTOFMONTH(2)": "STARTOFMONTH works on a date, this is a number"},
)
def _startofmonth(day: date) -> date:
    return day.replace(day=1)


@function(
    "STARTOFQUARTER(date: date) -> date",
    "The first day of its quarter of the calendar year.",
    "STARTOFQUARTER(DATE('2026-05-10')) = DATE('2026-04-01')",
    fails={"STARTOFQUARTER(2)": "STARTOFQUARTER works on a date, this is a number"},
)
def _startofquarter(day: date) -> date:
    return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)


@function(
    "STARTOFYEAR(date: date) -> date",
    "The first day of its year.",
    "STARTOFYEAR(DATE('2026-05-10')) = DATE('2026-01-01')",
    fails={"STARTOFYEAR(2026)": "STARTOFYEAR works on a date, this is a number"},
)
def _startofyear(day: date) -> date:
    return day.replace(month=1, day=1)


# ---------------------------------------------------------------- between two days


@function(
    "DAYS(end: date, start: date) -> number",
    "How many days lie from the start to the end.",
    "DAYS(DATE('2026-02-01'), DATE('2026-01-31')) = 1",
    "DAYS(DATE('2026-01-01'), DATE('2027-01-01')) = -365",
    note="The end comes first, as in Excel. `end - start` in Salesforce; here - takes numbers only.",
    fails={"DAYS('2026-02-01', DATE('2026-01-31'))": "DAYS works on a date, this is text"},
)
def _days(end: date, start: date) -> Decimal:
    return Decimal((end - start).days)


@function(
    "DATEDIF(start: date, end: date, unit: text) -> number",
    "How many whole days ('D'), months ('M') or years ('Y') lie from the start to the end.",
    "DATEDIF(DATE('2026-01-31'), DATE('2026-03-30'), 'M') = 1",
    "DATEDIF(DATE('2026-01-31'), DATE('2026-02-28'), 'M') = 1",
    "DATEDIF(DATE('2024-02-29'), DATE('2026-02-28'), 'Y') = 2",
    "DATEDIF(DATE('2026-01-01'), DATE('2026-01-01'), 'D') = 0",
    note="A month is over on the day that ADDMONTHS gives: from 31 January on 28 February. Excel waits for the "
    "same number of the day.",
    fails={
        "DATEDIF(DATE('2026-02-01'), DATE('2026-01-31'), 'D')": "DATEDIF: the start 2026-02-01 lies after the "
        "end 2026-01-31",
        "DATEDIF(DATE('2026-01-01'), DATE('2026-01-31'), 'W')": "DATEDIF: a unit is D, M or Y, got 'W'",
    },
)
def _datedif(start: date, end: date, unit: str) -> Decimal:
    if unit.upper() not in {"D", "M", "Y"}:
        raise ValueError(f"a unit is D, M or Y, got {show(unit)}")
    if start > end:
        raise ValueError(f"the start {start} lies after the end {end}")
    if unit.upper() == "D":
        return Decimal((end - start).days)
    months = 12 * (end.year - start.year) + end.month - start.month
    months -= add_months(start, months) > end
    return Decimal(months if unit.upper() == "M" else months // 12)
