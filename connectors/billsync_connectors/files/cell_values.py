"""What a workbook's cell holds: its text as the file writes it, read by its type and number format.  (pure)

Excel computes with binary numbers and shows 15 digits, but writes 17: 0.1 may stand in the file as 0.10000000000000001.
So a number of up to 15 digits, and any whole one, is taken as it is written; of a longer one 15 digits, as a person
sees it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import Final, Literal

from billsync.model.scalar import show

Value = str | int | Decimal | bool | date | None
Form = Literal["number", "date", "datetime", "time"] | int
"""How a cell's number is meant; an int is a count of digits to fill up with zeros, as in a postcode."""

_EXCEL: Final = Context(prec=15, rounding=ROUND_HALF_EVEN)
_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BUILT_IN: Final[dict[int, Form]] = {
    **dict.fromkeys((14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "date"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 55, 56), "time"),
    22: "datetime",
}
_ROW: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_LAST_DAY: Final = 2_958_465  # 31 December 9999
_NO_DAY: Final = 60  # 29 February 1900, which Excel believes in
_DAY_MS: Final = 86_400_000


class BadCell(ValueError):
    """A cell whose value cannot be kept.

    Attributes:
        hint: what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Raw:
    """A cell as the file has it.

    Attributes:
        column: 0 for A.
        type: `n` number, `s` and `str` text, `b` boolean, `e` error, `d` ISO date.
        form: of the number.
        formula: whether its value was computed.
    """

    column: int
    type: str
    text: str
    form: Form = "number"
    formula: bool = False


def value_of(cell: Raw, *, from_1904: bool) -> Value:
    """The value; None for an empty cell.  Raises `BadCell`."""
    if cell.type in ("s", "str", "inlineStr"):
        return unescaped(cell.text) or None
    if not cell.text:
        if cell.formula:
            raise BadCell("the formula has no value: it was never calculated", "open the workbook and save it in Excel")
        return None
    if cell.type == "b":
        return cell.text.strip() not in ("0", "false")
    if cell.type == "e":
        raise BadCell(f"the cell shows the error {cell.text[:20]}", "correct the formula, or give the value itself")
    if cell.type == "d":
        return _iso(cell.text)
    return _number(cell.text.strip(), cell.form, from_1904=from_1904)


def unescaped(text: str) -> str:
    """The text without Excel's way to write control characters: `_x000D_` is a carriage return."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _iso(text: str) -> Value:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadCell(f"expected a date, got {show(text)}", "correct the cell") from None
    return at.date() if len(text) == len("YYYY-MM-DD") else at.isoformat()


def exact(text: str) -> int | Decimal:
    """The number as written, whole ones as int; 15 digits of a fraction that has more.  Raises ValueError."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"expected a number, got {show(text)}")
    if text.isdigit() or (text[0] == "-" and text[1:].isdigit()):
        return int(text)
    found = Decimal(text)
    if len(found.as_tuple().digits) > _EXCEL.prec and found != found.to_integral_value():
        found = _EXCEL.plus(found).normalize()
    if found == found.to_integral_value() and found.adjusted() < _EXCEL.prec:
        return int(found)
    return Decimal(format(found, "f"))


def _number(text: str, form: Form, *, from_1904: bool) -> Value:
    try:
        number = exact(text)
    except ValueError as error:
        raise BadCell(str(error), "correct the cell") from None
    if form == "number":
        return number
    if isinstance(form, int):
        return str(number).zfill(form) if isinstance(number, int) and number >= 0 else number
    return _moment(Decimal(number), form, 1462 if from_1904 else 0)


def _moment(serial: Decimal, form: Form, shift: int) -> Value:
    """The date, time or both that a serial number means; local, since a workbook knows no zones."""
    days = int(serial)
    milliseconds = int(((serial - days) * _DAY_MS).to_integral_value(ROUND_HALF_EVEN))
    days, milliseconds = days + milliseconds // _DAY_MS, milliseconds % _DAY_MS
    if form == "time" and days == 0:
        return (datetime(1900, 1, 1) + timedelta(milliseconds=milliseconds)).time().isoformat()  # noqa: DTZ001
    days += shift
    if serial < 0 or days > _LAST_DAY or days in (0, _NO_DAY):
        raise BadCell(f"the number {serial} stands for no date", "correct the cell, or its format")
    day = date(1899, 12, 31 if days < _NO_DAY else 30) + timedelta(days=days)
    if form == "date":
        return day
    return (datetime(day.year, day.month, day.day) + timedelta(milliseconds=milliseconds)).isoformat()  # noqa: DTZ001


# ---------------------------------------------------------------- formats

_LITERAL: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_ELAPSED: Final = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)


@lru_cache(maxsize=512)
def form_of(id: int, code: str | None) -> Form:
    """What numbers of this format mean; `code` is None for the formats that every workbook has."""
    if code is None:
        return _BUILT_IN.get(id, "number")
    first = code.split(";")[0]
    if _ELAPSED.search(first) or "general" in first.lower():
        return "number"
    letters = set(_LITERAL.sub("", first).lower())
    if letters & set("dy") or ("m" in letters and not letters & set("hs0#")):
        return "datetime" if letters & set("hs") else "date"
    if letters & set("hs"):
        return "time"
    return len(first) if len(first) > 1 and set(first) == {"0"} else "number"


# ---------------------------------------------------------------- addresses


def column_of(reference: str) -> tuple[int, int]:
    """Column (0 for A) and row of an address such as `C7`.  Raises ValueError."""
    row = reference.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    column = 0
    for letter in reference[: len(reference) - len(row)]:
        column = column * 26 + ord(letter) - 64
    if not 0 < column <= 1 << 14 or not _ROW.fullmatch(row):
        raise ValueError(f"no address of a cell: {show(reference)}")
    return column - 1, int(row)


def letters_of(column: int) -> str:
    """The letters of a column: `A` for 0, `AA` for 26."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
