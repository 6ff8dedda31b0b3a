"""Credit notes: numbered without gaps, never changed, and never more than the invoices that they take back.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from billsync.model.base import digest_text
from billsync.model.invoice import CreditNote, InvoiceState, may_move
from billsync.model.money import from_minor
from billsync.store.audit import Audit
from billsync.store.errors import IllegalMove
from billsync.store.invoices import minor
from billsync.store.schema import charges, credit_allocations, credit_notes, invoices
from billsync.store.sql import among, bulk, ids_where, rows
from billsync.store.types import LIMIT, is_long, with_whole

_BIND: Final = (
    update(charges)
    .where(charges.c.key == bindparam("b_key"), charges.c.invoice.is_(None), charges.c.credit_note.is_(None))
    .values(credit_note=bindparam("b_number"))
)


@dataclass(frozen=True, slots=True)
class Crediting:
    """A credit note that is to be stored.

    Attributes:
        takes: number of an invoice -> what the note takes off it, above zero; in all its total.
        charges: keys of open charges that it settles: credits of a changed contract.  () where a person asked for it.
    """

    note: CreditNote
    takes: Mapping[str, Decimal]
    charges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredCreditNote:
    """A credit note and where it stands.

    Attributes:
        state: `finalised`, or `sent` where the ERP has it.
        takes: number of an invoice -> what the note takes off it.
        row_hash: SHA-256 of its canonical JSON when it was finalised.
        run: id of the run that made it.
    """

    note: CreditNote
    state: InvoiceState
    row_hash: str
    run: str
    takes: dict[str, Decimal] = field(default_factory=dict)


class CreditNotes:
    """Part of the ledger."""

    _conn: Connection
    _audit: Audit

    def add_credit_notes(self, items: Sequence[Crediting], *, run: str, at: datetime) -> None:
        """Store finalised credit notes, take them off their invoices, and bind their charges to them.

        Raises `IllegalMove` where a number or id exists already, a note has no number, an invoice is not there, void
        or in another currency, more is taken off it than is left of its total, what is taken is not the note's total,
        or a charge is not open.
        """
        new = [_row(item.note, run, at) for item in items]
        for column in (credit_notes.c.number, credit_notes.c.id):
            for row in among(self._conn, select(credit_notes.c.number), column, [item[column.name] for item in new]):
                raise IllegalMove(f"the credit note {row['number']} exists already")
        bulk(self._conn, insert(credit_notes), new)
        for item in items:
            self._take(item)
        bound = [{"b_number": item.note.number, "b_key": key} for item in items for key in sorted(item.charges)]
        if bulk(self._conn, _BIND, bound) != len(bound):
            names = ", ".join(item.note.number for item in items[:5])
            raise IllegalMove(f"a charge of {names} is not there, or stands on another document")
        final = str(InvoiceState.FINALISED)
        entries = [(f"credit_note/{row['number']}", "", final, f"{row['row_hash']} {run}") for row in new]
        self._audit.append(entries, at=at)

    def _take(self, item: Crediting) -> None:
        """Off each invoice what the note takes."""
        note = item.note
        if sum(item.takes.values(), Decimal(0)) != note.total:
            raise IllegalMove(f"the credit note {note.number} is over {note.total}, and takes off something else")
        c = invoices.c
        for number in sorted(item.takes):
            amount = minor(item.takes[number], note.currency)
            query = select(c.currency, c.total_minor, c.credited_minor, c.state).where(c.number == number)
            found = self._conn.execute(query.with_for_update()).one_or_none()
            if found is None or found.currency != note.currency or found.state == str(InvoiceState.VOID):
                raise IllegalMove(f"there is no invoice {number} in {note.currency} that {note.number} could credit")
            if amount < 0 or found.credited_minor + amount > found.total_minor:
                left = from_minor(found.total_minor - found.credited_minor, note.currency)
                raise IllegalMove(f"{item.takes[number]} is more than is left to credit of {number}: {left}")
            self._conn.execute(
                insert(credit_allocations), {"credit_note": note.number, "invoice": number, "amount_minor": amount}
            )
            changed = update(invoices).where(c.number == number).values(credited_minor=found.credited_minor + amount)
            self._conn.execute(changed)

    def credit_note(self, number: str) -> StoredCreditNote | None:
        """The credit note of that number, or None."""
        return next(
            iter(self._notes(rows(self._conn, select(credit_notes).where(credit_notes.c.number == number)))), None
        )

    def credit_notes(
        self, *, customer: str | None = None, state: InvoiceState | None = None, after: str = "", limit: int = 500
    ) -> list[StoredCreditNote]:
        """Credit notes by number, from the first after `after`; a filter that is None lets all through."""
        query = select(credit_notes).where(credit_notes.c.number > after).order_by(credit_notes.c.number).limit(limit)
        if customer is not None:
            query = query.where(credit_notes.c.customer == customer)
        if state is not None:
            query = query.where(credit_notes.c.state == str(state))
        return self._notes(rows(self._conn, query))

    def credit_notes_of(self, invoices: Iterable[str]) -> dict[str, list[StoredCreditNote]]:
        """Invoice -> the credit notes that take something off it, by number; only for those that have any."""
        pairs = among(
            self._conn,
            select(credit_allocations.c.credit_note, credit_allocations.c.invoice),
            credit_allocations.c.invoice,
            invoices,
        )
        numbers = sorted({row["credit_note"] for row in pairs})
        notes = self._notes(among(self._conn, select(credit_notes), credit_notes.c.number, numbers))
        by_number = {item.note.number: item for item in notes}
        found: dict[str, list[StoredCreditNote]] = {}
        for row in sorted(pairs, key=lambda row: str(row["credit_note"])):
            found.setdefault(row["invoice"], []).append(by_number[row["credit_note"]])
        return found

    def credit_note_numbers(self, among_these: Iterable[str] | None = None) -> set[str]:
        """Numbers of all credit notes, or of those among these numbers."""
        query = select(credit_notes.c.number)
        if among_these is None:
            return set(self._conn.execute(query).scalars())
        return {row["number"] for row in among(self._conn, query, credit_notes.c.number, among_these)}

    def credit_note_ids(self, customers: Iterable[str]) -> set[str]:
        """Ids of all credit notes of these customers."""
        return set(ids_where(self._conn, credit_notes, credit_notes.c.customer, customers))

    def move_credit_note(self, number: str, to: InvoiceState, *, note: str, at: datetime) -> None:
        """Set the state.  Raises `IllegalMove` outside of `model.invoice.MOVES`, and where there is no such note."""
        query = select(credit_notes.c.state).where(credit_notes.c.number == number).with_for_update()
        state = self._conn.execute(query).scalar_one_or_none()
        if state is None or not may_move(InvoiceState(state), to):
            raise IllegalMove(f"the credit note {number} is not there, or cannot go from {state} to {to}")
        self._conn.execute(update(credit_notes).where(credit_notes.c.number == number).values(state=str(to)))
        self._audit.append([(f"credit_note/{number}", state, str(to), note)], at=at)

    def _notes(self, found: Sequence[dict[str, Any]]) -> list[StoredCreditNote]:
        taken: dict[str, dict[str, int]] = {}
        for row in among(
            self._conn, select(credit_allocations), credit_allocations.c.credit_note, [row["number"] for row in found]
        ):
            taken.setdefault(row["credit_note"], {})[row["invoice"]] = row["amount_minor"]
        return [
            StoredCreditNote(
                note=CreditNote.model_validate_json(row["doc"]),
                state=InvoiceState(row["state"]),
                row_hash=row["row_hash"],
                run=row["run"],
                takes={
                    number: from_minor(amount, row["currency"])
                    for number, amount in sorted(taken.get(row["number"], {}).items())
                },
            )
            for row in found
        ]


def _row(note: CreditNote, run: str, at: datetime) -> dict[str, Any]:
    if not note.number or is_long(note.number):
        raise IllegalMove(f"the credit note {note.id} has no number, or one of more than {LIMIT} bytes")
    doc = note.json_text()
    row = {
        "number": note.number,
        "id": note.id,
        "customer": note.customer,
        "currency": note.currency,
        "issued_on": note.issued_on,
        "state": str(InvoiceState.FINALISED),
        "subtotal_minor": minor(note.subtotal, note.currency),
        "tax_minor": minor(note.tax_total, note.currency),
        "total_minor": minor(note.total, note.currency),
        "row_hash": digest_text(doc),
        "run": run,
        "at": at,
        "doc": doc,
    }
    return with_whole(row, "id")
