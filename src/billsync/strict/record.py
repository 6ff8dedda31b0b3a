"""Whether a record can be kept whole, whoever's connector gave it; one that cannot never stops the others.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from billsync.model.scalar import read_decimal, read_text, show
from billsync.strict.json import MAX_DEPTH

MAX_TEXT: Final = 1 << 20
MAX_RECORD: Final = 1 << 22
"""Characters of one text, and of all texts of a record."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a record cannot be kept: a problem code, what is wrong, and the path of the field ("" for the record)."""

    code: str
    message: str
    field: str = ""


class _Bad(Exception):
    """Found below; `path` grows on the way up."""

    def __init__(self, code: str, message: str, *, whole: bool = False) -> None:
        super().__init__(message)
        self.code, self.whole, self.path = code, whole, ""

    def under(self, step: str) -> _Bad:
        """The same, one level up."""
        if not self.whole:
            self.path = f"{step}.{self.path}" if self.path and self.path[0] != "[" else f"{step}{self.path}"
        return self


def unfit(id: Any, data: Any, text: str | None = None) -> Unfit | None:
    """What keeps a record from being stored, or None.  Takes anything: a connector may break its word.

    `text` is the content's canonical JSON where it is known (`model.simple`): then it is not gone through again.
    """
    if not isinstance(id, str) or not id.strip():
        return Unfit("READ-KEY-01", f"expected text as the record's id, got {show(id)}")
    try:
        _text(id)
        if text is not None and type(data) is dict and len(text) <= MAX_TEXT and "\\u0000" not in text:
            return None
        size = _walk(data, 0) if isinstance(data, Mapping) else _refuse(data)
    except _Bad as bad:
        return Unfit(bad.code, str(bad), bad.path)
    if size > MAX_RECORD:
        return Unfit("READ-SIZE-01", f"the record has {size:,} characters, the limit is {MAX_RECORD:,}")
    return None


def _walk(value: Any, depth: int) -> int:
    """Characters of all texts below; raises `_Bad` for what cannot be kept."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | date):
        return 0
    if isinstance(value, int | Decimal):
        return _number(value)
    if depth >= MAX_DEPTH:
        raise _Bad("READ-JSON-02", f"the record is nested deeper than {MAX_DEPTH} levels", whole=True)
    if isinstance(value, Mapping):
        return sum(_entry(key, key, item, depth) for key, item in value.items())
    if isinstance(value, list | tuple):
        return sum(_entry("", f"[{at}]", item, depth) for at, item in enumerate(value))
    return _refuse(value)


def _entry(name: Any, step: str, value: Any, depth: int) -> int:
    size = _text(name)
    try:
        return size + _walk(value, depth + 1)
    except _Bad as bad:
        raise bad.under(step) from None


def _text(value: Any) -> int:
    if not isinstance(value, str):
        raise _Bad("READ-JSON-02", f"expected text as the name of a field, got {show(value)}")
    if len(value) > MAX_TEXT:
        raise _Bad("READ-SIZE-01", f"the text has {len(value):,} characters, the limit is {MAX_TEXT:,}")
    if not value.isascii() or "\0" in value:
        try:
            read_text(value)
        except ValueError as error:
            raise _Bad("READ-TEXT-01", str(error), whole=True) from None
    return len(value)


def _number(value: int | Decimal) -> int:
    if isinstance(value, int):
        if abs(value) >= 2**63:
            raise _Bad("READ-JSON-02", "the number is larger than any that can be kept")
        return 0
    try:
        read_decimal(value)
    except ValueError as error:
        raise _Bad("READ-JSON-02", str(error)) from None
    return 0


def _refuse(value: Any) -> int:
    raise _Bad("READ-JSON-02", f"a value of the type {type(value).__name__} cannot be kept without loss")
