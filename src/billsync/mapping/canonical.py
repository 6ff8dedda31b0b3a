"""The canonical documents as a mapping sees them: their fields, what they need, and their own validation.  (pure)"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, reduce
from typing import Annotated, Any, Final, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from billsync.connector import Record
from billsync.model.base import Noun
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.payment import InvoiceStatus, Payment, Refund
from billsync.model.problem import Place
from billsync.model.product import Price, Product
from billsync.model.scalar import show
from billsync.model.usage import CustomerUsage

KINDS: Final[dict[str, type[Noun]]] = {
    "customer": Customer,
    "product": Product,
    "price": Price,
    "deal": Deal,
    "contract": Contract,
    "usage": CustomerUsage,
    "invoice": Invoice,
    "credit_note": CreditNote,
    "payment": Payment,
    "refund": Refund,
    "status": InvoiceStatus,
}
"""Name of a kind in mappings -> its noun."""

INBOUND: Final = ("customer", "product", "deal", "contract", "usage", "payment", "refund")
"""Kinds that a mapping may write."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What may stand at one place of a document.

    Attributes:
        form: value, object, list or map (an object whose names are free).
        fields: of an object or of a list's entries: name -> annotation; None where any name is taken.
        required: names that have no default.
        nullable: whether null may stand here.
        reader: what the document itself reads a value with, None where it takes it as it is.
    """

    form: str
    fields: Mapping[str, Any] | None = None
    required: frozenset[str] = frozenset()
    nullable: bool = False
    reader: Callable[[Any], Any] | None = None

    def child(self, name: str) -> Shape | None:
        """What may stand at a field, or None where there is no such field."""
        if self.fields is None:
            return Shape("value") if self.form == "map" else ANYTHING
        return shape_of(self.fields[name]) if name in self.fields else None


ANYTHING: Final = Shape("any")


def shape_of(annotation: Any) -> Shape:
    """The shape that a type annotation describes."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _read_by(shape_of(arguments[0]), arguments[1:])
    if origin in {Union, types.UnionType}:
        inner = reduce(_either, (shape_of(argument) for argument in arguments if argument is not types.NoneType))
        return replace(inner, nullable=types.NoneType in arguments)
    if origin in {tuple, list}:
        inner = shape_of(arguments[0])
        return Shape("list", inner.fields if inner.form == "object" else {}, inner.required)
    if origin is dict:
        return Shape("map")
    return _object(annotation) if isinstance(annotation, type) else Shape("value", {})


def _either(one: Shape, other: Shape) -> Shape:
    """What may stand where either may: the fields of both, of which those are needed that both need."""
    if one.form != other.form or one.fields is None or other.fields is None:
        return ANYTHING
    fields = {**one.fields, **other.fields}
    for name in one.fields.keys() & other.fields.keys():
        if one.fields[name] != other.fields[name]:
            fields[name] = Union[one.fields[name], other.fields[name]]  # noqa: UP007  types that are only known here
    reader = one.reader if one.reader is other.reader else None
    return Shape(one.form, fields, one.required & other.required, reader=reader)


def _read_by(shape: Shape, said: tuple[Any, ...]) -> Shape:
    reader = next((each.func for each in said if isinstance(each, BeforeValidator)), None)
    return shape if reader is None else replace(shape, reader=cast("Callable[[Any], Any]", reader))


def _annotated(info: FieldInfo) -> Any:
    """The field's type with what pydantic has taken off it."""
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


@cache
def _object(annotation: type) -> Shape:
    if issubclass(annotation, BaseModel):
        known = annotation.model_fields
        required = frozenset(name for name, info in known.items() if info.is_required())
        return Shape("object", {name: _annotated(info) for name, info in known.items()}, required)
    if is_dataclass(annotation):
        required = frozenset(item.name for item in fields(annotation) if item.default is NO_DEFAULT)
        return Shape("object", get_type_hints(annotation), required)
    return Shape("value", {})


def unknown_step(kind: str, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """The first name of a path that a document of this kind does not have, with the names that it has; else None."""
    shape = shape_of(KINDS[kind])
    for name in names:
        inner = shape.child(name)
        if inner is None:
            return name, tuple(shape.fields or ())
        shape = inner
    return None


def record_of(kind: str, noun: Noun, id: str) -> Record:
    """The noun as a record that an outbound mapping takes: Decimals and dates are kept."""
    return Record(kind, id, noun.model_dump(), Place(system="billsync", object=kind, id=id))


def validate(kind: str, document: Mapping[str, Any]) -> tuple[Noun | None, list[ErrorDetails]]:
    """The noun that the document describes, or what is wrong with it."""
    try:
        return KINDS[kind].model_validate(document), []
    except ValidationError as error:
        return None, error.errors(include_url=False, include_context=False)


def complaint(error: ErrorDetails) -> str:
    """What a validation error says, with the value shown."""
    message = error["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    value = show(error["input"])
    if isinstance(error["input"], Mapping | list | tuple) or value in message:
        return message
    return f"{message}, got {value}"
