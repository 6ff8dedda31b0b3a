"""How values stand in columns: text that compares by its bytes, on SQLite and Postgres alike.  (shell)

- `Key`: an identifier that is indexed.  Postgres refuses index entries above 2,704 bytes; ids of other systems may be
  longer.  Text above 200 bytes is kept in the column as its beginning and its SHA-256, and whole in the row's `whole`.
- `Moment`: an instant as UTC text of fixed width, `2026-01-31T10:00:00.000000Z`: sorts as text as it does in time.
- `DayText`: a day as `2026-01-31`.
- Amounts are BIGINT minor units; everything else is canonical JSON text.  Nothing is ever a binary fraction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Dialect, RowMapping, Text
from sqlalchemy.types import TypeDecorator

from billsync.model.base import canonical_json
from billsync.model.scalar import read_text

LIMIT: Final = 200
"""Bytes of UTF-8 that an indexed text may have before it is folded."""

PLAIN: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by code point: SQLite's own order."""


def is_long(text: str) -> bool:
    """Whether the text is too long for an index."""
    return len(text) * 4 > LIMIT and len(text.encode()) > LIMIT


def fold(text: str) -> str:
    """The text itself, or where it is long its beginning and its hash.

    The folded text is longer than `LIMIT`, so that it is never equal to a text that stands unfolded.  Raises ValueError
    for text with NUL bytes or lone surrogates, which only one of the databases would take.
    """
    if len(text) <= LIMIT and text.isascii() and "\x00" not in text:
        return text
    read_text(text)
    if not is_long(text):
        return text
    raw = text.encode()
    return raw[:LIMIT].decode(errors="ignore") + "~" + hashlib.sha256(raw).hexdigest()


def with_whole(row: dict[str, Any], *columns: str) -> dict[str, Any]:
    """The row with `whole` set: the unfolded texts of these columns as JSON, or None where none is long."""
    long = {column: row[column] for column in columns if is_long(row[column])}
    row["whole"] = canonical_json(long) if long else None
    return row


def unfolded(row: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
    """The row as it was given to `with_whole`."""
    plain = dict(row)
    whole = plain.pop("whole", None)
    return plain | json.loads(whole) if whole else plain


class Key(TypeDecorator[str]):
    """Indexed text; folds itself on the way in, so that look-ups take the text as it is."""

    impl = PLAIN
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Fold."""
        return None if value is None else fold(value)


class Moment(TypeDecorator[datetime]):
    """An aware datetime as UTC text of fixed width."""

    impl = PLAIN
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """To text.  Raises ValueError for a datetime without a zone."""
        return None if value is None else moment_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """From text."""
        return None if value is None else datetime.fromisoformat(value)


class DayText(TypeDecorator[date]):
    """A day as ISO text."""

    impl = PLAIN
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        """To text."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        """From text."""
        return None if value is None else date.fromisoformat(value)


@lru_cache(maxsize=256)
def moment_text(value: datetime) -> str:
    """The instant as it stands in columns.  Raises ValueError for one without a zone."""
    if value.tzinfo is None:
        raise ValueError(f"expected an instant with its offset, got {value.isoformat()} without one")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
