"""What the database's catalogue says of a table: its columns, their types, and which tell rows apart.  (shell)"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from billsync.connector import FieldInfo, Schema
from billsync_connectors.sql.database import Database
from billsync_connectors.sql.settings import ObjectConfig


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind in our words, such as `decimal`; its longest text, or None for any."""

    kind: str = "text"
    nullable: bool = True
    choices: tuple[str, ...] = ()
    length: int | None = None


def schema_of(database: Database, object: str, config: ObjectConfig, names: tuple[str, ...]) -> Schema:
    """The fields of a record.  Of a query there are names alone."""
    known = _columns(database, config.table) if config.table else {}
    taken = {*config.columns, *config.key} if config.columns else set(names)
    fields = [_field(name, known.get(name, Column()), key=name in config.key) for name in names if name in taken]
    nested = [FieldInfo(name=name, type="list", writable=False) for name in config.related]
    return Schema(object=object, fields=(*fields, *nested))


def _field(name: str, column: Column, *, key: bool) -> FieldInfo:
    return FieldInfo(
        name=name,
        type=column.kind,
        required=key or not column.nullable,
        writable=False,
        choices=column.choices,
        max_length=column.length,
    )


def remarks_of(database: Database, object: str, config: ObjectConfig) -> list[str]:
    """What a person should know of a table before relying on it."""
    if config.table is None:
        return []
    columns = _columns(database, config.table)
    taken = {name: one for name, one in columns.items() if not config.columns or name in config.columns}
    floats = [name for name, one in taken.items() if one.kind == "float"]
    raw = [name for name, one in taken.items() if one.kind == "bytes"]
    found = []
    if floats:
        found.append(f"{object}: {', '.join(floats)}: binary fractions; amounts belong into NUMERIC or DECIMAL")
    if raw:
        found.append(f"{object}: {', '.join(raw)}: bytes, which no record can hold; name the `columns` that are taken")
    if not any(key and set(key) <= set(config.key) for key in _keys(database, config.table)):
        found.append(f"{object}: nothing in the database makes sure that {', '.join(config.key)} is unique")
    return found


# ---------------------------------------------------------------- SQLAlchemy's inspection


def _columns(database: Database, table: str) -> dict[str, Column]:
    schema, _, name = table.rpartition(".")
    with database.reading() as conn, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that SQLAlchemy does not know
        if database.kind == "duckdb":
            return _duck_columns(conn, schema, name)
        found = sa.inspect(conn).get_columns(name, schema=schema or None)
    return {one["name"]: _column(one["type"], nullable=bool(one.get("nullable", True))) for one in found}


def _column(type: Any, *, nullable: bool) -> Column:
    length = getattr(type, "length", None)
    choices = tuple(getattr(type, "enums", ()))
    return Column(_kind(type), nullable, choices, length if isinstance(length, int) else None)


_KINDS: Final = (
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.Float, "float"),
    (sa.Numeric, "decimal"),
    (sa.DateTime, "datetime"),
    (sa.Date, "date"),
    (sa.JSON, "json"),
    (sa.ARRAY, "list"),
    (sa.LargeBinary, "bytes"),
)


def _kind(type: Any) -> str:
    return next((name for kind, name in _KINDS if isinstance(type, kind)), "text")


def _keys(database: Database, table: str) -> list[Sequence[Any]]:
    """The sets of columns that the database keeps unique."""
    schema, _, name = table.rpartition(".")
    with database.reading() as conn, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if database.kind == "duckdb":
            return _duck_keys(conn, name)
        look = sa.inspect(conn)
        keys: list[Sequence[Any]] = [look.get_pk_constraint(name, schema=schema or None)["constrained_columns"]]
        keys += [one["column_names"] for one in look.get_unique_constraints(name, schema=schema or None)]
        keys += [one["column_names"] for one in look.get_indexes(name, schema=schema or None) if one["unique"]]
    return keys


# ---------------------------------------------------------------- DuckDB, whose dialect asks for tables of Postgres

_DUCK_KINDS: Final = (
    ("BOOLEAN", "boolean"),
    ("DECIMAL", "decimal"),
    ("DOUBLE", "float"),
    ("FLOAT", "float"),
    ("TIMESTAMP", "datetime"),
    ("DATE", "date"),
    ("BLOB", "bytes"),
    ("JSON", "json"),
    ("STRUCT", "json"),
    ("MAP", "json"),
)


def _duck_columns(conn: sa.Connection, schema: str, name: str) -> dict[str, Column]:
    statement = sa.text(
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_name = :name "
        "AND (table_schema = :schema OR :schema = '') ORDER BY ordinal_position"
    )
    rows = conn.execute(statement, {"name": name, "schema": schema})
    return {column: Column(_duck_kind(type), nullable == "YES") for column, type, nullable in rows}


def _duck_kind(type: str) -> str:
    if type.endswith("]"):
        return "list"
    found = next((kind for start, kind in _DUCK_KINDS if type.startswith(start)), "")
    return found or ("integer" if type.endswith(("INT", "INTEGER")) else "text")


def _duck_keys(conn: sa.Connection, name: str) -> list[Sequence[Any]]:
    statement = sa.text(
        "SELECT constraint_column_names FROM duckdb_constraints() WHERE table_name = :name "
        "AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')"
    )
    return [row[0] for row in conn.execute(statement, {"name": name})]
