"""Small pieces that every area of the store uses: bulk upsert, long lists, rows as mappings.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Connection,
    Executable,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite

from billsync.store.types import PLAIN, Key, fold

CHUNK: Final = 500
"""Values of one `IN (...)`: far below what either database allows."""

T = TypeVar("T")


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most `size`; nothing where there are none."""
    items = list(values)
    return (items[start : start + size] for start in range(0, len(items), size))


def upsert(
    conn: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    update: Sequence[str],
    **computed: ColumnElement[Any],
) -> None:
    """Insert the rows in bulk; where the primary key is there already, set the columns `update` and `computed`.

    One prepared statement for all rows: the fast way on both databases.
    """
    if not rows:
        return
    insert = (sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert)(table)
    changes = {name: insert.excluded[name] for name in update} | computed
    conn.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes), rows)


def bulk(conn: Connection, statement: Executable, rows: Sequence[dict[str, Any]]) -> int:
    """Run the statement once per row, in bulk.  Gives how many rows it changed."""
    return conn.execute(statement, rows).rowcount if rows else 0


def rows(
    conn: Connection, statement: Select[Any] | CompoundSelect[Any], given: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows as dicts, long texts whole; `given` are the values of the statement's own parameters."""
    result = conn.execute(statement, given)
    names = list(result.keys())
    found = [dict(zip(names, row, strict=True)) for row in result.all()]
    for row in found if "whole" in names else ():
        if long := row.pop("whole"):
            row.update(json.loads(long))
    return found


def among(
    conn: Connection, statement: Select[Any], column: ColumnElement[str], values: Iterable[str]
) -> list[dict[str, Any]]:
    """The rows of the statement where the column has one of the values, however many there are."""
    return Among(statement, column).rows(conn, values)


class Among:
    """`among` of one statement and column: made once for what is asked all the time, it is put together once.

    The statement's other values are parameters of it (`bindparam`).
    """

    def __init__(self, statement: Select[Any], column: ColumnElement[str]) -> None:
        self._statement, self._column = statement, column
        self._queries: dict[bool, Select[Any]] = {}

    def rows(self, conn: Connection, values: Iterable[str], **given: str) -> list[dict[str, Any]]:
        """The rows where the column has one of the values; `given` are the values of the other parameters."""
        texts = dict.fromkeys(map(fold, values) if isinstance(self._column.type, Key) else values)
        lite = conn.dialect.name == "sqlite"
        query = self._queries.get(lite)
        if query is None:
            query = self._queries[lite] = self._statement.where(_is_given(self._column, lite=lite))
        parts = ((json.dumps(part, ensure_ascii=False) if lite else part) for part in chunks(texts))
        return [row for part in parts for row in rows(conn, query, {**given, _GIVEN: part})]


_GIVEN: Final = "given_texts"


@cache
def _is_given(column: ColumnElement[str], *, lite: bool) -> ColumnElement[bool]:
    """`one_of` the texts that are given when the statement runs: made once for each column."""
    there = type_coerce(column, PLAIN)
    if lite:
        given = func.json_each(bindparam(_GIVEN, type_=Text)).table_valued("value", name="given")
        return there.in_(select(given.c.value))
    return there == any_(bindparam(_GIVEN, type_=ARRAY(Text)))


def one_of(conn: Connection, column: ColumnElement[str], texts: Sequence[str]) -> ColumnElement[bool]:
    """Whether the column has one of the texts, which are as they stand in columns.

    All of them are one parameter: the statement is the same however many there are, and is put together once.
    """
    there = type_coerce(column, PLAIN)
    if conn.dialect.name == "sqlite":
        given = func.json_each(json.dumps(list(texts), ensure_ascii=False)).table_valued("value")
        return there.in_(select(given.c.value))
    return there == any_(bindparam(None, list(texts), ARRAY(Text)))


def ids_where(conn: Connection, table: Table, column: ColumnElement[str], values: Iterable[str]) -> Iterator[str]:
    """Ids of the table's rows whose column has one of the values: of many rows, at the least cost."""
    query = select(type_coerce(table.c.id, PLAIN), table.c.whole)
    for part in chunks(dict.fromkeys(map(fold, values))):
        for id, whole in conn.execute(query.where(one_of(conn, column, part))).all():
            yield id if whole is None else json.loads(whole).get("id", id)
