"""Intuit's own schemas: which properties an entity has, and which words an enumeration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, parse

FOLDER = Path(__file__).parent / "contract"
_X = {"x": "http://www.w3.org/2001/XMLSchema"}


@cache
def _read() -> tuple[dict[str, Element], dict[str, list[str]]]:
    types: dict[str, Element] = {}
    words: dict[str, list[str]] = {}
    for path in sorted(FOLDER.glob("*.xsd")):
        root = parse(path).getroot()
        types |= {str(each.get("name")): each for each in root.findall("x:complexType", _X)}
        for each in root.findall("x:simpleType", _X):
            words[str(each.get("name"))] = [str(word.get("value")) for word in each.iterfind(".//x:enumeration", _X)]
    return types, words


@cache
def properties(name: str) -> dict[str, str]:
    """Property -> type, of an entity and of what it extends."""
    type, found = _read()[0][name], dict[str, str]()
    base = type.find(".//x:extension", _X)
    if base is not None and str(base.get("base")).split(":")[-1] in _read()[0]:
        found |= properties(str(base.get("base")).split(":")[-1])
    for each in type.iterfind(".//x:element", _X):
        own = str(each.get("name") or str(each.get("ref")).split(":")[-1])
        found[own] = str(each.get("type") or each.get("ref")).split(":")[-1]
    return found


def faults(entity: str, body: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """What is not as the schema has it; `domain` and `sparse` are attributes there."""
    known = properties(entity)
    for name, value in body.items():
        if name in ("domain", "sparse"):
            continue
        if name not in known:
            yield f"{place}{name}: unknown"
            continue
        for item in value if isinstance(value, list) else [value]:
            yield from _one(known[name], item, f"{place}{name}")


def _one(type: str, item: Any, place: str) -> Iterator[str]:
    types, words = _read()
    if isinstance(item, Mapping) and type in types and "value" not in item:
        yield from faults(type, item, f"{place}.")
    elif isinstance(item, Mapping) and "value" in item and not set(item) <= {"value", "name", "type"}:
        yield f"{place}: not a reference"
    elif words.get(type) and item not in words[type]:
        yield f"{place}={item!r}: not one of {words[type][:4]}"
    elif type == "boolean" and not isinstance(item, bool):
        yield f"{place}={item!r}: not a boolean"
    elif type in ("string", "date", "dateTime", "id") and not isinstance(item, str):
        yield f"{place}={item!r}: not a text"
