"""What a mapping computes with: kinds of values, nothing in three forms, and the one fault.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from billsync.model.problem import Place
from billsync.model.scalar import plain, show

MAX_TEXT: Final = 100_000
"""Characters that a computed text may have."""

MAX_PLACES: Final = 200
"""Digits before or after the point that a number may have to be written out."""

_SHOWN_DIGITS: Final = 100


class Missing:
    """The record has no such field; neither null nor empty text."""

    def __repr__(self) -> str:
        return "nothing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


class Failed:
    """A field whose problem is already told: what needs it is not computed and says nothing more."""


FAILED: Final = Failed()


class Wrong(Exception):
    """A value cannot become what the mapping asks for.

    Attributes:
        code, message, hint: as in `Problem`; an empty code says that the problem is already told.
        spot: the exact place in the mapping, or None for the field's own.
        source: path of the source field that is to blame, or "" for the field's own.
    """

    def __init__(self, code: str, message: str, hint: str = "", *, spot: Place | None = None, source: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.spot = spot
        self.source = source


_KINDS: Final[dict[type, str]] = {
    str: "text",
    int: "number",
    Decimal: "number",
    bool: "boolean",
    date: "date",
    datetime: "instant",
    list: "list",
    tuple: "list",
    dict: "object",
    type(None): "null",
    Missing: "missing",
}
_BY_ANCESTOR: Final = (str, bool, int, Decimal, datetime, date, list, tuple)


def kind_of(value: Any) -> str:
    """One of text, number, boolean, date, instant, list, object, null, missing; `unknown` for anything else."""
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    if isinstance(value, Mapping):
        return "object"
    return next((_KINDS[known] for known in _BY_ANCESTOR if isinstance(value, known)), "unknown")


def is_blank(value: Any) -> bool:
    """Whether it is missing, null or text of nothing but blanks."""
    return value is MISSING or value is None or (isinstance(value, str) and (not value or value.isspace()))


def describe(value: Any) -> str:
    """The value with its kind, as it may stand in a message: `the text '5'`, `the number 5`, `nothing`."""
    kind = kind_of(value)
    if kind in {"missing", "null"}:
        return "nothing" if kind == "missing" else "null"
    if kind == "text":
        return f"the text {show(value)}"
    if kind in {"list", "object"}:
        return f"a list of {len(value)}" if kind == "list" else "an object"
    if isinstance(value, Decimal) and abs(value.adjusted()) > _SHOWN_DIGITS:
        return f"the number {value}"  # never written out: an exponent may stand for a million zeros
    if kind == "number" and not _is_short(value):
        return f"the number {show(f'{value:.6E}' if isinstance(value, Decimal) else hex(value))[1:-1]}"
    return f"{'true or false:' if kind == 'boolean' else f'the {kind}'} {written(value)}"


def _is_short(value: Decimal | int) -> bool:
    """Whether a number can be written out digit by digit; `1E+999999999` would fill the memory."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return isinstance(exponent, int) and max(abs(value.adjusted()), -exponent) <= MAX_PLACES
    return value.bit_length() <= 4 * MAX_PLACES


def written(value: Any) -> str:
    """The text form of a single value, the same that `TEXT` and `as: text` give.  Raises ValueError for others."""
    match kind_of(value):
        case "text":
            return str(value)
        case "number":
            if not _is_short(value):
                raise ValueError(f"the number has more than {MAX_PLACES} places")
            return plain(value) if isinstance(value, Decimal) else str(int(value))
        case "boolean":
            return "true" if value else "false"
        case "date":
            return str(value.isoformat())
        case "instant":
            return str(value.isoformat()).replace("+00:00", "Z")
        case "null" | "missing":
            return ""
        case kind:
            raise ValueError(f"expected a single value, got {'a list' if kind == 'list' else f'an {kind}'}")


def as_list(value: Any) -> list[Any]:
    """None, one or many: nothing is no entry, a list is itself, anything else is one entry."""
    if value is None or value is MISSING:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
