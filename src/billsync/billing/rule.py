"""The convention behind a charge, in words that stand on its explanation.  (pure)"""

from __future__ import annotations

from functools import lru_cache

from billsync.billing.line import Line
from billsync.billing.timeline import Grid
from billsync.model.convention import Basis, Policy

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def rule_of(line: Line, policy: Policy, *, is_stub: bool) -> str:
    """Such as `every month in advance, anchored on the 31st; a part of a cycle by its days`."""
    if line.grid is None:
        return "one-time" if line.billed == "advance" else "one-time, at the end"
    words = _cycles(line.grid, line.billed)
    return f"{words}; a part of a cycle {part_rule(policy)}" if is_stub else words


@lru_cache(maxsize=1024)
def _cycles(grid: Grid, billed: str) -> str:
    return f"{grid.every} in {billed}, {_anchored(grid)}"


def part_rule(policy: Policy) -> str:
    """How a part of a cycle is priced: `by its days`, `by its seconds`, `by its days (30/360)`, `in full`."""
    if policy.proration == "none":
        return "in full"
    if policy.proration_unit == "second":
        return "by its seconds"
    return "by its days" if policy.proration_basis is Basis.ACTUAL_ACTUAL else f"by its days ({policy.proration_basis})"


def _anchored(grid: Grid) -> str:
    every, day = grid.every, grid.first
    if every.unit == "days":
        return f"counted from {day}"
    if every.unit == "weeks":
        return f"anchored on {_WEEKDAYS[day.weekday()]}"
    if every.unit == "months" and every.count == 1:
        return f"anchored on the {ordinal(day.day)}"
    return f"anchored on {day.day} {_MONTHS[day.month - 1]}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th ... 11th, 12th, 13th ... 31st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
