"""What deals propose: each proposal with its state, and which deals proposals were made of.  (shell)

What is agreed stands among the facts, as the kind `agreed`; its version counts the proposals that were applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from billsync.model.proposal import Proposal, ProposalState
from billsync.store.audit import Audit
from billsync.store.billing_tables import deal_looks, proposals
from billsync.store.bulk import insert_rows, upsert_rows
from billsync.store.errors import IllegalMove
from billsync.store.schema import facts
from billsync.store.sql import among, rows
from billsync.store.types import with_whole

_TIED: Final = ("split", "renewed")
"""Kinds of which each is made with another deal."""
_BETWEEN: Final = ('%"split_from":"%', '%"renews":"%')
"""What deals that speak of another deal have in their documents."""


@dataclass(frozen=True, slots=True)
class StoredProposal:
    """A proposal, and what became of it.

    Attributes:
        source: the connection that its deal comes from.
        version: of what is agreed, once it was applied; else None.
        who: who decided, "" for nobody; reason: why it is as it is.
        at: when it was made; decided_at: when it came to its state, or None while it waits.
    """

    proposal: Proposal
    source: str
    state: ProposalState
    version: int | None = None
    who: str = ""
    reason: str = ""
    at: datetime | None = None
    decided_at: datetime | None = None

    @property
    def id(self) -> str:
        """The proposal's."""
        return self.proposal.id


