"""The pattern of invoice numbers: literal text, parts of the date, and one counter.  (pure)"""

from __future__ import annotations

import re
import string
from datetime import date
from typing import Final

_DATE_PARTS: Final = ("year", "month", "quarter")
_DIGITS: Final = {"year": "[0-9]{4}", "month": "[0-9]{2}", "quarter": "[1-4]"}
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


def read(pattern: str, text: str) -> tuple[str, int] | None:
    """The way back from `number`: the series and the counter; None for text that the pattern does not make."""
    found = re.fullmatch(_expression(pattern), text, re.ASCII)
    if found is None or int(found["seq"]) < 1:
        return None
    parts = string.Formatter().parse(pattern)
    name = "".join(literal + (found[name] if name in _DATE_PARTS else "") for literal, name, _, _ in parts)
    return name.strip(" -_/.#") or "all", int(found["seq"])


def _expression(pattern: str) -> str:
    text, seen = "", set()
    for literal, name, width, _ in string.Formatter().parse(pattern):
        text += re.escape(literal)
        if name in seen:
            text += f"(?P={name})"
        elif name is not None:
            text += f"(?P<{name}>{_DIGITS.get(name) or _counter(width or '')})"
            seen.add(name)
    return text


def _counter(width: str) -> str:
    """Digits of the counter: filled up with zeros to its width, and without any beyond it."""
    least = int(width) if width else 1
    return f"[0-9]{{{least}}}|[1-9][0-9]{{{least},17}}"


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
