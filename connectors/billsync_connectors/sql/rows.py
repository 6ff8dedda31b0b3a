"""From rows to records: ids, exact values, nested rows; a row that cannot be one is a problem of its own.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.connector import Record
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show
from billsync_connectors.sql.settings import DeletedConfig, ObjectConfig, SourceConfig
from billsync_connectors.sql.values import BadValue, json_value, key_text, value_of

Row = Mapping[str, Any]
MOST_RELATED: Final = 10_000
"""Rows that may be nested in one record."""
_AS_IS: Final = frozenset((str, int, bool, type(None)))
_LIVE: Final = frozenset(("", "0", "f", "false", "n", "no"))


def values_of(row: Row, columns: Sequence[str]) -> tuple[Any, ...]:
    """The values of these columns."""
    return tuple([row[name] for name in columns])


def is_gone(row: Row, deleted: DeletedConfig | None) -> bool:
    """Whether the row says of itself that it is deleted."""
    if deleted is None:
        return False
    value = row[deleted.column]
    if deleted.values is not None:
        return str(value) in deleted.values
    return value is not None and value is not False and str(value).strip().lower() not in _LIVE


def content_of(row: Row, config: SourceConfig, zone: str | None) -> dict[str, Any]:
    """The row's columns as a record holds them.  Raises `BadValue`, its path beginning with the column."""
    taken = {*config.columns, *config.key} if config.columns else None
    found = {}
    for name, value in row.items():
        if taken is not None and name not in taken:
            continue
        if type(value) in _AS_IS and name not in config.json_columns:
            found[name] = value
            continue
        try:
            found[name] = value_of(json_value(value) if name in config.json_columns else value, zone)
        except BadValue as error:
            raise BadValue(str(error), name + error.path) from None
    return found


@dataclass(slots=True)
class Related:
    """The rows of one other table that belong to the records of a page, by the records' ids."""

    by_parent: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, parent: str, row: Row) -> None:
        """One more row; of far too many no more than tells so."""
        rows = self.by_parent.setdefault(parent, [])
        if len(rows) <= MOST_RELATED:
            rows.append(row)


class Maker:
    """Makes the records of one kind."""

    def __init__(self, system: str, object: str, config: ObjectConfig, zone: str | None) -> None:
        self._system, self._object, self._config, self._zone = system, object, config, zone

    def problem(self, code: str, message: str, hint: str, id: str | None = None, field: str | None = None) -> Problem:
        """What is wrong with a row."""
        place = Place(system=self._system, object=self._object, id=id, field=field)
        return Problem(code=code, message=message, hint=hint, place=place)

    def record(self, row: Row, related: Mapping[str, Related]) -> Record | Problem:
        """The row as a record, or why it is none."""
        config = self._config
        id = key_text(values_of(row, config.key))
        if id is None:
            return self.keyless(1)
        place = Place(system=self._system, object=self._object, id=id)
        if is_gone(row, config.deleted):
            return Record(self._object, id, {}, place, deleted=True)
        try:
            data = content_of(row, config, self._zone)
            for name, found in related.items():
                data[name] = self._nested(name, found.by_parent.get(id, ()))
        except BadValue as error:
            hint = "correct it at the source, or name the `columns` that are taken"
            code = "READ-SIZE-01" if error.path in related else "READ-VALUE-01"
            return self.problem(code, f"the field {show(error.path)}: {error}", hint, id, error.path[:200])
        return Record(self._object, id, data, place)

    def _nested(self, name: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
        if len(rows) > MOST_RELATED:
            raise BadValue(f"more than {MOST_RELATED:,} rows belong to the record", name)
        config = self._config.related[name]
        found = []
        for row in rows:
            if not is_gone(row, config.deleted):
                try:
                    found.append(content_of(row, config, self._zone))
                except BadValue as error:
                    raise BadValue(str(error), f"{name}[{len(found)}].{error.path}") from None
        return found

    def doubled(self, id: str) -> Problem:
        """Two rows have one key."""
        hint = "name the columns that tell rows apart in `key`, or make the query give each row once"
        return self.problem("READ-KEY-01", f"the key {show(id)} stands in several rows: the first is kept", hint, id)

    def keyless(self, count: int) -> Problem:
        """Rows have no key."""
        columns = ", ".join(self._config.key)
        what = f"{count:,} rows have" if count > 1 else "a row has"
        return self.problem("READ-KEY-01", f"{what} no usable value in the key ({columns})", "give each row a key")
