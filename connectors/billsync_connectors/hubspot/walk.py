"""Walks through a list by its cursor, and through search by what it finds, never by counting.  (shell)

Search shows 10,000 results of a query at most, in an order that shifts while people edit, and one that HubSpot does not
fix where instants are equal.  So no page is counted off: each asks for what was modified from the last instant of the
page before, and an instant that fills a page is walked by ids.  What changes meanwhile moves behind, and is met there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from billsync.connector import TryLater
from billsync_connectors.hubspot import answers
from billsync_connectors.hubspot.answers import Odd, Row
from billsync_connectors.hubspot.session import Session

_LEAST: Final = 1
_TOO_LARGE: Final = ("too_large",)
Position = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a walk.

    Attributes:
        position: where the walk goes on; None at its end.
        whole: False where the page may lack records that stood there all the time.
        seen: the last instant that was met, in milliseconds, or None.
    """

    rows: Sequence[Row]
    position: Position | None
    whole: bool = True
    seen: int | None = None


class Walk:
    """Walks of one account.  Both raise `TryLater` and `Refused`, between pages too."""

    def __init__(self, session: Session, page: int) -> None:
        self._session, self._page = session, page

    # ------------------------------------------------------------ lists

    def listed(
        self, object: str, names: Sequence[str], ends: Sequence[str], position: Position, *, archived: bool = False
    ) -> Iterator[Step]:
        """All records that are live, or all that are in the bin, in the order of ids; `position` holds `after`."""
        cursor: str | None = str(position.get("after", ""))
        while cursor is not None:
            rows, following = self._page_of(object, names, ends, cursor, archived=archived)
            whole = following is None or len(rows) >= self._page
            if not whole:  # a page that is cut, or one of HubSpot's that is short: the second look tells
                again, following = self._page_of(object, names, ends, cursor, archived=archived)
                rows = again if len(again) >= len(rows) else rows
                whole = following is None or len(rows) >= self._page
            if following is not None and following == cursor:
                raise TryLater("unreadable", f"{self._session.system}: the list of {object} does not go on")
            yield Step(rows, None if following is None else {"after": following}, whole)
            cursor = following

    def _page_of(
        self, object: str, names: Sequence[str], ends: Sequence[str], cursor: str, *, archived: bool
    ) -> tuple[list[Row], str | None]:
        params = {"properties": ",".join(names), "archived": "true" if archived else "false"}
        params.update({"associations": ",".join(ends)} if ends else {})
        params.update({"after": cursor} if cursor else {})
        answer = self._fitting(object, params, self._page)
        with self._session.reading():
            rows, following = answers.rows(answer), answers.after(answer)
        return [replace(row, ends=row.ends or {}) for row in rows] if ends else rows, following

    def _fitting(self, object: str, params: Mapping[str, str], limit: int) -> dict[str, Any]:
        """A page; one that is too large is asked for with fewer records."""
        try:
            return self._session.ask("GET", f"crm/objects/{{}}/{object}", params={**params, "limit": str(limit)})
        except TryLater as fault:
            if fault.reason not in _TOO_LARGE or limit <= _LEAST:
                raise
        return self._fitting(object, params, max(_LEAST, limit // 4))

    # ------------------------------------------------------------ search

    def changed(self, object: str, modified: str, position: Position, *, having: str = "") -> Iterator[Step]:
        """Records modified from `position["ms"]` on, in the order of instants; only those with a property `having`.

        Where `position` holds an `id` too, the walk is inside of that instant, behind that id.
        """
        at: Position | None = position
        while at is not None:
            step = (
                self._inside(object, modified, at, having) if "id" in at else self._along(object, modified, at, having)
            )
            at = step.position
            yield step

    def _along(self, object: str, modified: str, at: Position, having: str) -> Step:
        """A page from an instant on, without the instant at its end, which the next page begins with."""
        ms, limit = int(at["ms"]), 2 * self._page
        filters = [_filter(modified, "GTE", str(ms))]
        rows, more = self._searched(object, modified, filters, having, sort=modified)
        with self._session.reading():
            stamps = [answers.stamp(row, modified) for row in rows]
            if stamps != sorted(stamps) or (stamps and stamps[0] < ms):
                raise Odd(f"a search of {object} is not in its order")
            if more and not rows:
                raise Odd(f"a search of {object} shows nothing of what it found")
        if not more and len(rows) < limit:
            return Step(rows, None, seen=stamps[-1] if stamps else None)
        last = stamps[-1]
        if stamps[0] == last:
            return Step([], {"ms": last, "id": "0"}, seen=last)
        return Step([row for row, stamp in zip(rows, stamps, strict=True) if stamp < last], {"ms": last}, seen=last)

    def _inside(self, object: str, modified: str, at: Position, having: str) -> Step:
        """A page of one instant, by ids."""
        ms, id = int(at["ms"]), str(at["id"])
        instant = [_filter(modified, "GTE", str(ms)), _filter(modified, "LTE", str(ms))]
        filters = [*instant, _filter("hs_object_id", "GT", id)]
        rows, more = self._searched(object, modified, filters, having, sort="hs_object_id")
        with self._session.reading():
            ids = [_number(row.id) for row in rows]
            if ids != sorted(set(ids)) or (ids and ids[0] <= _number(id)):
                raise Odd(f"a search of {object} by id is not in its order")
            if more and not rows:
                raise Odd(f"a search of {object} shows nothing of what it found")
        if not more and len(rows) < 2 * self._page:
            return Step(rows, {"ms": ms + 1}, seen=ms)
        return Step(rows, {"ms": ms, "id": rows[-1].id}, seen=ms)

    def _searched(
        self, object: str, modified: str, filters: list[dict[str, str]], having: str, *, sort: str
    ) -> tuple[list[Row], bool]:
        """A page, and whether there is more than it shows: a page that is cut does not pass for the last one."""
        also = [{"propertyName": having, "operator": "HAS_PROPERTY"}] if having else []
        body = {
            "filterGroups": [{"filters": [*filters, *also]}],
            "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
            "properties": [modified],
            "limit": 2 * self._page,
        }
        rows, more, total = self._asked(object, body)
        if not more and total > len(rows):  # cut short, or a count of HubSpot's that is wrong: the second look tells
            again, more, _ = self._asked(object, body)
            rows = again if len(again) >= len(rows) else rows
        return rows, more

    def _asked(self, object: str, body: Mapping[str, Any]) -> tuple[list[Row], bool, int]:
        answer = self._session.ask("POST", f"crm/objects/{{}}/{object}/search", body)
        with self._session.reading():
            total = answer.get("total")
            return answers.rows(answer), answers.after(answer) is not None, total if isinstance(total, int) else 0


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _number(id: str) -> int:
    if not (id.isascii() and id.isdigit()):
        raise Odd(f"an id is no number: {id[:40]}")
    return int(id)
