"""Tryton's JSON: dates and decimals travel as objects with a `__class__`.  (pure)"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def dumps(method: str, params: list[Any]) -> str:
    """The text of one call.  Raises TypeError for values that Tryton does not take, floats among them."""
    return json.dumps({"id": 1, "method": method, "params": params}, default=_encoded, allow_nan=False)


def _encoded(value: object) -> object:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": format(value, "f")}
    if isinstance(value, datetime):
        return _day(value) | _time(value.astimezone(UTC))
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, bytes):
        return {"__class__": "bytes", "base64": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"Tryton takes no {type(value).__name__}")


def _day(value: date) -> dict[str, object]:
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def _time(value: datetime) -> dict[str, object]:
    clock = {"hour": value.hour, "minute": value.minute, "second": value.second, "microsecond": value.microsecond}
    return {**_day(value), "__class__": "datetime", **clock}


def plain_number(value: Decimal) -> Any:
    """A quantity as the JSON number that Tryton wants there; never for amounts, which it takes exactly."""
    return json.loads(format(value, "f"))


def without_zeros(value: Decimal) -> Decimal:
    """The same amount without decimals that say nothing: Tryton counts them, and refuses more than four."""
    return Decimal(text.rstrip("0").rstrip(".")) if "." in (text := format(value, "f")) else value


def decoded(value: Any) -> Any:
    """Values as Python has them: Decimals, days, instants in UTC.  Raises ValueError for a malformed object."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "__class__" in value:
        return _object(value)
    return {key: decoded(item) for key, item in value.items()}


def _object(value: Mapping[str, Any]) -> Any:
    kind = value["__class__"]
    try:
        if kind == "Decimal":
            return Decimal(value["decimal"])
        if kind == "date":
            return date(value["year"], value["month"], value["day"])
        if kind == "datetime":
            clock = {name: value[name] for name in ("hour", "minute", "second", "microsecond")}
            return datetime(value["year"], value["month"], value["day"], **clock, tzinfo=UTC)
    except (KeyError, TypeError, ArithmeticError):
        raise ValueError(f"Tryton sent a malformed {kind}") from None
    return dict(value)
