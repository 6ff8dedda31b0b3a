"""Queries carried out: which records, in which order, and how each of them is shown.  (pure)"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from billsync_connectors.salesforce.server.conditions import Conditions, Get, filterable
from billsync_connectors.salesforce.server.fields import NUMBERS, TEXTS, Field
from billsync_connectors.salesforce.server.kinds import Kind, Kinds
from billsync_connectors.salesforce.server.soql import Fields, Path, Query, Sorted, Total, fault
from billsync_connectors.salesforce.server.values import Row, given

_OFFSET_MAX: Final = 2000
_FIELDS_MAX: Final = 200
_LEVELS_MAX: Final = 5
_REFER: Final = "Please reference your WSDL or the describe call for the appropriate names."
_CUSTOM_OBJECT: Final = (
    f"If you are attempting to use a custom object, be sure to append the '__c' after the entity name. {_REFER}"
)
_CUSTOM_RELATION: Final = (
    "If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship "
    f"name. {_REFER}"
)
_CUSTOM_FIELD: Final = (
    f"If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. {_REFER}"
)


class Source(Protocol):
    """Where records are."""

    def all(self, object: str) -> Iterable[Row]:
        """Every record of an object."""

    def get(self, object: str, id: str) -> Row | None:
        """One of them."""

    def by(self, object: str, field: str, value: str) -> Sequence[Row]:
        """Those whose field has this text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gives.

    Attributes:
        size: of all of it; ids: in order, for what shows records; show: one of them as JSON; None for one that is gone.
        totals: rows of aggregates, in place of records.
        columns: names of the selected values, in order; empty where there are queries inside or nested values.
    """

    object: str
    size: int
    ids: list[str]
    show: Callable[[Row], dict[str, Any]]
    totals: list[dict[str, Any]]
    columns: list[tuple[tuple[str, ...], Field]]
    inner: bool = False


class Selection:
    """Carries out one query.

    Attributes:
        deleted: whether records in the recycle bin are seen too.
        salt: decides the order where the query leaves it open: it is another one for each query.
        child_max: how many children of one record come at once; more: opens the rest of them, gives its address.
    """

    def __init__(
        self,
        source: Source,
        kinds: Kinds,
        now: datetime,
        version: str,
        *,
        deleted: bool,
        salt: int,
        child_max: int,
        more: Callable[[Answer], str],
    ) -> None:
        self._source, self._kinds, self._now, self._version = source, kinds, now, version
        self._deleted, self._salt = deleted, salt
        self._child_max, self._more = child_max, more

    def answer(self, query: Query) -> Answer:
        """What the query gives.  Raises `Denied`."""
        kind = self._kind(query)
        totals = [each for each in query.select if isinstance(each, Total)]
        self._bounded(query)
        show, columns = self._shown(query, kind)
        rows = self._rows(query, kind, self._source.all(kind.name))
        inner = any(isinstance(each, Query) for each in query.select)
        if query.count:
            return Answer(kind.name, len(rows), [], show, [], [], inner)
        if totals or query.groups:
            made = self._totals(query, kind, rows)
            return Answer("AggregateResult", len(made), [], show, made, [], inner)
        return Answer(kind.name, len(rows), [row["Id"] for row in rows], show, [], columns, inner)

    def _bounded(self, query: Query) -> None:
        if query.offset > _OFFSET_MAX:
            told = f"Maximum SOQL offset allowed is {_OFFSET_MAX}"
            raise fault(query.text, len(query.text), "NUMBER_OUTSIDE_VALID_RANGE", told)
        wide = any(isinstance(each, Fields) and each.which != "STANDARD" for each in query.select)
        if wide and (query.limit is None or query.limit > _FIELDS_MAX):
            told = f"The SOQL FIELDS function must have a LIMIT of at most {_FIELDS_MAX}"
            raise fault(query.text, 0, "MALFORMED_QUERY", told)

    def _kind(self, query: Query) -> Kind:
        kind = self._kinds.find(query.object)
        if kind is None:
            told = f"sObject type '{query.object}' is not supported. {_CUSTOM_OBJECT}"
            raise fault(query.text, query.at, "INVALID_TYPE", told)
        return kind

    # ------------------------------------------------------------ which records

    def _rows(self, query: Query, kind: Kind, all: Iterable[Row]) -> list[Row]:
        test = self._conditions(query, kind).test(query.where)
        rows = [row for row in all if (self._deleted or not row["IsDeleted"]) and test(row)]
        if query.groups or query.count:
            return rows if query.limit is None else rows[: query.limit]
        salt = self._salt
        rows.sort(key=lambda row: zlib.crc32(row["Id"].encode(), salt))
        for key in reversed(query.order):
            rows = self._ordered(query, kind, key, rows)
        end = None if query.limit is None else query.offset + query.limit
        return rows[query.offset : end]

    def _conditions(self, query: Query, kind: Kind) -> Conditions:
        return Conditions(query.text, lambda path: self._resolved(query, kind, path), self._inner, self._now)

    def _inner(self, query: Query) -> set[Any]:
        """The values of a query inside of a condition."""
        kind = self._kind(query)
        (path,) = query.select
        if not isinstance(path, Path):
            raise fault(query.text, query.at, "MALFORMED_QUERY", "a query in a condition selects one field")
        _field, get = self._resolved(query, kind, path)
        return {get(row) for row in self._rows(query, kind, self._source.all(kind.name))}

    def _ordered(self, query: Query, kind: Kind, key: Sorted, rows: list[Row]) -> list[Row]:
        field, get = self._resolved(query, kind, key.path)
        if not filterable(field):
            raise fault(
                query.text, key.path.at, "INVALID_FIELD", f"field '{field.name}' can not be sorted in a query call"
            )
        nothing = [row for row in rows if get(row) is None]
        there = [row for row in rows if get(row) is not None]
        if field.type in TEXTS:
            there.sort(key=lambda row: get(row).casefold(), reverse=key.down)
        else:
            there.sort(key=get, reverse=key.down)
        return nothing + there if key.nulls_first else there + nothing

    # ------------------------------------------------------------ fields

    def _resolved(self, query: Query, kind: Kind, path: Path) -> tuple[Field, Get]:
        """A path's last field, and how to get its value from a record."""
        steps, field = self._walked(query, kind, path)
        if not steps:
            if "formula" in field.marks or field.type in ("boolean", "address"):
                return field, lambda row: given(field, row)
            name = field.name
            return field, lambda row: row.get(name)

        def get(row: Row) -> Any:
            for step in steps:
                above = self._source.get(step.to, row.get(step.name) or "")
                if above is None:
                    return None
                row = above
            return given(field, row)

        return field, get

    def _walked(self, query: Query, kind: Kind, path: Path) -> tuple[list[Field], Field]:
        steps: list[Field] = []
        names = path.names[1:] if len(path.names) > 1 and path.names[0].lower() == kind.name.lower() else path.names
        if len(names) > 1 and kind.ups.get(path.names[0].lower()):
            names = path.names
        for name in names[:-1]:
            up = kind.ups.get(name.lower())
            if up is None or len(steps) == _LEVELS_MAX:
                told = f"Didn't understand relationship '{name}' in field path. {_CUSTOM_RELATION}"
                raise fault(query.text, path.at, "INVALID_FIELD", told)
            steps.append(up)
            kind = self._kinds.all[up.to]
        field = kind.named.get(names[-1].lower())
        if field is None:
            told = f"No such column '{names[-1]}' on entity '{kind.name}'. {_CUSTOM_FIELD}"
            raise fault(query.text, path.at, "INVALID_FIELD", told)
        return steps, field

    # ------------------------------------------------------------ how they are shown

    def _shown(self, query: Query, kind: Kind) -> tuple[Callable[[Row], dict[str, Any]], list[Any]]:
        paths = [path for each in query.select for path in self._paths(each, kind)]
        columns: list[tuple[tuple[str, ...], Field]] = []
        for path in paths:
            steps, field = self._walked(query, kind, path)
            columns.append(((*(step.up for step in steps), field.name), field))
        if len({tuple(names) for names, _ in columns}) < len(columns):
            raise fault(query.text, query.at, "INVALID_FIELD", "duplicate field selected")
        inners = [self._children(each, kind) for each in query.select if isinstance(each, Query)]

        def show(row: Row) -> dict[str, Any]:
            found = self._record(kind, row, [names for names, _field in columns])
            return found | {name: of(row) for name, of in inners}

        return show, columns

    def _paths(self, selected: Path | Total | Fields | Query, kind: Kind) -> list[Path]:
        if isinstance(selected, Fields):
            return [
                Path((field.name,), 0)
                for field in kind.fields.values()
                if selected.which == "ALL" or field.custom == (selected.which == "CUSTOM")
            ]
        return [selected] if isinstance(selected, Path) else []

    def _record(self, kind: Kind, row: Row, wanted: Sequence[tuple[str, ...]]) -> dict[str, Any]:
        """A record with these fields, those of its parents nested."""
        found: dict[str, Any] = {"attributes": self._attributes(kind, row)}
        for names in wanted:
            if len(names) == 1:
                found[names[0]] = given(kind.fields[names[0]], row)
            elif names[0] not in found:
                up = kind.ups[names[0].lower()]
                parent = self._source.get(up.to, row.get(up.name) or "")
                inside = [each[1:] for each in wanted if each[0] == names[0] and len(each) > 1]
                found[names[0]] = self._record(self._kinds.all[up.to], parent, inside) if parent else None
        return found

    def _attributes(self, kind: Kind, row: Row) -> dict[str, str]:
        return {"type": kind.name, "url": f"/services/data/{self._version}/sobjects/{kind.name}/{row['Id']}"}

    def _children(self, query: Query, above: Kind) -> tuple[str, Callable[[Row], Any]]:
        """A query for what hangs on a record: its name, and what it gives for one."""
        down = self._kinds.downs(above.name).get(query.object.lower())
        if down is None:
            told = f"Didn't understand relationship '{query.object}' in FROM part of query call."
            raise fault(query.text, query.at, "INVALID_TYPE", told)
        kind, reference = down
        show, _columns = self._shown(query, kind)

        def of(row: Row) -> dict[str, Any] | None:
            rows = self._rows(query, kind, self._source.by(kind.name, reference.name, row["Id"]))
            if not rows:
                return None
            first = [show(each) for each in rows[: self._child_max]]
            found = {"totalSize": len(rows), "done": len(rows) <= self._child_max, "records": first}
            if found["done"]:
                return found
            rest = Answer(kind.name, len(rows), [each["Id"] for each in rows], show, [], [])
            return {**found, "nextRecordsUrl": self._more(rest)}

        return reference.down, of

    # ------------------------------------------------------------ aggregates

    def _totals(self, query: Query, kind: Kind, rows: list[Row]) -> list[dict[str, Any]]:
        keys = [(path.names[-1], *self._resolved(query, kind, path)) for path in query.groups]
        grouped: dict[tuple[Any, ...], list[Row]] = {} if keys else {(): rows}
        for row in rows if keys else ():
            grouped.setdefault(tuple(get(row) for _name, _field, get in keys), []).append(row)
        return [
            {"attributes": {"type": "AggregateResult"}}
            | {field.name: value for (_, field, _get), value in zip(keys, values, strict=True)}
            | self._summed(query, kind, members)
            for values, members in grouped.items()
        ]

    def _summed(self, query: Query, kind: Kind, rows: list[Row]) -> dict[str, Any]:
        found, number = dict[str, Any](), 0
        for each in query.select:
            if isinstance(each, Total):
                field, get = self._resolved(query, kind, each.path)
                values = [value for row in rows if (value := get(row)) is not None]
                if each.function in ("SUM", "AVG") and field.type not in NUMBERS:
                    told = f"field {field.name} does not support aggregate operator {each.function}"
                    raise fault(query.text, each.path.at, "MALFORMED_QUERY", told)
                found[each.alias or f"expr{number}"] = _total(each.function, values)
                number += not each.alias
            elif not (isinstance(each, Path) and each.names in [path.names for path in query.groups]):
                raise fault(query.text, query.at, "MALFORMED_QUERY", "Field must be grouped or aggregated")
        return found


def _total(function: str, values: list[Any]) -> Any:
    if function.startswith("COUNT"):
        return len(set(values)) if function.endswith("DISTINCT") else len(values)
    if not values:
        return None
    if function in ("MIN", "MAX"):
        return min(values) if function == "MIN" else max(values)
    total = sum(values, Decimal(0))
    return total if function == "SUM" else total / len(values)
