"""A Singer target for SQLite, by Meltano's SDK: its own SQL sink, with records that are there already replaced.

python singer_target.py --config FILE      the file: {"sqlalchemy_url": ...}
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from singer_sdk import SQLConnector, SQLTarget
from singer_sdk import typing as th
from singer_sdk.sinks import SQLSink
from sqlalchemy import text


class SQLiteConnector(SQLConnector):
    """SQLite, which has no schemas."""

    allow_temp_tables = False
    allow_column_alter = False
    allow_merge_upsert = True


class SQLiteSink(SQLSink[SQLiteConnector]):
    """Writes batches; lists and objects stay JSON in one column."""

    connector_class = SQLiteConnector
    max_size = 10_000

    def bulk_insert_records(
        self, full_table_name: Any, schema: dict[str, Any], records: Iterable[dict[str, Any]]
    ) -> int:
        """One statement for all records of a batch."""
        names = {self.conform_name(name): name for name in schema["properties"]}  # once, not for each record
        quoted, marks = ", ".join(f'"{name}"' for name in names), ", ".join(f":{name}" for name in names)
        rows = [{name: _flat(record.get(theirs)) for name, theirs in names.items()} for record in records]
        connect = self.connector._connect  # noqa: SLF001  as the SDK's own sink does
        with connect() as connection, connection.begin():
            connection.execute(text(f'INSERT OR REPLACE INTO "{full_table_name}" ({quoted}) VALUES ({marks})'), rows)
        return len(rows)


def _flat(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, default=str)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


class TargetSQLite(SQLTarget):
    """The target."""

    name = "target-sqlite"
    default_sink_class = SQLiteSink
    config_jsonschema = th.PropertiesList(th.Property("sqlalchemy_url", th.StringType, required=True)).to_dict()


if __name__ == "__main__":
    TargetSQLite.cli()
