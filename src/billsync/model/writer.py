"""Nouns as canonical JSON in one go: for each type a function, compiled from its schema as source.  (pure)

`canonical_json` of a noun's content is the definition; what is written here is the same text, many times faster.
Whatever is not of the very type that the schema names is left to the definition.  Nothing of a schema reaches the
source but the names of fields as text literals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from json import encoder
from typing import Any, Final

from billsync.model.scalar import plain

Write = Callable[[Any], str]
"""The JSON text of a value.  Raises TypeError for a value of another type than its schema names."""

Schema = Mapping[str, Any]

_text: Final = encoder.encode_basestring
_INNER: Final = ("function-after", "function-before", "default", "definitions")
"""Parts of a schema that say how a value is checked, and nothing of how it is written."""


def writer_of(schema: Schema) -> Write | None:
    """Writes the nouns of a schema of pydantic's core; None where the schema has a part that is not known here."""
    named = {item["ref"]: item for item in schema.get("definitions", ())}
    source = _Source(named)
    try:
        for item in named.values():
            source.function(item)  # what is put together later is judged now
        return source.compiled(source.function(schema))
    except NotImplementedError:
        return None


def _number(value: Any) -> str:
    if type(value) is not Decimal:
        raise TypeError
    text = str(value)
    return f'"{plain(value)}"' if "E" in text else f'"{text}"'


@lru_cache(maxsize=4096)  # many documents share their days
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


def _tuple(value: Any) -> tuple[Any, ...]:
    if type(value) is not tuple:
        raise TypeError
    return value


