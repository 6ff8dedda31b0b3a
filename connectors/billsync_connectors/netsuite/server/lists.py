"""Lists of records: ids only, those that fit a filter.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.netsuite.server.asked import Request
from billsync_connectors.netsuite.server.denied import Denied
from billsync_connectors.netsuite.server.kinds import Kind
from billsync_connectors.netsuite.server.ledger import Ledger
from billsync_connectors.netsuite.server.shelf import Row
from billsync_stand_in.clock import read

_CONDITION: Final = re.compile(r'\s*(\w+)\s+([A-Z_]+)\s+(?:"((?:[^"\\]|\\.)*)"|([\w.-]+|true|false))\s*(?:AND\b|$)')
_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "IS": lambda own, other: str(own).casefold() == str(other).casefold(),
    "IS_NOT": lambda own, other: str(own).casefold() != str(other).casefold(),
    "CONTAIN": lambda own, other: str(other).casefold() in str(own).casefold(),
    "START_WITH": lambda own, other: str(own).casefold().startswith(str(other).casefold()),
    "EQUAL": lambda own, other: own == other,
    "GREATER": lambda own, other: own > other,
    "LESS": lambda own, other: own < other,
    "ON": lambda own, other: own == other,
    "ON_OR_AFTER": lambda own, other: own >= other,
    "AFTER": lambda own, other: own > other,
    "ON_OR_BEFORE": lambda own, other: own <= other,
    "BEFORE": lambda own, other: own < other,
}
_TIMES: Final = {"lastModifiedDate": "_updated", "createdDate": "_made", "dateCreated": "_made"}
_FORMS: Final = {"M/D/YYYY": ("%m/%d/%Y", "%m/%d/%y"), "D.M.YYYY": ("%d.%m.%Y",), "YYYY-MM-DD": ("%Y-%m-%d",)}


def matching(ledger: Ledger, kind: Kind, request: Request, href: str) -> dict[str, Any]:
    """A page of ids.  Raises `Denied`."""
    limit, offset = _number(request, "limit", 1000), _number(request, "offset", 0)
    if not 0 < limit <= 1000 or offset % limit:
        raise Denied(400, "INVALID_PARAMETER", "The limit is 1 to 1000, the offset a multiple of it.")
    rows = [row for row in ledger.every(kind.name) if _fits(ledger, row, request.asked("q"))]
    page = rows[offset : offset + limit]
    items = [{"links": [{"rel": "self", "href": f"{href}/{row['id']}"}], "id": row["id"]} for row in page]
    more = offset + limit < len(rows)
    links = [{"rel": "self", "href": f"{href}?limit={limit}&offset={offset}"}]
    if more:
        links.append({"rel": "next", "href": f"{href}?limit={limit}&offset={offset + limit}"})
    told = {"links": links, "count": len(items), "hasMore": more, "items": items}
    return {**told, "offset": offset, "totalResults": len(rows)}


def _number(request: Request, name: str, otherwise: int) -> int:
    try:
        return int(request.asked(name) or otherwise)
    except ValueError:
        raise Denied(400, "INVALID_PARAMETER", f"{name} is a whole number.") from None


def _fits(ledger: Ledger, row: Row, asked: str) -> bool:
    place = 0
    while place < len(asked):
        match = _CONDITION.match(asked, place)
        if match is None or match[2] not in _TESTS:
            raise Denied(400, "INVALID_PARAMETER", f"Invalid filter: {asked[place:]}")
        if not _one(ledger, row, match[1], match[2], match[3] if match[3] is not None else match[4]):
            return False
        place = match.end()
    return True


def _one(ledger: Ledger, row: Row, field: str, test: str, text: str) -> bool:
    if field in _TIMES or field in ("tranDate", "dueDate"):
        own = ledger.local(read(row[_TIMES[field]])).replace(tzinfo=None) if field in _TIMES else _day(row.get(field))
        return own is not None and _TESTS[test](own, _instant(text, ledger.settings.date_format))
    value = row.get(field)
    if isinstance(value, dict):
        value = value.get("id")
    if value is None:
        return False
    return _TESTS[test](value, _decimal(text) if isinstance(value, Decimal) else text)


def _day(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _instant(text: str, form: str) -> datetime:
    """A day, with a time or without one, in the user's form."""
    for day in _FORMS[form]:
        for time in ("", " %I:%M %p", " %H:%M"):
            try:
                return datetime.strptime(text, day + time)  # noqa: DTZ007  it is of the account's zone, as the others
            except ValueError:
                continue
    raise Denied(400, "INVALID_PARAMETER", f"Invalid date: {text}. The user's format is {form}.")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Denied(400, "INVALID_PARAMETER", f"Invalid number: {text}.") from None
