"""Two frozen documents, field by field.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import JsonValue

from billsync.mapping.ownership import without
from billsync.model.delivery import Delivery
from billsync.planning.document import FieldChange
from billsync.push.payload import once
from billsync.strict import json

_MISSING: Final = object()


def changed(before: Delivery | None, after: Delivery) -> tuple[FieldChange, ...]:
    """The fields in which the document differs from the one that was sent before it; all of them without one.

    References to other documents are their names, such as `customer/acme`.  What is only said when a record is made is
    no difference.
    """
    said = once(after) if before is not None else ()
    was = dict(_flat(without(_document(before), said))) if before is not None else {}
    now = dict(_flat(without(_document(after), said)))
    names = [*now, *(name for name in was if name not in now)]
    return tuple(
        FieldChange(field=name, before=was.get(name), after=now.get(name))
        for name in names
        if before is None or was.get(name, _MISSING) != now.get(name, _MISSING)
    )


def _document(delivery: Delivery) -> Any:
    return json.loads(delivery.payload)["document"]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Path -> leaf; an empty list or mapping is a leaf."""
    if isinstance(value, Mapping) and set(value) == {"$ref"}:
        yield path, value["$ref"]
    elif isinstance(value, Mapping) and (value or not path):
        for name, item in value.items():
            yield from _flat(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{index}]")
    else:
        yield path, value
