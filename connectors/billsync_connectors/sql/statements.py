"""The SQL that is sent: built from names and values, never by pasting text together; read in pages by key.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement, FromClause
from sqlalchemy.sql.sqltypes import NullType

from billsync_connectors.sql.settings import SourceConfig


def source_of(config: SourceConfig) -> FromClause:
    """What stands behind FROM."""
    if config.query is not None:
        # a colon in the query is the query's own: no parameter of ours is in it
        return sa.text(re.sub(r"(?<!:):(?!:)", r"\\:", config.query)).columns().subquery("billsync_source")
    return table_of(config.table or "")


def table_of(name: str, *columns: str) -> sa.TableClause:
    """The table of a name such as `schema.table`, with the columns that are written."""
    schema, _, table = name.rpartition(".")
    return sa.table(table, *(sa.column(one, NullType()) for one in columns), schema=schema or None)


def column(name: str) -> ColumnElement[Any]:
    """A column, quoted as the database needs it."""
    return sa.column(name)


def bound(value: Any) -> ColumnElement[Any]:
    """A value, handed to the driver as it is."""
    return sa.bindparam(None, value, type_=NullType(), unique=True)


def wanted(config: SourceConfig, *more: str) -> list[Any]:
    """What is selected: all columns, or those that the settings name and those that are needed."""
    if not config.columns:
        return [sa.text("*")]
    needed = [config.cursor.column if config.cursor else "", config.deleted.column if config.deleted else "", *more]
    names = dict.fromkeys([*config.key, *config.columns, *filter(None, needed)])
    return [column(name) for name in names]


def after(columns: Sequence[str], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that stand behind these values in the order of the columns."""
    arms = [
        sa.and_(
            *(column(name) == bound(value) for name, value in zip(columns[:at], values[:at], strict=True)),
            column(columns[at]) > bound(values[at]),
        )
        for at in range(len(columns))
    ]
    # the first column alone, again, so that its index is used whatever the planner makes of the OR
    return sa.and_(column(columns[0]) >= bound(values[0]), sa.or_(*arms))


def page(
    config: SourceConfig, order: Sequence[str], conditions: Sequence[ColumnElement[bool]], limit: int
) -> sa.Select[Any]:
    """The next rows in the order of these columns, none of which is NULL."""
    present = [column(name).is_not(None) for name in order]
    statement = sa.select(*wanted(config)).select_from(source_of(config)).where(*present, *conditions)
    return statement.order_by(*(column(name) for name in order)).limit(limit)


def having(columns: Sequence[str], keys: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
    """Rows whose columns hold one of these keys."""
    if len(columns) == 1:
        return column(columns[0]).in_([bound(key[0]) for key in keys])
    same = [sa.and_(*(column(name) == bound(value) for name, value in zip(columns, key, strict=True))) for key in keys]
    return sa.or_(*same)


def greatest(config: SourceConfig, name: str) -> sa.Select[Any]:
    """The greatest value of a column."""
    return sa.select(sa.func.max(column(name))).select_from(source_of(config))


def keyless(config: SourceConfig) -> sa.Select[Any]:
    """How many rows have no key."""
    missing = sa.or_(*(column(name).is_(None) for name in config.key))
    return sa.select(sa.func.count()).select_from(source_of(config)).where(missing)


def empty(config: SourceConfig, name: str) -> sa.Select[Any]:
    """How many rows have nothing in a column."""
    return sa.select(sa.func.count()).select_from(source_of(config)).where(column(name).is_(None))


def some(
    config: SourceConfig, condition: ColumnElement[bool] | None, order: Sequence[str], more: Sequence[str] = ()
) -> sa.Select[Any]:
    """Chosen rows in this order, all of them; `more` are columns that are needed beside those of the settings."""
    statement = sa.select(*wanted(config, *more)).select_from(source_of(config))
    if condition is not None:
        statement = statement.where(condition)
    return statement.order_by(*(column(name) for name in dict.fromkeys(order)))
