"""A JSON text as the same nodes that YAML gives: every value knows its line and column.  (pure)

A value that would be lost (NaN, a lone surrogate) is refused as everywhere; a key that stands twice is told at its
place, and reading goes on, so that all of them are found at once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from json import JSONDecodeError, JSONDecoder
from typing import Final

from billsync.model.problem import Place, Problem
from billsync.model.scalar import read_text, show
from billsync.strict.yaml import MAX_BYTES, MAX_DEPTH, MAX_NODES, BadYaml, Node, Spot

_STRING: Final = JSONDecoder()
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_WORD: Final = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


def load(text: str | bytes, file: str) -> Node:
    """The node of a JSON text.  Raises `BadYaml`, as the reader of YAML does; `file` names it in places."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        raise BadYaml([_problem("YAML-SIZE-01", f"the file is larger than {MAX_BYTES:,} bytes", Place(file=file))])
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(file=file, line=raw.count(b"\n", 0, error.start) + 1)
        raise BadYaml([_problem("READ-TEXT-01", "the file is not UTF-8 text", place, "save it as UTF-8")]) from None
    if not decoded.strip():
        raise BadYaml([_problem("READ-FILE-02", "the file is empty", Place(file=file, line=1))])
    return _Reader(decoded, file).document()


def _problem(code: str, message: str, place: Place, hint: str = "") -> Problem:
    return Problem(code=code, message=message, hint=hint, place=place)


class _Reader:
    """A walk over one text, from left to right."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._problems: list[Problem] = []
        self._nodes = 0

    def document(self) -> Node:
        """The whole text as one value."""
        root, at = self._value(self._skip(0), 0)
        if self._skip(at) < len(self._text):
            raise self._wrong(self._skip(at), "the end of the file")
        if self._problems:
            raise BadYaml(self._problems, root)
        return root

    # ------------------------------------------------------------ places and faults

    def _spot(self, at: int) -> Spot:
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1

    def _place(self, at: int) -> Place:
        line, column = self._spot(at)
        return Place(file=self._file, line=line, column=column)

    def _wrong(self, at: int, expected: str) -> BadYaml:
        found = show(self._text[at : at + 12]) if at < len(self._text) else "the end of the file"
        return BadYaml([_problem("READ-JSON-01", f"not valid JSON: expected {expected}, got {found}", self._place(at))])

    def _skip(self, at: int) -> int:
        match = _BLANK.match(self._text, at)
        return at if match is None else match.end()

    # ------------------------------------------------------------ values

    def _value(self, at: int, depth: int) -> tuple[Node, int]:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            what = f"more than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"more than {MAX_NODES:,} values"
            raise BadYaml([_problem("YAML-SIZE-01", f"the JSON has {what}", self._place(at))])
        sign = self._text[at : at + 1]
        if sign == "{":
            return self._mapping(at, depth)
        if sign == "[":
            return self._list(at, depth)
        if sign == '"':
            text, end = self._string(at)
            return Node(text, self._file, self._spot(at), quoted=True), end
        match = _WORD.match(self._text, at)
        if match is None:
            raise self._wrong(at, "a value")
        return Node(match[0], self._file, self._spot(at)), match.end()

    def _string(self, at: int) -> tuple[str, int]:
        if self._text[at : at + 1] != '"':
            raise self._wrong(at, 'a text in quotes (")')
        try:
            text, end = _STRING.raw_decode(self._text, at)
        except JSONDecodeError as error:
            found = _problem("READ-JSON-01", f"not valid JSON: {error.msg}", self._place(error.pos))
            raise BadYaml([found]) from None
        try:
            return read_text(text), end
        except ValueError as error:
            raise BadYaml([_problem("READ-TEXT-01", str(error), self._place(at))]) from None

    def _list(self, begin: int, depth: int) -> tuple[Node, int]:
        entries: list[Node] = []
        at = self._skip(begin + 1)
        while self._text[at : at + 1] != "]":
            node, at = self._value(at, depth + 1)
            entries.append(node)
            at = self._next(at, "]")
        return Node(tuple(entries), self._file, self._spot(begin)), at + 1

    def _mapping(self, begin: int, depth: int) -> tuple[Node, int]:
        found: dict[str, Node] = {}
        keys: dict[str, Spot] = {}
        at = self._skip(begin + 1)
        while self._text[at : at + 1] != "}":
            key_at = at
            key, at = self._string(at)
            at = self._skip(at)
            if self._text[at : at + 1] != ":":
                raise self._wrong(at, "a colon")
            node, at = self._value(self._skip(at + 1), depth + 1)
            if key in found:
                message = f"the key {show(key)} stands twice: first on line {keys[key][0]}"
                self._problems.append(_problem("YAML-KEY-01", message, self._place(key_at), "keep one of them"))
            else:
                found[key], keys[key] = node, self._spot(key_at)
            at = self._next(at, "}")
        return Node(found, self._file, self._spot(begin), keys=keys), at + 1

    def _next(self, at: int, end: str) -> int:
        """Where the next entry begins, or the end stands."""
        at = self._skip(at)
        if self._text[at : at + 1] == end:
            return at
        if self._text[at : at + 1] != ",":
            raise self._wrong(at, f"a comma or {end}")
        at = self._skip(at + 1)
        if self._text[at : at + 1] == end:
            raise self._wrong(at, "another entry after the comma")
        return at
