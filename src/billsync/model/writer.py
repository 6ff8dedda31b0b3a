"""Nouns as canonical JSON in one go: the way to write each type is put together once, from its schema.  (pure)

`canonical_json` of a noun's content is the definition; what is written here is the same text, several times faster.
Whatever is not of the very type that the schema names is left to the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from json import encoder
from operator import itemgetter
from typing import Any, Final

from billsync.model.scalar import plain

Write = Callable[[Any], str]
"""The JSON text of a value.  Raises TypeError for a value of another type than its schema names."""

_text: Final = encoder.encode_basestring
_INNER: Final = ("function-after", "function-before", "default", "definitions")
"""Parts of a schema that say how a value is checked, and nothing of how it is written."""


def writer_of(schema: Mapping[str, Any]) -> Write | None:
    """Writes the nouns of a schema of pydantic's core; None where the schema has a part that is not known here."""
    named = {item["ref"]: item for item in schema.get("definitions", ())}
    try:
        for item in named.values():
            _of(item, named)  # what is put together later is judged now
        return _of(schema, named)
    except NotImplementedError:
        return None


def _of(node: Mapping[str, Any], named: Mapping[str, Any]) -> Write:
    kind, serialized = node["type"], node.get("serialization")
    if serialized is not None:
        if serialized.get("function") is not plain:
            raise NotImplementedError("a serializer of its own")
        return _number
    if kind in _INNER:
        return _of(node["schema"], named)
    if kind == "definition-ref":
        return _later(named[node["schema_ref"]], named)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind not in _PARTS:
        raise NotImplementedError(kind)
    return _PARTS[kind](node, named)


def _later(node: Mapping[str, Any], named: Mapping[str, Any]) -> Write:
    """A part that may hold itself: its writer is put together when it is needed."""
    made: list[Write] = []

    def write(value: Any) -> str:
        if not made:
            made.append(_of(node, named))
        return made[0](value)

    return write


def _number(value: Any) -> str:
    if type(value) is not Decimal:
        raise TypeError
    text = str(value)
    return f'"{plain(value)}"' if "E" in text else f'"{text}"'


def _day(value: Any) -> str:
    if type(value) is not date:
        raise TypeError
    return f'"{value.isoformat()}"'


def _instant(value: Any) -> str:
    if type(value) is not datetime or value.tzinfo is not UTC:
        raise TypeError
    return f'"{value.replace(tzinfo=None).isoformat()}Z"'


def _whole(value: Any) -> str:
    if type(value) is not int:
        raise TypeError
    return str(value)


def _truth(value: Any) -> str:
    if type(value) is not bool:
        raise TypeError
    return "true" if value else "false"


_SCALARS: Final[dict[str, Write]] = {"str": _text, "date": _day, "datetime": _instant, "int": _whole, "bool": _truth}


def _nullable(node: Mapping[str, Any], named: Mapping[str, Any]) -> Write:
    write = _of(node["schema"], named)
    return lambda value: "null" if value is None else write(value)


def _enum(node: Mapping[str, Any], _named: Mapping[str, Any]) -> Write:
    values = {member: _text(member.value) for member in node["members"]}

    def write(value: Any) -> str:
        if not isinstance(value, Enum):  # text that is equal to a member
            raise TypeError
        return values[value]

    return write


def _literal(node: Mapping[str, Any], _named: Mapping[str, Any]) -> Write:
    if not all(type(value) is str for value in node["expected"]):
        raise NotImplementedError("a literal that is no text")
    return _text


def _tuple(node: Mapping[str, Any], named: Mapping[str, Any]) -> Write:
    if len(node["items_schema"]) != 1 or node.get("variadic_item_index") != 0:
        raise NotImplementedError("a tuple of a fixed length")
    each = _of(node["items_schema"][0], named)

    def write(value: Any) -> str:
        if type(value) is not tuple:
            raise TypeError
        return "[" + ",".join([each(item) for item in value]) + "]"

    return write


def _dict(node: Mapping[str, Any], named: Mapping[str, Any]) -> Write:
    if _of(node["keys_schema"], named) is not _text:
        raise NotImplementedError("keys that are no text")
    each = _of(node["values_schema"], named)

    def write(value: Any) -> str:
        if type(value) is not dict:
            raise TypeError
        return "{" + ",".join([f"{_text(key)}:{each(value[key])}" for key in sorted(value)]) + "}"

    return write


def _union(node: Mapping[str, Any], named: Mapping[str, Any]) -> Write:
    """Of models only: each is told by its type."""
    choices = node["choices"].values() if isinstance(node["choices"], Mapping) else node["choices"]
    bare = [choice[0] if isinstance(choice, tuple) else choice for choice in choices]
    by_type = {_model_of(choice, named)["cls"]: _of(choice, named) for choice in bare}

    def write(value: Any) -> str:
        if type(value) not in by_type:
            raise TypeError
        return by_type[type(value)](value)

    return write


def _model_of(node: Mapping[str, Any], named: Mapping[str, Any]) -> Mapping[str, Any]:
    while node["type"] in (*_INNER, "definition-ref"):
        node = named[node["schema_ref"]] if node["type"] == "definition-ref" else node["schema"]
    if node["type"] != "model":
        raise NotImplementedError("a union of other things than models")
    return node


def _model(node: Mapping[str, Any], named: Mapping[str, Any]) -> Write:
    inner = node["schema"]
    while inner["type"] in _INNER:
        inner = inner["schema"]
    if inner["type"] != "model-fields" or inner.get("computed_fields"):
        raise NotImplementedError(inner["type"])
    fields = {name: _of(field["schema"], named) for name, field in inner["fields"].items()}
    return _object(node["cls"], fields, lambda value: value.__dict__)


def _dataclass(node: Mapping[str, Any], named: Mapping[str, Any]) -> Write:
    inner = node["schema"]
    while inner["type"] in _INNER:
        inner = inner["schema"]
    fields = {field["name"]: _of(field["schema"], named) for field in inner["fields"]}
    return _object(node["cls"], fields, lambda value: {name: getattr(value, name) for name in fields})


def _object(cls: type, fields: Mapping[str, Write], content: Callable[[Any], Mapping[str, Any]]) -> Write:
    names = sorted(fields)
    form = "{" + ",".join(f"{_text(name)}:%s" for name in names) + "}"
    writers: Sequence[Write] = [fields[name] for name in names]
    if len(names) < 2:
        raise NotImplementedError("a model of one field")
    pick = itemgetter(*names)

    last: tuple[Any, str] = (None, "")

    def write(value: Any) -> str:
        nonlocal last
        known, text = last
        if known is value:  # the policy of document after document
            return text
        if type(value) is not cls:
            raise TypeError
        text = form % tuple([write(item) for write, item in zip(writers, pick(content(value)), strict=False)])
        last = (value, text)
        return text

    return write


_PARTS: Final[dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Write]]] = {
    "nullable": _nullable,
    "enum": _enum,
    "literal": _literal,
    "tuple": _tuple,
    "dict": _dict,
    "union": _union,
    "tagged-union": _union,
    "model": _model,
    "dataclass": _dataclass,
}
