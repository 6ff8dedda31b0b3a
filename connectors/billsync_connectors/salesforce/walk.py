"""Through the rows of a query in a fixed order: each page is a query that begins after the last row.  (shell)

No locator is held between pages: it would show rows as they were, would be gone after a while, and is one of ten that
a user may have.  Many rows of one instant are told apart by their ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.connector import TryLater
from billsync_connectors.salesforce.denials import Denied
from billsync_connectors.salesforce.rows import Row, Strange, id_of, mark_of
from billsync_connectors.salesforce.session import Session, query
from billsync_connectors.salesforce.soql import every, quoted, select

_LEAST: Final = 100
"""A page with fewer rows than that was cut short for once; one with more shows how many rows the org gives."""
_SHRINK: Final = 8


@dataclass(frozen=True, slots=True)
class Spot:
    """After which row to go on: its stamp ("" in the order of ids) and its id ("" for all rows from that stamp on)."""

    stamp: str = ""
    id: str = ""


START: Final = Spot()


@dataclass(frozen=True, slots=True)
class Leg:
    """Some rows.

    Attributes:
        at: where to go on; last: whether there are no more.
        too_large: ids of rows that no answer can hold; they are not among the rows.
    """

    rows: Sequence[Row]
    at: Spot
    last: bool
    too_large: tuple[str, ...] = ()


@dataclass(slots=True)
class Walk:
    """One way through.

    Attributes:
        fields: selected; the id and the stamp must be among them.
        stamp: the field that the order goes by, "" for the order of ids.
        all: whether deleted rows are seen.
        most: rows a page at most.
    """

    session: Session
    fields: Sequence[str]
    object: str
    stamp: str = ""
    where: str = ""
    all: bool = False
    most: int = 2000
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = self.most

    def path(self, at: Spot) -> str:
        """What to ask for the rows after a spot."""
        return self._path(self.fields, at, self.size)

    def legs(self, at: Spot, answer: Any = None) -> Iterator[Leg]:
        """All rows after a spot; `answer` is the first page, where it was asked for already.

        Raises `TryLater`, `Refused`.
        """
        while True:
            leg = self._leg(at, answer)
            yield leg
            if leg.last:
                return
            at, answer = leg.at, None

    def rows(self, at: Spot = START, answer: Any = None) -> Iterator[Row]:
        """All rows, one by one; those that are too large are left out."""
        for leg in self.legs(at, answer):
            yield from leg.rows

    # ------------------------------------------------------------ one page

    def _leg(self, at: Spot, answer: Any) -> Leg:
        while True:
            try:
                value = self._asked(self.path(at)) if answer is None else answer
            except TryLater as fault:
                if fault.reason != "too_large":
                    raise
                if self.size == 1:
                    return self._passed(at)
                self.size = max(1, self.size // _SHRINK)
                continue
            return self._taken(value, at)

    def _asked(self, path: str) -> Any:
        try:
            return self.session.ask(path)
        except Denied as no:
            raise no.fault from None

    def _taken(self, value: Any, at: Spot) -> Leg:
        """The rows of an answer, checked: all there, of this object, in order, and after the spot."""
        try:
            rows, done = rows_of(value, self.object)
            marks = [self._mark(row) for row in rows]
        except Strange as strange:
            raise self.session.strange(str(strange)) from None
        if len(rows) > self.size or marks != sorted(marks, key=lambda mark: mark.stamp) or at in marks:
            raise self.session.strange("rows that were not asked for")
        last = done and len(rows) < self.size
        if not done and len(rows) >= _LEAST:
            self.most = self.size = len(rows)
        else:
            self.size = min(self.most, self.size * 2)
        if not last and not rows:
            raise self.session.strange("an empty page that is not the last")
        return Leg(rows, marks[-1] if marks else at, last)

    def _mark(self, row: Row) -> Spot:
        return Spot(*mark_of(row, self.stamp)) if self.stamp else Spot("", id_of(row))

    def _passed(self, at: Spot) -> Leg:
        """One row that no answer can hold: its place is enough to go on after it."""
        few = ["Id", self.stamp] if self.stamp else ["Id"]
        rows, _done = rows_of(self._asked(self._path(few, at, 1)), self.object)
        if not rows:
            return Leg((), at, last=True)
        mark = self._mark(rows[0])
        return Leg((), mark, last=False, too_large=(mark.id,))

    def _path(self, fields: Sequence[str], at: Spot, limit: int) -> str:
        order = f"{self.stamp},Id" if self.stamp else "Id"
        return query(select(fields, self.object, every(self.where, self._after(at)), order, limit), all=self.all)

    def _after(self, at: Spot) -> str:
        if not self.stamp:
            return f"Id > {quoted(at.id)}" if at.id else ""
        if not at.stamp:
            return ""
        since = f"{self.stamp} >= {at.stamp}"
        return f"{since} AND ({self.stamp} > {at.stamp} OR Id > {quoted(at.id)})" if at.id else since


def rows_of(value: Any, object: str) -> tuple[list[Row], bool]:
    """The rows of a query's answer, and whether they are all.  Raises `Strange`."""
    if not isinstance(value, Mapping) or not isinstance(value.get("records"), list) or "done" not in value:
        raise Strange("no records in it")
    rows, done, size = value["records"], value["done"], value.get("totalSize")
    if not isinstance(done, bool) or (done and size != len(rows)):
        raise Strange("fewer records than it says")
    for row in rows:
        about = row.get("attributes") if isinstance(row, Mapping) else None
        if not isinstance(about, Mapping) or about.get("type") != object:
            raise Strange(f"a record that is no {object}")
    return rows, done
