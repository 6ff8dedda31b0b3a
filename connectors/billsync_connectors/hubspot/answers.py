"""HubSpot's answers, read strictly: what is not as it should be is never taken for "nothing there".  (pure)

All raise `Odd`: the answer as a whole is not to be trusted, and is asked for again later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from billsync.model.scalar import read_instant, show

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_PRIMARY: Final = (1, 5)
"""The primary company of a contact, and of a deal."""


class Odd(ValueError):
    """The answer cannot be what HubSpot has."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record as an answer shows it.

    Attributes:
        properties: text or None, by name.
        updated, archived: milliseconds since 1970; None where it does not say, and where it is not archived.
        ends: ids of associated records with the names of their kinds, by object; None where the answer shows none,
            which in a list that was asked for them means that there are none.
        cut: objects of `ends` of which there are more than the answer shows.
    """

    id: str
    properties: Mapping[str, str | None]
    updated: int | None = None
    archived: int | None = None
    ends: Mapping[str, Sequence[tuple[str, str]]] | None = None
    cut: frozenset[str] = frozenset()


def rows(answer: Mapping[str, Any]) -> list[Row]:
    """The records of a list, a search or a batch."""
    return [row(item) for item in listed(answer)]


def listed(answer: Mapping[str, Any]) -> list[Any]:
    """What stands in `results`."""
    found = answer.get("results")
    if not isinstance(found, list):
        raise Odd("there are no results in it")
    return found


def row(item: Any) -> Row:
    """One record."""
    if not isinstance(item, Mapping):
        raise Odd(f"a result is no record but {show(item)}")
    id, properties = item.get("id"), item.get("properties")
    if not isinstance(id, str) or not id:
        raise Odd(f"a record has the id {show(id)}")
    if not isinstance(properties, Mapping):
        raise Odd(f"record {id} has no properties")
    for name, value in properties.items():
        if value is not None and not isinstance(value, str):
            raise Odd(f"record {id}: {name} is no text but {show(value)}")
    ends, cut = _ends(item.get("associations"))
    return Row(id, dict(properties), _stamp(item.get("updatedAt")), _stamp(item.get("archivedAt")), ends, cut)


def stamp(row: Row, name: str) -> int:
    """The instant in a property, in milliseconds."""
    found = _stamp(row.properties.get(name))
    if found is None:
        raise Odd(f"record {row.id} has no {name}")
    return found


def after(answer: Mapping[str, Any]) -> str | None:
    """The cursor to the next page, or None at the end."""
    paging = answer.get("paging")
    following = paging.get("next") if isinstance(paging, Mapping) else None
    if following is None:
        return None
    found = following.get("after") if isinstance(following, Mapping) else None
    if not isinstance(found, str) or not found:
        raise Odd("the next page has no cursor")
    return found


def missing(answer: Mapping[str, Any]) -> set[str]:
    """Ids that a batch says are not there."""
    found: set[str] = set()
    for error in _errors(answer):
        held = error.get("context")
        context = held if isinstance(held, Mapping) else {}
        for name in ("ids", "id", "fromObjectId"):
            value = context.get(name)
            found.update(str(id) for id in value) if isinstance(value, list) else None
    return found


def failed(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The errors of a batch."""
    return _errors(answer)


def pairs(answer: Mapping[str, Any]) -> tuple[dict[str, list[tuple[str, bool]]], list[tuple[str, str]]]:
    """Associations of a batch: (id, whether primary) by the id from which they were read; and what goes on after it."""
    found: dict[str, list[tuple[str, bool]]] = {}
    more: list[tuple[str, str]] = []
    for item in listed(answer):
        start = _id(item.get("from") if isinstance(item, Mapping) else None, "id")
        ends = item.get("to")
        if not isinstance(ends, list):
            raise Odd(f"the associations of {start} are no list")
        found.setdefault(start, []).extend((_id(end, "toObjectId"), _primary(end)) for end in ends)
        if (cursor := after(item)) is not None:
            more.append((start, cursor))
    return found, more


def text_of(ms: int) -> str:
    """An instant as HubSpot writes it."""
    return f"{_EPOCH + ms * _MS:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


# ---------------------------------------------------------------- inside


def _stamp(value: Any) -> int | None:
    if value is None:
        return None
    try:
        return (read_instant(value) - _EPOCH) // _MS
    except ValueError as error:
        raise Odd(f"an instant cannot be read: {error}") from None


def _errors(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = answer.get("errors")
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _ends(value: Any) -> tuple[dict[str, list[tuple[str, str]]] | None, frozenset[str]]:
    if value is None:
        return None, frozenset()
    if not isinstance(value, Mapping):
        raise Odd("associations are no object")
    found, cut = {}, set()
    for key, held in value.items():
        name = str(key).replace(" ", "_")  # line items stand there with a blank
        if not isinstance(held, Mapping):
            raise Odd(f"the associations with {name} are no object")
        found[name] = [(_id(end, "id"), str(end.get("type"))) for end in listed(held)]
        if after(held) is not None:
            cut.add(name)
    return found, frozenset(cut)


def _id(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)  # v4 shows them as numbers
    if not isinstance(found, str) or not found:
        raise Odd(f"an association without an id: {show(found)}")
    return found


def _primary(end: Mapping[str, Any]) -> bool:
    types = end.get("associationTypes")
    return isinstance(types, list) and any(isinstance(row, Mapping) and _is_primary(row) for row in types)


def _is_primary(row: Mapping[str, Any]) -> bool:
    """By the id of its type: labels may be in another language."""
    return row.get("category") == "HUBSPOT_DEFINED" and row.get("typeId") in _PRIMARY


def alike(asked: Iterable[str], found: Iterable[Row]) -> list[str]:
    """Ids that were asked for and are not among the rows, in order."""
    there = {row.id for row in found}
    return [id for id in dict.fromkeys(asked) if id not in there]
