"""The rows of a workbook's sheet, one after the other in flat memory, each cell a value or a fault with its address.

A first pass unpacks the sheet and looks for merged cells, which stand at its end: damage and bombs are found before
the first record is given.  (shell)
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from billsync.model.scalar import show
from billsync_connectors.files.cell_values import BadCell, Raw, Value, column_of, letters_of, value_of
from billsync_connectors.files.rows import Bad, Limits
from billsync_connectors.files.workbook import BadWorkbook, Sheet, Workbook, local

_MERGED: Final = re.compile(rb'mergeCell\s[^>]*?ref\s*=\s*["\']([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})["\']')
_TAIL: Final = 256
_MOST_MERGED: Final = 100_000


@dataclass(slots=True)
class SheetRow:
    """One row that is not blank.

    Attributes:
        values: by column (0 for A); cells that are empty are not in it.
        faults: cells that cannot be used.
    """

    line: int
    values: dict[int, Value] = field(default_factory=dict)
    faults: list[Bad] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Merged:
    """A range of cells that is shown as one; only its first cell holds a value."""

    top: int
    left: int
    bottom: int
    right: int

    def fault(self, line: int) -> Bad | None:
        """What is wrong with a row that it covers, or None for one where its only column has its value."""
        if line == self.top and self.left == self.right:
            return None
        cell = f"{letters_of(self.left if line > self.top else self.left + 1)}{line}"
        first = f"{letters_of(self.left)}{self.top}"
        message = f"the cell is merged into {first}, which alone holds the value"
        return Bad(line, "READ-SHEET-03", message, "unmerge the cells, and fill in each of them", cell=cell)


class SheetRows:
    """Reads a sheet's rows."""

    def __init__(self, workbook: Workbook, sheet: Sheet, limits: Limits) -> None:
        """Look through the sheet once.  Raises `BadWorkbook`."""
        self._workbook, self._sheet, self._limits = workbook, sheet, limits
        self._merged = deque(sorted(self._merges(), key=lambda one: one.top))

    def _merges(self) -> list[_Merged]:
        found, tail = set(), b""
        for chunk in self._workbook.chunks(self._sheet.part):
            text = tail + chunk
            found |= {(match[1], match[2]) for match in _MERGED.finditer(text)}
            tail = text[-_TAIL:]
            if len(found) > _MOST_MERGED:
                raise BadWorkbook("the sheet has too many merged cells", "unmerge them", "READ-SHEET-03")
        try:
            return [_range(first.decode(), last.decode()) for first, last in found]
        except ValueError as error:
            raise BadWorkbook(f"its merged cells make no sense: {error}") from None

    def __iter__(self) -> Iterator[SheetRow]:
        """Every row that is not blank, in order.  Raises `BadWorkbook`."""
        reader = _Reader(self._workbook, self._limits)
        active: list[_Merged] = []
        for _ in self._workbook.parse(self._sheet.part, reader.start, reader.end, reader.data):
            while reader.rows:
                row = reader.rows.popleft()
                while self._merged and self._merged[0].top <= row.line:
                    active.append(self._merged.popleft())
                active = [one for one in active if one.bottom >= row.line]
                row.faults += [fault for one in active if (fault := one.fault(row.line))]
                yield row


def _range(first: str, last: str) -> _Merged:
    left, top = column_of(first)
    right, bottom = column_of(last)
    return _Merged(top, left, bottom, right)


