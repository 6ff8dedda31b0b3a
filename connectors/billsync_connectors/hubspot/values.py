"""What is written into HubSpot's properties: everything is text there, and "" takes a value away.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billsync.connector import Refused
from billsync.model.scalar import plain


def written(value: Any) -> str:
    """A value as HubSpot takes it.  Raises ValueError for what has no place in a property."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date | int | str):
        return str(value)
    if isinstance(value, list | tuple):
        return ";".join(written(item) for item in value)
    raise ValueError(f"a {type(value).__name__} has no place in a property of HubSpot's")


def properties(payload: Mapping[str, Any], *, without: frozenset[str]) -> dict[str, str]:
    """The properties of a payload.  Raises `Refused`."""
    found = {}
    for name, value in payload.items():
        if name not in without:
            try:
                found[name] = written(value)
            except ValueError as error:
                raise Refused("bad_value", f"{name}: {error}", field=name) from None
    return found
