"""Values as Xero takes and gives them: exact numbers, .NET dates, filters.  (pure)"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billsync.model.scalar import plain, read_day, read_decimal

Row = Mapping[str, Any]
"""One record as Xero shows it."""
NO_ID: Final = "00000000-0000-0000-0000-000000000000"
"""The id of what was not made."""
_NET: Final = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/", re.ASCII)
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def dumps(value: Any) -> str:
    """JSON with exact numbers; what is None is left out of records, which leaves it there as it is."""
    if isinstance(value, Mapping):
        told = (f"{dumps(str(name))}:{dumps(item)}" for name, item in value.items() if item is not None)
        return "{" + ",".join(told) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(dumps(item) for item in value) + "]"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def amount(row: Row, name: str) -> Decimal | None:
    """A number, None where there is none.  Raises ValueError."""
    value = row.get(name)
    return None if value is None or value == "" else read_decimal(value)


def day(value: object) -> date | None:
    """A day, as .NET writes it or as ISO has it, None where there is none.  Raises ValueError."""
    if value is None or value == "":
        return None
    net = _NET.fullmatch(str(value))
    return read_day(str(value)[:10]) if net is None else _instant(int(net[1])).date()


def instant(value: object) -> datetime:
    """A moment in UTC, as .NET writes it.  Raises ValueError."""
    net = _NET.fullmatch(str(value))
    if net is None:
        raise ValueError(f"expected a time such as /Date(1772668800000+0000)/, got {str(value)[:60]!r}")
    return _instant(int(net[1]))


def _instant(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise ValueError("a time outside of all calendars") from None


def is_id(text: str) -> bool:
    """Whether a text has the form of Xero's ids."""
    return _GUID.fullmatch(text) is not None


def id_of(row: Row, name: str) -> str:
    """A record's id.  Raises ValueError where it has none."""
    id = row.get(name)
    if not isinstance(id, str) or not id or id == NO_ID:
        raise ValueError(f"a record without {name}")
    return id


def any_of(field: str, texts: Iterable[str]) -> str:
    """A filter for records whose field is one of these texts."""
    return " OR ".join(f"{field}=={_quoted(text)}" for text in texts)


def any_id(field: str, ids: Iterable[str]) -> str:
    """A filter for records with one of these ids."""
    return " OR ".join(f'{field}==Guid("{id}")' for id in ids)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def rows(value: object) -> list[Row]:
    """The records of a list; nothing where it is none."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def inner(row: Row, name: str) -> Row:
    """A record inside of a record, empty where there is none."""
    found = row.get(name)
    return found if isinstance(found, Mapping) else {}
