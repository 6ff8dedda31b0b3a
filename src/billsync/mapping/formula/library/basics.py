"""What the formula functions share: exact arithmetic, equality, order and the limits.  (pure)"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from billsync.mapping.formula.functions import Mismatch
from billsync.mapping.values import MAX_TEXT, kind_of
from billsync.model.scalar import plain, show

Thunk = Callable[[], Any]

EXACT: Final = decimal.Context(prec=80, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow])
"""Arithmetic that is exact or fails: no digit is ever dropped silently."""

MAX_MAGNITUDE: Final = 100
"""Digits before or after the point beyond which no number is worked on."""

_ORDERED: Final = frozenset({"number", "date", "instant"})


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same; nothing equals only its own form of nothing.

    Raises ValueError for kinds that cannot be compared: for the text '5' and the number 5, a silent FALSE would hide
    the fault.
    """
    kinds = kind_of(left), kind_of(right)
    if kinds[0] == kinds[1]:
        return bool(left == right)
    if {"null", "missing"} & set(kinds):
        return False
    raise Mismatch(kinds[0], right) if kinds[0] != "unknown" else ValueError("these values cannot be compared")


def comparable(value: Any, beside: Any) -> Any:
    """The value, where it has an order beside the other.  Raises ValueError: text has none, nothing has none."""
    kinds = kind_of(value), kind_of(beside)
    if kinds[0] in _ORDERED:
        if kinds[0] == kinds[1] or kinds[1] not in _ORDERED:
            return value
        raise Mismatch(kinds[1], value)
    raise Mismatch("date" if kinds[1] == "date" else "number", value)


def bounded(text: str) -> str:
    """The text itself.  Raises ValueError where it is longer than a text may be."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"the text has {len(text):,} characters, the limit is {MAX_TEXT:,}")
    return text


def whole(value: Decimal, what: str, low: int = 0, high: int = MAX_TEXT) -> int:
    """The number as a whole one within bounds.  Raises ValueError."""
    # Bounds first: a number with a huge exponent is never written out.
    if not low <= value <= high or value != value.to_integral_value():
        shown = show(plain(value), 40)[1:-1] if abs(value.adjusted()) < MAX_MAGNITUDE else str(value)
        raise ValueError(f"{what} is a whole number from {low} to {high:,}, got {shown}")
    return int(value)


def exactly(work: Callable[..., Decimal], *arguments: Any) -> Decimal:
    """What the work gives.  Raises ValueError where a digit would be lost."""
    try:
        return work(*arguments)
    except ArithmeticError:
        raise ValueError("the number has too many digits to be exact") from None


def scaled(left: Decimal, right: Decimal) -> tuple[int, int, int]:
    """Both numbers as whole multiples of the same power of ten, and its exponent below the point.

    In whole numbers a rounding sees the exact quotient, not one that was rounded before.  Raises ValueError for
    numbers beyond `MAX_MAGNITUDE`.
    """
    exponents = [_exponent(number) for number in (left, right)]
    if any(abs(number.adjusted()) > MAX_MAGNITUDE for number in (left, right)) or min(exponents) < -MAX_MAGNITUDE:
        raise ValueError("the number has too many digits to be exact")
    shift = max(0, *(-exponent for exponent in exponents))
    return int(left.scaleb(shift, _WIDE)), int(right.scaleb(shift, _WIDE)), shift


def unscaled(value: int, shift: int) -> Decimal:
    """A whole multiple of a power of ten as the number that it is.  Raises ValueError beyond 80 digits."""
    return exactly(EXACT.scaleb, exactly(EXACT.plus, Decimal(value)), -shift)


_WIDE: Final = decimal.Context(prec=4 * MAX_MAGNITUDE, traps=[decimal.InvalidOperation, decimal.Inexact])


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
