"""Reads what changed in NetSuite: documents, what was voided, what was deleted; and what payments pay.  (shell)

Only NetSuite's own times are compared, in the account's time zone.  Each read begins some time before the last change
that the one before saw: an hour comes twice when summer ends, and a long transaction shows late, under an early time.

A payment that pays several invoices is told in parts: the first under its own id, the others as `ID/2`, `ID/3`; what
is not applied is a part without an invoice.  The checkpoint knows how many parts each of those had, so that one that is
gone is told as deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Checkpoint, Page, Record, Refused, Standing
from billsync.model.problem import Place
from billsync_connectors.netsuite.kinds import KINDS, PAYMENT, Kind
from billsync_connectors.netsuite.listing import Link, Listing
from billsync_connectors.netsuite.session import Row

_OVERLAP: Final = timedelta(minutes=75)


class Changes:
    """Documents, page by page."""

    def __init__(self, listing: Listing, system: str) -> None:
        self._listing, self._system = listing, system

    def pages(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """A checkpoint holds `at`, the latest change that was seen, and `parts`.  Raises `TryLater`, `Refused`."""
        kind, mark = KINDS[object], dict(since or {})
        at, parts = str(mark.get("at", "")), dict(mark.get("parts") or {})
        start = _before(at) if at else ""
        for rows in self._listing.changed(kind, start):
            records = self._records(kind, rows, parts)
            at = max(at, rows[-1]["changed"])
            yield Page(records, checkpoint={"at": at, "parts": dict(parts)})
        gone = self._listing.deleted(start) if start else []
        at = max([at, *(when for _, when in gone)])
        records = [record for id, _ in gone for record in self._gone(kind, id, 0, parts)]
        yield Page(records, checkpoint={"at": at, "parts": parts} if at else {}, snapshot=not start, complete=not start)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These documents as they are now.  Raises `TryLater`, `Refused`."""
        kind, wanted = KINDS[object], set(ids)
        rows = self._listing.by_ids(kind, [id.partition("/")[0] for id in ids])
        return [record for record in self._records(kind, rows, {}) if record.id in wanted and not record.deleted]

    def standing(self, object: str) -> Iterator[list[Standing]]:
        """All that stand there; a payment of several invoices in parts.  Raises `TryLater`, `Refused`."""
        kind = KINDS[object]
        for rows in self._listing.all(kind):
            told = self._listing.standing(kind, rows)
            if kind is not PAYMENT:
                yield told
                continue
            links = self._listing.links([item.id for item in told])
            yield [
                _part(item, n, share) for item in told for n, share in enumerate(shares(item, links.get(item.id, [])))
            ]

    # ------------------------------------------------------------ records

    def _records(self, kind: Kind, rows: Sequence[Row], parts: dict[str, int]) -> list[Record]:
        told = self._listing.standing(kind, rows)
        memos = {row["id"]: row.get("memo", "") for row in rows}
        if kind is not PAYMENT:
            return [self._record(kind, item.id, _document(item, memos[item.id])) for item in told]
        links = self._listing.links([item.id for item in told])
        known = self._listing.known_customers([item.customer or "" for item in told])
        return [
            record
            for item in told
            for record in self._payment(item, shares(item, links.get(item.id, [])), memos[item.id], parts, known)
        ]

    def _payment(
        self, item: Standing, shared: Sequence[Share], memo: str, parts: dict[str, int], known: frozenset[str]
    ) -> list[Record]:
        """The parts of a payment that are for us: those on invoices of ours, and what one of our customers has left."""
        wanted = [share for share in shared if share.reference or (not share.foreign and item.customer in known)]
        if item.state == "void":
            wanted = []
        found = [_part(item, n, share) for n, share in enumerate(wanted)]
        records = [self._record(PAYMENT, part.id, _paid(part, item.id, memo)) for part in found]
        return [*records, *self._gone(PAYMENT, item.id, len(found), parts)]

    def _gone(self, kind: Kind, id: str, left: int, parts: dict[str, int]) -> list[Record]:
        """Parts from `left` on that were there before; `parts` is brought up to date."""
        before = parts.pop(id, 1)
        if left > 1:
            parts[id] = left
        return [
            Record(kind.object, name, {}, self._place(kind, name), deleted=True)
            for name in (part_id(id, n) for n in range(left, before))
        ]

    def _record(self, kind: Kind, id: str, data: dict[str, Any]) -> Record:
        return Record(kind.object, id, data, self._place(kind, id))

    def _place(self, kind: Kind, id: str) -> Place:
        return Place(system=self._system, object=kind.object, id=id)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a payment.

    Attributes:
        reference: our reference of the invoice that it pays, or "".
        foreign: True where it pays an invoice that is not ours; else, without a reference, it is not applied.
    """

    amount: Decimal
    reference: str = ""
    foreign: bool = False


def shares(item: Standing, links: Sequence[Link]) -> list[Share]:
    """The parts of a payment: on invoices of ours, not applied, on others' invoices.  One of ours is told whole."""
    ours = [link for link in links if link.reference]
    if item.reference or item.state == "void":
        return [Share(item.total, ours[0].reference if ours else "")]
    rest = item.total - sum((link.amount for link in links), Decimal(0))
    left = [Share(rest)] if rest > 0 or not links else []
    others = [Share(link.amount, foreign=True) for link in links if not link.reference]
    return [*(Share(link.amount, link.reference) for link in ours), *left, *others]


def part_id(id: str, n: int) -> str:
    """The id of a part, counted from 0."""
    return id if n == 0 else f"{id}/{n + 1}"


def _part(item: Standing, n: int, share: Share) -> Standing:
    return Standing(
        id=part_id(item.id, n),
        reference=item.reference,
        currency=item.currency,
        total=share.amount,
        number=item.number,
        customer=item.customer,
        applies_to=share.reference,
        on=item.on,
        state=item.state,
    )


def _document(item: Standing, memo: str) -> dict[str, Any]:
    names = (
        "id",
        "reference",
        "number",
        "currency",
        "total",
        "tax",
        "open",
        "on",
        "due_on",
        "lines",
        "state",
        "customer",
    )
    return {**{name: getattr(item, name) for name in names}, "memo": memo}


def _paid(part: Standing, payment: str, memo: str) -> dict[str, Any]:
    """`amount` is positive where money came in, in the currency that was paid."""
    return {
        "id": part.id,
        "payment": payment,
        "reference": part.reference,
        "number": part.number,
        "invoice_reference": part.applies_to or None,
        "amount": part.total,
        "currency": part.currency,
        "date": part.on,
        "customer": part.customer,
        "memo": memo,
        "state": part.state,
    }


def _before(at: object) -> str:
    try:
        return (datetime.fromisoformat(str(at)) - _OVERLAP).isoformat(timespec="seconds")
    except ValueError:
        raise Refused("bad_checkpoint", "the stored checkpoint is not one of NetSuite's") from None
