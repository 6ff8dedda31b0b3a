"""Which record of ours is which record elsewhere, and the history of each tie.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, or_, select

from billsync.model.ref import Link, Ref
from billsync.store.bulk import insert_rows, upsert_rows
from billsync.store.outside_tables import link_history
from billsync.store.schema import links
from billsync.store.sql import Among, among, rows
from billsync.store.types import fold, with_whole

LINKED: Final = "linked"
MOVED: Final = "moved"
UNLINKED: Final = "unlinked"
GONE: Final = "gone"
"""What may have been done to a tie: made; led to another record; undone by a person; undone as the record is gone."""

BILLSYNC: Final = "billsync"
"""Who does what no person asked for."""

_CHANGES: Final = ("ref_kind", "ref_id", "sent", "at", "whole")

_h: Final = link_history.c
_KIND: Final[BindParameter[str]] = bindparam("s_kind")
_SYSTEM: Final[BindParameter[str]] = bindparam("s_system")
_OURS: Final = Among(select(links).where(links.c.kind == _KIND, links.c.system == _SYSTEM), links.c.our_id)
_THEIRS: Final = Among(select(links).where(links.c.ref_kind == _KIND, links.c.system == _SYSTEM), links.c.ref_id)
_EVENTS: Final = Among(
    select(link_history).where(_h.kind == _KIND, _h.system == _SYSTEM).order_by(_h.n), link_history.c.our_id
)
_NUMBERS: Final = Among(
    select(_h.our_id, func.max(_h.n).label("n")).where(_h.kind == _KIND, _h.system == _SYSTEM).group_by(_h.our_id),
    link_history.c.our_id,
)

_Key = tuple[str, str, str]
_Links = list[Link]


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """One change of a tie.

    Attributes:
        act: `linked`, `moved`, `unlinked` or `gone`; ref is the record that it was about.
        who: `billsync`, or the person's name on their machine; why: a run, a mapping, a write, or a person's words.
    """

    kind: str
    our_id: str
    n: int
    at: datetime
    ref: Ref
    act: str
    who: str
    why: str


class Links:
    """Ties between our ids and those of other systems: one of theirs per system for each of ours, and the reverse."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def put(self, items: Sequence[Link], at: datetime, *, who: str = BILLSYNC, why: str = "") -> None:
        """Store or replace ties; new and changed ones go into the history.

        Raises `IllegalMove` where the other record is tied to another one of ours.
        """
        new = {_key(item): item for item in items}
        known = self._known(new.values())
        upsert_rows(self._conn, links, [_row(item, at) for key, item in new.items() if key in known], _CHANGES)
        insert_rows(self._conn, links, [_row(item, at) for key, item in new.items() if key not in known])
        changed = [(item, known.get(key)) for key, item in new.items() if _ref(known.get(key)) != item.ref]
        self._note([(item, LINKED if was is None else MOVED) for item, was in changed], at, who, why)

    def remove(
        self, kind: str, our_id: str, system: str, *, at: datetime, act: str = GONE, who: str = BILLSYNC, why: str = ""
    ) -> Link | None:
        """Forget the tie of one of ours to a system.  Gives it as it was, or None where there was none."""
        tie = self.get(kind, our_id, system)
        if tie is None:
            return None
        mine = (links.c.kind == kind, links.c.our_id == fold(our_id), links.c.system == system)
        self._conn.execute(delete(links).where(*mine))
        self._note([(tie, act)], at, who, why)
        return tie

    # ------------------------------------------------------------ questions

    def get(self, kind: str, our_id: str, system: str) -> Link | None:
        """The tie of one of ours to a system, or None."""
        return self.many(kind, [our_id], system).get(our_id)

    def many(self, kind: str, our_ids: Iterable[str], system: str) -> dict[str, Link]:
        """The ties of ours to a system, by our id, for those that have one."""
        found = _OURS.rows(self._conn, our_ids, s_kind=kind, s_system=system)
        return {row["our_id"]: _link(row) for row in found}

    def by_ref(self, system: str, kind_there: str, ids: Iterable[str]) -> dict[str, Link]:
        """Their id -> the tie, for those that have one."""
        found = _THEIRS.rows(self._conn, ids, s_kind=kind_there, s_system=system)
        return {row["ref_id"]: _link(row) for row in found}

    def of_kind(self, system: str, kind: str, ids: Iterable[str]) -> dict[str, Link]:
        """Their id -> the tie of one of ours of this kind, whatever the system calls its record."""
        query = select(links).where(links.c.system == system, links.c.kind == kind)
        return {row["ref_id"]: _link(row) for row in among(self._conn, query, links.c.ref_id, ids)}

    def page(
        self, *, kind: str | None = None, system: str | None = None, after: _Key | None = None, limit: int = 500
    ) -> _Links:
        """Ties by kind, our id and system, from the first after that one; a filter that is None lets all through."""
        query = select(links).order_by(links.c.kind, links.c.our_id, links.c.system).limit(limit)
        for column, wanted in ((links.c.kind, kind), (links.c.system, system)):
            query = query if wanted is None else query.where(column == wanted)
        if after is not None:
            query = query.where(_after(after))
        return [_link(row) for row in rows(self._conn, query)]

    def named(self, id: str) -> _Links:
        """The ties that have the id on either side, by kind, our id and system."""
        query = select(links).where(or_(links.c.our_id == id, links.c.ref_id == id))
        return [_link(row) for row in rows(self._conn, query.order_by(links.c.kind, links.c.our_id, links.c.system))]

    def history(self, id: str) -> list[LinkEvent]:
        """What was done to ties that have the id on either side, oldest first."""
        h = link_history.c
        query = select(link_history).where(or_(h.our_id == id, h.ref_id == id))
        return [_event(row) for row in rows(self._conn, query.order_by(h.at, h.kind, h.our_id, h.system, h.n))]

    def unlinked(self, system: str, kind: str, our_ids: Iterable[str]) -> dict[str, Ref]:
        """Our id -> the record that a person untied it from, for those that have no tie since."""
        found = _EVENTS.rows(self._conn, our_ids, s_kind=kind, s_system=system)
        last = {row["our_id"]: _event(row) for row in found}
        return {our_id: event.ref for our_id, event in last.items() if event.act == UNLINKED}

    # ------------------------------------------------------------ inside

    def _known(self, items: Iterable[Link]) -> dict[_Key, Link]:
        groups: dict[tuple[str, str], list[str]] = {}
        for item in items:
            groups.setdefault((item.kind, item.ref.system), []).append(item.our_id)
        found = [tie for (kind, system), ids in groups.items() for tie in self.many(kind, ids, system).values()]
        return {_key(tie): tie for tie in found}

    def _note(self, events: Sequence[tuple[Link, str]], at: datetime, who: str, why: str) -> None:
        """Add to the history; the number of an event counts those of its tie."""
        last: dict[_Key, int] = {}
        for kind, system in {(tie.kind, tie.ref.system) for tie, _ in events}:
            ids = [tie.our_id for tie, _ in events if (tie.kind, tie.ref.system) == (kind, system)]
            for row in _NUMBERS.rows(self._conn, ids, s_kind=kind, s_system=system):
                last[kind, row["our_id"], system] = row["n"]
        new = [_history_row(tie, act, last.get(_folded(tie), 0) + 1, at, who, why) for tie, act in events]
        insert_rows(self._conn, link_history, new)