class Changes:
    """Proposals, and the deals that were looked at."""

    def __init__(self, conn: Connection, audit: Audit) -> None:
        self._conn = conn
        self._audit = audit

    # ------------------------------------------------------------ deals to look at

    def unseen(self, source: str, *, after: str = "", limit: int = 500) -> list[str]:
        """Ids of deals that are new or not as they were when they were looked at last, in order."""
        query = self._unseen(source).where(facts.c.id > after).order_by(facts.c.id).limit(limit)
        return [row["id"] for row in rows(self._conn, query)]

    def speaking(self, source: str) -> list[str]:
        """Those of the deals to look at that speak of another deal."""
        query = self._unseen(source).where(or_(*(facts.c.doc.like(form) for form in _BETWEEN)))
        return [row["id"] for row in rows(self._conn, query.order_by(facts.c.id))]

    def gone(self, source: str) -> list[str]:
        """Deals that were looked at and are not there any more, and were not looked at since."""
        there = (facts.c.kind == "deal", facts.c.id == deal_looks.c.deal)
        query = select(deal_looks.c.deal, deal_looks.c.whole).where(
            deal_looks.c.source == source, deal_looks.c.digest != "", ~select(facts.c.id).where(*there).exists()
        )
        return [row["deal"] for row in rows(self._conn, query.order_by(deal_looks.c.deal))]

    def is_unseen(self, source: str, deals: Iterable[str]) -> bool:
        """Whether any of these deals has to be looked at."""
        names = set(deals)
        return bool(among(self._conn, self._unseen(source), facts.c.id, names)) or not names.isdisjoint(
            self.gone(source)
        )

    def _unseen(self, source: str) -> Any:
        joined = facts.outerjoin(deal_looks, deal_looks.c.deal == facts.c.id)
        query = select(facts.c.id, facts.c.whole).select_from(joined)
        unlike = or_(deal_looks.c.deal.is_(None), deal_looks.c.digest != facts.c.digest)
        return query.where(facts.c.kind == "deal", facts.c.source_system == source, unlike)

    def seen(self, source: str, looks: Sequence[tuple[str, str]]) -> None:
        """Note deals, each with the digest that it was looked at with."""
        new = [with_whole({"deal": deal, "source": source, "digest": digest}, "deal") for deal, digest in looks]
        upsert_rows(self._conn, deal_looks, new, ["source", "digest", "whole"])

    # ------------------------------------------------------------ proposals

    def get(self, id: str) -> StoredProposal | None:
        """One proposal, or None."""
        found = rows(self._conn, select(proposals).where(proposals.c.id == id))
        return _stored(found[0]) if found else None

    def group(self, lead: str) -> list[StoredProposal]:
        """All that is decided together with a lead, itself first."""
        found = [_stored(row) for row in rows(self._conn, select(proposals).where(proposals.c.lead == lead))]
        return sorted(found, key=lambda item: (item.id != lead, item.id))

    def waiting(self, deals: Iterable[str]) -> list[StoredProposal]:
        """Proposals of these deals that wait."""
        query = select(proposals).where(proposals.c.state == str(ProposalState.WAITING))
        return [_stored(row) for row in among(self._conn, query, proposals.c.deal, deals)]

    def leads(self, source: str, *, after: str = "", limit: int = 200) -> list[str]:
        """Leads of the proposals of a source that wait, in order."""
        waits = (proposals.c.state == str(ProposalState.WAITING), proposals.c.source == source)
        query = select(proposals.c.id, proposals.c.whole).where(*waits, proposals.c.lead == proposals.c.id)
        found = rows(self._conn, query.where(proposals.c.id > after).order_by(proposals.c.id).limit(limit))
        return [row["id"] for row in found]

    def ties(self, source: str) -> list[tuple[str, str]]:
        """Each deal whose proposal waits, with another one that it was made with; for those that have any."""
        waits = (proposals.c.state == str(ProposalState.WAITING), proposals.c.source == source)
        query = select(proposals).where(*waits, proposals.c.kind.in_(_TIED))
        found = [_stored(row).proposal for row in rows(self._conn, query)]
        return [(item.deal, other) for item in found for other in item.beside if other != item.deal]

    def numbers(self, deals: Iterable[str]) -> dict[str, int]:
        """Deal -> the number of its last proposal, for those that have any."""
        query = select(proposals.c.deal, proposals.c.n, proposals.c.whole)
        found: dict[str, int] = {}
        for row in among(self._conn, query, proposals.c.deal, deals):
            found[row["deal"]] = max(row["n"], found.get(row["deal"], 0))
        return found

    def counts(self) -> dict[str, int]:
        """State -> how many."""
        query = select(proposals.c.state, func.count()).group_by(proposals.c.state)
        return {row[0]: row[1] for row in self._conn.execute(query)}

    def list(
        self,
        *,
        source: str | None = None,
        state: ProposalState | None = None,
        deal: str | None = None,
        customer: str | None = None,
        limit: int | None = None,
    ) -> list[StoredProposal]:
        """Proposals, those of one group together, the oldest first; a filter that is None lets all through."""
        query = select(proposals).order_by(proposals.c.at, proposals.c.lead, proposals.c.id).limit(limit)
        for column, wanted in (
            (proposals.c.source, source),
            (proposals.c.state, state),
            (proposals.c.deal, deal),
            (proposals.c.customer, customer),
        ):
            query = query if wanted is None else query.where(column == str(wanted))
        return [_stored(row) for row in rows(self._conn, query)]

    def add(self, items: Sequence[StoredProposal], *, run: str, at: datetime, notes: Sequence[str]) -> None:
        """Store new proposals, each with what the audit says of it.

        Raises `IllegalMove` where one of the id is there, or another one was applied as that version.
        """
        try:
            insert_rows(self._conn, proposals, [_row(item, run, at) for item in items])
        except IntegrityError as error:
            raise IllegalMove(f"the proposal was made or applied already: {error.orig}") from error
        moved = [(f"change/{item.id}", "", str(item.state), note) for item, note in zip(items, notes, strict=True)]
        self._audit.append(moved, at=at)

    def decide(
        self,
        ids: Iterable[str],
        to: ProposalState,
        *,
        who: str,
        reason: str,
        at: datetime,
        version: int | None = None,
    ) -> None:
        """Bring proposals that wait to another state.  Raises `IllegalMove` for one that does not wait."""
        for id in ids:
            waits = (proposals.c.id == id, proposals.c.state == str(ProposalState.WAITING))
            values = {"state": str(to), "who": who, "reason": reason, "decided_at": at, "version": version}
            try:
                if self._conn.execute(update(proposals).where(*waits).values(values)).rowcount != 1:
                    raise IllegalMove(f"the proposal {id} does not wait any more")
            except IntegrityError as error:
                raise IllegalMove(f"another proposal was applied as that version: {error.orig}") from error
            note = f"{who}: {reason}" if who else reason
            self._audit.append([(f"change/{id}", str(ProposalState.WAITING), str(to), note)], at=at)

    def rewrite(self, items: Sequence[Proposal]) -> None:
        """Replace what is told of proposals that wait: their effect as the books stand now."""
        for item in items:
            waits = (proposals.c.id == item.id, proposals.c.state == str(ProposalState.WAITING))
            self._conn.execute(update(proposals).where(*waits).values(doc=item.json_text()))


def _row(item: StoredProposal, run: str, at: datetime) -> dict[str, Any]:
    proposal = item.proposal
    row = {
        "id": proposal.id,
        "deal": proposal.deal,
        "n": proposal.number,
        "source": item.source,
        "lead": proposal.lead,
        "customer": proposal.customer,
        "kind": proposal.kind,
        "state": str(item.state),
        "version": item.version,
        "who": item.who,
        "reason": item.reason,
        "run": run,
        "at": at,
        "decided_at": None if item.state is ProposalState.WAITING else at,
        "doc": proposal.json_text(),
    }
    return with_whole(row, "id", "deal", "lead", "customer")


def _stored(row: dict[str, Any]) -> StoredProposal:
    return StoredProposal(
        proposal=Proposal.reread(row["doc"]),
        source=row["source"],
        state=ProposalState(row["state"]),
        version=row["version"],
        who=row["who"],
        reason=row["reason"],
        at=row["at"],
        decided_at=row["decided_at"],
    )
