"""Reads records in the order in which they changed, so that edits while reading lose nothing.  (shell)

A round begins at an instant and shows what has changed since: deleted records, the changed ones, and those of which
something nearby changed (children, parents, merges).  How far it is complete the org says itself (`latestDateCovered`:
not past a transaction that is still open); the next round begins there, less the lag of the settings.  All that a round
without changes needs is one call.

A full read goes through the live records first, and ends with a round since its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlencode

from billsync.connector import Checkpoint, Page, Record, Refused, TryLater
from billsync.model.problem import Problem
from billsync.model.scalar import read_instant
from billsync_connectors.salesforce.bulk import Bulk, NoBulk
from billsync_connectors.salesforce.plan import Child, Plan, Touch
from billsync_connectors.salesforce.plans import Plans
from billsync_connectors.salesforce.rows import Row, Strange, gone, id_of, records, too_large
from billsync_connectors.salesforce.session import QUERIES_MAX, URL_MAX, Part, Session, query
from billsync_connectors.salesforce.settings import SalesforceSettings
from billsync_connectors.salesforce.soql import among, earlier, every, instant, quoted, select, written
from billsync_connectors.salesforce.walk import Leg, Spot, Walk

FLAT: Final = 2000
"""Records a page where they bring no children."""
_IDS: Final = 300
_BIN: Final = timedelta(days=14)
"""What was deleted is told of for 15 days; a round that begins earlier would miss some."""
_TOO_OLD: Final = frozenset({"INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"})
_ID_SIGNS: Final = (15, 18)


class _TooOld(Exception):
    """The org does not tell any more what was deleted since: only a full read shows it."""


@dataclass(slots=True)
class _Opened:
    """What the first call of a read brings.

    Attributes:
        until: instant before which all changes are seen; gone: ids of records that are not there any more.
        touched: first pages of what touches records, by `Plan.touches`.
        page: the first page of the records, or None where it was too large.
        count: how many records there are, or 0 where that was not asked.
    """

    until: str
    gone: list[str] = field(default_factory=list)
    touched: list[Any] = field(default_factory=list)
    page: Any = None
    count: int = 0


class Reading:
    """The records of one connection.  Raises `TryLater` and `Refused`, between pages too."""

    def __init__(self, session: Session, settings: SalesforceSettings, plans: Plans) -> None:
        self._session, self._settings, self._plans = session, settings, plans
        self._bulk = Bulk(session)
        self._begun: set[str] = set()

    def pages(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Pages of what has changed."""
        plan = self._plans.plan(object)
        if not plan.stamp:
            raise Refused("not_supported", f"{self._session.system}: {object} does not say when its records change")
        mark = _checked(since, self._session.system)
        if "from" in mark:
            try:
                yield from self._round(plan, mark)
            except _TooOld:
                yield from self._full(plan, {"mend": True}, whole=True)
        elif "mend" in mark:  # what is gone is noticed only by a read that is whole
            yield from self._full(plan, {"mend": True}, whole=True)
        else:
            yield from self._full(plan, mark, whole=since is None)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now; those that are not there are left out."""
        plan = self._plans.plan(object)
        good = [id for id in dict.fromkeys(ids) if len(id) in _ID_SIGNS and id.isascii() and id.isalnum()]
        return [record for page in self._of(plan, "Id IN {}", good) for record in page.records]

    # ------------------------------------------------------------ a full read

    def _full(self, plan: Plan, mark: dict[str, Any], *, whole: bool) -> Iterator[Page]:
        """All live records, and what changed meanwhile; `whole` where nothing of it was read before."""
        walk = self._walk(plan, all=False)
        at = Spot(*mark.get("at", ()))
        opened = self._opened(plan, walk, at, counting="at" not in mark and "bulk" not in mark)
        until = str(mark.get("until") or opened.until)
        goes = {"until": until, **({"mend": True} if "mend" in mark else {})}
        many = "bulk" in mark or (self._settings.bulk_from and opened.count >= self._settings.bulk_from)
        try:
            yield from (
                self._bulk.pages(plan, mark.get("bulk"), goes) if many else self._walked(plan, walk, opened, at, goes)
            )
        except NoBulk:
            yield from self._walked(plan, walk, opened, Spot(), goes)
        try:
            yield from self._round(plan, {"from": earlier(until, self._settings.lag_s)}, whole=whole)
        except _TooOld:
            raise self._session.strange("its clock went on by weeks") from None

    def _walked(self, plan: Plan, walk: Walk, opened: _Opened, at: Spot, goes: Mapping[str, Any]) -> Iterator[Page]:
        """All live records after a spot, by queries."""
        for leg in walk.legs(at, opened.page):
            yield self._page(plan, leg, {**goes, "at": [leg.at.stamp, leg.at.id]})

    # ------------------------------------------------------------ a round

    def _round(self, plan: Plan, mark: dict[str, Any], *, whole: bool = False) -> Iterator[Page]:
        """What has changed since `from`, where `at` is how far it came before.  Raises `_TooOld`."""
        start = str(mark["from"])
        at = Spot(*mark.get("at", (start, "")))
        walk = self._walk(plan, all=plan.described.bin)
        opened = self._opened(plan, walk, at, since=start)
        until = str(mark.get("until") or opened.until)
        goes: dict[str, Any] = {"from": start, "until": until}
        if opened.gone:
            yield Page(gone(self._session.system, plan.object, opened.gone), checkpoint=dict(mark))
        touching = self._touching(plan, start, opened)
        shown: set[str] = set()
        for leg in walk.legs(at, opened.page):
            at = leg.at
            shown.update(id_of(row) for row in leg.rows if touching)
            if leg.rows or leg.too_large:
                yield self._page(plan, leg, {**goes, "at": [at.stamp, at.id]})
        for touch, legs in touching:
            for leg in legs:
                for page in self._touched(plan, touch, leg, shown):
                    yield Page(page.records, page.problems, checkpoint={**goes, "at": [at.stamp, at.id]})
        following = max(start, earlier(until, self._settings.lag_s))
        yield Page((), checkpoint={"from": following}, snapshot=whole, complete=whole)

    def _touching(self, plan: Plan, start: str, opened: _Opened) -> list[tuple[Touch, Iterator[Leg]]]:
        """What may have touched records since: those pages that hold something."""
        found: list[tuple[Touch, Iterator[Leg]]] = []
        for touch, answer in zip(plan.touches, opened.touched, strict=True):
            if not isinstance(answer, Mapping) or answer.get("records") != []:
                found.append((touch, self._near(touch).legs(Spot(start), answer)))
        return found

    def _touched(self, plan: Plan, touch: Touch, leg: Leg, shown: set[str]) -> Iterator[Page]:
        """The records that these rows touch; not those that were shown after the rows were seen."""
        values = {str(row[name]) for row in leg.rows for name in touch.fields if row.get(name)}
        if touch.which == "Id IN {}":
            values -= shown
        shown.clear()  # further rows are seen later than what was shown
        yield from self._of(plan, touch.which, sorted(values))

    def _near(self, touch: Touch) -> Walk:
        fields = list(dict.fromkeys(["Id", touch.stamp, *touch.fields]))
        where = "MasterRecordId != null" if touch.merged else ""
        return Walk(self._session, fields, touch.object, touch.stamp, where, touch.bin)

    # ------------------------------------------------------------ the first call

    def _opened(self, plan: Plan, walk: Walk, at: Spot, *, since: str = "", counting: bool = False) -> _Opened:
        """Ask what is needed to begin, in as few calls as there can be.

        The order counts: how far all is told comes first, what touches records before the records.  Raises `_TooOld`.
        """
        end = self._session.time(anew=plan.object in self._begun)  # it may have been read long ago
        self._begun.add(plan.object)
        if since and end - read_instant(since) > _BIN:
            raise _TooOld
        asked = self._asked(plan, since, counting=counting and bool(self._settings.bulk_from))
        told = self._told(plan, since, written(end))
        parts = self._parts([*told, *asked], walk.path(at), heavy=len(asked) + 1)
        opened = _Opened(written(end))
        if told:
            self._heard(opened, parts.pop(0), since)
        values = [self._value(part) for part in parts]
        opened.page = values.pop()
        if counting and asked:
            opened.count = self._counted(values.pop())
        if since and plan.where:
            opened.gone += self._left(plan, since, values.pop())
        opened.touched = values
        return opened

    def _asked(self, plan: Plan, since: str, *, counting: bool) -> list[str]:
        """Queries beside that of the records."""
        if not since:
            return [query(select(["COUNT()"], plan.object, plan.where))] if counting else []
        near = [self._near(touch).path(Spot(since)) for touch in plan.touches]
        return [*near, *([self._leavers(plan).path(Spot(since))] if plan.where else [])]

    def _told(self, plan: Plan, since: str, end: str) -> list[str]:
        """Where the org tells what was deleted, and how far all is told."""
        if not plan.described.replicated:
            return []
        start = min(since or end, earlier(end, 120))
        return [f"sobjects/{plan.object}/deleted/?{urlencode({'start': start, 'end': end})}"]

    def _parts(self, paths: Sequence[str], page: str, *, heavy: int) -> list[Part]:
        """The answers to all, that to `page` last: null where it is too large to come with the others."""
        try:
            return self._several([*paths, page], heavy=heavy)
        except TryLater as fault:
            if fault.reason != "too_large":
                raise
        return [*self._several(paths, heavy=heavy - 1), Part(200, None)]

    def _several(self, paths: Sequence[str], *, heavy: int) -> list[Part]:
        """The answers to all: in one call, or in as many as hold that many queries."""
        light = len(paths) - heavy
        cuts = [0, *range(light + QUERIES_MAX, len(paths), QUERIES_MAX), len(paths)]
        found = [self._session.together(paths[a:b]) for a, b in pairwise(cuts) if a < b]
        return [part for parts in found for part in parts]

    def _heard(self, opened: _Opened, part: Part, since: str) -> None:
        """What the org says was deleted, and how far all is told."""
        if part.status >= 400:
            no = self._session.denied(part.status, part.value)
            if no.code in _TOO_OLD and since:
                raise _TooOld
            raise no.fault
        try:
            covered, earliest = (instant(part.value[name]) for name in ("latestDateCovered", "earliestDateAvailable"))
            ids = [str(row["id"]) for row in part.value["deletedRecords"]]
        except (KeyError, TypeError, ValueError):
            raise self._session.strange("what was deleted is not told") from None
        if since and earliest > since:
            raise _TooOld
        opened.until = min(opened.until, covered)
        opened.gone = ids if since else []

    def _value(self, part: Part) -> Any:
        if part.status >= 400:
            raise self._session.denied(part.status, part.value).fault
        return part.value

    def _counted(self, value: Any) -> int:
        count = value.get("totalSize") if isinstance(value, Mapping) else None
        if not isinstance(count, int):
            raise self._session.strange("no count")
        return count

    def _leavers(self, plan: Plan) -> Walk:
        """Records that do not fulfil the condition of the settings any more."""
        return Walk(
            self._session, ["Id", plan.stamp], plan.object, plan.stamp, f"NOT ({plan.where})", plan.described.bin
        )

    def _left(self, plan: Plan, since: str, answer: Any) -> list[str]:
        return [id_of(row) for row in self._leavers(plan).rows(Spot(since), answer)]

    # ------------------------------------------------------------ records

    def _walk(self, plan: Plan, *, all: bool) -> Walk:
        most = self._settings.page_size if plan.children else FLAT
        return Walk(self._session, plan.nested(), plan.object, plan.stamp, plan.where, all, most)

    def _of(self, plan: Plan, which: str, values: Sequence[str]) -> Iterator[Page]:
        """The records that fulfil a condition with values, so many of these at once as an address holds."""
        most = self._settings.page_size if plan.children else FLAT
        empty = query(select(plan.nested(), plan.object, every(plan.where, which.format("()"))))
        step = min(_IDS, max(1, (URL_MAX - len(empty) - 500) // 28))
        for start in range(0, len(values), step):
            where = every(plan.where, which.format(among(values[start : start + step])))
            walk = Walk(self._session, plan.nested(), plan.object, "", where, most=most)
            for leg in walk.legs(Spot()):
                yield self._page(plan, leg, {})

    def _page(self, plan: Plan, leg: Leg, checkpoint: Mapping[str, Any]) -> Page:
        """The records of rows, with all their children."""
        system = self._session.system
        large = [too_large(system, plan.object, id) for id in leg.too_large]
        try:
            found, problems = records(system, plan, [self._whole(plan, row) for row in leg.rows])
        except Strange as strange:
            raise self._session.strange(str(strange)) from None
        told: list[Problem] = [*problems, *large]
        return Page(found, told, checkpoint=dict(checkpoint))

    def _whole(self, plan: Plan, row: Row) -> Row:
        """A row with all its children: those that did not come with it are asked for."""
        lacking = [child for child in plan.children if _cut(row.get(child.name))]
        return {**row, **{child.name: self._children(child, id_of(row)) for child in lacking}}

    def _children(self, child: Child, id: str) -> dict[str, Any]:
        where = f"{child.reference} = {quoted(id)}"
        return {"records": list(Walk(self._session, child.fields(), child.object, where=where).rows())}


def _cut(found: Any) -> bool:
    """Whether children are told of that did not come."""
    if not isinstance(found, Mapping):
        return False
    rows = found.get("records")
    return found.get("done") is not True or not isinstance(rows, list) or found.get("totalSize") != len(rows)


def _checked(since: Checkpoint | None, system: str) -> dict[str, Any]:
    """A checkpoint of ours.  Raises `Refused`."""
    mark = dict(since or {})
    try:
        for name in ("from", "until"):
            if name in mark:
                read_instant(mark[name])
        if "at" in mark:
            stamp, id = mark["at"]
            good = isinstance(id, str) and (not stamp or bool(read_instant(stamp)))
        else:
            good = True
    except (ValueError, TypeError):
        good = False
    if not good:
        raise Refused("bad_checkpoint", f"{system}: the place where the last read ended cannot be read: sync --full")
    return mark
