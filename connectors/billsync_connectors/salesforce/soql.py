"""SOQL written: texts that cannot break out of their quotes, instants, conditions that go together.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from billsync.model.scalar import read_instant

_ESCAPED: Final = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def quoted(text: str) -> str:
    """A text as SOQL has it."""
    return f"'{text.translate(_ESCAPED)}'"


def among(texts: Iterable[str]) -> str:
    """What follows IN."""
    return f"({','.join(quoted(text) for text in texts)})"


def every(*conditions: str) -> str:
    """Conditions that all hold, those left out that say nothing; "" for none."""
    said = [condition for condition in conditions if condition]
    return said[0] if len(said) == 1 else " AND ".join(f"({condition})" for condition in said)


def select(fields: Iterable[str], object: str, where: str = "", order: str = "", limit: int | None = None) -> str:
    """A query."""
    parts = ["SELECT", ",".join(fields), "FROM", object]
    parts += [f"WHERE {where}"] if where else []
    parts += [f"ORDER BY {order}"] if order else []
    parts += [f"LIMIT {limit}"] if limit is not None else []
    return " ".join(parts)


def instant(text: str) -> str:
    """An instant of Salesforce's (`2026-03-01T12:00:00.000+0000`) as queries and checkpoints have it: `...000Z`.

    Raises ValueError.
    """
    if len(text) > 5 and text[-5] in "+-" and text[-4:].isdigit():
        text = f"{text[:-2]}:{text[-2:]}"
    return written(read_instant(text))


def written(moment: datetime) -> str:
    """The same, from a datetime in UTC; texts sort as instants do."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def earlier(text: str, seconds: int) -> str:
    """The instant so many seconds before."""
    return written(read_instant(text) - timedelta(seconds=seconds))
