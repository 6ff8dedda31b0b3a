"""Rows of queries as records: nested as Salesforce has them, each value of the type that the org states.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from billsync.connector import Record
from billsync.model.problem import Place, Problem
from billsync_connectors.salesforce.plan import Child, Leaf, Plan
from billsync_connectors.salesforce.soql import instant
from billsync_connectors.salesforce.values import value_of

Row = Mapping[str, Any]
TYPE_CODE: Final = "READ-TYPE-01"
SIZE_CODE: Final = "READ-SIZE-01"


class Strange(ValueError):
    """A row that cannot be one of the answer: without id or stamp, or of another object."""


class BadValue(ValueError):
    """A value that is not of its type; `field` is its path."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def mark_of(row: Any, stamp: str) -> tuple[str, str]:
    """Where a row stands in the order of changes: its stamp, its id.  Raises `Strange`."""
    try:
        return instant(row[stamp]), id_of(row)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise Strange("a row without id or time") from None


def id_of(row: Any) -> str:
    """Its id.  Raises `Strange`."""
    id = row.get("Id") if isinstance(row, Mapping) else None
    if not isinstance(id, str) or not id:
        raise Strange("a row without an id")
    return id


def records(system: str, plan: Plan, rows: Iterable[Row]) -> tuple[list[Record], list[Problem]]:
    """The records of rows, and what is wrong with those that could not be read.  Raises `Strange`."""
    found: list[Record] = []
    problems: list[Problem] = []
    for row in rows:
        place = Place(system=system, object=plan.object, id=id_of(row))
        try:
            found.append(record(plan, row, place))
        except BadValue as bad:
            problems.append(
                Problem(
                    code=TYPE_CODE,
                    message=f"the record was not taken: {bad}",
                    hint="look at the record in Salesforce; one that was taken before stays as it was",
                    place=place.at(bad.field),
                )
            )
    return found, problems


def record(plan: Plan, row: Row, place: Place) -> Record:
    """One record.  Raises `BadValue`."""
    id = id_of(row)
    if _true(row.get("IsDeleted")):
        return Record(plan.object, id, {}, place, deleted=True)
    data = {"Id": id, **_nested(plan.leaves, row)}
    return Record(plan.object, id, data | {child.name: _children(child, row) for child in plan.children}, place)


def gone(system: str, object: str, ids: Iterable[str]) -> list[Record]:
    """Records that are not there any more."""
    return [Record(object, id, {}, Place(system=system, object=object, id=id), deleted=True) for id in ids]


def too_large(system: str, object: str, id: str) -> Problem:
    """What is said of a record that no answer can hold."""
    return Problem(
        code=SIZE_CODE,
        message="the record is larger than an answer may be: it was not taken",
        hint="leave the field that is so long out of `fields` and `related`",
        place=Place(system=system, object=object, id=id),
    )


def _true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _nested(leaves: Sequence[Leaf], row: Row) -> dict[str, Any]:
    """The fields of a row, those of its parents nested; a parent that is not there is None."""
    found: dict[str, Any] = {}
    for leaf in leaves:
        here, there = found, row
        for step in leaf.path[:-1]:
            below = there.get(step)
            if not isinstance(below, Mapping):
                here[step] = None
                break
            here = here.setdefault(step, {})
            there = below
        else:
            if leaf.path[-1] not in there:
                raise BadValue(leaf.name, "the field is not in the answer")
            try:
                here[leaf.path[-1]] = value_of(leaf.type, there[leaf.path[-1]])
            except ValueError as error:
                raise BadValue(leaf.name, f"{leaf.name}: {error}") from None
    return found


def _children(child: Child, row: Row) -> dict[str, Any] | None:
    """Children as Salesforce nests them: None for none."""
    found = row.get(child.name)
    rows = found.get("records") if isinstance(found, Mapping) else None
    if not rows:
        return None
    made = [{"Id": id_of(each), **_nested(child.leaves, each)} for each in sorted(rows, key=id_of)]
    return {"totalSize": len(made), "done": True, "records": made}
