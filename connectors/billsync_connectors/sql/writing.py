"""What became of a deal, written into a table: all of a batch in one transaction, or each by itself.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from billsync.connector import (
    Absent,
    Applied,
    Found,
    Intent,
    Outcome,
    Probe,
    Refused,
    Standing,
    TryLater,
    Unclear,
    Unsure,
)
from billsync.model.scalar import plain, read_day, read_decimal, read_text, show
from billsync.strict.yaml import did_you_mean
from billsync_connectors.sql.database import Database
from billsync_connectors.sql.settings import WriteConfig
from billsync_connectors.sql.statements import bound, column, table_of
from billsync_connectors.sql.values import key_text

BATCH: Final = 200
_UNDONE: Final = ("locked", "timeout", "constraint")
"""What a database says of a commit that it took back."""
_SHOWN: Final = ("amount", "currency")


class _Several(Exception):
    """More than one row carries the reference: none of them is touched."""


class Writer:
    """Writes one table."""

    def __init__(self, database: Database, object: str, config: WriteConfig) -> None:
        self._database, self._object, self._config = database, object, config
        self._table = table_of(config.table, config.key, *config.columns)

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """One outcome per intent.  A row that the table refuses does not keep the others back."""
        found: dict[int, Outcome] = {}
        rows: dict[int, dict[str, Any]] = {}
        for at, intent in enumerate(intents):
            row = self._row(intent)
            if isinstance(row, Refused):
                found[at] = row
            else:
                rows[at] = row
        done = self._together([(intents[at].key, row) for at, row in rows.items()]) if rows else []
        found |= dict(zip(rows, done, strict=True))
        return [found[at] for at in range(len(intents))]

    def _together(self, rows: Sequence[tuple[str, dict[str, Any]]]) -> list[Outcome]:
        outcome = self._transaction(rows)
        if outcome is None:
            return [Applied(key, {"state": row.get("state")}) for key, row in rows]
        if isinstance(outcome, Refused) and len(rows) > 1:
            return [one for row in rows for one in self._together([row])]
        return [outcome for _ in rows]

    def _transaction(self, rows: Sequence[tuple[str, dict[str, Any]]]) -> TryLater | Refused | Unclear | None:
        """Write all of them and commit; what kept them back, or None.  Only a lost commit is `Unclear`."""
        committing = False
        try:
            with self._database.faults.translated(), self._database.writing() as conn:
                for key, row in rows:
                    self._put(conn, key, row)
                committing = True
                conn.commit()
        except _Several as several:
            return Refused("several_rows", str(several))
        except (TryLater, Refused) as fault:
            if committing and fault.reason not in _UNDONE:
                return Unclear("commit_lost", f"{fault.message}; the commit may have taken effect")
            return fault
        return None

    def _put(self, conn: Connection, key: str, row: Mapping[str, Any]) -> None:
        mine = column(self._config.key) == bound(key)
        values = {name: bound(value) for name, value in row.items()}
        changed = self._count(conn, mine)
        if changed > 1:
            raise _Several(
                f"{changed} rows of {self._config.table} have {self._config.key} {show(key)}: none was changed"
            )
        if changed == 1:
            conn.execute(sa.update(self._table).where(mine).values(values))
        elif self._config.mode == "upsert":
            conn.execute(sa.insert(self._table).values({self._config.key: bound(key), **values}))
        else:
            raise Refused("not_found", f"{self._config.table} has no row with {self._config.key} {show(key)}")

    def _count(self, conn: Connection, mine: Any) -> int:
        return int(conn.execute(sa.select(sa.func.count()).select_from(self._table).where(mine)).scalar() or 0)

    def _row(self, intent: Intent) -> dict[str, Any] | Refused:
        """The columns of an intent, each of which the settings allow."""
        row = {}
        for name, value in intent.payload.items():
            if name == self._config.key and value == intent.key:
                continue
            if name not in self._config.columns:
                hint = did_you_mean(name, self._config.columns)
                message = f"{self._object} of {show(intent.key)}: the column {show(name)} is not among `columns`"
                return Refused("not_allowed", f"{message} ({hint})" if hint else message, field=name)
            try:
                row[name] = _cell(value, plainly=self._database.kind == "sqlite")
            except ValueError as error:
                return Refused("bad_payload", f"{self._object} of {show(intent.key)}: {name}: {error}", field=name)
        return row

    # ------------------------------------------------------------ looking

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """Whether there is a row for each of these references."""
        try:
            rows = dict(self._rows(keys))
        except (TryLater, Refused) as fault:
            offline = isinstance(fault, TryLater) and fault.offline
            return [Unsure(fault.reason, fault.message, offline=offline) for _ in keys]
        return [Found((key,), echo={"state": rows[key].get("state")}) if key in rows else Absent() for key in keys]

    def _rows(self, keys: Sequence[str] | None) -> Iterator[tuple[str, dict[str, Any]]]:
        names = (self._config.key, *self._config.columns)
        statement = sa.select(*map(column, names)).select_from(self._table)
        if keys is not None:
            statement = statement.where(column(self._config.key).in_([bound(key) for key in keys]))
        with self._database.reading() as conn, conn.execution_options(stream_results=True).execute(statement) as found:
            for values in found:
                row = dict(zip(names, values, strict=True))
                key = key_text((row[self._config.key],))
                if key is not None:
                    yield key, row

    def standing(self) -> Iterator[Sequence[Standing]]:
        """What the table says of each deal; a row that cannot be read as one says nothing."""
        page: list[Standing] = []
        for key, row in self._rows(None):
            found = _standing(key, row)
            if found is not None:
                page.append(found)
            if len(page) >= BATCH:
                yield page
                page = []
        yield page

    @property
    def tells_standing(self) -> bool:
        """Whether the columns say how much a deal comes to."""
        return all(name in self._config.columns for name in _SHOWN)


def _cell(value: Any, *, plainly: bool) -> Any:
    """The value as drivers take it: amounts exact, lists as text.  Raises ValueError.

    `plainly` is for SQLite, which has neither decimals nor dates: their text goes into a column of any type.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal):
        return plain(value) if plainly else value
    if isinstance(value, date):
        return value.isoformat() if plainly else value
    if isinstance(value, list | tuple):
        return " ".join(plain(one) if isinstance(one, Decimal) else read_text(one) for one in value)
    return read_text(value)


def _standing(key: str, row: Mapping[str, Any]) -> Standing | None:
    with suppress(ValueError):
        return Standing(
            id=key,
            reference=key,
            currency=str(row["currency"]),
            total=read_decimal(_exact(row["amount"])),
            on=_day(row.get("issued_on")),
            due_on=_day(row.get("due_on")),
            state=row.get("state"),
        )
    return None


def _exact(value: Any) -> Any:
    return repr(value) if isinstance(value, float) else value


def _day(value: Any) -> date | None:
    return None if value is None else read_day(value)
