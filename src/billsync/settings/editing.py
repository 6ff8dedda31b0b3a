"""Changes of a configuration's text that leave everything else as a person wrote it, comments too.  (pure)

What comes of a change is read again and compared with what was meant: what cannot be changed with certainty (aliases,
unusual forms) is refused, and the text stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import yaml

from billsync.strict.yaml import BadYaml, load

Value: TypeAlias = "str | Sequence[str] | Mapping[str, Value]"
"""Text, a list of texts, or a mapping."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+-]*(:[A-Za-z0-9_./@+-]+)*", re.ASCII)
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_STEP: Final = 2


class CannotEdit(ValueError):
    """The text cannot be changed with certainty; the message says what to write by hand."""


def put(text: str, path: Sequence[str], value: Value) -> str:
    """The text with the value under the keys of `path`, in the place of what stands there.

    A mapping is laid over one that stands there, key by key.  Raises `CannotEdit`.
    """
    if isinstance(value, Mapping) and isinstance(_meant(text, path), dict):
        for key, inner in value.items():
            text = put(text, [*path, key], inner)
        return text
    return _checked(text, _put(text, path, value), path, value)


def extend(text: str, path: Sequence[str], items: Sequence[str]) -> str:
    """The text with entries at the end of the list under `path`, which is made where it is missing."""
    there = _meant(text, path)
    new = [item for item in items if not isinstance(there, list) or item not in there]
    if not new:
        return text
    if not isinstance(there, list) or not there:
        return put(text, path, new)
    return _checked(text, _appended(text, _at(text, path), new), path, [*there, *new])


# ---------------------------------------------------------------- what is meant


def _meant(text: str, path: Sequence[str]) -> Any:
    """What stands under a path, without places; None where nothing does."""
    found: Any = load(text, "").plain()
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _checked(before: str, after: str, path: Sequence[str], value: Value) -> str:
    try:
        same = load(after, "").plain() == _with(load(before, "").plain(), path, _plain(value))
    except BadYaml:
        same = False
    if not same:
        raise CannotEdit(f"write by hand under {'.'.join(path)}: {json.dumps(_plain(value), ensure_ascii=False)}")
    return after


def _with(tree: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    known = tree if isinstance(tree, dict) else {}
    return {**known, path[0]: _with(known.get(path[0]), path[1:], value)}


def _plain(value: Value) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value if isinstance(value, str) else list(value)


# ---------------------------------------------------------------- where it stands


def _root(text: str) -> yaml.Node:
    found = yaml.compose(text, Loader=yaml.BaseLoader)
    if not isinstance(found, yaml.MappingNode):
        raise CannotEdit("the configuration is no mapping")
    return found


def _at(text: str, path: Sequence[str]) -> yaml.Node:
    """The node under a path that is known to be there."""
    node = _root(text)
    for key in path:
        node = next(inner for name, inner in _pairs(node) if name.value == key)
    return node


def _pairs(node: yaml.Node) -> Sequence[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _end(text: str, node: yaml.Node) -> int:
    """Where the last character of a node's own text ends: a block goes on over comments that are not its own."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    return (
        len(text[: node.end_mark.index].rstrip())
        if node.end_mark.index > node.start_mark.index
        else (node.start_mark.index)
    )


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found - text[:found].endswith("\r")


def _put(text: str, path: Sequence[str], value: Value) -> str:
    node = _root(text)
    for depth, key in enumerate(path):
        pair = next((pair for pair in _pairs(node) if pair[0].value == key), None)
        if pair is None:
            return _inserted(text, node, path[depth:], value)
        if depth + 1 < len(path) and not isinstance(pair[1], yaml.MappingNode):
            return _replaced(text, pair, _nested(path[depth + 1 :], value))
        node = pair[1]
        if depth + 1 == len(path):
            return _replaced(text, pair, value)
    raise CannotEdit("no key is named")


def _nested(path: Sequence[str], value: Value) -> Value:
    for key in reversed(path):
        value = {key: value}
    return value


# ---------------------------------------------------------------- changed


def _replaced(text: str, pair: tuple[yaml.Node, yaml.Node], value: Value) -> str:
    """Another value for a key that is there."""
    key, old = pair
    start, end = old.start_mark.index, _end(text, old)
    if isinstance(value, str):
        start = start if text[start - 1 : start] in (" ", "\n") else key.end_mark.index + 1
        return _joined(text, key.end_mark.index + 1, end, f" {scalar(value)}")
    return _joined(text, key.end_mark.index + 1, end, _block(value, key.start_mark.column + _STEP, text))


def _joined(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[max(start, end) :]


def _inserted(text: str, node: yaml.Node, path: Sequence[str], value: Value) -> str:
    """A key that is not there yet, after the last one of its mapping."""
    entry = _nested(path[1:], value)
    if not isinstance(node, yaml.MappingNode):
        raise CannotEdit(f"write by hand: {path[0]}")
    if node.flow_style:
        closing = node.end_mark.index - 1
        comma = ", " if node.value else ""
        kept = text[:closing].rstrip()
        return kept + f"{comma}{scalar(path[0])}: {_flow(entry)}" + text[len(kept) if node.value else closing :]
    column = node.start_mark.column
    at, eol = _line_end(text, _end(text, node)), _newline(text)
    line = f"{' ' * column}{scalar(path[0])}:"
    body = f" {scalar(entry)}" if isinstance(entry, str) else _block(entry, column + _STEP, text)
    return text[:at] + eol + line + body + text[at:]


def _appended(text: str, node: yaml.Node, items: Sequence[str]) -> str:
    if isinstance(node, yaml.SequenceNode) and node.flow_style:
        kept = text[: node.end_mark.index - 1].rstrip().rstrip(",")
        return kept + "".join(f", {scalar(item)}" for item in items) + text[node.end_mark.index - 1 :]
    at, eol, indent = _line_end(text, _end(text, node)), _newline(text), " " * node.start_mark.column
    return text[:at] + "".join(f"{eol}{indent}- {scalar(item)}" for item in items) + text[at:]


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


# ---------------------------------------------------------------- written


def scalar(text: str) -> str:
    """A text as it is written: in quotes where YAML would take it for something else."""
    plain = _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _block(value: Value, indent: int, text: str) -> str:
    """A list or mapping below its key."""
    if not value:
        return " {}" if isinstance(value, Mapping) else " []"
    start = f"{_newline(text)}{' ' * indent}"
    if isinstance(value, Mapping):
        return "".join(
            f"{start}{scalar(key)}:"
            + (f" {scalar(inner)}" if isinstance(inner, str) else _block(inner, indent + _STEP, text))
            for key, inner in value.items()
        )
    return "".join(f"{start}- {scalar(item)}" for item in value)


def _flow(value: Value) -> str:
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    return "[" + ", ".join(scalar(item) for item in value) + "]"
