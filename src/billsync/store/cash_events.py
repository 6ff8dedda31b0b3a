"""What became of each record that tells of a payment or a refund: one effect, or a reason for none.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from billsync.model.payment import Payment, Refund
from billsync.model.ref import Ref
from billsync.store.payments import BOOKED, current_refunds
from billsync.store.schema import cash_events, inbox, payments, receipts, refunds
from billsync.store.sql import rows, upsert
from billsync.store.types import with_whole

OUTCOMES: Final = frozenset({"booked", "ignored", "gone"})


@dataclass(frozen=True, slots=True)
class CashEvent:
    """One record that tells of a payment or refund.

    Attributes:
        source: the record; kind: `payment` or `refund`; our_id: which one it tells.
        outcome: `booked`: it is in the books; `ignored` and `gone`: it counts for nothing, for this reason.
        reason: a token; of what is booked how, such as `repeated`, or "".
        noun: what the record told last.
    """

    source: Ref
    kind: str
    our_id: str
    outcome: str
    reason: str
    noun: Payment | Refund


class CashEvents:
    """Part of the ledger."""

    _conn: Connection

    def note_event(self, event: CashEvent, *, at: datetime) -> None:
        """Keep what became of a record, in place of what was known before.  Raises ValueError for other outcomes."""
        if event.outcome not in OUTCOMES:
            raise ValueError(f"unknown outcome {event.outcome}")
        row = {
            "connection": event.source.system,
            "object": event.source.kind,
            "id": event.source.id,
            "kind": event.kind,
            "our_id": event.our_id,
            "outcome": event.outcome,
            "reason": event.reason,
            "at": at,
            "doc": event.noun.json_text(),
        }
        row = with_whole(row, "id", "our_id")
        upsert(self._conn, cash_events, [row], ["our_id", "outcome", "reason", "at", "whole", "doc"])

    def event(self, source: Ref, kind: str) -> CashEvent | None:
        """What became of a record, or None where it told nothing of this kind so far."""
        query = select(cash_events).where(cash_events.c.connection == source.system, cash_events.c.kind == kind)
        query = query.where(cash_events.c.object == source.kind, cash_events.c.id == source.id)
        return next((_event(row) for row in rows(self._conn, query)), None)

    def told_by(self, kind: str, our_id: str) -> list[CashEvent]:
        """The records that tell a payment or refund and count, by system and id."""
        query = select(cash_events).where(cash_events.c.kind == kind, cash_events.c.our_id == our_id)
        query = query.where(cash_events.c.outcome == "booked")
        return [_event(row) for row in rows(self._conn, query.order_by(cash_events.c.connection, cash_events.c.id))]

    def events_verify(self) -> tuple[int, list[tuple[str, str]]]:
        """How many records told of money, and what is wrong with what became of them: each row, in words.

        Each has one effect or a reason; each payment and refund is told by a record for as long as it is booked; and
        no record of a kind that tells of money was passed over.
        """
        count: int = self._conn.execute(select(func.count()).select_from(cash_events)).scalar_one()
        return count, [*self._without_effect(), *self._untold(), *self._passed_over()]

    def _without_effect(self) -> Iterator[tuple[str, str]]:
        event = cash_events.c
        for kind, table in (("payment", payments), ("refund", refunds)):
            there = select(table.c.id).where(table.c.id == event.our_id).exists()
            query = select(event.connection, event.id).where(event.kind == kind, event.outcome == "booked", ~there)
            for row in self._conn.execute(query):
                yield f"{row.connection}/{row.id}", f"the record told a {kind} that is not in the books"
        silent = select(event.connection, event.id).where(event.outcome != "booked", event.reason == "")
        for row in self._conn.execute(silent):
            yield f"{row.connection}/{row.id}", "the record has no effect and no reason"

    def _untold(self) -> Iterator[tuple[str, str]]:
        current = current_refunds().subquery()
        live = (("payment", receipts, receipts.c.payment), ("refund", current, current.c.id))
        for kind, table, id in live:
            told = _told(kind, id)
            query = select(id.label("id"), table.c.state).where((table.c.state == BOOKED) != told)
            for row in self._conn.execute(query):
                yield f"{kind}/{row.id}", f"it is {row.state}, and that is not what records tell"

    def _passed_over(self) -> Iterator[tuple[str, str]]:
        """Records of a kind that told of money before, which were mapped and told nothing."""
        kinds = select(cash_events.c.connection, cash_events.c.object).distinct()
        for connection, object in self._conn.execute(kinds).all():
            mine = (cash_events.c.connection == connection, cash_events.c.object == object)
            known = select(cash_events.c.id).where(*mine, cash_events.c.id == inbox.c.id).exists()
            query = select(inbox.c.id).where(inbox.c.connection == connection, inbox.c.object == object, ~known)
            for (id,) in self._conn.execute(query.where(inbox.c.state == "mapped")):
                yield f"{connection}/{object}/{id}", "the record tells of money, and nothing became of it"


def _told(kind: str, id: Any) -> Any:
    event = cash_events.c
    return select(event.id).where(event.kind == kind, event.our_id == id, event.outcome == "booked").exists()


def _event(row: dict[str, Any]) -> CashEvent:
    source = Ref(system=row["connection"], kind=row["object"], id=row["id"])
    noun = (Payment if row["kind"] == "payment" else Refund).model_validate_json(row["doc"])
    return CashEvent(source, row["kind"], row["our_id"], row["outcome"], row["reason"], noun)
