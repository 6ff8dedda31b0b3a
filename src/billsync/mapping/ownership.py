"""Which system is the truth for a field, and what that means for what is sent and taken.  (pure)

`owner: erp` at a field that goes to the ERP, and `create_only: true`: it is sent when the record is made, and what
people make of it there stands.  `owner: erp` or `hub` at a field that comes from the CRM: what we have stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from billsync.mapping.apply import Mapping as FieldMapping
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean

OWNERS: Final = ("crm", "hub", "erp")
"""The source of a pipeline, billsync itself, and its target."""

_DIRECTIONS: Final = {"inbound": "comes from the crm", "outbound": "goes to the other system"}

Path = tuple[str, ...]


def check_owner(owner: str, direction: str) -> str | None:
    """What is wrong with `owner:` at a field of a mapping of that direction, in a sentence; None where nothing is."""
    if owner in OWNERS or not owner:
        return None
    hint = did_you_mean(owner, OWNERS)
    what = _DIRECTIONS.get(direction, "is mapped")
    message = f"expected one of {', '.join(OWNERS)} as the owner of a field that {what}, got {show(owner)}"
    return f"{message}: {hint}" if hint else message


def once(mapping: FieldMapping, side: str) -> tuple[str, ...]:
    """Dotted paths of what an outbound mapping sends when the record is made and never again; `side` is the target's.

    They lead through lists, too.
    """
    return tuple(facts.target for facts in mapping.fields if facts.create_only or facts.owner == side)


def ours(mapping: FieldMapping) -> tuple[str, ...]:
    """Dotted paths of what an inbound mapping must not change once it is there; none of them leads through a list."""
    lists = {facts.target for facts in mapping.fields if facts.rule == "each"}
    found = [facts.target for facts in mapping.fields if facts.owner in ("hub", "erp")]
    return tuple(path for path in found if not any(path.startswith(f"{name}.") for name in lists))


def without(document: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """The document without what stands at dotted paths, in each entry of lists on the way; an emptied object goes."""
    made = dict(document)
    for path in paths:
        made = _without(made, tuple(path.split(".")))
    return made


def _without(value: Any, path: Path) -> Any:
    if isinstance(value, list):
        return [_without(item, path) for item in value]
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    rest = {name: item for name, item in value.items() if name != path[0]}
    if len(path) == 1:
        return rest
    inner = _without(value[path[0]], path[1:])
    return {name: inner if name == path[0] else item for name, item in value.items()} if inner else rest


def kept(before: Mapping[str, Any], after: Mapping[str, Any], paths: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The new document with what the old one has at these paths; and the paths at which they differ."""
    made, differing = dict(after), []
    for path in paths:
        names = tuple(path.split("."))
        old = _at(before, names)
        if old != _at(after, names):
            made = _with(made, names, old)
            differing.append(path)
    return made, differing


def _at(document: Any, path: Path) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _with(document: Any, path: Path, value: Any) -> dict[str, Any]:
    inner = document if isinstance(document, Mapping) else {}
    new = value if len(path) == 1 else _with(inner.get(path[0]), path[1:], value)
    return {**inner, path[0]: new}


def at(document: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path, or None."""
    return _at(document, tuple(path.split(".")))
