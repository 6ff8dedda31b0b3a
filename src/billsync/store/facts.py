"""The canonical nouns that mappings made from records, and which deals billing has seen.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import JSON, ColumnElement, Connection, Text, cast, delete, func, or_, select, type_coerce

from billsync.model.base import digest_text
from billsync.model.ref import Ref
from billsync.store.bulk import insert_rows, upsert_rows
from billsync.store.schema import deal_marks, facts
from billsync.store.sql import among, chunks, one_of, rows
from billsync.store.types import PLAIN, fold, with_whole

_ORIGIN: Final = ("source_system", "source_kind", "source_id", "mapping")
_OF_CUSTOMERS: Final = ("contract", "agreed", "usage")
"""Kinds that are looked for by their customer."""
_STEADY: Final = " steady in "
_NONE: Final[Mapping[str, str]] = {}
_CONTENT: Final = ("digest", "run", "at", "whole", "doc", "customer")


class Identified(Protocol):
    """A noun that has an id of ours."""

    @property
    def id(self) -> str:
        """The id."""

    def json_text(self) -> str:
        """The canonical JSON text."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A noun as it is stored.

    Attributes:
        kind: canonical kind, such as `customer`.
        doc: canonical JSON text; digest is its SHA-256.
        version: goes up with every change of the document, from 1.
        source: the record that it was made from.
        mapping: digest of the mapping that made it.
        steady: of a contract that billing looks at and noted as steady, as it is now: the zone, and the day from which
            charges are still to be made.  Else None.
    """

    kind: str
    id: str
    doc: str
    digest: str
    version: int
    source: Ref
    mapping: str
    steady: tuple[str, date] | None = None


class Facts:
    """Nouns by kind and id."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def put(self, kind: str, items: Sequence[tuple[Identified, Ref, str]], *, run: str, at: datetime) -> int:
        """Store nouns with their source and mapping digest.  Gives how many documents are new or have changed.

        Of two nouns with one id the last counts.
        """
        made = {noun.id: _row(kind, noun, source, mapping, run, at) for noun, source, mapping in items}
        query = _of(kind, *(facts.c[name] for name in ("id", "whole", "digest", "version", *_ORIGIN)))
        known = {row["id"]: row for row in among(self._conn, query, facts.c.id, made)}
        new = [row for id, row in made.items() if id not in known]
        changed = [
            row | {"version": known[id]["version"] + 1}
            for id, row in made.items()
            if id in known and known[id]["digest"] != row["digest"]
        ]
        same = [row for id, row in made.items() if id in known and _only_origin(known[id], row)]
        insert_rows(self._conn, facts, new)
        upsert_rows(self._conn, facts, changed, (*_ORIGIN, *_CONTENT, "version"))
        upsert_rows(self._conn, facts, same, (*_ORIGIN, "whole"))
        return len(new) + len(changed)

    def remove(self, kind: str, ids: Iterable[str], *, run: str, at: datetime) -> list[str]:
        """Take nouns out, because their source is gone.  Gives the ids that were there."""
        there = [row["id"] for row in among(self._conn, _of(kind, facts.c.id, facts.c.whole), facts.c.id, ids)]
        for part in chunks(there):
            self._conn.execute(delete(facts).where(facts.c.kind == kind, facts.c.id.in_(part)))
            if kind in ("deal", "contract"):  # should it come back, billing looks at it again
                self._conn.execute(delete(deal_marks).where(deal_marks.c.deal.in_(part)))
        return there

    def get(self, kind: str, id: str) -> Fact | None:
        """One noun, or None."""
        return self.many(kind, [id]).get(id)

    def many(self, kind: str, ids: Iterable[str]) -> dict[str, Fact]:
        """Nouns by id, for those that are there."""
        return {row["id"]: _fact(row) for row in among(self._conn, _of(kind, *_AS_FACT), facts.c.id, ids)}

    def docs(self, kind: str, ids: Iterable[str]) -> dict[str, str]:
        """Canonical JSON texts of nouns by id, for those that are there: the cheapest way to read them."""
        return dict(self._docs(kind, facts.c.id, ids))

    def docs_of(self, kind: str, customers: Iterable[str], *, told_since: date | None = None) -> list[str]:
        """Those of contracts, what deals agreed, or usage of these customers.

        With `told_since`, only usage that became known on the day or later, and some of the day before: that of an
        instant counts from its day in UTC, and customers may be a day behind or ahead.
        """
        where: tuple[ColumnElement[bool], ...] = ()
        if told_since is not None:
            bound = (told_since - timedelta(days=1)).isoformat()
            where = (or_(*(_in_doc(self._conn, name) >= bound for name in ("on", "at", "received_on"))),)
        return [doc for _, doc in self._docs(kind, facts.c.customer, customers, *where)]

    def _docs(
        self, kind: str, column: ColumnElement[str], values: Iterable[str], *where: ColumnElement[bool]
    ) -> Iterator[tuple[str, str]]:
        query = _of(kind, type_coerce(facts.c.id, PLAIN), facts.c.whole, facts.c.doc).where(*where)
        for part in chunks(dict.fromkeys(map(fold, values))):
            for id, whole, doc in self._conn.execute(query.where(one_of(self._conn, column, part))).all():
                yield (id if whole is None else json.loads(whole).get("id", id)), doc

    def page(self, kind: str, *, source: str | None = None, after: str = "", limit: int = 500) -> list[Fact]:
        """Nouns of a kind by id, from the first after `after`; with `source`, only those of that connection."""
        query = _of(kind, *_AS_FACT).where(facts.c.id > after).order_by(facts.c.id).limit(limit)
        return [_fact(row) for row in rows(self._conn, _from(query, source))]

    def payers(self) -> dict[str, str]:
        """Customer -> who is billed in its place, for those that say so; ids as they stand in columns."""
        query = _of("customer", facts.c.doc).where(facts.c.doc.not_like('%"bill_to":null%'))
        docs = (json.loads(doc) for doc in self._conn.execute(query).scalars())
        return {fold(doc["id"]): fold(doc["bill_to"]) for doc in docs if doc.get("bill_to")}

    def count(self, kind: str) -> int:
        """How many nouns of a kind there are."""
        return self._conn.execute(select(func.count()).where(facts.c.kind == kind)).scalar_one()

    def by_source(self, connection: str, object: str, ids: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
        """Source record's id -> (kind, our id) of all that was made from it; only for those that made something."""
        query = select(facts.c.kind, facts.c.id, facts.c.source_id, facts.c.whole)
        query = query.where(facts.c.source_system == connection, facts.c.source_kind == object)
        found: dict[str, list[tuple[str, str]]] = {}
        for row in among(self._conn, query.order_by(facts.c.kind, facts.c.id), facts.c.source_id, ids):
            found.setdefault(row["source_id"], []).append((row["kind"], row["id"]))
        return found

    def of_customers(self, kind: str, customers: Iterable[str]) -> list[Fact]:
        """Contracts, what deals agreed, or usage of these customers."""
        return [_fact(row) for row in among(self._conn, _of(kind, *_AS_FACT), facts.c.customer, customers)]

    def bill_again(self, customers: Iterable[str]) -> None:
        """Let billing look again at the contracts of these customers: what they used is not as it was."""
        query = _of("contract", type_coerce(facts.c.id, PLAIN).label("id"))
        known = [row["id"] for row in among(self._conn, query, facts.c.customer, customers)]
        for part in chunks(known):
            self._conn.execute(delete(deal_marks).where(type_coerce(deal_marks.c.deal, PLAIN).in_(part)))

    def deals_due(
        self,
        through: date,
        policy: str,
        *,
        kind: str = "deal",
        source: str | None = None,
        after: str = "",
        limit: int = 500,
    ) -> list[Fact]:
        """Deals, contracts or what deals agreed, that billing has to look at, by id; of one connection with `source`.

        Those never billed, changed since, billed under another policy digest, or with a charge on or before `through`.
        """
        mark = deal_marks.c
        other = func.substr(mark.policy, 1, len(policy)) != policy
        due = or_(mark.deal.is_(None), mark.digest != facts.c.digest, other, mark.next_on <= through)
        query = select(*_AS_FACT, *_MARK).select_from(facts.outerjoin(deal_marks, mark.deal == facts.c.id))
        query = query.where(facts.c.kind == kind, facts.c.id > after, due).order_by(facts.c.id).limit(limit)
        found = rows(self._conn, _from(query, source))
        return [_fact(row, _mark(row, policy)) for row in found]

    def billed(
        self, marks: Sequence[tuple[str, str, date | None]], policy: str, steady: Mapping[str, str] = _NONE
    ) -> None:
        """Note that deals were billed: id, digest that was billed, day of the next charge or None for no more.

        `steady` names those whose charges stand as billing from the first day makes them, with the zone of their days.
        """
        new = [
            {"deal": deal, "digest": digest, "policy": _basis(policy, steady.get(deal)), "next_on": day}
            for deal, digest, day in marks
        ]
        upsert_rows(self._conn, deal_marks, new, ["digest", "policy", "next_on"])


def _from(query: Any, source: str | None) -> Any:
    return query if source is None else query.where(facts.c.source_system == source)


def _basis(policy: str, zone: str | None) -> str:
    """What a mark says of how it was billed."""
    return policy if zone is None else f"{policy}{_STEADY}{zone}"


def _mark(row: Mapping[str, Any], policy: str) -> tuple[str, date] | None:
    zone = (row["marked_policy"] or "").removeprefix(f"{policy}{_STEADY}")
    same = row["marked"] == row["digest"] and row["marked_policy"] == _basis(policy, zone)
    return (zone, row["next_on"]) if same and row["next_on"] is not None else None


def _in_doc(conn: Connection, name: str) -> ColumnElement[Any]:
    """A text of the document, or null."""
    if conn.dialect.name == "sqlite":
        return type_coerce(func.json_extract(facts.c.doc, f"$.{name}"), Text)
    text: ColumnElement[Any] = cast(facts.c.doc, JSON)[name].as_string()
    return text.collate("C")


def _of(kind: str, *columns: Any) -> Any:
    return select(*columns).where(facts.c.kind == kind)


_NAMES: Final = (
    "kind",
    "id",
    "doc",
    "digest",
    "version",
    "mapping",
    "source_system",
    "source_kind",
    "source_id",
    "whole",
)
_AS_FACT: Final = tuple(facts.c[name] for name in _NAMES)
"""The columns of a `Fact`."""
_MARK: Final = (deal_marks.c.digest.label("marked"), deal_marks.c.policy.label("marked_policy"), deal_marks.c.next_on)


def _only_origin(known: dict[str, Any], row: dict[str, Any]) -> bool:
    return known["digest"] == row["digest"] and any(known[name] != row[name] for name in _ORIGIN)


def _row(kind: str, noun: Identified, source: Ref, mapping: str, run: str, at: datetime) -> dict[str, Any]:
    doc = noun.json_text()
    row = {
        "kind": kind,
        "id": noun.id,
        "digest": digest_text(doc),
        "version": 1,
        "source_system": source.system,
        "source_kind": source.kind,
        "source_id": source.id,
        "mapping": mapping,
        "run": run,
        "at": at,
        "doc": doc,
        "customer": getattr(noun, "customer", "") if kind in _OF_CUSTOMERS else "",
    }
    return with_whole(row, "id", "source_id")


def _fact(row: dict[str, Any], steady: tuple[str, date] | None = None) -> Fact:
    source = Ref.trusted(system=row["source_system"], kind=row["source_kind"], id=row["source_id"])
    return Fact(row["kind"], row["id"], row["doc"], row["digest"], row["version"], source, row["mapping"], steady)
