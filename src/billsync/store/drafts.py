"""Drafts that wait: for their grace period, for a person's word, or because they are beyond the bounds.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import Connection, delete, select, update

from billsync.model.invoice import CreditNote, Invoice
from billsync.store.audit import Audit
from billsync.store.errors import IllegalMove
from billsync.store.schema import drafts
from billsync.store.sql import among, chunks, rows, upsert
from billsync.store.types import with_whole

DraftKind = Literal["invoice", "credit_note"]


class DraftState(StrEnum):
    """Where a draft stands.

    DRAFT waits for its day or for a person; PARKED is beyond a bound and waits for a person; APPROVED is finalised by
    the next run, REJECTED by none; both hold only while the draft stays as the person saw it.
    """

    DRAFT = "draft"
    PARKED = "parked"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """A document without a number.

    Attributes:
        source: the connection whose deals and contracts it is made of.
        reason: why it waits, or what the person said.
        digest: of what a person sees: customer, lines, amounts; equal where only days differ.
    """

    document: Invoice | CreditNote
    source: str
    state: DraftState
    reason: str
    digest: str

    @property
    def id(self) -> str:
        """The business key of the document."""
        return self.document.id

    @property
    def kind(self) -> DraftKind:
        """Which document it becomes."""
        return "invoice" if isinstance(self.document, Invoice) else "credit_note"


class Drafts:
    """Part of the ledger."""

    _conn: Connection
    _audit: Audit

    def drafts(
        self,
        *,
        source: str | None = None,
        state: DraftState | None = None,
        customer: str | None = None,
        ids: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[StoredDraft]:
        """Drafts by day and id; a filter that is None lets all through."""
        query = select(drafts).order_by(drafts.c.issued_on, drafts.c.id).limit(limit)
        for column, wanted in ((drafts.c.source, source), (drafts.c.state, state), (drafts.c.customer, customer)):
            query = query if wanted is None else query.where(column == str(wanted))
        found = rows(self._conn, query) if ids is None else among(self._conn, query, drafts.c.id, ids)
        return [_stored(row) for row in found]

    def keep_drafts(self, items: Sequence[StoredDraft], *, run: str, at: datetime) -> None:
        """Store drafts as they are now; what changes of their states is in the audit."""
        was = {item.id: item.state for item in self.drafts(ids=[item.id for item in items])}
        names = [column.name for column in drafts.c if column.name != "id"]
        upsert(self._conn, drafts, [_row(item, run, at) for item in items], names)
        moved = [(item.id, str(was.get(item.id, "")), str(item.state)) for item in items]
        entries = [(f"draft/{id}", before, after, run) for id, before, after in moved if before != after]
        self._audit.append(entries, at=at)

    def drop_drafts(self, ids: Iterable[str], *, why: str, at: datetime) -> None:
        """Forget drafts that became documents, or that nothing makes any more; those not there are left out."""
        there = {item.id: item.state for item in self.drafts(ids=list(ids))}
        for part in chunks(there):
            self._conn.execute(delete(drafts).where(drafts.c.id.in_(part)))
        self._audit.append([(f"draft/{id}", str(state), why, "") for id, state in sorted(there.items())], at=at)

    def stale_drafts(self, source: str, run: str, through: date) -> list[str]:
        """Ids of the drafts of a source that a run through that day has not made again."""
        mine = (drafts.c.source == source, drafts.c.run != run, drafts.c.issued_on <= through)
        return [row["id"] for row in rows(self._conn, select(drafts.c.id, drafts.c.whole).where(*mine))]

    def decide(self, ids: Iterable[str], to: DraftState, *, reason: str, at: datetime) -> None:
        """A person's word on drafts.  Raises `IllegalMove` for one that is not there."""
        wanted = list(dict.fromkeys(ids))
        there = {item.id: item for item in self.drafts(ids=wanted)}
        for id in wanted:
            if id not in there:
                raise IllegalMove(f"there is no draft {id}")
            self._conn.execute(update(drafts).where(drafts.c.id == id).values(state=str(to), reason=reason))
        entries = [(f"draft/{id}", str(there[id].state), str(to), reason) for id in wanted]
        self._audit.append(entries, at=at)


def _row(item: StoredDraft, run: str, at: datetime) -> dict[str, Any]:
    document = item.document
    row = {
        "id": document.id,
        "source": item.source,
        "kind": item.kind,
        "customer": document.customer,
        "currency": document.currency,
        "issued_on": document.issued_on,
        "state": str(item.state),
        "reason": item.reason,
        "digest": item.digest,
        "run": run,
        "at": at,
        "doc": document.json_text(),
    }
    return with_whole(row, "id", "customer")


def _stored(row: dict[str, Any]) -> StoredDraft:
    noun = Invoice if row["kind"] == "invoice" else CreditNote
    return StoredDraft(
        document=noun.model_validate_json(row["doc"]),
        source=row["source"],
        state=DraftState(row["state"]),
        reason=row["reason"],
        digest=row["digest"],
    )
