"""The pattern of invoice numbers: literal text, parts of the date, and one counter.  (pure)"""

from __future__ import annotations

import re
import string
from datetime import date
from typing import Final

_DATE_PARTS: Final = ("year", "month", "quarter")
_WIDTH: Final = re.compile(r"(0[1-9][0-9]?)?", re.ASCII)
_LONGEST: Final = 40


def check_pattern(pattern: str) -> str:
    """The pattern, if numbers can be made from it.  Raises ValueError that says what was expected."""
    example = "expected a pattern such as INV-{year}-{seq:06}"
    if not pattern.isprintable() or pattern != pattern.strip() or len(pattern) > _LONGEST:
        raise ValueError(f"{example}: printable, without blanks around it, at most {_LONGEST} characters")
    counters = 0
    for name, width in _fields(pattern):
        if name not in (*_DATE_PARTS, "seq"):
            raise ValueError(f"{example}, got the unknown {{{name}}}: known are year, month, quarter and seq")
        if not _WIDTH.fullmatch(width) or (width and name != "seq"):
            raise ValueError(f"{example}: only seq takes a width, such as {{seq:06}}, got {{{name}:{width}}}")
        counters += name == "seq"
    if counters != 1:
        raise ValueError(f"{example}: it needs {{seq}} exactly once, so that no two numbers are equal")
    return pattern


def number(pattern: str, issued_on: date, seq: int) -> str:
    """The number: `INV-2017-000001`.  Raises ValueError for a counter below 1."""
    if seq < 1:
        raise ValueError(f"numbers count from 1, got {seq}")
    return pattern.format(seq=seq, **_date_parts(issued_on))


def series(pattern: str, issued_on: date) -> str:
    """What the counter counts within: the pattern without the counter, `INV-2017`; `all` where nothing is left."""
    parts = string.Formatter().parse(pattern)
    values = _date_parts(issued_on)
    text = "".join(literal + values.get(name or "", "") for literal, name, _, _ in parts)
    return text.strip(" -_/.#") or "all"


def _date_parts(day: date) -> dict[str, str]:
    return {"year": f"{day.year:04}", "month": f"{day.month:02}", "quarter": str((day.month + 2) // 3)}


def _fields(pattern: str) -> list[tuple[str, str]]:
    try:
        parsed = list(string.Formatter().parse(pattern))
    except ValueError as error:
        raise ValueError(f"expected a pattern such as INV-{{year}}-{{seq:06}}: {error}") from None
    if any(conversion for *_, conversion in parsed):
        raise ValueError("expected a pattern such as INV-{year}-{seq:06}, without conversions such as !r")
    return [(name, width or "") for _, name, width, _ in parsed if name is not None]