class _Reader:
    """Follows a sheet's XML; complete rows are in `rows`."""

    def __init__(self, workbook: Workbook, limits: Limits) -> None:
        self.rows: deque[SheetRow] = deque()
        self._workbook, self._limits = workbook, limits
        self._row = SheetRow(0)
        self._line = 0
        self._column = -1
        self._cell: dict[str, str] = {}
        self._parts: list[str] = []
        self._size = 0
        self._reading = self._formula = False
        self._spoken = 0

    def start(self, name: str, it: dict[str, str]) -> None:
        """An element begins."""
        if name not in _KNOWN:
            name = local(name)
        if name == "c":
            self._cell, self._parts, self._size, self._formula = it, [], 0, False
        elif name == "v" or (name == "t" and not self._spoken):
            self._reading = True
        elif name == "row":
            number = it.get("r", "")
            self._line = int(number) if number.isdigit() and len(number) < 8 else self._line + 1
            self._row, self._column = SheetRow(self._line), -1
        elif name == "f":
            self._formula = True
        elif name == "rPh":
            self._spoken += 1

    def end(self, name: str) -> None:
        """An element ends."""
        if name not in _KNOWN:
            name = local(name)
        if name in ("v", "t"):
            self._reading = False
        elif name == "c":
            self._take()
        elif name == "row":
            if self._row.values or self._row.faults:
                self.rows.append(self._row)
        elif name == "rPh":
            self._spoken -= 1

    def data(self, text: str) -> None:
        """Text of an element; no more of it than a cell may hold is kept."""
        if self._reading and self._size <= self._limits.field:
            self._parts.append(text)
            self._size += len(text)

    def _take(self) -> None:
        """The cell is complete."""
        column = self._column + 1
        try:
            column = column_of(self._cell["r"])[0] if "r" in self._cell else column
            value = self._value(column)
            if value is not None:
                self._row.values[column] = value
        except BadCell as error:
            self._fault(column, "READ-SHEET-02", str(error), error.hint)
        except (IndexError, ValueError):
            self._fault(column, "READ-SHEET-02", "the cell refers to a text that is not there", "save it again")
        self._column = column

    def _value(self, column: int) -> Value:
        text, type = "".join(self._parts), self._cell.get("t", "n")
        if type == "s" and text:
            text = self._workbook.texts[int(text)]
        if len(text) > self._limits.field or len(text.encode("utf-8", "replace")) > self._limits.field:
            message = f"the cell is larger than {self._limits.field:,} bytes"
            self._fault(column, "READ-SIZE-01", message, "shorten it, or raise max_field_bytes of the connection")
            return None
        style, forms = self._cell.get("s", "0"), self._workbook.forms
        number = int(style) if style.isdigit() else 0
        form = forms[number] if number < len(forms) else "number"
        return value_of(Raw(column, type, text, form, self._formula), from_1904=self._workbook.from_1904)

    def _fault(self, column: int, code: str, message: str, hint: str) -> None:
        self._row.faults.append(Bad(self._line, code, message, hint, cell=f"{letters_of(column)}{self._line}"))


_KNOWN: Final = frozenset(("c", "v", "t", "f", "row", "rPh", "is", "r"))


# ---------------------------------------------------------------- the table in a sheet


def header_of(rows: Iterator[SheetRow], header_row: int | None) -> SheetRow | None:
    """The row that names the columns: the first that is not blank, or the one of that number."""
    return next((row for row in rows if header_row is None or row.line == header_row), None)


def names_of(row: SheetRow) -> list[str]:
    """The columns' names, from A to the last that has one."""
    last = max(row.values, default=-1)
    return ["" if (value := row.values.get(at)) is None else str(value) for at in range(last + 1)]


def cells_of(row: SheetRow, names: list[str]) -> list[Value] | Bad:
    """The row's cells under the columns' names, or its first fault in the table."""
    faults = [bad for bad in row.faults if bad.cell and column_of(bad.cell)[0] < len(names)]
    if faults:
        return faults[0]
    outside = next((at for at in row.values if at >= len(names)), None)
    if outside is not None:
        message = f"the cell {show(str(row.values[outside]))} stands outside of the table: its column has no name"
        hint = "name the column in the header, or empty the cell"
        return Bad(row.line, "READ-SHEET-01", message, hint, cell=f"{letters_of(outside)}{row.line}")
    return [row.values.get(at) for at in range(len(names))]
