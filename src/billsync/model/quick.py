"""The validation of the nouns with less Python in it, for values without a fault.  (pure)

The readers of `scalar` say in words what they expected.  Most values are right and need no words: here text is checked
by the validator's own engine.  What is refused here is looked at again by the readers, which then say why, or take it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from pydantic_core import CoreSchema, SchemaValidator

from billsync.model.scalar import MAX_DECIMALS, MAX_DIGITS, read_day, read_decimal, read_text

_NO_NUL: Final = r"\A[^\x00]*\z"
_FILLED: Final = r"\A[^\x00]*[^\s\x00\x1c-\x1f][^\x00]*\z"
"""Python also takes the separators 1C to 1F for blanks."""

_WRITTEN: Final[dict[object, str]] = {
    read_decimal: rf"\A[+-]?[0-9]{{1,{MAX_DIGITS}}}(\.[0-9]{{1,{MAX_DECIMALS}}})?\z",
    read_day: r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z",
}
"""Readers whose written form the engine reads to the same value."""


def quick_validator(schema: CoreSchema, filled: Callable[[str], str]) -> SchemaValidator:
    """A validator that takes part of what the schema takes, with the same result; `filled` refuses blank text."""
    return _built(_quickened(schema, filled))


def stored_validator(schema: CoreSchema) -> SchemaValidator:
    """A validator of what was validated and written once: types only, no forms, and not whether fields fit."""
    return _built(_bare(schema))


def _built(schema: Any) -> SchemaValidator:
    build = cast("Callable[..., SchemaValidator]", SchemaValidator)
    try:  # otherwise the models inside would bring their own validators
        return build(schema, _use_prebuilt=False)
    except TypeError:  # a release that has no such thing
        return build(schema)


def _bare(node: Any) -> Any:
    """The schema without what only judges a value that was read, and without what models rename before."""
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    if _reader(node) is read_decimal:
        text = {"type": "str", "strict": True}  # a number of JSON would be a binary fraction
        return {**_kept(node), "type": "chain", "steps": [text, node["schema"]]}
    if _only_judges(node):
        bare: dict[str, Any] = _bare(node["schema"])
        return bare | {key: node[key] for key in ("ref",) if key in node}
    return {key: value if key == "metadata" else _bare(value) for key, value in node.items()}


def _only_judges(node: dict[str, Any]) -> bool:
    """Also a reader whose written form the engine reads by itself."""
    if node.get("type") == "function-before":
        return _reader(node) in (read_text, read_day) or _is_model(node["schema"])
    return node.get("type") == "function-after"


def _reader(node: dict[str, Any]) -> object:
    return node["function"].get("function") if node.get("type") == "function-before" else None


def _is_model(node: dict[str, Any]) -> bool:
    while node["type"] in ("function-after", "function-before"):
        node = node["schema"]
    return node["type"] in ("model", "model-fields")


def _quickened(node: Any, filled: Callable[[str], str]) -> Any:
    if isinstance(node, list):
        return [_quickened(item, filled) for item in node]
    if not isinstance(node, dict):
        return node
    function = node["function"].get("function") if isinstance(node.get("function"), dict) else None
    if node.get("type") == "function-before" and function is read_text:
        return _text(node, _NO_NUL)
    if node.get("type") == "function-after" and function is filled and _is_text(node["schema"]):
        return _text(node, _FILLED)
    if node.get("type") == "function-before" and function in _WRITTEN:
        return {**_kept(node), **_written(node, _WRITTEN[function])}
    return {key: value if key == "metadata" else _quickened(value, filled) for key, value in node.items()}


def _is_text(node: dict[str, Any]) -> bool:
    return node.get("type") == "function-before" and node["function"].get("function") is read_text


def _text(node: dict[str, Any], pattern: str) -> dict[str, Any]:
    return {**_kept(node), "type": "str", "strict": True, "pattern": pattern}


def _written(node: dict[str, Any], form: str) -> dict[str, Any]:
    """Text in its written form is read by the engine, anything else by the reader."""
    text = {"type": "str", "strict": True, "pattern": form}
    typed = {"type": "chain", "steps": [text, {**node["schema"], "strict": False}]}
    reader = {"type": "function-plain", "function": node["function"]}
    return {"type": "union", "choices": [typed, reader], "mode": "left_to_right"}


def _kept(node: dict[str, Any]) -> dict[str, Any]:
    return {key: node[key] for key in ("ref", "serialization") if key in node}