def _dict(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise TypeError
    return value


def _pair(key: str, text: str) -> str:
    return f"{_text(key)}:{text}"


def _texts(value: Any) -> str:
    """A mapping of texts."""
    return "{" + ",".join([f"{_text(key)}:{_text(value[key])}" for key in sorted(_dict(value))]) + "}"


_SCALARS: Final = {"str": "text", "date": "day", "datetime": "instant", "int": "whole", "bool": "truth"}
_SHARED: Final[dict[str, Any]] = {
    "text": _text,
    "number": _number,
    "day": _day,
    "instant": _instant,
    "whole": _whole,
    "truth": _truth,
    "same_tuple": _tuple,
    "same_dict": _dict,
    "texts": _texts,
    "pair": _pair,
}


class _Source:
    """Functions as they are written down; each is named by its number.

    Attributes:
        named: the schema's definitions.
        names: what the source refers to.
    """

    def __init__(self, named: Schema) -> None:
        self.named = named
        self.names: dict[str, Any] = dict(_SHARED)
        self._lines: list[str] = []
        self._functions: dict[str, str] = {}

    def compiled(self, function: str) -> Write:
        """The function of that name."""
        exec(compile("\n".join(self._lines), "<writer>", "exec"), self.names)  # noqa: S102  made of numbered names
        write: Write = self.names[function]
        return write

    def function(self, node: Schema) -> str:
        """The name of a function that writes a value of the schema."""
        ref = node.get("ref")
        if ref in self._functions:
            return self._functions[ref]
        name = self._name("write")
        if ref is not None:  # a type may hold itself
            self._functions[ref] = name
        code = self._code(node, "value")
        self._lines += [f"def {name}(value):", f"    return {code}"]
        return name

    def _name(self, word: str, value: Any = None) -> str:
        name = f"{word}_{len(self.names)}"
        self.names[name] = value
        return name

    def _code(self, node: Schema, value: str) -> str:
        """An expression that writes what the expression `value` gives."""
        kind, serialized = node["type"], node.get("serialization")
        if serialized is not None:
            if serialized.get("function") is not plain:
                raise NotImplementedError("a serializer of its own")
            return f"number({value})"
        if kind in _INNER:
            return self._code(node["schema"], value)
        if kind in _SCALARS:
            return f"{_SCALARS[kind]}({value})"
        if kind == "definition-ref":
            return f"{self.function(self.named[node['schema_ref']])}({value})"
        make = _PARTS.get(kind)
        if make is None:
            raise NotImplementedError(kind)
        return make(self, node, value)

    def nullable(self, node: Schema, value: str) -> str:
        return f"('null' if {value} is None else {self._code(node['schema'], value)})"

    def enum(self, node: Schema, value: str) -> str:
        """By identity: text that is equal to a member is none."""
        texts = {member.value: _text(member.value) for member in node["members"]}

        def write(member: Any) -> str:
            if not isinstance(member, Enum):
                raise TypeError
            return texts[member.value]

        return f"{self._name('enum', write)}({value})"

    def literal(self, node: Schema, value: str) -> str:
        if not all(type(expected) is str for expected in node["expected"]):
            raise NotImplementedError("a literal that is no text")
        return f"text({value})"

    def tuple(self, node: Schema, value: str) -> str:
        if len(node["items_schema"]) != 1 or node.get("variadic_item_index") != 0:
            raise NotImplementedError("a tuple of a fixed length")
        each = self._code(node["items_schema"][0], "item")
        return f"('[' + ','.join([{each} for item in same_tuple({value})]) + ']' if {value} != () else '[]')"

    def dict(self, node: Schema, value: str) -> str:
        if self._code(node["keys_schema"], "key") != "text(key)":
            raise NotImplementedError("keys that are no text")
        each = self._code(node["values_schema"], "item")
        if each == "text(item)":
            return f"texts({value})"
        pairs = f"[pair(key, {each}) for key, item in sorted(same_dict({value}).items())]"
        return f"('{{' + ','.join({pairs}) + '}}')"

    def union(self, node: Schema, value: str) -> str:
        """Of models only: each is told by its type."""
        choices = node["choices"].values() if isinstance(node["choices"], Mapping) else node["choices"]
        bare = [choice[0] if isinstance(choice, tuple) else choice for choice in choices]
        by_type = ", ".join(
            f"{self._name('type', self._model_of(choice)['cls'])}: {self.function(choice)}" for choice in bare
        )
        chosen = self._name("choice")
        self._lines += [f"{chosen} = {{{by_type}}}"]
        return f"{chosen}[type({value})]({value})"

    def _model_of(self, node: Schema) -> Schema:
        while node["type"] in (*_INNER, "definition-ref"):
            node = self.named[node["schema_ref"]] if node["type"] == "definition-ref" else node["schema"]
        if node["type"] != "model":
            raise NotImplementedError("a union of other things than models")
        return node

    def model(self, node: Schema, value: str) -> str:
        inner = _within(node)
        if inner["type"] != "model-fields" or inner.get("computed_fields"):
            raise NotImplementedError(inner["type"])
        fields = {name: field["schema"] for name, field in inner["fields"].items()}
        return self._object(node["cls"], fields, "held[{!r}]", value, held="value.__dict__")

    def dataclass(self, node: Schema, value: str) -> str:
        fields = {field["name"]: field["schema"] for field in _within(node)["fields"]}
        return self._object(node["cls"], fields, "held.{}", value, held="value")

    def _object(self, cls: type, fields: Schema, place: str, value: str, *, held: str) -> str:
        """A call of a function that writes a value of the class, and knows the last one by its identity."""
        name, type_name = self._name("write"), self._name("type", cls)
        form = self._name("form", "{" + ",".join(f"{_text(field)}:%s" for field in sorted(fields)) + "}")
        written = ", ".join(self._code(fields[field], place.format(field)) for field in sorted(fields))
        self._lines += [
            f"last_{name} = (None, '')",
            f"def {name}(value):",
            f"    global last_{name}",
            f"    known, written = last_{name}",
            "    if known is value:  # the policy of document after document",
            "        return written",
            f"    if type(value) is not {type_name}:",
            "        raise TypeError",
            f"    held = {held}",
            f"    written = {form} % ({written},)",
            f"    last_{name} = (value, written)",
            "    return written",
        ]
        return f"{name}({value})"


def _within(node: Schema) -> Schema:
    inner: Schema = node["schema"]
    while inner["type"] in _INNER:
        inner = inner["schema"]
    return inner


_PARTS: Final[dict[str, Callable[[_Source, Schema, str], str]]] = {
    "nullable": _Source.nullable,
    "enum": _Source.enum,
    "literal": _Source.literal,
    "tuple": _Source.tuple,
    "dict": _Source.dict,
    "union": _Source.union,
    "tagged-union": _Source.union,
    "model": _Source.model,
    "dataclass": _Source.dataclass,
}
