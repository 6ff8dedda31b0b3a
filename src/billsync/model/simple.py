"""Values that a C library writes and reads as our own, slower code would: proven first, never assumed.  (pure)

Most records are simple: exact types, whole numbers of 64 bits, decimals without exponent.  `canonical_json` and
`strict` define what is right; whatever is not simple goes through them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import chain
from types import NoneType
from typing import Any, Final

from billsync.model.scalar import MAX_DECIMALS, read_decimal

LEVELS: Final = 64
"""Objects and arrays inside of each other."""
NUMBERS: Final = 2**63
"""Whole numbers are smaller than this."""

_NAMES: Final = frozenset({str})
_LEAVES: Final = frozenset({str, NoneType, bool, date})


def is_simple(value: object) -> bool:
    """Whether the value has nothing but exact types, numbers that can be kept, and at most `LEVELS` levels.

    Its texts are not looked at.  Level by level, so that most of it is done by C.
    """
    level: list[Any] = [value] if type(value) not in _LEAVES else []
    for _ in range(LEVELS + 1):
        objects = [item for item in level if type(item) is dict]
        arrays = [item for item in level if type(item) is list]
        if len(objects) + len(arrays) < len(level) and not all(map(_is_plain, level)):
            return False
        if not (objects or arrays):
            return True
        if not _NAMES.issuperset(map(type, chain.from_iterable(objects))):
            return False
        below = chain(chain.from_iterable(map(dict.values, objects)), chain.from_iterable(arrays))
        level = [item for item in below if type(item) not in _LEAVES]
    return False


def _is_plain(value: Any) -> bool:
    """Whether it is an object, an array, or a number that is written the same everywhere."""
    kind = type(value)
    if kind is not Decimal:
        return kind is dict or kind is list or (kind is int and abs(value) < NUMBERS)
    text = str(value)
    if "E" in text or not text[-1].isdigit():
        return False
    try:
        return len(text) <= MAX_DECIMALS or read_decimal(value) is not None
    except ValueError:
        return False


def simple_text(value: object) -> str | None:
    """The canonical JSON text of a value; None where it is not simple, or has text that is no Unicode."""
    return _written(value) if is_simple(value) else None


def simple_texts(values: list[Any]) -> list[str | None]:
    """The same of many values, of which most are simple: they are looked at together, which costs half."""
    return list(map(_written if is_simple(values) else simple_text, values))


def _written(value: object) -> str | None:
    try:
        return _encoder()(value).decode()
    except UnicodeEncodeError:
        return None


@cache
def _encoder() -> Callable[[object], bytes]:
    from msgspec.json import Encoder  # noqa: PLC0415  only who reads or writes records pays for it

    return Encoder(order="deterministic", decimal_format="string").encode


def read_back(text: str) -> Any:
    """The value of a canonical JSON text: what was a decimal, a day or an instant is text.  Raises ValueError."""
    return _decoder()(text)


@cache
def _decoder() -> Callable[[str], Any]:
    from msgspec.json import Decoder  # noqa: PLC0415  as above

    return Decoder().decode
