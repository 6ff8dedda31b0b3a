"""`mapping test --update`: what came is written where something else was expected, and nothing else changes.  (pure)

The text is edited at the places of the values, never written anew from the tree: comments, quotes, order and layout
stay as they are.  A test whose record has a problem, or no longer has the one that it expects, is left alone: whether
that is right is for a person to say.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from billsync.mapping.tools.testing import CaseResult, Gap
from billsync.mapping.values import MISSING, kind_of, written
from billsync.strict.yaml import BadYaml, Node, Spot, load


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands in a text: from `start` to before `end`; `block` for lists and mappings without brackets."""

    start: int
    end: int
    block: bool = False


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A mapping file after the update.

    Attributes:
        text: the new text, the very same where nothing had to change.
        updated: names of the tests that were rewritten.
        left: name of a test that a person has to look at -> why.
    """

    text: str
    updated: tuple[str, ...]
    left: dict[str, str]


def rewrite(text: str, file: str, results: Sequence[CaseResult]) -> Rewritten:
    """The text with what came in the place of what was expected, for every failed test that can be updated.

    `file` is its name in places: a test that stands in another file is left.
    """
    spans = _spans(text)
    edits: dict[Span, str] = {}
    updated: list[str] = []
    left: dict[str, str] = {}
    for result in results:
        if result.passed or (result.golden and all(gap.node is None for gap in result.gaps) and result.doc is not None):
            continue  # what stands in a file of its own is not in this text
        mine = [_edit(gap, file, spans, text) for gap in result.gaps]
        known = [edit for edit in mine if edit is not None]
        if len(known) < len(mine):
            left[result.name] = next(gap.line for gap, edit in zip(result.gaps, mine, strict=True) if edit is None)
            continue
        edits.update(known)
        updated.append(result.name)
    return Rewritten(_edited(text, edits), tuple(updated), left)


def _edited(text: str, edits: Mapping[Span, str]) -> str:
    for span in sorted(edits, key=lambda span: span.start, reverse=True):
        text = text[: span.start] + edits[span] + text[span.end :]
    return text


def _edit(gap: Gap, file: str, spans: Mapping[Spot, Span], text: str) -> tuple[Span, str] | None:
    span = spans.get(gap.node.spot) if gap.node is not None and gap.node.file == file else None
    if gap.node is None or span is None:
        return None
    return span, _in_place(gap.node, gap.made, span, text)


# ---------------------------------------------------------------- where


def _spans(text: str) -> dict[Spot, Span]:
    """Line and column of each value -> where it stands; those with an anchor or a tag, and aliases, are left out.

    A block mapping begins where its first key does: such a place is the mapping's.
    """
    found: dict[Spot, Span] = {}
    open_: list[tuple[yaml.CollectionStartEvent, int]] = []
    last = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.ScalarEvent):
            last = _end(text, _at(event.start_mark), _at(event.end_mark))
            _note(found, event, Span(_at(event.start_mark), last))
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append((event, _at(event.start_mark)))
        elif isinstance(event, yaml.CollectionEndEvent):
            begun, start = open_.pop()
            last = last if not begun.flow_style else _at(event.end_mark)
            _note(found, begun, Span(start, last, block=not begun.flow_style))
        elif isinstance(event, yaml.AliasEvent):
            last = _at(event.end_mark)
    return found


def _at(mark: Any) -> int:
    """Characters before a mark; every event of a text has one."""
    return int(mark.index)


def _end(text: str, start: int, end: int) -> int:
    """A folded or plain scalar may end with the blank lines after it: they are no part of its place."""
    return start + len(text[start:end].rstrip())


def _note(found: dict[Spot, Span], event: yaml.ScalarEvent | yaml.CollectionStartEvent, span: Span) -> None:
    mark = event.start_mark
    if event.anchor is None and event.tag is None and mark is not None:
        found[mark.line + 1, mark.column + 1] = span


# ---------------------------------------------------------------- what


def _in_place(node: Node, made: Any, span: Span, text: str) -> str:
    """The value as it is written in the place of the node, in the node's own style."""
    if node.is_text:
        quote = text[span.start] if text[span.start] in "\"'" else ""
        return _flow(made, quote)
    if node.is_list and isinstance(made, list | tuple) and made:
        entries = [_flow(_part(entry, node)) for entry in made]
        if span.block:
            indent = " " * (node.spot[1] - 1)
            return f"\n{indent}".join(f"- {entry}" for entry in entries)
        return f"[{', '.join(entries)}]"
    return _flow(made)


def _part(entry: Any, node: Node) -> Any:
    """Of an entry the fields that the test asks for in any entry; all of them where it asks for none."""
    asked = {name for old in node.entries() for name, _ in old.items()}
    if not asked or not isinstance(entry, Mapping):
        return entry
    return {name: value for name, value in entry.items() if name in asked}


def _flow(value: Any, quote: str = "") -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if value is None or value is MISSING:
        return "null"
    return _scalar(written(value), quote, plain=kind_of(value) != "text")


_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


def _scalar(text: str, quote: str = "", *, plain: bool = False) -> str:
    """A text as YAML, in the quotes that stood there where they can hold it, without any where none are needed."""
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if not quote and (plain or text not in _NULLS) and _is_plain(text):
        return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    """A character between double quotes, as YAML has it (JSON has none for those beyond 16 bits)."""
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_plain(text: str) -> bool:
    """Whether it reads as itself without quotes, between brackets too."""
    if not text.isprintable() or text != text.strip() or "#" in text:
        return False
    try:
        read = load(f"{{a: [{text}], {text}: b}}", "")
    except BadYaml:
        return False
    entry, key = read.get("a"), read.get(text)
    return entry is not None and [each.value for each in entry.entries()] == [text] and key is not None


# ---------------------------------------------------------------- golden files


def golden_text(document: Mapping[str, Any]) -> str:
    """A document as a file of expected values: amounts and days as text, fields without a value left out."""
    return json.dumps(_filled(document), indent=2, ensure_ascii=False) + "\n"


def _filled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _filled(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_filled(item) for item in value]
    return value if value is None or isinstance(value, bool) else written(value)


def changed_lines(old: str, new: str, file: str) -> Iterator[str]:
    """The difference as a patch."""
    yield from (
        line.rstrip("\n")
        for line in difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True), file, f"{file} (updated)", n=1
        )
    )
