"""Day-count conventions: how many days lie in a period, and how many a cycle counts as.  (pure)

All count half-open periods, `[start, end)`: the 1st to the 1st of the next month is the month.
"""

from __future__ import annotations

from datetime import date

from billsync.model.convention import Basis
from billsync.model.period import Every, Period, add_months


def count_days(period: Period, basis: Basis) -> int:
    """The days that a period counts as."""
    if basis is Basis.THIRTY_360:
        return _bond_days(period.start, period.end)
    if basis is Basis.STRICT_30_360:
        return _strict_position(period.end) - _strict_position(period.start)
    return period.days


def months_and_days(period: Period) -> tuple[int, int]:
    """Whole months from the start, each to the same day of its month or the last, and the days that are left."""
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    if add_months(period.start, months) > period.end:
        months -= 1
    return months, (period.end - add_months(period.start, months)).days


def months_of(every: Every) -> int:
    """The cycle in months.  Raises ValueError for one of days or weeks, which only actual/actual can divide."""
    if every.months is None:
        raise ValueError(f"a cycle of {every} has no months to count by 30 or 365 days: use {Basis.ACTUAL_ACTUAL}")
    return every.months


def _bond_days(start: date, end: date) -> int:
    first = min(start.day, 30)
    last = 30 if end.day == 31 and first == 30 else end.day
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def _strict_position(day: date) -> int:
    """Days before this one, in months of 30.

    A month's days after the 30th take no room, and February's last takes what is left of its thirty, since the next
    position is that of 1 March: counting positions never loses a day between two periods that touch.
    """
    return 30 * (12 * day.year + day.month - 1) + min(day.day, 30) - 1