def _key(link: Link) -> _Key:
    return link.kind, link.our_id, link.ref.system


def _folded(link: Link) -> _Key:
    return link.kind, fold(link.our_id), link.ref.system


def _ref(link: Link | None) -> Ref | None:
    return None if link is None else link.ref


def _after(last: _Key) -> Any:
    kind, our_id, system = last
    same_kind = links.c.kind == kind
    return or_(
        links.c.kind > kind,
        same_kind & (links.c.our_id > our_id),
        same_kind & (links.c.our_id == our_id) & (links.c.system > system),
    )


def _row(link: Link, at: datetime) -> dict[str, Any]:
    row = {**_same(link), "sent": link.sent, "at": at}
    return with_whole(row, "our_id", "ref_id")


def _same(link: Link) -> dict[str, Any]:
    return {
        "kind": link.kind,
        "our_id": link.our_id,
        "system": link.ref.system,
        "ref_kind": link.ref.kind,
        "ref_id": link.ref.id,
    }


def _history_row(link: Link, act: str, n: int, at: datetime, who: str, why: str) -> dict[str, Any]:
    row = {**_same(link), "n": n, "at": at, "act": act, "who": who, "why": why}
    return with_whole(row, "our_id", "ref_id")


def _link(row: dict[str, Any]) -> Link:
    ref = Ref.trusted(system=row["system"], kind=row["ref_kind"], id=row["ref_id"])
    return Link.trusted(kind=row["kind"], our_id=row["our_id"], ref=ref, sent=row["sent"])


def _event(row: dict[str, Any]) -> LinkEvent:
    ref = Ref(system=row["system"], kind=row["ref_kind"], id=row["ref_id"])
    return LinkEvent(row["kind"], row["our_id"], row["n"], row["at"], ref, row["act"], row["who"], row["why"])
