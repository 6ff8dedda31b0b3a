"""Fields that are others than they were: what the administrator of a real system does over night.  (pure)

The records stay as they are inside; what clients see and may write is changed at the door.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from billsync_connectors.sandbox.server.denied import Denied

DOINGS: Final = ("remove", "rename", "retype", "require", "shorten", "choices")

Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reshaped:
    """One changed field of one object.

    Attributes:
        do: `remove` it, `rename` it to `to`, `retype` it to the type `to`, `require` it, `shorten` it to `to`
            characters, or let it have only the `choices` in `to`, with commas between them.
    """

    object: str
    do: str
    field: str
    to: str = ""

    def described(self, row: Value) -> Value | None:
        """The field's description; None where it is gone."""
        if row["name"] != self.field:
            return row
        match self.do:
            case "remove":
                return None
            case "rename":
                return {**row, "name": self.to}
            case "retype":
                return {**row, "type": self.to}
            case "require":
                return {**row, "required": True}
            case "shorten":
                return {**row, "max_length": int(self.to)}
        return {**row, "choices": self.to.split(",")}

    def read(self, record: Value) -> Value:
        """A record as it is shown."""
        if self.field not in record or self.do not in ("remove", "rename", "retype"):
            return record
        rest = {name: value for name, value in record.items() if name != self.field}
        if self.do == "remove":
            return rest
        value = record[self.field]
        return {**rest, self.to: value} if self.do == "rename" else {**rest, self.field: _retyped(value, self.to)}

    def write(self, given: Value, *, creates: bool) -> Value:
        """The fields of a request, by their names inside.  Raises `Denied`."""
        value = given.get(self.field)
        if self.do in ("remove", "rename") and self.field in given:
            raise Denied(422, "unknown_field", f"{self.object} has no field {self.field}", self.field)
        if self.do == "rename" and self.to in given:
            return {self.field if name == self.to else name: value for name, value in given.items()}
        if self.do == "require" and creates and value in (None, "", []):
            raise Denied(422, "missing_value", f"{self.object} needs {self.field}", self.field)
        if value is not None and not self._fits(value):
            raise Denied(422, "bad_value", f"{self.field}: {str(value)[:60]} is not possible here", self.field)
        return given

    def _fits(self, value: Any) -> bool:
        if self.do == "shorten":
            return len(str(value)) <= int(self.to)
        if self.do == "choices":
            return value in self.to.split(",")
        return self.do != "retype" or _is(value, self.to)


def of(options: Mapping[str, Any]) -> Reshaped:
    """A change as it was asked for.  Raises `Denied`."""
    made = Reshaped(*(str(options[name]) for name in ("object", "do", "field", "to")))
    if made.do not in DOINGS:
        raise Denied(422, "bad_value", f"do: expected one of {', '.join(DOINGS)}, got {made.do}", "do")
    if not made.object or not made.field:
        raise Denied(422, "bad_value", "object and field: expected names", "field")
    if made.do in ("rename", "retype", "choices") and not made.to:
        raise Denied(422, "bad_value", "to: expected what it becomes", "to")
    if made.do == "shorten" and not made.to.isdigit():
        raise Denied(422, "bad_value", "to: expected a number of characters", "to")
    return made


def described(object: str, value: Value, changes: Iterable[Reshaped]) -> Value:
    """The fields of an object as they are now."""
    rows = value["fields"]
    for change in _of(object, changes):
        rows = [row for old in rows if (row := change.described(old)) is not None]
    return {**value, "fields": rows}


def shown(object: str, value: Value, changes: Iterable[Reshaped]) -> Value:
    """A reply as it is shown: a record, a list of them, or the results of a batch."""
    mine = _of(object, changes)
    if not mine:
        return value
    if "records" in value:
        return {**value, "records": [_through(row, mine) for row in value["records"]]}
    if "results" in value:
        results = [
            {**row, "record": _through(row["record"], mine)} if "record" in row else row for row in value["results"]
        ]
        return {**value, "results": results}
    return _through(value, mine)


def given(object: str, value: Value, changes: Iterable[Reshaped], *, creates: bool) -> Value:
    """What a client writes, by the names inside.  Raises `Denied`."""
    for change in _of(object, changes):
        if isinstance(value.get("items"), list):
            items = [_item(item, change) for item in value["items"]]
            value = {**value, "items": items}
        else:
            value = change.write(value, creates=creates)
    return value


def _item(item: Any, change: Reshaped) -> Any:
    return change.write(item, creates="id" not in item) if isinstance(item, dict) else item


def _of(object: str, changes: Iterable[Reshaped]) -> list[Reshaped]:
    return [change for change in changes if change.object == object]


def _through(record: Value, changes: Iterable[Reshaped]) -> Value:
    for change in changes:
        record = change.read(record)
    return record


_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "text": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "mapping": lambda value: isinstance(value, dict),
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool),
}


def _is(value: Any, type: str) -> bool:
    return _TYPES.get(type, lambda _value: True)(value)


def _retyped(value: Any, type: str) -> Any:
    """A value in the form of another type; what has no such form is shown as an object that holds it."""
    if value is None or _is(value, type):
        return value
    return str(value) if type == "text" else {"value": value}
