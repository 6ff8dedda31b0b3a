"""The state of invoices, written back as one CSV file: a whole batch is one atomic rewrite.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Applied, Intent, Outcome, Refused, Standing
from billsync.model.scalar import plain, read_day, read_decimal, read_text, show
from billsync.strict.yaml import did_you_mean
from billsync_connectors.files.folder import Folder
from billsync_connectors.files.rows import Bad, CsvRows, Limits, begin

COLUMNS: Final = ("deal", "invoices", "amount", "currency", "state", "issued_on", "due_on", "paid_on")
NAME: Final = "status.csv"
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n]")
_ESCAPED: Final = re.compile(r"'+[=+\-@\t\r\n]")
_TO_QUOTE: Final = re.compile(r'[",\r\n]')

Rows = dict[str, tuple[str, ...]]
"""Deal id -> its row's cells, in the order of COLUMNS."""


class StatusFile:
    """`status.csv` of one folder; the only writer of it is the connection's push."""

    def __init__(self, folder: Folder, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self.shown = f"{self._folder.shown}/{NAME}"

    def load(self) -> Rows:
        """What the file holds; nothing where there is none.  Raises `Refused` for one that billsync did not write."""
        there = self._folder.named(NAME)
        if not there:
            return {}
        with self._folder.open(there[0]) as opened:
            fault = begin(opened.stream)
            found = [fault] if fault else list(CsvRows(opened.stream, ",", self._limits))
        rows: Rows = {}
        for number, row in enumerate(found):
            if isinstance(row, Bad):
                raise self._foreign(row.line, row.message)
            if len(row.cells) != len(COLUMNS) or (number == 0) != (tuple(row.cells) == COLUMNS):
                raise self._foreign(row.line, f"expected the columns {', '.join(COLUMNS)}")
            if number:
                cells = tuple(restored(cell) for cell in row.cells)
                rows[cells[0]] = cells
        return rows

    def close(self) -> None:
        """Let go of what was fetched."""
        self._folder.close()

    def _foreign(self, line: int, message: str) -> Refused:
        advice = "it is not overwritten; mend it or move it away"
        return Refused("status_unreadable", f"{self.shown}:{line}: {message}; {advice}")

    def standing(self) -> list[Standing]:
        """The rows that can be read as a deal's status.  Raises `Refused` for a file that billsync did not write."""
        found = (_standing(dict(zip(COLUMNS, cells, strict=True))) for cells in self.load().values())
        return [item for item in found if item is not None]

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Bring the rows of these deals to what the intents say, all in one rewrite."""
        try:
            rows = self.load()
        except Refused as refused:
            return [refused for _ in intents]
        outcomes = [_applied(rows, intent) for intent in intents]
        fault = self._folder.replace(NAME, text(rows).encode())
        return [fault if fault and isinstance(outcome, Applied) else outcome for outcome in outcomes]


# ---------------------------------------------------------------- rows


def _standing(row: Mapping[str, str]) -> Standing | None:
    try:
        return Standing(
            id=row["deal"],
            reference=row["deal"],
            currency=row["currency"],
            total=read_decimal(row["amount"]),
            on=read_day(row["issued_on"]),
            due_on=read_day(row["due_on"]),
            state=row["state"],
        )
    except ValueError:
        return None


def _applied(rows: Rows, intent: Intent) -> Outcome:
    try:
        cells = _cells(intent.key, intent.payload)
    except _Unwritable as error:
        return Refused("bad_payload", f"status of deal {show(intent.key)}: {error}", field=error.field)
    rows[intent.key] = cells
    return Applied(intent.key, {"state": cells[COLUMNS.index("state")]})


class _Unwritable(ValueError):
    """A value that has no place in the file."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _cells(key: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    for name in payload:
        if name not in COLUMNS:
            raise _Unwritable(name, f"there is no column {show(name)} ({did_you_mean(name, COLUMNS)})")
    if payload.get("deal", key) != key:
        raise _Unwritable("deal", f"the row says deal {show(payload['deal'])}")
    return tuple(key if name == "deal" else _cell(name, payload.get(name)) for name in COLUMNS)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " ".join(_cell(name, item) for item in value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    try:
        return read_text(value)
    except ValueError as error:
        raise _Unwritable(name, f"{name}: {error}") from None


def text(rows: Rows) -> str:
    """The file: header, then one row a deal in order of its id; the same rows give the same text."""
    lines = [",".join(COLUMNS)]
    lines += [",".join(_quoted(neutral(cell)) for cell in rows[deal]) for deal in sorted(rows)]
    return "\n".join(lines) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell


def neutral(cell: str) -> str:
    """The cell as no spreadsheet takes it for a formula: one that begins like one gets a leading apostrophe."""
    return "'" + cell if _FORMULA.match(cell) else cell


def restored(cell: str) -> str:
    """The cell as it was before `neutral`."""
    return cell[1:] if _ESCAPED.match(cell) else cell
