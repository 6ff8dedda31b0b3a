"""`as:` and `format:`: how a value becomes the type that a field asks for.  (pure)

Text never becomes a number unless a field says so, and then only in one written form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from billsync.mapping.dates import compile_format
from billsync.mapping.values import as_list, describe, kind_of, written
from billsync.model.scalar import read_day, read_decimal, read_instant, show

Cast = Callable[[Any], Any]

_NUMBER_FORMATS: Final = {"1234.56": ("", "."), "1,234.56": (",", "."), "1.234,56": (".", ","), "1234,56": ("", ","),
                          "1 234,56": (" ", ","), "1'234.56": ("'", ".")}  # fmt: skip
"""Written form of one thousand two hundred thirty-four and a half -> (thousands separator, decimal sign)."""


def read_bool(value: Any) -> bool:
    """True or false from a boolean, or the text true or false in any case.  Raises ValueError: also for `yes` and 1."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError(f"expected true or false, got {describe(value)}")


def read_integer(value: Any) -> int:
    """A whole number from a number or its text.  Raises ValueError."""
    number = read_decimal(value)
    if number != number.to_integral_value():
        raise ValueError(f"expected a whole number, got {describe(value)}")
    return int(number)


def _decimal(format: str | None) -> Cast:
    if format is None:
        return read_decimal
    if format not in _NUMBER_FORMATS:
        raise ValueError(f"unknown number format {show(format)}: expected one of {', '.join(_NUMBER_FORMATS)}")
    thousands, point = _NUMBER_FORMATS[format]
    groups = rf"[0-9]{{1,3}}({re.escape(thousands)}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    pattern = re.compile(rf"[+-]?({groups})({re.escape(point)}[0-9]+)?", re.ASCII)

    def read(value: Any) -> Decimal:
        if not isinstance(value, str):
            return read_decimal(value)
        if not pattern.fullmatch(value):
            raise ValueError(f"expected a number written as {format}, got {show(value)}")
        bare = value.replace(thousands, "") if thousands else value
        return read_decimal(bare.replace(point, "."))

    return read


def _date(format: str | None) -> Cast:
    if format is None:
        return read_day
    form = compile_format(format, reading="date")
    return lambda value: form.read_day(value) if isinstance(value, str) else read_day(value)


def _datetime(format: str | None) -> Cast:
    if format is None:
        return read_instant
    form = compile_format(format, reading="datetime")
    return lambda value: form.read_instant(value) if isinstance(value, str) else read_instant(value)


def _text(format: str | None) -> Cast:
    if format is None:
        return written
    form = compile_format(format)

    def show_date(value: Any) -> str:
        if isinstance(value, date | datetime):
            return form.print(value)
        raise ValueError(f"expected a date to write as {format}, got {describe(value)}")

    return show_date


def _plain(cast: Cast) -> Callable[[str | None], Cast]:
    return lambda _format: cast


_CASTS: Final[dict[str, Callable[[str | None], Cast]]] = {
    "text": _text,
    "decimal": _decimal,
    "money": _decimal,
    "integer": _plain(read_integer),
    "date": _date,
    "datetime": _datetime,
    "bool": _plain(read_bool),
    "list": _plain(as_list),
}
TYPES: Final = tuple(_CASTS)
FORMATTED: Final = ("text", "decimal", "money", "date", "datetime")
"""Types that take a `format:`."""


def compile_cast(type: str, format: str | None) -> Cast:
    """The reader of a type; it raises ValueError.  Raises ValueError itself where the format is not one."""
    return _CASTS[type](format)


def table_key(value: Any) -> str:
    """A value as the key of a lookup table: its text.  Raises ValueError for lists and objects."""
    if kind_of(value) in {"list", "object", "unknown"}:
        raise ValueError(f"expected a single value to look up, got {describe(value)}")
    return written(value)
