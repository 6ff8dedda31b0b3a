"""Written forms of dates and instants: `DD.MM.YYYY` for reading and for printing.  (pure)

Tokens: `YYYY` year, `MM` month, `M` month without a leading zero, `DD` and `D` day; for instants also `hh`, `mm`, `ss`,
`SSS` (fraction of a second) and `Z` (offset: `Z`, `+00:00` or `+0000`; without it the instant is read as UTC).  Every
other character stands for itself.  Two-digit years are not offered: nobody knows their century.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from billsync.model.scalar import show

_TOKEN: Final = re.compile(r"YYYY|SSS|MM|DD|hh|mm|ss|M|D|Z")
_READ: Final = {
    "YYYY": r"(?P<YYYY>[0-9]{4})",
    "MM": r"(?P<M>[0-9]{2})",
    "M": r"(?P<M>[0-9]{1,2})",
    "DD": r"(?P<D>[0-9]{2})",
    "D": r"(?P<D>[0-9]{1,2})",
    "hh": r"(?P<h>[0-9]{2})",
    "mm": r"(?P<m>[0-9]{2})",
    "ss": r"(?P<s>[0-9]{2})",
    "SSS": r"(?P<f>[0-9]{1,6})",
    "Z": r"(?P<Z>[Zz]|[+-][0-9]{2}:?[0-9]{2})",
}
_PRINT: Final[dict[str, Callable[[datetime], str]]] = {
    "YYYY": lambda t: f"{t.year:04}",
    "MM": lambda t: f"{t.month:02}",
    "M": lambda t: str(t.month),
    "DD": lambda t: f"{t.day:02}",
    "D": lambda t: str(t.day),
    "hh": lambda t: f"{t.hour:02}",
    "mm": lambda t: f"{t.minute:02}",
    "ss": lambda t: f"{t.second:02}",
    "SSS": lambda t: f"{t.microsecond // 1000:03}",
    "Z": lambda _: "Z",
}
_SAME: Final = {"MM": "M", "DD": "D"}
_OF_DAY: Final = {"YYYY", "MM", "M", "DD", "D"}


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A written form, compiled.

    Attributes:
        text: as the mapping has it.
        tokens: the tokens in it, in order.
    """

    text: str
    tokens: tuple[str, ...]
    pattern: re.Pattern[str]

    def read_day(self, text: str) -> date:
        """The day that the text names.  Raises ValueError."""
        found = self._match(text)
        try:
            return date(int(found["YYYY"]), int(found["M"]), int(found["D"]))
        except ValueError:
            raise ValueError(f"the day {show(text)} does not exist") from None

    def read_instant(self, text: str) -> datetime:
        """The instant that the text names, in UTC.  Raises ValueError."""
        found = self._match(text)
        year, month, day, hour, minute, second = (int(found.get(part) or 0) for part in ("YYYY", "M", "D", *"hms"))
        micros = int(f"{found.get('f') or '0':0<6}")
        try:
            zone = _offset(found.get("Z"))
            return datetime(year, month, day, hour, minute, second, micros, tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError(f"the instant {show(text)} does not exist") from None

    def print(self, value: date) -> str:
        """The day or instant in this form; instants in UTC."""
        moment = value.astimezone(UTC) if isinstance(value, datetime) else _midnight(value)
        return _TOKEN.sub(lambda match: _PRINT[match[0]](moment), self.text)

    def _match(self, text: str) -> dict[str, str]:
        match = self.pattern.fullmatch(text)
        if match is None:
            raise ValueError(f"expected a date written as {self.text}, got {show(text)}")
        return match.groupdict()


def compile_format(text: str, *, reading: str = "") -> DateFormat:
    """The written form, for printing, or for `reading` a "date" or "datetime".

    Raises ValueError where it has no token, where one stands twice, and where reading would not give a whole day.
    """
    tokens = tuple(match[0] for match in _TOKEN.finditer(text))
    parts = [_SAME.get(token, token) for token in tokens]
    if not tokens:
        raise ValueError(f"the date format {show(text)} has none of YYYY, MM, M, DD, D, hh, mm, ss, SSS, Z")
    if not reading:
        return DateFormat(text, tokens, re.compile(""))
    if len(set(parts)) < len(parts):
        raise ValueError(f"a part stands twice in the date format {show(text)}")
    if not {"YYYY", "M", "D"} <= set(parts):
        raise ValueError(f"the date format {show(text)} needs a year (YYYY), a month (MM) and a day (DD)")
    if reading == "date" and not set(tokens) <= _OF_DAY:
        raise ValueError(f"the date format {show(text)} has parts of a time: use `as: datetime`, or leave them out")
    return DateFormat(text, tokens, re.compile(_regex(text), re.ASCII))


def _regex(text: str) -> str:
    parts, end = [], 0
    for match in _TOKEN.finditer(text):
        parts += [re.escape(text[end : match.start()]), _READ[match[0]]]
        end = match.end()
    return "".join([*parts, re.escape(text[end:])])


def _offset(text: str | None) -> timezone:
    if not text or text in "Zz":
        return UTC
    digits = text.replace(":", "")
    ahead = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    return timezone(-ahead if digits[0] == "-" else ahead)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
