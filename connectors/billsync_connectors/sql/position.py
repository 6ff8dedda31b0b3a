"""Where a read stands in a column that rises: as JSON, moved back by the lag, never ahead of the clock.  (pure)"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from billsync_connectors.sql.settings import CursorConfig

_STAMP: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}.*", re.ASCII)
_TO_SECOND: Final = len("YYYY-MM-DD HH:MM:SS")


class BadPosition(ValueError):
    """A value that a position cannot be made of."""


def packed(value: Any) -> Any:
    """The value as JSON.  Raises `BadPosition` for a kind that has no order to go on by."""
    if value is None:
        return None
    kinds: tuple[tuple[type, str, Any], ...] = (
        (bool, "", None),
        (int, "int", str),
        (Decimal, "decimal", str),
        (float, "float", float.hex),
        (datetime, "at", datetime.isoformat),
        (date, "day", date.isoformat),
        (str, "text", str),
        (UUID, "uuid", str),
        (bytes, "bytes", bytes.hex),
    )
    for kind, name, write in kinds:
        if isinstance(value, kind) and write is not None:
            return [name, write(value)]
    raise BadPosition(f"a value of the type {type(value).__name__} has no order to go on by")


def unpacked(found: Any) -> Any:
    """The value of its JSON.  Raises `BadPosition`."""
    if found is None:
        return None
    readers: dict[str, Any] = {
        "int": int,
        "decimal": Decimal,
        "float": float.fromhex,
        "at": datetime.fromisoformat,
        "day": date.fromisoformat,
        "text": str,
        "uuid": UUID,
        "bytes": bytes.fromhex,
    }
    try:
        kind, text = found
        return readers[kind](text)
    except (KeyError, ValueError, TypeError, ArithmeticError):
        raise BadPosition("the checkpoint holds something else than a position") from None


def moment(value: Any, zone: str | None) -> datetime | None:
    """The instant that a cursor's value stands for; None for numbers and other text.  No zone means UTC."""
    if isinstance(value, str) and _STAMP.fullmatch(value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=ZoneInfo(zone or "UTC"))


def capped(value: Any, now: datetime, zone: str | None) -> Any:
    """The value, or the present moment in its form where it lies ahead: tomorrow's stamp must hide nothing of today."""
    at = moment(value, zone)
    if at is not None and at > now:
        return _like(value, now, zone)
    if isinstance(value, date) and not isinstance(value, datetime):
        return min(value, now.astimezone(ZoneInfo(zone or "UTC")).date())
    return value


def _like(value: Any, at: datetime, zone: str | None) -> Any:
    """The moment in the form of a value: aware or not, text or not; of text no further than the second."""
    model = datetime.fromisoformat(value) if isinstance(value, str) else value
    local = at.astimezone(model.tzinfo or ZoneInfo(zone or "UTC"))
    local = local if model.tzinfo is not None else local.replace(tzinfo=None)
    # without what follows the second the text is a prefix, and so less than or equal to any of that second
    return local.isoformat(sep=value[10])[:_TO_SECOND] if isinstance(value, str) else local


def before(value: Any, cursor: CursorConfig, zone: str | None) -> Any:
    """From where on to read again: the value moved back by the lag."""
    at = moment(value, zone)
    if at is not None:
        try:
            return _like(value, at.astimezone(UTC) - timedelta(seconds=cursor.lag_s), zone)
        except OverflowError:
            return value
    if isinstance(value, date):
        return value - timedelta(days=-(-cursor.lag_s // 86_400))
    if isinstance(value, int | Decimal):
        return value - cursor.lag_steps
    return value
