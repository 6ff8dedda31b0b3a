"""A mapping as one, written out: its layers joined, and beside each line the file that says so.  (pure)

What is written is a mapping file again and means the same: its digest is that of the layers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from billsync.mapping.inverse import Way, is_inbound, ways
from billsync.mapping.problems import Findings
from billsync.mapping.stack import Stack
from billsync.mapping.tables import Table
from billsync.model.problem import Place
from billsync.strict.yaml import Node

_PLAIN: Final = re.compile(r"[A-Za-z0-9_$@./+-]([A-Za-z0-9_$@./+ -]*[A-Za-z0-9_$@./+-])?", re.ASCII)
_SAFE_START: Final = re.compile(r"[A-Za-z0-9_$./]")
_WORDS: Final = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "."}
_TOP: Final = ("mapping", "version", "from", "to", "when", "key")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a mapping.

    Attributes:
        text: as it may stand in a file, indented.
        place: where a layer says so, or None for what follows from others.
        field: dotted path of the field that the line is about, or "".
        way: whether that field leads back, of inbound mappings.
    """

    text: str
    place: Place | None = None
    field: str = ""
    way: Way | None = None

    @property
    def note(self) -> str:
        """What stands beside it: file and line, and why the field does not lead back."""
        spot = "" if self.place is None else f"{self.place.file}:{self.place.line}"
        reason = "" if self.way is None or not self.way.reason else f"does not lead back: {self.way.reason}"
        return "; ".join(part for part in (spot, reason) if part)


def written_out(stack: Stack) -> list[Line]:
    """The lines of a mapping that was read without errors; tests are left out."""
    root, tables = stack.root, stack.tables(Findings())
    found = {way.target: way for way in ways(root, tables)} if is_inbound(root) else {}
    lines = [Line(f"{key}: {_flow(node)}", root.key_place(key)) for key in _TOP if (node := root.get(key)) is not None]
    if tables:
        lines += [Line("tables:"), *_tables(root.get("tables") or root, tables)]
    fields = root.get("fields")
    return lines if fields is None else [*lines, Line("fields:"), *_fields(fields, (), 1, found)]


def _tables(node: Node, tables: Mapping[str, Table]) -> Iterator[Line]:
    for name, table in tables.items():
        entries = (f"{_text(key)}: {'null' if value is None else _text(value)}" for key, value in table.entries.items())
        yield Line(f"  {_text(name)}: {{{', '.join(entries)}}}", node.key_place(name))


def _fields(node: Node, above: tuple[str, ...], depth: int, found: Mapping[str, Way]) -> Iterator[Line]:
    for name, field in node.items():
        path = (*above, name)
        dotted, pad = ".".join(path), "  " * depth
        way, inner = found.get(dotted), field.get("fields")
        if inner is None:
            yield Line(f"{pad}{_text(name)}: {_flow(field)}", node.key_place(name), dotted, way)
            continue
        yield Line(f"{pad}{_text(name)}:", node.key_place(name), dotted, way)
        for key, value in field.items():
            if key != "fields":
                yield Line(f"{pad}  {_text(key)}: {_flow(value)}", field.key_place(key))
        yield Line(f"{pad}  fields:")
        yield from _fields(inner, path, depth + 2, found)


def _flow(node: Node) -> str:
    """The node on one line."""
    if node.is_mapping:
        return f"{{{', '.join(f'{_text(key)}: {_flow(value)}' for key, value in node.items())}}}"
    if node.is_list:
        return f"[{', '.join(_flow(entry) for entry in node.entries())}]"
    text = node.text()
    if node.quoted:
        return json.dumps(text, ensure_ascii=False)
    return "null" if node.is_null else text if _is_plain(text) else json.dumps(text, ensure_ascii=False)


def _text(text: str) -> str:
    """Text that every YAML reader takes as this text, without quotes where it needs none."""
    bare = _is_plain(text) and not text[0].isdigit() and text.lower() not in _WORDS
    return text if bare else json.dumps(text, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text) and _SAFE_START.match(text))
