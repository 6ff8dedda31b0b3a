"""From the rows of one file to records: the header, the key, and each cell under its column's name.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from billsync.connector import Record
from billsync.model.problem import Problem
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean
from billsync_connectors.files.config import Format
from billsync_connectors.files.folder import File, place
from billsync_connectors.files.rows import Bad, CsvRows, Item, Limits, Row, begin, json_items


@dataclass(frozen=True, slots=True)
class Source:
    """How one kind of record is read: `key` None means the first column, `format` None the file's ending."""

    system: str
    object: str
    key: str | None
    format: Format | None
    delimiter: str
    limits: Limits

    def format_of(self, file: File) -> Format:
        """How this file is written."""
        return self.format or ("jsonl" if file.path.suffix.lower() == ".jsonl" else "csv")

    def problem(self, file: File, bad: Bad) -> Problem:
        """What is wrong, with its place."""
        where = place(file, self.system, self.object, bad.line, bad.column)
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
    for found in _identified(stream, file, source):
        if isinstance(found, Bad):
            yield source.problem(file, found)
            continue
        line, key, data = found
        before = keys.first(key, file, line)
        if before is None:
            where = place(file, source.system, source.object, line, id=key)
            yield Record(source.object, key, data, where)
        else:
            message = f"the key {show(key)} stands here again: first at {before}, which is kept"
            bad = Bad(line, "READ-KEY-01", message, "give each record a key of its own, or remove the one too many")
            yield source.problem(file, bad)


_Found = tuple[int, str, dict[str, object]]


def _identified(stream: BinaryIO, file: File, source: Source) -> Iterator[_Found | Bad]:
    fault = begin(stream)
    if fault is not None:
        yield fault
    elif source.format_of(file) == "jsonl":
        yield from _from_json(stream, source)
    else:
        yield from _from_csv(stream, source)


def columns(stream: BinaryIO, file: File, source: Source) -> tuple[list[str], list[Problem]]:
    """The file's columns (of JSONL: the fields of its first record), and what is wrong with them."""
    fault = begin(stream)
    if fault is not None:
        return [], [source.problem(file, fault)]
    if source.format_of(file) == "jsonl":
        first = next((item for item in json_items(stream, source.limits) if isinstance(item, Item)), None)
        return list(first.value) if first else [], []
    names, faults = _header(iter(CsvRows(stream, source.delimiter, source.limits)), source)
    return names, [source.problem(file, bad) for bad in faults]


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
    names = first.cells
    faults = _blank_names(first) + _double_names(first)
    if source.key is not None and source.key not in names:
        faults.append(_no_key(first.line, names, source))
    return names, faults


def _blank_names(header: Row) -> list[Bad]:
    return [
        Bad(header.line, "READ-CSV-01", f"column {at} has no name", "name it, or remove the column")
        for at, name in enumerate(header.cells, 1)
        if not name.strip()
    ]


def _double_names(header: Row) -> list[Bad]:
    names = header.cells
    return [
        Bad(
            header.line,
            "READ-CSV-01",
            f"columns {names.index(name) + 1} and {at} are both named {show(name)}",
            "give each column a name of its own",
        )
        for at, name in enumerate(names, 1)
        if name.strip() and names.index(name) + 1 != at
    ]


def _no_key(line: int, names: Sequence[str], source: Source) -> Bad:
    hint = did_you_mean(source.key or "", names)
    other = next((char for char in ";\t|," if char != source.delimiter and char in names[0]), None)
    if len(names) == 1 and other is not None:
        hint = f"the delimiter seems to be {show(other)}: set `delimiter` of {source.object}"
    message = f"the key column {show(source.key)} is missing: the file's columns are {', '.join(map(show, names[:12]))}"
    return Bad(line, "READ-CSV-01", message, hint)


# ---------------------------------------------------------------- JSONL


def _from_json(stream: BinaryIO, source: Source) -> Iterator[_Found | Bad]:
    key = source.key
    for item in json_items(stream, source.limits):
        if isinstance(item, Bad):
            yield item
            continue
        key = next(iter(item.value), None) if key is None else key
        yield _item(item, key)


def _item(item: Item, key: str | None) -> _Found | Bad:
    value = item.value.get(key) if key is not None else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and value.strip():
        return item.line, value, item.value
    if key is not None and key in item.value:
        message = f"expected text or a whole number as the key {show(key)}, got {show(value)}"
        return Bad(item.line, "READ-KEY-01", message, "give the record a key")
    message = f"the key {show(key or '')} is missing"
    return Bad(item.line, "READ-KEY-01", message, did_you_mean(key or "", item.value))
