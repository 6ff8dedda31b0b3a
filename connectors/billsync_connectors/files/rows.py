"""The records of one open file, one after the other, in flat memory: each is whole, or says what is wrong.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from billsync.model.scalar import show
from billsync.strict import json
from billsync_connectors.files.scan import Scanner, State, cell_pattern, cells, whole_line
from billsync_connectors.files.sniff import HEAD, kind

MAX_REREAD: Final = 1 << 28
"""Bytes read a second time because of quotes that were not closed, until the rest of a file is given up."""
_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes from which on a cell, a record or a file as it is unpacked is a problem."""

    field: int
    record: int
    file: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one CSV record; `line` is that of its first character."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Item:
    """One JSON object of a JSONL file."""

    line: int
    value: dict[str, object]


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that cannot be used; `fatal` where nothing after it is read, `cell` such as `C7` of a workbook."""

    line: int
    code: str
    message: str
    hint: str = ""
    column: int | None = None
    fatal: bool = False
    cell: str = ""


def begin(stream: BinaryIO) -> Bad | None:
    """Stand after the byte order mark.  Gives what is wrong with a file of another encoding, or with an empty one."""
    head = stream.read(HEAD)
    if not head:
        return Bad(1, "READ-FILE-02", "the file is empty", "export it again, or take it out of the folder")
    what = kind(head)
    if what and not what.startswith("XML"):
        hint = "give it the ending of what it is, or export it again"
        return Bad(1, "READ-FILE-01", f"the file is no text in rows: it is {what}", hint, fatal=True)
    if head[:2] in _UTF16 or b"\x00" in head[:4]:
        return Bad(
            1,
            "READ-TEXT-01",
            "the file is not UTF-8: it looks like UTF-16 or UTF-32",
            'save it as "CSV UTF-8"',
            fatal=True,
        )
    stream.seek(len(_BOM) if head.startswith(_BOM) else 0)
    return None


# ---------------------------------------------------------------- CSV


@dataclass(slots=True)
class _Raw:
    """One record as bytes.

    Attributes:
        data: without what is beyond the limit where `oversized`.
        opened: line of the quote that was opened last; resume: where the line after that begins, or None for the end.
    """

    data: bytes
    state: State
    opened: int
    resume: int | None
    oversized: bool


class CsvRows:
    """Reads CSV records from where the stream stands, the first line of a file."""

    def __init__(self, stream: BinaryIO, delimiter: str, limits: Limits) -> None:
        self._stream = stream
        self._delimiter = delimiter
        self._is_whole = whole_line(delimiter).fullmatch
        self._cells = cell_pattern(delimiter)
        self._limits = limits
        self._chunk = limits.record + 2
        self._line = 1
        self._reread = 0

    def __iter__(self) -> Iterator[Row | Bad]:
        """Every record that is not an empty line."""
        while chunk := self._stream.readline(self._chunk):
            line = self._line
            if chunk.endswith(b"\n") and (b'"' not in chunk or self._is_whole(chunk)):
                self._line += 1
                found = self._row(chunk, line)
            else:
                found = self._long(self._whole(chunk), line)
            if found is not None:
                yield found
            if isinstance(found, Bad) and found.fatal:
                return

    def _whole(self, chunk: bytes) -> _Raw:
        """Read on until the record that begins with `chunk` ends, or turns out to be broken."""
        scanner = Scanner(self._delimiter.encode())
        parts: list[bytes] = []
        size, opened, resume = 0, 0, None
        while chunk:
            scanner.feed(chunk, self._line)
            if scanner.opened != opened:
                opened, resume = scanner.opened, None
            size += len(chunk)
            if size <= self._chunk:
                parts.append(chunk)
            if chunk.endswith(b"\n"):
                self._line += 1
                resume = self._stream.tell() if resume is None else resume
                if scanner.state in (State.END, State.BROKEN):
                    break
            chunk = self._stream.readline(self._chunk)
        return _Raw(b"".join(parts), scanner.finish(), opened, resume, size > self._chunk)

    def _long(self, raw: _Raw, line: int) -> Row | Bad | None:
        if raw.state in (State.QUOTED, State.BROKEN):
            return self._unclosed_quote(raw)
        return _too_large(line, self._limits) if raw.oversized else self._row(raw.data, line)

    def _unclosed_quote(self, raw: _Raw) -> Bad:
        """Go on with the line after the one where the quote opened: the rows below it are not part of its cell."""
        how = f"the next quote, on line {self._line - 1}, does not close it"
        if raw.state is State.QUOTED:
            how = "is never closed up to the end of the file"
        if raw.resume is not None:
            self._reread += self._stream.tell() - raw.resume
            self._stream.seek(raw.resume)
        self._line = raw.opened + 1
        fatal = self._reread > MAX_REREAD
        return Bad(
            raw.opened,
            "READ-CSV-03",
            f"a quote opens a cell here and {how}" + ("; the rest of the file is not read" if fatal else ""),
            'close it before the next delimiter, and write a quote inside a quoted cell as ""',
            fatal=fatal,
        )

    def _row(self, raw: bytes, line: int) -> Row | Bad | None:
        raw = raw.removesuffix(b"\n").removesuffix(b"\r")
        if not raw:
            return None
        if len(raw) > self._limits.record:
            return _too_large(line, self._limits)
        text = _decoded(raw, line)
        if isinstance(text, Bad):
            return text
        if "\r" in text and '"' not in text:
            return Bad(
                line, "READ-CSV-02", "a carriage return stands inside a row", "save the file with LF or CRLF ends"
            )
        found = cells(text, self._cells) if '"' in text else text.split(self._delimiter)
        if len(raw) > self._limits.field:
            for number, cell in enumerate(found, 1):
                if len(cell.encode()) > self._limits.field:
                    return _too_large_field(line, f"cell {number}", self._limits)
        return Row(line, found)


# ---------------------------------------------------------------- JSONL


def json_items(stream: BinaryIO, limits: Limits) -> Iterator[Item | Bad]:
    """The object of every line that is not blank, from where the stream stands."""
    line = 0
    while chunk := stream.readline(limits.record + 2):
        line += 1
        if len(chunk.rstrip(b"\r\n")) > limits.record:
            while chunk and not chunk.endswith(b"\n"):
                chunk = stream.readline(limits.record + 2)
            yield _too_large(line, limits)
        elif chunk.strip():
            yield _item(chunk, line, limits)


_HINTS: Final = {
    "READ-JSON-01": "write one JSON object a line",
    "READ-JSON-02": "correct it at the source; an empty value is null, a number that long is text",
    "READ-TEXT-01": "correct it at the source",
}


def _item(raw: bytes, line: int, limits: Limits) -> Item | Bad:
    text = _decoded(raw.rstrip(b"\r\n"), line)
    if isinstance(text, Bad):
        return text
    try:
        value = json.loads(text)
    except json.BadJson as error:
        return Bad(line, error.code, str(error), _HINTS.get(error.code, "correct it at the source"), error.column)
    if not isinstance(value, dict):
        return Bad(line, "READ-JSON-01", f"expected a JSON object, got {show(value)}", "write one JSON object a line")
    if len(raw) > limits.field:
        for name, item in value.items():
            if longest(item) > limits.field:
                return _too_large_field(line, f"the field {show(name)}", limits)
    return Item(line, value)


def longest(value: object) -> int:
    """Bytes of the longest text in a value."""
    if isinstance(value, str):
        return len(value.encode())
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((longest(item) for item in inner), default=0)


# ---------------------------------------------------------------- both


def _decoded(raw: bytes, line: int) -> str | Bad:
    if b"\x00" in raw:
        return Bad(line, "READ-TEXT-01", "the record holds a NUL byte", "remove it at the source")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        spot = line + raw.count(b"\n", 0, error.start)
        byte = raw[error.start]
        message = f"the record is not UTF-8: byte 0x{byte:02x} on line {spot}"
        return Bad(line, "READ-TEXT-01", message, _text_hint(raw[error.start : error.start + 2]))


def _text_hint(at: bytes) -> str:
    if at[:1] == b"\xed" and at[1:] >= b"\xa0":
        return "half of a UTF-16 pair stands there (a lone surrogate): remove it at the source"
    return 'save the file as "CSV UTF-8": it looks like Windows-1252 or Latin-1'


def _too_large(line: int, limits: Limits) -> Bad:
    message = f"the record is larger than {limits.record:,} bytes"
    return Bad(line, "READ-SIZE-01", message, "shorten it, or raise max_record_bytes of the connection")


def _too_large_field(line: int, what: str, limits: Limits) -> Bad:
    message = f"{what} is larger than {limits.field:,} bytes"
    return Bad(line, "READ-SIZE-01", message, "shorten it, or raise max_field_bytes of the connection")
