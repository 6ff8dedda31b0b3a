"""What every noun shares: frozen, no unknown fields, strict values, one canonical JSON form and its digest.  (pure)"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import SchemaValidator

from billsync.model.currency import exponent
from billsync.model.quick import quick_validator, stored_validator
from billsync.model.scalar import plain, read_day, read_decimal, read_instant, read_text, read_zone
from billsync.model.simple import simple_text
from billsync.model.writer import Write, writer_of

_DECIMAL_SCHEMA = {"type": "string", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$", "examples": ["1234.50"]}

Number = Annotated[
    Decimal,
    BeforeValidator(read_decimal),
    PlainSerializer(plain, return_type=str, when_used="json"),
    WithJsonSchema(_DECIMAL_SCHEMA),
]
"""An exact decimal, a string in JSON: quantities, rates, unit prices and amounts."""

Day = Annotated[date, BeforeValidator(read_day)]
"""A calendar day, `YYYY-MM-DD`."""

YEARS: Final = range(1900, 2200)
"""Years in which service may begin or change: cycles on either side of them stay within what a calendar can count."""


def _in_years(value: date) -> date:
    if value.year not in YEARS:
        raise ValueError(f"expected a day in the years {YEARS[0]} to {YEARS[-1]}, got {value}")
    return value


ServiceDay = Annotated[Day, AfterValidator(_in_years)]
"""A day on which service begins or changes."""

Instant = Annotated[datetime, BeforeValidator(read_instant)]
"""An instant, RFC 3339 in UTC."""

Text = Annotated[str, BeforeValidator(read_text)]
"""Unicode text without NUL bytes."""


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("expected text, got nothing but blanks")
    return value


def _currency(value: str) -> str:
    exponent(value)
    return value


def _country(value: str) -> str:
    if len(value) != 2 or not value.isascii() or not value.isupper():
        raise ValueError(f"expected an ISO 3166-1 alpha-2 country code such as DE, got {value!r}")
    return value


Id = Annotated[Text, AfterValidator(_filled)]
"""An identifier: text that is not blank."""

Currency = Annotated[Text, AfterValidator(_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})]
"""An ISO 4217 code."""

Country = Annotated[Text, AfterValidator(_country), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$"})]
"""An ISO 3166-1 alpha-2 code."""

Zone = Annotated[str, BeforeValidator(read_zone)]
"""An IANA time zone name."""


class Noun(BaseModel):
    """A value: equal by content, never changed, with no field that its schema does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """The noun that a value describes.  Raises pydantic's ValidationError."""
        if not options:
            with suppress(ValidationError):
                return cast("Self", _quick(cls).validate_python(obj))
        return super().model_validate(obj, **options)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """The noun that a JSON text describes.  Raises pydantic's ValidationError."""
        if not options:
            with suppress(ValidationError):
                return cast("Self", _quick(cls).validate_json(json_data))
        return super().model_validate_json(json_data, **options)

    @classmethod
    def trusted(cls, **values: Any) -> Self:
        """The noun of values that are what a validated noun holds; fields that are not given have their defaults.

        Nothing is checked: for values that come out of nouns or of the engine's own arithmetic.
        """
        defaults, names = _shape(cls)
        noun = object.__new__(cls)
        _put(noun, "__dict__", values if len(values) == len(names) else {**defaults, **values})
        _put(noun, "__pydantic_fields_set__", names)
        _put(noun, "__pydantic_extra__", None)
        _put(noun, "__pydantic_private__", None)
        return noun

    def altered(self, **values: Any) -> Self:
        """The same noun with these values in place of its own; they are trusted, see there."""
        return self.trusted(**{**self.__dict__, **values})

    @classmethod
    def reread(cls, text: str) -> Self:
        """The noun of a canonical text that one of them was written as: how its fields fit is not asked again.

        Raises pydantic's ValidationError.
        """
        with suppress(ValidationError):
            return cast("Self", _stored(cls).validate_json(text))
        return super().model_validate_json(text)

    def json_text(self) -> str:
        """The canonical JSON text: sorted keys, no blanks, decimals as strings."""
        write = _writer(type(self))
        if write is not None:
            with suppress(TypeError, KeyError):  # a value of another type than the field's
                return write(self)
        return canonical_json(self.model_dump(mode="json"))

    def digest(self) -> str:
        """SHA-256 of the canonical JSON text, in hexadecimal."""
        return digest_text(self.json_text())


@cache
def _quick(noun: type[Noun]) -> SchemaValidator:
    return quick_validator(noun.__pydantic_core_schema__, _filled)


@cache
def _stored(noun: type[Noun]) -> SchemaValidator:
    return stored_validator(noun.__pydantic_core_schema__)


@cache
def _writer(noun: type[Noun]) -> Write | None:
    return writer_of(noun.__pydantic_core_schema__)


_put = object.__setattr__


@cache
def _shape(noun: type[Noun]) -> tuple[dict[str, Any], set[str]]:
    """The defaults of a noun's fields, and the names of all: shared, since no noun ever changes."""
    fields = noun.model_fields
    return {name: field.get_default() for name, field in fields.items() if not field.is_required()}, set(fields)


def canonical_json(value: object) -> str:
    """One text per value: sorted keys, no blanks; Decimals, days and instants as strings.  Raises TypeError for floats.

    Text is kept as it is (no escapes): the same record gives the same bytes on every machine and store.
    """
    quick = simple_text(value)
    if quick is not None:
        return quick
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"no canonical JSON for {type(value).__name__}")


def digest_text(text: str) -> str:
    """SHA-256 of text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
