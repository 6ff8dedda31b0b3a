"""One kind of record, read page by page: each page is a short transaction, and goes on by key, never by counting rows.

Without a cursor, and at first, rows are walked in the order of their key, which no change of a row moves.  Then only
what changed is read: rows whose cursor is not less than where the last read began, moved back by the lag; rows that
have no cursor; and records of which related rows changed.  (shell)
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Select
from sqlalchemy.sql import ColumnElement

from billsync.connector import Checkpoint, Page, Record, Refused, TryLater
from billsync.model.base import canonical_json, digest_text
from billsync.model.problem import Problem
from billsync.model.scalar import show
from billsync_connectors.sql import statements
from billsync_connectors.sql.database import Database
from billsync_connectors.sql.position import BadPosition, before, capped, moment, packed, unpacked
from billsync_connectors.sql.rows import Maker, Related, Row, values_of
from billsync_connectors.sql.settings import CursorConfig, ObjectConfig, SourceConfig
from billsync_connectors.sql.values import key_text, key_values, size_of

_MOST_BYTES: Final = 1 << 24
"""A page ends where its texts come to so much, however few rows it has."""
_AT_ONCE: Final = 400
"""Keys in one condition: what every database takes."""
_OWN: Final = ""
"""The name of the object's own rows among those of related tables."""
_NULLS: Final = "\0"

Marks = Mapping[str, Any]


@dataclass(slots=True)
class Batch:
    """Some rows of a walk.

    Attributes:
        last: position of its last row, or None where there is none; more: whether rows stand behind it.
    """

    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    last: tuple[Any, ...] | None = None
    more: bool = False


