"""Values of fields: taken from JSON and CSV, and given back as JSON and CSV.  (pure)"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.salesforce.server.clock import stamp
from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.fields import NUMBERS, TEXTS, Field
from billsync_connectors.salesforce.server.ids import full
from billsync_stand_in.clock import read

Row = dict[str, Any]
"""One record: its fields by name.  Numbers are Decimals, days and instants text; what is empty is left out."""
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MARK: Final = "\ue000"
_RAW: Final = re.compile(f'"{_MARK}([^"{_MARK}]*){_MARK}"')


def taken(field: Field, value: Any) -> Any:
    """A value that was sent for a field, as rows keep it; None for nothing.  Raises `Denied`."""
    if value is None or value == "":
        return None
    if field.type in TEXTS:
        return _text(field, value)
    if field.type in NUMBERS:
        return _number(field, value)
    if field.type in ("reference", "id"):
        return _id(field, value)
    return _PLAIN[field.type](field, value)


def _text(field: Field, value: Any) -> str | None:
    if isinstance(value, dict | list):
        raise _parser(field, "START_OBJECT", value)
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    text = text.strip()
    if len(text) > field.length:
        told = f"{field.name}: data value too large: {text[:255]} (max length={field.length})"
        raise Denied(400, "STRING_TOO_LONG", told, [field.name])
    if field.type == "email" and not _EMAIL.fullmatch(text):
        raise Denied(400, "INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {text}", [field.name])
    return text or None


def _number(field: Field, value: Any) -> Decimal:
    try:
        number = Decimal(str(value).strip()) if not isinstance(value, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise _parser(field, "VALUE_STRING", value)
    if abs(number) >= Decimal(10) ** (field.precision - field.scale):
        told = f"{field.name}: value outside of valid range on numeric field: {value}"
        raise Denied(400, "NUMBER_OUTSIDE_VALID_RANGE", told, [field.name])
    return rounded(field, number)


def rounded(field: Field, number: Decimal) -> Decimal:
    """A number in the decimals of its field."""
    return number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)


def _id(field: Field, value: Any) -> str:
    found = full(value) if isinstance(value, str) else None
    if found is None:
        raise Denied(400, "MALFORMED_ID", f"{field.name}: id value of incorrect type: {value}", [field.name])
    return found


def _boolean(field: Field, value: Any) -> bool:
    found = {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())
    if found is None:
        raise _parser(field, "VALUE_STRING", value)
    return found


def _date(field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise _parser(field, "VALUE_STRING", value) from None


def _datetime(field: Field, value: Any) -> str:
    try:
        return stamp(read(str(value)))
    except ValueError:
        raise _parser(field, "VALUE_STRING", value) from None


_PLAIN: Final = {"boolean": _boolean, "date": _date, "datetime": _datetime}


def _parser(field: Field, token: str, value: Any) -> Denied:
    told = f"Cannot deserialize instance of {field.type} from {token} value {value} or request may be missing a "
    return Denied(400, "JSON_PARSER_ERROR", f"{told}required field at [line:1, column:2]")


# ---------------------------------------------------------------- given back


def given(field: Field, row: Mapping[str, Any]) -> Any:
    """A field of a record as JSON has it, but for its Decimals."""
    if field.type == "address":
        return _address(field, row)
    if "formula" in field.marks:
        return _days_open(row)
    return row.get(field.name, False if field.type == "boolean" else None)


def _address(field: Field, row: Mapping[str, Any]) -> dict[str, Any] | None:
    side = field.name.removesuffix("Address")
    parts = ("City", "Country", "PostalCode", "State", "Street")
    found = {part[0].lower() + part[1:]: row.get(side + part) for part in parts}
    missing = dict.fromkeys(("geocodeAccuracy", "latitude", "longitude"))
    return {**found, **missing} if any(found.values()) else None


def _days_open(row: Mapping[str, Any]) -> Decimal | None:
    """The one formula: its value changes with its record's days, which touches no stamp of its own."""
    start, end = row.get("Engaged_On__c"), row.get("CloseDate")
    if not start or not end:
        return None
    return Decimal((date.fromisoformat(end) - date.fromisoformat(start)).days)


def plain(number: Decimal) -> str:
    """A number without needless zeros: a whole one looks like an integer."""
    whole = number == number.to_integral_value()
    return format(number.quantize(Decimal(1)) if whole else number.normalize(), "f")


def dumps(value: Any) -> str:
    """JSON text; each Decimal as a number with all of its digits."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_marked)
    return _RAW.sub(r"\1", text) if _MARK in text else text


def _marked(value: Any) -> str:
    assert isinstance(value, Decimal)
    return f"{_MARK}{plain(value)}{_MARK}"


def loads(text: str | bytes) -> Any:
    """A JSON value; numbers with a point are Decimals.  Raises ValueError."""
    found = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    json.dumps(found, ensure_ascii=False, default=str).encode()  # half of a character is an error, not a text
    return found


def _no_number(word: str) -> Any:
    raise ValueError(word)


def cell(value: Any) -> str:
    """A value as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    return str(value)


def instant(text: str) -> datetime | None:
    """The instant of a literal, or None."""
    try:
        return read(text)
    except ValueError:
        return None
