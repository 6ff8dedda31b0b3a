"""JSON without surprises: Decimals, no NaN, no duplicate keys, no endless numbers, bounded depth.  (pure)

Python's own reader takes `NaN`, keeps the last of two equal keys, turns 0.1 into a float and lets a lone surrogate
through that no database can store.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, Final

from billsync.model.scalar import MAX_DECIMALS, read_decimal, read_text, show
from billsync.model.simple import LEVELS, is_simple

MAX_DEPTH: Final = LEVELS
_MAX_NUMBER: Final = 40
_NOTHING: Final = object()


class BadJson(ValueError):
    """The text is not JSON that can be kept whole.

    Attributes:
        code: `READ-JSON-01` where it cannot be parsed, `READ-JSON-02` where a value would be lost, `READ-TEXT-01`
            where its text is not valid.
        line, column: 1-based, or None where the fault is in a value.
    """

    def __init__(self, code: str, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.column = column


def loads(text: str | bytes, *, any_text: bool = False) -> Any:
    """The value of a JSON text; numbers with a point are Decimals.  Raises `BadJson`.  A BOM is tolerated.

    With `any_text` texts may hold NUL and lone surrogates: many records in one answer are judged one by one
    (`strict.record`), so that one of them does not spoil all.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadJson("READ-TEXT-01", f"the text is not UTF-8 (byte {error.start})") from None
    text = text.removeprefix("\ufeff")
    if (found := _quick(text, any_text=any_text)) is not _NOTHING:
        return found
    try:
        value = json.loads(
            text,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as error:
        raise BadJson("READ-JSON-01", f"not valid JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise BadJson("READ-JSON-02", f"the JSON is nested deeper than {MAX_DEPTH} levels") from None
    _check(value, 0, any_text=any_text)
    return value


def _quick(text: str, *, any_text: bool) -> Any:
    """The value where a faster reader is proven to have read it as this one would; else `_NOTHING`.

    That reader keeps the last of two equal keys.  A colon stands after every key and in texts, nowhere else: where the
    value, written again, has as many colons as the text, no key was lost.
    """
    if "\\u003" in text or (not any_text and ("\\u0000" in text or "\\ud" in text or "\\uD" in text)):
        return _NOTHING
    read, write = _codec()
    try:
        value = read(text)
    except (ValueError, RecursionError):  # `BadJson` among them: it is told as ever
        return _NOTHING
    return value if is_simple(value) and write(value).count(b":") == text.count(":") else _NOTHING


@cache
def _codec() -> tuple[Callable[[str], Any], Callable[[object], bytes]]:
    from msgspec.json import Decoder, Encoder  # noqa: PLC0415  only who reads records pays for it

    return Decoder(float_hook=_number).decode, Encoder().encode


def _number(text: str) -> Decimal:
    if len(text) <= MAX_DECIMALS and "e" not in text and "E" not in text:
        return Decimal(text)  # too short to be out of bounds
    if len(text) > _MAX_NUMBER or ("e" in text.lower() and len(text.lower().split("e")[1].lstrip("+-")) > 2):
        raise BadJson("READ-JSON-02", f"the number {show(text)} is too large")
    try:
        return read_decimal(Decimal(text))
    except ValueError as error:
        raise BadJson("READ-JSON-02", str(error)) from None


def _integer(text: str) -> int:
    if len(text) > _MAX_NUMBER or abs(int(text)) >= 2**63:
        raise BadJson("READ-JSON-02", f"the number {show(text)} is too large")
    return int(text)


def _constant(name: str) -> Any:
    raise BadJson("READ-JSON-02", f"{name} is not a number that can be kept")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BadJson("READ-JSON-02", f"the key {show(key)} stands twice")
        found[key] = value
    return found


def _check(value: Any, depth: int, *, any_text: bool) -> None:
    if depth > MAX_DEPTH:
        raise BadJson("READ-JSON-02", f"the JSON is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        _check_text(value, any_text=any_text)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, any_text=any_text)
            _check(item, depth + 1, any_text=any_text)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1, any_text=any_text)


def _check_text(value: str, *, any_text: bool) -> None:
    if any_text:
        return
    try:
        read_text(value)
    except ValueError as error:
        raise BadJson("READ-TEXT-01", str(error)) from None
