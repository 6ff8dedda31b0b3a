"""Business keys: the same thing has the same key however often billing runs, and two things never share one.  (pure)"""

from __future__ import annotations


def business_key(*parts: str, by: str) -> str:
    """The parts joined by `by`; where a part itself holds `by` it is escaped, so that no two lists give one key."""
    code = f"%{ord(by):02X}"
    return by.join(part.replace("%", "%25").replace(by, code) for part in parts)
