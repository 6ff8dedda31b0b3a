"""The settings of a connection to a database.  (pure)"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from billsync.model.base import Id, Noun, Text, Zone
from billsync_connectors.sql.lexing import check_query

_PASSWORD = re.compile(r"^[^/]*//[^/@]*:[^/@]+@")


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _named(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Columns = Annotated[tuple[Id, ...], BeforeValidator(_several)]


class CursorConfig(Noun):
    """The column that rises whenever a row changes.

    Attributes:
        lag_s: seconds by which a row may become visible later than the stamp that it carries: a transaction takes its
            stamp when it begins, and is seen when it ends.  Each read goes back so far.
        lag_steps: the same, of a column of numbers.
    """

    column: Id
    lag_s: int = Field(default=300, ge=0, le=7 * 86_400)
    lag_steps: int = Field(default=1000, ge=0)


class DeletedConfig(Noun):
    """The column that says that a row is gone.

    Attributes:
        values: what stands in it then; None for anything but NULL, false, zero and empty text.
    """

    column: Id
    values: tuple[Text, ...] | None = None


Cursor = Annotated[CursorConfig | None, BeforeValidator(_named)]
Deleted = Annotated[DeletedConfig | None, BeforeValidator(_named)]


class SourceConfig(Noun):
    """A table or a query whose rows are read.

    Attributes:
        table: name, or `schema.table`; query: a SELECT; exactly one of them.
        key: columns that tell rows apart.
        columns: those that are taken, or () for all.
        json_columns: columns of text that hold JSON, taken as nested data.
        cursor: None where there is none.
        deleted: None where rows are never marked as gone.
    """

    table: Id | None = None
    query: Id | None = None
    key: Columns = Field(min_length=1)
    columns: Columns = ()
    json_columns: Columns = ()
    cursor: Cursor = None
    deleted: Deleted = None

    @field_validator("query")
    @classmethod
    def _reads(cls, value: str | None) -> str | None:
        return None if value is None else check_query(value)

    @model_validator(mode="after")
    def _one_source(self) -> SourceConfig:
        if (self.table is None) == (self.query is None):
            raise ValueError("expected either `table` or `query`")
        return self


class RelatedConfig(SourceConfig):
    """Rows that belong to a record, nested in it: a deal's lines.

    Attributes:
        parent: columns that hold the record's key, in its order.
    """

    parent: Columns = Field(min_length=1)


class ObjectConfig(SourceConfig):
    """One kind of record.

    Attributes:
        related: rows of other tables by the name of the field that they are nested under.
        page_size: rows a page.
    """

    related: dict[Id, RelatedConfig] = {}
    page_size: int = Field(default=500, ge=1, le=10_000)

    @model_validator(mode="after")
    def _parents_fit(self) -> ObjectConfig:
        for name, related in self.related.items():
            if len(related.parent) != len(self.key):
                raise ValueError(f"`parent` of {name} must name as many columns as `key`")
        return self


class WriteConfig(Noun):
    """A table that is told what became of a record.

    Attributes:
        key: column that holds our reference.
        columns: those that may be written, beside the key.
        mode: `upsert` makes the row where there is none, `update` never does.
    """

    table: Id
    key: Id
    columns: Columns = Field(min_length=1)
    mode: Literal["upsert", "update"] = "upsert"


class SqlSettings(Noun):
    """A database that stands for a CRM: any that SQLAlchemy has a dialect for.

    Attributes:
        url: SQLAlchemy URL without a password, or None; dsn: the whole URL as a secret, or None; exactly one of them.
        password: of `url`.
        zone: of columns of time that have none; None leaves them as text without an offset.
        timeout: seconds for one statement, and for a connection to come about.
        objects: what is read, by the name that mappings use; writes: what is written, likewise.
    """

    url: Id | None = None
    dsn: SecretStr | None = None
    password: SecretStr | None = None
    zone: Zone | None = None
    timeout: int = Field(default=60, ge=1, le=3600)
    objects: dict[Id, ObjectConfig] = {}
    writes: dict[Id, WriteConfig] = {}

    @field_validator("url")
    @classmethod
    def _no_password(cls, value: str | None) -> str | None:
        if value is not None and _PASSWORD.match(value):
            raise ValueError(
                "a password stands in the URL: write `password: env:NAME`, or the whole URL as `dsn: env:NAME`"
            )
        return value

    @model_validator(mode="after")
    def _one_address(self) -> SqlSettings:
        if (self.url is None) == (self.dsn is None):
            raise ValueError("expected either `url` or `dsn`")
        return self
