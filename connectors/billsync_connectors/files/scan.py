"""Where a CSV record ends, told from bytes alone, and its cells.  (pure)

RFC 4180: a cell is quoted where a quote is its first character, `""` in it is a quote, line ends belong to it.  A quote
inside an unquoted cell is text.  After the closing quote only a delimiter or the line's end may follow: anything else
means that a quote was not closed where its writer thought, and reading on would swallow good rows.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

_QUOTE: Final = 0x22
_CR: Final = 0x0D
_LF: Final = 0x0A


class State(Enum):
    """Where in a record the last byte was."""

    START = auto()  # a cell begins with the next byte
    PLAIN = auto()
    QUOTED = auto()
    CLOSING = auto()  # after a quote inside quotes: the end of the cell, or the first half of `""`
    RETURN = auto()  # after the carriage return that follows a closing quote
    END = auto()
    BROKEN = auto()


class Scanner:
    """Follows one record through its chunks; the last chunk of a line ends with its line feed.

    Attributes:
        state: END once the record is complete.
        opened: line number of the quote that was opened last.
    """

    def __init__(self, delimiter: bytes) -> None:
        self._delimiter = delimiter
        self.state = State.START
        self.opened = 0

    def feed(self, chunk: bytes, line: int) -> None:
        """Take the next bytes of the record, which stand on `line`."""
        at, size = 0, len(chunk)
        while at < size and self.state not in (State.END, State.BROKEN):
            if self.state is State.START:
                at = self._start(chunk, at, line)
            elif self.state is State.PLAIN:
                at = self._plain(chunk, at)
            elif self.state is State.QUOTED:
                found = chunk.find(b'"', at)
                at, self.state = (size, State.QUOTED) if found < 0 else (found + 1, State.CLOSING)
            else:
                self.state = self._after_quote(chunk[at])
                at += 1

    def _start(self, chunk: bytes, at: int, line: int) -> int:
        if chunk[at] != _QUOTE:
            self.state = State.PLAIN
            return at
        self.state, self.opened = State.QUOTED, line
        return at + 1

    def _plain(self, chunk: bytes, at: int) -> int:
        found = chunk.find(self._delimiter, at)
        if found >= 0:
            self.state = State.START
            return found + 1
        if chunk.endswith(b"\n"):
            self.state = State.END
        return len(chunk)

    def _after_quote(self, byte: int) -> State:
        if byte == _LF:
            return State.END
        if self.state is State.RETURN:
            return State.BROKEN
        if byte == _QUOTE:
            return State.QUOTED
        if byte == _CR:
            return State.RETURN
        return State.START if byte == self._delimiter[0] else State.BROKEN

    def finish(self) -> State:
        """The state when the file ends here: END, or QUOTED where a quote is still open."""
        return self.state if self.state in (State.QUOTED, State.BROKEN) else State.END


_QUOTED_CELL: Final = r'"(?:[^"]++|"")*+"'


def whole_line(delimiter: str) -> re.Pattern[bytes]:
    """Matches a line that is one complete record: what the scanner would find, at once."""
    mark = re.escape(delimiter)
    cell = rf'(?:{_QUOTED_CELL}|[^"{mark}\r\n][^{mark}\r\n]*+)?+'
    return re.compile(rf"{cell}(?:{mark}{cell})*+\r?\n".encode())


def cell_pattern(delimiter: str) -> re.Pattern[str]:
    """Matches each cell of a complete record with what stands before it; groups: a quoted cell, an unquoted one."""
    mark = re.escape(delimiter)
    return re.compile(rf'(?:\A|{mark})(?:"((?:[^"]++|"")*+)"|([^{mark}]*+))')


def cells(text: str, pattern: re.Pattern[str]) -> list[str]:
    """The cells of one complete record without its line end."""
    return [quoted.replace('""', '"') if quoted else bare for quoted, bare in pattern.findall(text)]
