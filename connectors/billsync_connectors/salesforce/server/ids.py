"""Record ids: 15 characters that tell a from A, and 3 more that survive those who don't.  (pure)"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE: Final = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_POD: Final = "dM0"
"""The org's own part of each id."""


def made(prefix: str, number: int) -> str:
    """The id of the n-th record of a prefix: 18 characters."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    short = f"{prefix}{_POD}{digits:0>9}"
    return short + checks(short)


def checks(short: str) -> str:
    """The three characters that say which of the fifteen are capitals."""
    marks = (
        sum(1 << place for place, letter in enumerate(short[start : start + 5]) if "A" <= letter <= "Z")
        for start in (0, 5, 10)
    )
    return "".join(_CHECKS[mark] for mark in marks)


@lru_cache(maxsize=65536)
def full(id: str) -> str | None:
    """The 18 characters of an id of 15 or 18; None for what is no id."""
    if not _SHAPE.fullmatch(id):
        return None
    return id[:15] + checks(id[:15])
