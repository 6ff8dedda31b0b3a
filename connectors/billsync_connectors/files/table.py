"""From the rows of one file to records: the header, the key, and each cell under its column's name.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, BinaryIO

from billsync.connector import Record
from billsync.model.problem import Problem
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean
from billsync_connectors.files.columnar import column_names, parquet_items
from billsync_connectors.files.config import Format
from billsync_connectors.files.folder import FORMATS, File, place
from billsync_connectors.files.rows import Bad, CsvRows, Item, Limits, Row, begin, json_items
from billsync_connectors.files.sheet import SheetRow, SheetRows, cells_of, header_of, names_of
from billsync_connectors.files.unpacking import unpacked
from billsync_connectors.files.workbook import BadWorkbook, opened


@dataclass(frozen=True, slots=True)
class Source:
    """How one kind of record is read: `key` None means the first column, `format` None the file's ending.

    `sheet` and `header_row` are of workbooks: None for the first sheet that people see, and its first row.
    """

    system: str
    object: str
    key: str | None
    format: Format | None
    delimiter: str
    limits: Limits
    sheet: str | None = None
    header_row: int | None = None

    def format_of(self, file: File) -> Format:
        """How this file is written."""
        return self.format or FORMATS.get(file.suffix, "csv")

    def problem(self, file: File, bad: Bad) -> Problem:
        """What is wrong, with its place."""
        where = place(file, self.system, self.object, bad.line, bad.column)
        if bad.cell:
            where = where.model_copy(update={"file": f"{file.shown}!{bad.cell}", "line": None})
        return Problem(code=bad.code, message=bad.message, hint=bad.hint, place=where)


@dataclass(slots=True)
class Keys:
    """Which ids were seen, and where first; across the files of one object."""

    files: list[File] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def first(self, id: str, file: File, line: int) -> str | None:
        """Where the id stood before, or None; then it stands here from now on."""
        if not self.files or self.files[-1] is not file:
            self.files.append(file)
        # one int a key, since there may be millions: the file's number and the line
        number = (len(self.files) - 1) << 40 | line
        before = self.seen.setdefault(id, number)
        if before == number:
            return None
        return f"{self.files[before >> 40].shown}:{before & (1 << 40) - 1}"


def records(stream: BinaryIO, file: File, source: Source, keys: Keys) -> Iterator[Record | Problem]:
    """Every record of the file that has an id of its own; the first of those with the same id."""
    with _table(stream, file, source) as (spot, rows):
        for found in rows:
            if isinstance(found, Bad):
                yield source.problem(spot, found)
                continue
            line, key, data = found
            before = keys.first(key, spot, line)
            if before is None:
                yield Record(source.object, key, data, place(spot, source.system, source.object, line, id=key))
            else:
                message = f"the key {show(key)} stands here again: first at {before}, which is kept"
                bad = Bad(line, "READ-KEY-01", message, "give each record a key of its own, or remove the one too many")
                yield source.problem(spot, bad)


_Found = tuple[int, str, dict[str, Any]]
_Rows = Iterator["_Found | Bad"]


@contextmanager
def _table(stream: BinaryIO, file: File, source: Source) -> Iterator[tuple[File, _Rows]]:
    """The rows of a file, and how their places call it: a workbook's sheet is part of that."""
    form = source.format_of(file)
    if form == "xlsx":
        with _sheet(stream, file, source) as (spot, rows):
            yield spot, iter([rows]) if isinstance(rows, Bad) else _from_sheet(rows, source)
    elif form == "parquet":
        yield file, _from_items(parquet_items(stream, source.limits), source)
    else:
        with _plain(stream, file, source) as text:
            if isinstance(text, Bad):
                yield file, iter([text])
            elif form == "jsonl":
                yield file, _from_items(json_items(text, source.limits), source)
            else:
                yield file, _from_csv(text, source)


@contextmanager
def _plain(stream: BinaryIO, file: File, source: Source) -> Iterator[BinaryIO | Bad]:
    """The text of a file, unpacked where it is packed, from its first character on."""
    if not file.name.lower().endswith(".gz"):
        yield begin(stream) or stream
        return
    with unpacked(stream, source.limits.file) as text:
        yield text if isinstance(text, Bad) else begin(text) or text


def columns(stream: BinaryIO, file: File, source: Source) -> tuple[list[str], list[Problem]]:
    """The file's columns (of JSONL: the fields of its first record), and what is wrong with them."""
    form = source.format_of(file)
    if form == "parquet":
        names = column_names(stream, source.limits)
        return ([], [source.problem(file, names)]) if isinstance(names, Bad) else (names, [])
    if form == "xlsx":
        with _sheet(stream, file, source) as (spot, rows):
            titles, faults = ([], [rows]) if isinstance(rows, Bad) else _sheet_header(iter(rows), source)
            return titles, [source.problem(spot, bad) for bad in faults]
    with _plain(stream, file, source) as text:
        if isinstance(text, Bad):
            return [], [source.problem(file, text)]
        if form == "jsonl":
            first = next((item for item in json_items(text, source.limits) if isinstance(item, Item)), None)
            return list(first.value) if first else [], []
        names, faults = _header(iter(CsvRows(text, source.delimiter, source.limits)), source)
        return names, [source.problem(file, bad) for bad in faults]


# ---------------------------------------------------------------- Excel