class Reader:
    """Reads one kind of record of one database."""

    def __init__(self, database: Database, system: str, object: str, config: ObjectConfig, zone: str | None) -> None:
        self._database, self._config, self._zone = database, config, zone
        self._object = object
        self._maker = Maker(system, object, config, zone)
        self._form = digest_text(canonical_json(config.model_dump(mode="json", exclude={"page_size"})))[:16]
        self._names: dict[str, tuple[str, ...]] = {}
        self._passed: set[tuple[Any, ...]] = set()

    # ------------------------------------------------------------ reading

    def read(self, since: Checkpoint | None) -> Iterator[Page]:
        """Everything, or what changed since the checkpoint."""
        self._names = {}
        known = since if since and since.get("form") == self._form else {}
        try:
            if self._config.cursor is None or "since" not in known:
                yield from self._all(known)
            else:
                yield from self._changed(known)
        except BadPosition as error:
            raise Refused("bad_cursor", f"{self._object}: {error}; read it anew: billsync sync --full") from None

    def _all(self, known: Checkpoint) -> Iterator[Page]:
        """Every row, by key; a read that began before goes on where it stood."""
        fresh = "after" not in known
        clean = fresh
        marks = self._packed_marks() if fresh else known["marks"]
        order, position = self._config.key, _position(known.get("after"))
        keep = self._config.cursor is not None
        while True:
            batch = self._batch(self._config, order, [], position, unique=True)
            clean = clean and not batch.problems
            position = batch.last or position
            going = {"form": self._form, "marks": marks, "after": _packed(position)} if keep and position else {}
            yield Page(batch.records, batch.problems, going)
            if not batch.more:
                break
        missing = self._keyless()
        rest = {"form": self._form, "since": marks} if keep else {}
        yield Page((), missing, rest, snapshot=clean and not missing, complete=fresh)

    def _changed(self, known: Checkpoint) -> Iterator[Page]:
        """What changed: own rows, rows that have no cursor, records whose related rows changed."""
        going = {"form": self._form, "since": known["since"], "marks": known.get("marks") or self._packed_marks()}
        stages = [_OWN, _NULLS, *(name for name, related in self._config.related.items() if related.cursor)]
        first = stages.index(known["stage"]) if known.get("stage") in stages else 0
        for stage in stages[first:]:
            position = _position(known.get("after")) if stage == known.get("stage") else None
            while True:
                batch = self._stage(stage, unpacked(known["since"].get(stage)), position)
                position = batch.last or position
                at = {**going, "stage": stage, **({"after": _packed(position)} if position else {})}
                yield Page(batch.records, batch.problems, at)
                if not batch.more:
                    break
        yield Page((), (), {"form": self._form, "since": going["marks"]})

    def _stage(self, stage: str, since: Any, position: tuple[Any, ...] | None) -> Batch:
        own = self._config
        if stage == _NULLS and own.cursor is not None:
            return self._batch(own, own.key, [statements.column(own.cursor.column).is_(None)], position)
        source: SourceConfig = own if stage == _OWN else own.related[stage]
        cursor = source.cursor
        if cursor is None:
            return Batch()
        order = tuple(dict.fromkeys((cursor.column, *source.key)))
        conditions = [] if since is None or position else [_not_before(cursor, since, self._zone)]
        if stage == _OWN:
            return self._batch(source, order, conditions, position)
        return self._parents(stage, order, conditions, position)

    # ------------------------------------------------------------ pages

    def _batch(
        self,
        source: SourceConfig,
        order: Sequence[str],
        conditions: Sequence[ColumnElement[bool]],
        position: tuple[Any, ...] | None,
        *,
        unique: bool = False,
    ) -> Batch:
        """The next rows as records; `unique` where the order is the key's, so that one that comes twice is seen."""
        try:
            return self._batch_once(source, order, conditions, position, unique=unique)
        except Refused as refused:
            if refused.reason in ("bad_data", "driver_failed") and self._database.be_lenient():
                return self._batch_once(source, order, conditions, position, unique=unique)
            raise

    def _batch_once(
        self,
        source: SourceConfig,
        order: Sequence[str],
        conditions: Sequence[ColumnElement[bool]],
        position: tuple[Any, ...] | None,
        *,
        unique: bool,
    ) -> Batch:
        with self._database.reading() as conn:
            rows, beyond = self._rows(conn, _OWN, source, order, conditions, position)
            related = self._related(conn, rows)
        batch = self._made(rows, related, beyond if unique else None, unique=unique)
        batch.more = beyond is not None
        batch.last = self._pass(rows, order)
        return batch

    def _made(self, rows: Sequence[Row], related: Mapping[str, Related], beyond: Row | None, *, unique: bool) -> Batch:
        batch, last = Batch(), ""
        for row in rows:
            made = self._maker.record(row, related)
            if isinstance(made, Problem):
                batch.problems.append(made)
            elif unique and made.id == last:
                batch.problems.append(self._maker.doubled(made.id))
            else:
                batch.records.append(made)
                last = made.id
        if beyond is not None and last and key_text(values_of(beyond, self._config.key)) == last:
            batch.problems.append(self._maker.doubled(last))
        return batch

    def _rows(
        self,
        conn: Connection,
        name: str,
        source: SourceConfig,
        order: Sequence[str],
        conditions: Sequence[ColumnElement[bool]],
        position: tuple[Any, ...] | None,
    ) -> tuple[list[Row], Row | None]:
        """The next rows behind a position, and the one that stands behind them."""
        limit = self._config.page_size
        behind = [statements.after(order, position)] if position else []
        statement = statements.page(source, order, [*conditions, *behind], limit + 1)
        rows: list[Row] = []
        size = 0
        with closing(self._run(conn, name, statement)) as found:
            for row in found:
                if len(rows) >= limit or size > _MOST_BYTES:
                    return rows, row
                if not rows and position is not None and values_of(row, order) in self._passed:
                    raise Refused("bad_cursor", self._too_fine(order))
                rows.append(row)
                size += size_of(row.values())
        return rows, None

    def _pass(self, rows: Sequence[Row], order: Sequence[str]) -> tuple[Any, ...] | None:
        """The position behind these rows; where one of them comes again, the read would never end."""
        self._passed = {values_of(row, order) for row in rows}
        return values_of(rows[-1], order) if rows else None

    def _too_fine(self, order: Sequence[str]) -> str:
        return (
            f"{self._object}: {show(order[0])} is finer than what the driver gives, so that the same row comes again: "
            "read a query that rounds it down to microseconds"
        )

    def _run(self, conn: Connection, name: str, statement: Select[Any]) -> Generator[Row, None, None]:
        """The rows of a statement, streamed.  Raises where the columns are others than they were in this read."""
        with conn.execution_options(stream_results=True, max_row_buffer=100).execute(statement) as result:
            names = self._checked(name, tuple(result.keys()))
            for values in result:
                yield dict(zip(names, values, strict=True))

    def _checked(self, name: str, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            double = next(one for one in names if names.count(one) > 1)
            raise Refused("doubled_column", f"{self._object}: two columns are named {show(double)}: rename one (AS)")
        before_ = self._names.setdefault(name, names)
        if before_ != names:
            raise TryLater("schema_changed", self._moved(before_, names))
        return names

    def _moved(self, was: Sequence[str], now: Sequence[str]) -> str:
        gone = ", ".join(name for name in was if name not in now) or "none"
        new = ", ".join(name for name in now if name not in was) or "none"
        what = f"columns gone: {gone}; new: {new}"
        return f"the columns of {self._object} changed while they were read ({what}): the next run goes on with them"

    # ------------------------------------------------------------ related rows

    def _related(self, conn: Connection, rows: Sequence[Row]) -> dict[str, Related]:
        """The rows of other tables that belong to these."""
        keys = list(dict.fromkeys(values_of(row, self._config.key) for row in rows))
        found: dict[str, Related] = {}
        for name, config in self._config.related.items():
            if rows and name in rows[0]:
                raise Refused(
                    "doubled_column", f"{self._object}: there is a column {show(name)}: rename the related rows"
                )
            found[name] = Related()
            for start in range(0, len(keys), _AT_ONCE):
                chosen = statements.having(config.parent, keys[start : start + _AT_ONCE])
                statement = statements.some(config, chosen, (*config.parent, *config.key), config.parent)
                for row in self._run(conn, name, statement):
                    found[name].add(key_text(values_of(row, config.parent)) or "", row)
        return found

    def _parents(
        self,
        name: str,
        order: Sequence[str],
        conditions: Sequence[ColumnElement[bool]],
        position: tuple[Any, ...] | None,
    ) -> Batch:
        """The records of which related rows changed."""
        config = self._config.related[name]
        with self._database.reading() as conn:
            narrowed = config.model_copy(update={"columns": tuple(dict.fromkeys((*config.parent, *order)))})
            rows, beyond = self._rows(conn, f"{name} changed", narrowed, order, conditions, position)
        batch = self._of_keys(list(dict.fromkeys(values_of(row, config.parent) for row in rows)))
        batch.more, batch.last = beyond is not None, self._pass(rows, order)
        return batch

    def _of_keys(self, keys: Sequence[tuple[Any, ...]]) -> Batch:
        """The records of these keys."""
        own, batch = self._config, Batch()
        usable = [key for key in keys if None not in key]
        for start in range(0, len(usable), _AT_ONCE):
            with self._database.reading() as conn:
                chosen = statements.having(own.key, usable[start : start + _AT_ONCE])
                rows = list(self._run(conn, _OWN, statements.some(own, chosen, own.key)))
                related = self._related(conn, rows)
            made = self._made(rows, related, None, unique=True)
            batch.records += made.records
            batch.problems += made.problems
        return batch

    def fetch(self, ids: Sequence[str]) -> list[Record]:
        """These records as they are now; rows that are marked as gone are left out."""
        self._names = {}
        with self._database.reading() as conn:
            sample = statements.some(self._config, None, self._config.key).limit(1)
            like = next((values_of(row, self._config.key) for row in self._run(conn, _OWN, sample)), None)
        if like is None:
            return []
        keys = [values for id in dict.fromkeys(ids) if (values := key_values(id, like)) is not None]
        return [record for record in self._of_keys(keys).records if not record.deleted]

    # ------------------------------------------------------------ marks

    def _packed_marks(self) -> dict[str, Any]:
        """How far each cursor stands before anything is read, never ahead of the database's clock."""
        cursors = {_OWN: self._config, **self._config.related}
        found: dict[str, Any] = {}
        with self._database.reading() as conn:
            now = moment(self._database.clock(conn), None) if any(one.cursor for one in cursors.values()) else None
            for name, config in cursors.items():
                if config.cursor is not None:
                    value = conn.execute(statements.greatest(config, config.cursor.column)).scalar()
                    found[name] = packed(value if now is None else capped(value, now, self._zone))
        return found

    def _keyless(self) -> list[Problem]:
        with self._database.reading() as conn:
            count = int(conn.execute(statements.keyless(self._config)).scalar() or 0)
        return [self._maker.keyless(count)] if count else []

    def columns(self) -> tuple[str, ...]:
        """The names of the columns, as they are now, and that a row can be read.  Raises `Refused`."""
        self._names = {}
        with self._database.reading() as conn:
            rows = list(self._run(conn, _OWN, statements.some(self._config, None, self._config.key).limit(1)))
            self._related(conn, rows)
        return self._names[_OWN]

    def rows_without_cursor(self) -> int:
        """How many rows have no cursor: they are read every time."""
        cursor = self._config.cursor
        if cursor is None:
            return 0
        with self._database.reading() as conn:
            return int(conn.execute(statements.empty(self._config, cursor.column)).scalar() or 0)


def _not_before(cursor: CursorConfig, since: Any, zone: str | None) -> ColumnElement[bool]:
    return statements.column(cursor.column) >= statements.bound(before(since, cursor, zone))


def _packed(position: tuple[Any, ...]) -> list[Any]:
    return [packed(value) for value in position]


def _position(found: Any) -> tuple[Any, ...] | None:
    return tuple(unpacked(value) for value in found) if found else None
