"""Business keys: the same thing has the same key however often billing runs, and two things never share one.  (pure)"""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import date
from itertools import count


def business_key(*parts: str, by: str) -> str:
    """The parts joined by `by`; where a part itself holds `by` it is escaped, so that no two lists give one key."""
    text = by.join(parts)
    if "%" not in text and text.count(by) == len(parts) - 1:
        return text  # nothing to escape
    code = f"%{ord(by):02X}"
    return by.join(part.replace("%", "%25").replace(by, code) for part in parts)


def charge_key(contract: str, line: str, first_day: date) -> str:
    """`contract/line/2026-01-31`."""
    return business_key(contract, line, first_day.isoformat(), by="/")


def untaken(key: str, taken: Container[str]) -> str:
    """The key, or the first of `key/2`, `key/3` ... that is not taken."""
    return key if key not in taken else next(each for each in _counted(key) if each not in taken)


def _counted(key: str) -> Iterator[str]:
    yield key
    yield from (f"{key}/{number}" for number in count(2))
