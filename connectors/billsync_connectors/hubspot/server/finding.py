"""A search request read: its filters as a test of a record's values, its order, its page.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from billsync_connectors.hubspot.server.refused import bad_input, wrong
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Record, canonical
from billsync_connectors.hubspot.server.values import Property, Unfit, comparable, plain

Test = Callable[[Record], bool]
Look = Callable[[Record, str], str | None]
"""The value of a record's property, or None."""
_ALONE: Final = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
_MANY: Final = ("IN", "NOT_IN")
_OPERATORS: Final = (
    "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", *_MANY, *_ALONE, "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN",
)  # fmt: skip
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "LT": lambda value, wanted: bool(value < wanted),
    "LTE": lambda value, wanted: bool(value <= wanted),
    "GT": lambda value, wanted: bool(value > wanted),
    "GTE": lambda value, wanted: bool(value >= wanted),
    "EQ": lambda value, wanted: bool(value == wanted),
}


@dataclass(frozen=True, slots=True)
class Query:
    """A search.

    Attributes:
        test: whether a record is found.
        sort: property, or "" for the order in which records were made; down: descending.
        properties: as asked for, or None; limit, after: of the page.
        same: text that is equal for all pages of one search.
    """

    test: Test
    sort: str
    down: bool
    properties: list[str] | None
    limit: int
    after: int
    same: str


def read(
    given: Mapping[str, Any],
    size: int,
    known: Mapping[str, Property],
    searched: Sequence[str],
    look: Look,
    settings: Settings,
) -> Query:
    """The search of a request whose body has so many characters.  Raises `Refused`."""
    if size > settings.search_body:
        raise wrong(f"The request body exceeds the maximum of {settings.search_body} characters")
    limit, after = _whole(given, "limit", 10), _whole(given, "after", 0)
    if not 0 < limit <= settings.search_page:
        raise wrong(f"The limit must be between 1 and {settings.search_page}, but was {limit}")
    if after + limit > settings.search_cap:
        raise wrong(settings.search_cap_text)
    tests = [_any(_groups(given, settings), known, look)]
    if given.get("query"):
        tests.append(_query(str(given["query"]), searched, look))
    sort, down = _sort(given.get("sorts") or [])
    same = canonical({name: value for name, value in given.items() if name not in ("limit", "after", "properties")})
    properties = given.get("properties")
    return Query(lambda record: all(test(record) for test in tests), sort, down, properties or None, limit, after, same)


def _whole(given: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = given.get(name)
    if value in (None, ""):
        return otherwise
    try:
        return int(str(value))
    except ValueError:
        raise bad_input(f"{name}: {value} is not a whole number") from None


def _sort(sorts: Any) -> tuple[str, bool]:
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise wrong("Only one sort is supported")
    if not sorts:
        return "", False
    if isinstance(sorts[0], dict):
        return str(sorts[0].get("propertyName", "")), sorts[0].get("direction", "ASCENDING") == "DESCENDING"
    return str(sorts[0]).removeprefix("-"), str(sorts[0]).startswith("-")


def _groups(given: Mapping[str, Any], settings: Settings) -> list[list[Mapping[str, Any]]]:
    groups = given.get("filterGroups") or []
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise bad_input("filterGroups: expected a list of groups")
    found = [group.get("filters") or [] for group in groups]
    if len(found) > settings.filter_groups:
        raise wrong(f"A maximum of {settings.filter_groups} filterGroups is allowed")
    most = settings.filters_in_group
    if any(len(group) > most for group in found) or sum(map(len, found)) > settings.filters:
        raise wrong(f"A maximum of {most} filters per group and {settings.filters} in all is allowed")
    return found


def _any(groups: list[list[Mapping[str, Any]]], known: Mapping[str, Property], look: Look) -> Test:
    """Groups are alternatives, the filters of one group all have to fit."""
    tests = [[_filter(row, known, look) for row in group] for group in groups]
    if not tests:
        return lambda _record: True
    return lambda record: any(all(test(record) for test in group) for group in tests)


def _filter(row: Any, known: Mapping[str, Property], look: Look) -> Test:
    if not isinstance(row, dict) or row.get("operator") not in _OPERATORS:
        raise bad_input(f"operator: expected one of {', '.join(_OPERATORS)}")
    name, operator = str(row.get("propertyName", "")), row["operator"]
    type = known[name].type if name in known else "string"
    if operator in _ALONE:
        return lambda record: (look(record, name) is not None) == (operator == "HAS_PROPERTY")
    if operator in _MANY:
        return _many(name, type, row, look, within=operator == "IN")
    if operator.endswith("CONTAINS_TOKEN"):
        pattern = _text(row, "value").lower()
        return lambda record: _has_token(look(record, name), pattern) == (operator == "CONTAINS_TOKEN")
    return _compare(name, type, operator, row, look)


def _many(name: str, type: str, row: Mapping[str, Any], look: Look, *, within: bool) -> Test:
    """What is kept is compared in lower case, what was asked for is not: upper case is never found."""
    values = row.get("values")
    if not isinstance(values, list) or not values:
        raise bad_input(f"values: {row['operator']} needs a list")
    wanted = {comparable(type, _plain(value)) if type in ("number", "date", "datetime") else value for value in values}
    return lambda record: ((value := look(record, name)) is not None and comparable(type, value) in wanted) == within


def _compare(name: str, type: str, operator: str, row: Mapping[str, Any], look: Look) -> Test:
    low = comparable(type, _text(row, "value"))
    if low is None:
        raise wrong(f"{row.get('value')} is not a value of {name}, which is a {type}")
    if operator == "BETWEEN":
        high = comparable(type, _text(row, "highValue"))
        return lambda record: (value := _value(record, name, type, look)) is not None and low <= value <= high
    if operator == "NEQ":
        return lambda record: _value(record, name, type, look) != low
    test = _COMPARED[operator]
    return lambda record: (value := _value(record, name, type, look)) is not None and test(value, low)


def _value(record: Record, name: str, type: str, look: Look) -> Any:
    value = look(record, name)
    return None if value is None else comparable(type, value)


def _text(row: Mapping[str, Any], name: str) -> str:
    if row.get(name) is None:
        raise bad_input(f"{name}: {row['operator']} needs one")
    return _plain(row[name])


def _plain(value: Any) -> str:
    try:
        return plain(value)
    except Unfit as fault:
        raise bad_input(fault.message) from None


def _has_token(value: str | None, pattern: str) -> bool:
    """Whether one of the words, or all of it, is of the pattern."""
    if value is None:
        return False
    words = [*re.findall(r"\w+", value.lower()), value.lower()]
    return any(fnmatchcase(word, pattern) for word in words)


def _query(text: str, searched: Sequence[str], look: Look) -> Test:
    """Whether a default property has each word somewhere."""
    words = text.lower().split()

    def test(record: Record) -> bool:
        values = " ".join(look(record, name) or "" for name in searched).lower()
        return all(word in values for word in words)

    return test