@contextmanager
def _sheet(stream: BinaryIO, file: File, source: Source) -> Iterator[tuple[File, SheetRows | Bad]]:
    """The rows of the sheet that is read, or why there are none."""
    with ExitStack() as stack:
        spot = file
        try:
            book = stack.enter_context(opened(stream, source.limits.file))
            sheet = book.sheet(source.sheet)
            spot = replace(file, shown=f"{file.shown}!{sheet.name}")
            found: SheetRows | Bad = SheetRows(book, sheet, source.limits)
        except BadWorkbook as error:
            found = _unreadable(error)
        yield spot, found


def _unreadable(error: BadWorkbook) -> Bad:
    return Bad(1, error.code, str(error), error.hint, fatal=True)


def _from_sheet(sheet: SheetRows, source: Source) -> _Rows:
    rows = iter(sheet)
    try:
        names, faults = _sheet_header(rows, source)
        if faults:
            yield from faults
            return
        at = 0 if source.key is None else names.index(source.key)
        for row in rows:
            cells = cells_of(row, names)
            yield cells if isinstance(cells, Bad) else _keyed(row.line, dict(zip(names, cells, strict=True)), names[at])
    except BadWorkbook as error:
        yield _unreadable(error)


def _sheet_header(rows: Iterator[SheetRow], source: Source) -> tuple[list[str], list[Bad]]:
    try:
        row = header_of(rows, source.header_row)
    except BadWorkbook as error:
        return [], [_unreadable(error)]
    if row is None:
        hint = "name the columns in the sheet's first row, or set `header_row` or `sheet`"
        return [], [Bad(source.header_row or 1, "READ-SHEET-01", "the sheet has no header", hint)]
    if row.faults:
        return [], row.faults
    return _named(Row(row.line, names_of(row)), source, "READ-SHEET-01")


# ---------------------------------------------------------------- CSV


def _from_csv(stream: BinaryIO, source: Source) -> Iterator[_Found | Bad]:
    rows = iter(CsvRows(stream, source.delimiter, source.limits))
    names, faults = _header(rows, source)
    if faults:
        yield from faults
        return
    at = 0 if source.key is None else names.index(source.key)
    for row in rows:
        yield row if isinstance(row, Bad) else _row(row, names, at)


def _row(row: Row, names: Sequence[str], at: int) -> _Found | Bad:
    if len(row.cells) != len(names):
        message = f"expected {len(names)} cells as in the header, got {len(row.cells)}"
        hint = "put cells that hold the delimiter or a quote in quotes"
        if len(row.cells) < len(names):
            hint = "is the row cut off, or a delimiter missing?"
        return Bad(row.line, "READ-CSV-02", message, hint)
    key = row.cells[at]
    if not key.strip():
        message = f"the key column {show(names[at])} is blank"
        return Bad(row.line, "READ-KEY-01", message, "give the record a key")
    return row.line, key, dict(zip(names, row.cells, strict=True))


def _header(rows: Iterator[Row | Bad], source: Source) -> tuple[list[str], list[Bad]]:
    """The columns' names, and all that is wrong with them."""
    first = next(rows, None)
    if first is None:
        return [], [Bad(1, "READ-FILE-02", "the file has no header", "export it again, with column names")]
    if isinstance(first, Bad):
        hint = first.hint or "the first line must name the columns"
        return [], [Bad(first.line, first.code, f"in the header: {first.message}", hint, fatal=True)]
    return _named(first, source, "READ-CSV-01")


def _named(header: Row, source: Source, code: str) -> tuple[list[str], list[Bad]]:
    """The columns of a header, and all that is wrong with them."""
    faults = _blank_names(header, code) + _double_names(header, code)
    if source.key is not None and source.key not in header.cells:
        faults.append(_no_key(header.line, header.cells, source, code))
    return header.cells, faults


def _blank_names(header: Row, code: str) -> list[Bad]:
    return [
        Bad(header.line, code, f"column {at} has no name", "name it, or remove the column")
        for at, name in enumerate(header.cells, 1)
        if not name.strip()
    ]


def _double_names(header: Row, code: str) -> list[Bad]:
    names = header.cells
    return [
        Bad(
            header.line,
            code,
            f"columns {names.index(name) + 1} and {at} are both named {show(name)}",
            "give each column a name of its own",
        )
        for at, name in enumerate(names, 1)
        if name.strip() and names.index(name) + 1 != at
    ]


def _no_key(line: int, names: Sequence[str], source: Source, code: str) -> Bad:
    hint = did_you_mean(source.key or "", names)
    other = next((char for char in ";\t|," if char != source.delimiter and char in names[0]), None)
    if len(names) == 1 and other is not None:
        hint = f"the delimiter seems to be {show(other)}: set `delimiter` of {source.object}"
    message = f"the key column {show(source.key)} is missing: the file's columns are {', '.join(map(show, names[:12]))}"
    return Bad(line, code, message, hint)


# ---------------------------------------------------------------- JSONL, Parquet


def _from_items(items: Iterator[Item | Bad], source: Source) -> _Rows:
    key = source.key
    for item in items:
        if isinstance(item, Bad):
            yield item
            continue
        key = next(iter(item.value), None) if key is None else key
        yield _keyed(item.line, item.value, key)


def _keyed(line: int, data: dict[str, Any], key: str | None) -> _Found | Bad:
    """The record with its id: text that is not blank, or a whole number."""
    value = data.get(key) if key is not None else None
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and value == int(value):
        value = str(int(value))
    if isinstance(value, str) and value.strip():
        return line, value, data
    if key is not None and key in data:
        message = f"expected text or a whole number as the key {show(key)}, got {show(value)}"
        return Bad(line, "READ-KEY-01", message, "give the record a key")
    return Bad(line, "READ-KEY-01", f"the key {show(key or '')} is missing", did_you_mean(key or "", data))
