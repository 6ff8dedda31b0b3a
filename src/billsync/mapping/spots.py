"""The place of a character of a YAML value in the file it was written in.  (pure)

A formula stands inside a YAML scalar: plain, in quotes (where `''` is one character) or folded over lines.  The value
is laid beside the raw text, character by character, so that a caret points at the very token.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from billsync.model.problem import Place
from billsync.strict.yaml import Node

_BREAK: Final = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_ESCAPE_WIDTH: Final = {"x": 4, "u": 6, "U": 10}
_ESCAPED_BLANKS: Final = " \tntrv\n\r_NLP"


class Source:
    """The texts of a mapping file and of those that it extends; `file` is the mapping's own."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self._texts = {file: text}
        self._read: dict[str, _Text] = {}

    def add(self, text: str, file: str) -> None:
        """One more file that nodes may come from."""
        self._texts.setdefault(file, text)

    def place(self, node: Node, offset: int) -> Place:
        """The place of character `offset` of the node's text, in the file that the node was written in."""
        if node.file not in self._texts:
            return node.place
        if node.file not in self._read:
            self._read[node.file] = _Text(self._texts[node.file], node.file)
        return self._read[node.file].place(node, offset)


class _Text:
    """The text of one file."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text.removeprefix("\ufeff")
        self.file = file
        self._starts = [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def place(self, node: Node, offset: int) -> Place:
        """The place of character `offset` of the node's text."""
        line, column = node.place.line, node.place.column
        if line is None or column is None:
            return node.place
        return self._place(self._find(self._starts[line - 1] + column - 1, node.text(), offset))

    def _place(self, position: int) -> Place:
        line = bisect_right(self._starts, position)
        return Place(file=self.file, line=line, column=position - self._starts[line - 1] + 1)

    def _find(self, begin: int, value: str, offset: int) -> int:
        at, style = self._enter(begin)
        after = at
        for index, char in enumerate(value[: offset + 1]):
            if char.isspace():
                continue
            at = self._skip_blanks(after, style)
            if index == offset:
                return at
            after = at + self._width(at, style)
        return after

    def _enter(self, at: int) -> tuple[int, str]:
        """The first character of the value itself, and the style it is written in."""
        while self.text[at : at + 1] == "&":
            at = self._skip_blanks(at + len(self.text[at:].split(maxsplit=1)[0]), "")
        style = self.text[at : at + 1]
        if style and style in "|>":
            line = bisect_right(self._starts, at)
            return (self._starts[line] if line < len(self._starts) else len(self.text)), style
        return (at + 1, style) if style and style in "\"'" else (at, "")

    def _skip_blanks(self, at: int, style: str) -> int:
        while at < len(self.text):
            if self.text[at].isspace():
                at += 1
            elif style == '"' and self.text[at] == "\\" and self.text[at + 1 :][:1] in _ESCAPED_BLANKS:
                at += 2
            else:
                break
        return at

    def _width(self, at: int, style: str) -> int:
        if style == "'" and self.text[at : at + 2] == "''":
            return 2
        if style == '"' and self.text[at] == "\\":
            return _ESCAPE_WIDTH.get(self.text[at + 1 : at + 2], 2)
        return 1
