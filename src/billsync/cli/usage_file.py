"""Usage events in a CSV file, as a billing document names it; one bad row never stops the others.  (shell)

Where a file has no ids, an event is its place: file, line and meter.  That is the same however often the file is read,
and leads from an invoice back to the row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from pydantic import model_validator

from billsync.billing.timeline import instant_of
from billsync.model.base import Id, Noun, Zone
from billsync.model.problem import Place, Problem
from billsync.model.scalar import read_day, read_decimal, read_instant, show
from billsync.model.usage import UsageEvent
from billsync.strict.yaml import did_you_mean

_LOCAL: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,12})?", re.ASCII)
_MICROSECONDS: Final = 7
"""Characters of a fraction of a second that can be kept: a point and six digits."""
_MOST: Final = 100
"""Problems that are told of one file; a last one says how many more there are."""


class UsageFile(Noun):
    """A CSV file of usage events; all but the first four are names of columns.

    Attributes:
        file: relative to the billing document.
        meter: what is metered.
        zone: whose time the instants are that have no offset.
        delimiter: the character between cells.
        at: the column of the instant, or
        on: of the day.
        value: of the quantity, or None where each row counts one.
        id: of the event's id, or None: then an event is its file, line and meter.
        customer: of the customer's id, where the file has several; rows of others are left out.
        received_on: of the day from which billing knows the event, or None.
    """

    file: Id
    meter: Id
    zone: Zone = "UTC"
    delimiter: Id = ","
    at: Id | None = None
    on: Id | None = None
    value: Id | None = None
    id: Id | None = None
    customer: Id | None = None
    received_on: Id | None = None

    @model_validator(mode="after")
    def _has_a_time(self) -> UsageFile:
        if (self.at is None) == (self.on is None):
            raise ValueError("a usage file has either a column of instants (at) or one of days (on)")
        if len(self.delimiter) != 1:
            raise ValueError("the delimiter is one character")
        return self

    @property
    def columns(self) -> dict[str, str]:
        """What is read -> the column that it is read from."""
        names = ("at", "on", "value", "id", "customer", "received_on")
        return {name: column for name in names if (column := getattr(self, name)) is not None}


def events(path: Path, said: UsageFile, customer: str) -> tuple[list[UsageEvent], list[Problem]]:
    """The customer's events in the file, in its order, and what is wrong with other rows.  Raises OSError."""
    found: list[UsageEvent] = []
    problems: list[Problem] = []
    with path.open(encoding="utf-8-sig", errors="strict", newline="") as stream:
        rows = csv.reader(stream, delimiter=said.delimiter, strict=True)
        try:
            for item in _Rows(path, said, lambda: rows.line_num).events(rows, customer):
                if isinstance(item, Problem):
                    problems.append(item)
                else:
                    found.append(item)
        except csv.Error as error:
            problems.append(_problem("READ-CSV-03", f"not a CSV row: {error}", path, rows.line_num))
        except UnicodeDecodeError:
            problems.append(_problem("READ-TEXT-01", "the file is not UTF-8 text", path, rows.line_num + 1))
    return found, _first(problems, path)


def _first(problems: Sequence[Problem], path: Path) -> list[Problem]:
    if len(problems) <= _MOST:
        return list(problems)
    more = _problem("USAGE-EVENT-01", f"{len(problems) - _MOST:,} more rows cannot be read", path, None)
    return [*problems[:_MOST], more]


def _problem(code: str, message: str, path: Path, line: int | None, field: str | None = None) -> Problem:
    return Problem(code=code, message=message, place=Place(file=str(path), line=line, field=field))


class _Bad(ValueError):
    """A cell that cannot be read; `column` is its name."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of one file; `line` gives the number of the line that was read last."""

    path: Path
    said: UsageFile
    line: Callable[[], int]

    def events(self, rows: Iterator[list[str]], customer: str) -> Iterator[UsageEvent | Problem]:
        """An event for each row, or what is wrong with it; nothing but one problem for a header that does not fit."""
        header = next(rows, None)
        if header is None:
            yield _problem("READ-FILE-02", "the file is empty, where a header was expected", self.path, 1)
            return
        missing = [name for name in self.said.columns.values() if name not in header]
        if missing or len(set(header)) < len(header):
            yield from self._bad_header(header, missing)
            return
        places = {name: header.index(column) for name, column in self.said.columns.items()}
        for row in filter(None, rows):
            if len(row) != len(header):
                message = f"expected {len(header)} cells as in the header, got {len(row)}"
                yield _problem("READ-CSV-02", message, self.path, self.line())
                continue
            cells = {name: row[place] for name, place in places.items()}
            if cells.get("customer", customer) == customer:
                yield self._event(cells, self.line())

    def _bad_header(self, header: Sequence[str], missing: Sequence[str]) -> Iterator[Problem]:
        for name in missing:
            problem = _problem("READ-CSV-01", f"the file has no column {show(name)}", self.path, 1)
            yield problem.model_copy(update={"hint": did_you_mean(name, header)})
        if not missing:
            yield _problem("READ-CSV-01", "two columns have the same name", self.path, 1)

    def _event(self, cells: dict[str, str], number: int) -> UsageEvent | Problem:
        try:
            return UsageEvent(
                id=cells.get("id") or f"{self.path.name}:{number}:{self.said.meter}",
                meter=self.said.meter,
                at=self._instant(cells["at"]) if "at" in cells else None,
                on=self._day("on", cells["on"]) if "on" in cells else None,
                value=self._number(cells["value"]) if "value" in cells else Decimal(1),
                received_on=self._day("received_on", cells["received_on"]) if cells.get("received_on") else None,
            )
        except _Bad as bad:
            return _problem("USAGE-EVENT-01", str(bad), self.path, number, bad.column)

    def _instant(self, text: str) -> datetime:
        """With its offset, or the zone's; decimals beyond the microsecond are cut off, they decide nothing."""
        match = _LOCAL.fullmatch(text)
        try:
            if match is None:
                return read_instant(text)
            local = datetime.fromisoformat(f"{match[1]}T{match[2]}{(match[3] or '')[:_MICROSECONDS]}")
            return instant_of(local, self.said.zone)
        except ValueError as error:
            raise _Bad(self.said.at or "", f"expected an instant: {error}") from None

    def _day(self, name: str, text: str) -> date:
        try:
            return read_day(text)
        except ValueError as error:
            raise _Bad(self.said.columns[name], str(error)) from None

    def _number(self, text: str) -> Decimal:
        try:
            return read_decimal(text)
        except ValueError as error:
            raise _Bad(self.said.value or "", str(error)) from None
