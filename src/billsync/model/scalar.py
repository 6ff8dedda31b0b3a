"""Strict readings of single values: decimals, dates, instants, text.  (pure)

Python reads too much: `Decimal()` takes `١٢٣`, `1_000` and `NaN`, `date` fields of pydantic take Unix seconds, text may
hold NUL bytes that Postgres refuses.  Each reader here takes one written form and says what it expected otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

MAX_DIGITS: Final = 18
"""Digits that an amount or quantity may have before the point: what a 64-bit integer of minor units holds."""
MAX_DECIMALS: Final = 12
"""Decimals that an amount or quantity may have: unit prices of metered calls are small."""

_DECIMAL: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)
_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


def read_decimal(value: object) -> Decimal:
    """A Decimal from a Decimal, an int or text such as `-1234.50`.

    Raises ValueError for floats (they have already lost the cents), exponents, NaN, other scripts' digits, thousands
    separators, and numbers with more than 18 digits or 12 decimals.
    """
    if type(value) is str and len(value) <= MAX_DECIMALS and _DECIMAL.fullmatch(value):
        return Decimal(value)  # too short to be out of bounds
    if type(value) is Decimal and len(text := str(value)) <= MAX_DECIMALS and text[-1].isdigit() and "E" not in text:
        return value
    if isinstance(value, bool) or value is None:
        raise ValueError(f"expected a number, got {value!r}")
    if isinstance(value, float):
        raise ValueError(f"expected a decimal written as text, got the float {value!r}: floats lose cents")
    if isinstance(value, int):
        if abs(value) >= 10**MAX_DIGITS:
            raise ValueError(f"expected at most {MAX_DIGITS} digits before the point")
        return Decimal(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"expected a finite number, got {value}")
        return _within_bounds(value, str(value))
    if not isinstance(value, str):
        raise ValueError(f"expected a number, got {type(value).__name__}")
    if not _DECIMAL.fullmatch(value):
        raise ValueError(f"expected a number such as 1234.50 (point, no thousands separator), got {show(value)}")
    if len(value) > MAX_DIGITS + MAX_DECIMALS + 2:
        raise ValueError(f"expected at most {MAX_DIGITS} digits before the point and {MAX_DECIMALS} after it")
    return _within_bounds(Decimal(value), value)


def _within_bounds(value: Decimal, written: str) -> Decimal:
    if value and value.adjusted() >= MAX_DIGITS:
        raise ValueError(f"expected at most {MAX_DIGITS} digits before the point, got {show(written)}")
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not -MAX_DECIMALS <= exponent <= MAX_DIGITS:
        raise ValueError(f"expected at most {MAX_DECIMALS} decimals, got {show(written)}")
    return value


def plain(value: Decimal) -> str:
    """The decimal as text without an exponent: `1E+3` becomes `1000`."""
    text = str(value)
    return format(value, "f") if "E" in text else text


def read_day(value: object) -> date:
    """A calendar day from a date or from `YYYY-MM-DD`.  Raises ValueError: also for days that do not exist."""
    if isinstance(value, datetime):
        raise ValueError(f"expected a day such as 2026-01-31, got the instant {value.isoformat()}")
    if isinstance(value, date):
        return value
    if type(value) is str and len(value) == len("YYYY-MM-DD"):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            pass
        else:
            if day.isoformat() == value:  # Python reads other forms too: 2026-W05-6
                return day
    match = _DAY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"expected a day such as 2026-01-31, got {show(value)}")
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise ValueError(f"the day {show(value)} does not exist") from None


def read_instant(value: object) -> datetime:
    """An instant in UTC from an aware datetime or from RFC 3339 text.  Raises ValueError: also without an offset."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"expected an instant with its offset, got {value.isoformat()} without one")
        return value.astimezone(UTC)
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError(f"expected an instant such as 2026-01-31T10:00:00Z, got {show(value)}")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"the instant {show(value)} does not exist") from None


def read_text(value: object) -> str:
    """Text that every store and system can hold.  Raises ValueError for NUL bytes and lone surrogates."""
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {show(value)}")
    if "\x00" in value:
        raise ValueError("the text contains a NUL byte, which no system accepts: remove it at the source")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"the text is not valid Unicode (a lone surrogate at position {error.start})") from None
    return value


def read_zone(value: object) -> str:
    """An IANA zone name.  Raises ValueError where the zone is not known."""
    if isinstance(value, str) and value in _zones():
        return value
    raise ValueError(f"expected an IANA time zone such as Europe/Berlin, got {show(value)}")


_ZONES: frozenset[str] = frozenset()


def _zones() -> frozenset[str]:
    global _ZONES  # noqa: PLW0603  read once: the list is a walk over the zone database
    if not _ZONES:
        _ZONES = frozenset(available_timezones())
    return _ZONES


def day_in_zone(instant: datetime, zone: str) -> date:
    """The calendar day on which `instant` falls in `zone`: an invoice's date is the customer's, never the server's."""
    return instant.astimezone(ZoneInfo(zone)).date()


def show(value: object, limit: int = 60) -> str:
    """The value as it may stand in a message: quoted, shortened, control and bidi characters made visible."""
    text = value if isinstance(value, str) else repr(value)
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    visible = "".join(_visible(char) for char in short)
    return f"'{visible}'" if isinstance(value, str) else visible


def _visible(char: str) -> str:
    if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return f"\\u{ord(char):04x}"
    return char
