"""Charges: what is owed for a line and period, on an invoice or not yet.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, case, delete, func, select, type_coerce
from sqlalchemy.exc import IntegrityError

from billsync.model.charge import Charge
from billsync.store.bulk import insert_rows
from billsync.store.errors import IllegalMove
from billsync.store.schema import charges, facts
from billsync.store.sql import among, chunks, one_of
from billsync.store.types import PLAIN

_OPEN: Final = (charges.c.invoice.is_(None), func.coalesce(charges.c.credit_note, "") == "")
"""Stands on no document.  Hardly any charge stands on a credit note: their index would find all but those."""
_OPEN_OF_KEYS: Final = func.coalesce(charges.c.invoice, charges.c.credit_note).is_(None)
"""The same where the keys are given: by no index but theirs."""


@dataclass(frozen=True, slots=True)
class StoredCharge:
    """A charge, and the number of the invoice or credit note that it stands on, or None."""

    charge: Charge
    invoice: str | None
    credit_note: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it stands on no document yet."""
        return self.invoice is None and self.credit_note is None


class Charges:
    """Part of the ledger."""

    _conn: Connection

    def charges_of(self, deal: str) -> dict[str, StoredCharge]:
        """The charges of one deal, by key."""
        return self.charges_of_many([deal]).get(deal, {})

    def charges_of_many(self, deals: Iterable[str], *, since: date | None = None) -> dict[str, dict[str, StoredCharge]]:
        """The charges of each deal that has any, by key; with `since`, those that are due from that day on."""
        query = select(charges.c.doc, charges.c.invoice, charges.c.credit_note).order_by(charges.c.key)
        if since is not None:
            query = query.where(charges.c.due_on >= since)
        found: dict[str, dict[str, StoredCharge]] = {}
        for row in among(self._conn, query, charges.c.deal, deals):
            charge = Charge.reread(row["doc"])
            found.setdefault(charge.deal, {})[charge.key] = StoredCharge(charge, row["invoice"], row["credit_note"])
        return found

    def add_charges(self, items: Sequence[Charge], *, run: str, at: datetime) -> None:
        """Store charges that are not on an invoice yet.  Raises `IllegalMove` for a key that is there already."""
        new = [_charge_row(charge, run, at) for charge in items]
        try:
            insert_rows(self._conn, charges, new)
        except IntegrityError as error:
            raise IllegalMove(f"a charge exists already: {error.orig}") from error

    def drop_charges(self, keys: Iterable[str], *, run: str, at: datetime) -> None:
        """Take charges back.  Raises `IllegalMove` for one that is on a document or not there."""
        for part in chunks(dict.fromkeys(keys)):
            gone = delete(charges).where(charges.c.key.in_(part), _OPEN_OF_KEYS)
            if self._conn.execute(gone).rowcount != len(part):
                raise IllegalMove(f"not all of these charges can be taken back: {', '.join(part[:5])}")

    def charges_on(self, invoice: str) -> list[Charge]:
        """The charges that stand on an invoice, by key."""
        query = select(charges.c.doc).where(charges.c.invoice == invoice).order_by(charges.c.key)
        return [Charge.reread(doc) for doc in self._conn.execute(query).scalars()]

    def crowded(self, through: date, grouping: str, most: int, *, source: str | None = None) -> dict[str, int]:
        """Deals and contracts whose open charges lie in more than `most` windows -> in how many; see `open_keys`."""
        deal, day = type_coerce(charges.c.deal, PLAIN), type_coerce(charges.c.due_on, PLAIN)
        windows = func.count(_window(day, grouping).distinct())
        query = _of_source(select(deal, windows).where(*_OPEN, charges.c.due_on <= through), source)
        found = self._conn.execute(query.group_by(deal).having(windows > most))
        return {str(row[0]): int(row[1]) for row in found}

    def open_charges(self, through: date, *, source: str | None = None) -> list[Charge]:
        """Charges on no document, due on or before `through`; by customer, day and key.

        With `source`, only those of deals and contracts that come from that connection.
        """
        query = _of_source(select(charges.c.doc).where(*_OPEN, charges.c.due_on <= through), source)
        query = query.order_by(charges.c.customer, charges.c.due_on, charges.c.key)
        return [Charge.reread(doc) for doc in self._conn.execute(query).scalars()]

    def open_keys(
        self, through: date, grouping: str, *, source: str | None = None
    ) -> Iterator[tuple[str, str, str, str]]:
        """(day, customer, deal, key) of what `open_charges` gives, as they stand in columns; row by row.

        In the order of the window that the day lies in by the grouping, then of customer, deal, day and key.
        """
        day, customer, deal, key = (
            type_coerce(column, PLAIN)
            for column in (charges.c.due_on, charges.c.customer, charges.c.deal, charges.c.key)
        )
        query = _of_source(select(day, customer, deal, key).where(*_OPEN, charges.c.due_on <= through), source)
        query = query.order_by(_window(day, grouping), customer, deal, day, key)
        yield from self._conn.execute(query.execution_options(yield_per=1000))

    def open_charges_of(self, keys: Iterable[str]) -> list[Charge]:
        """Those of these charges that are on no document; keys as they stand in the column."""
        found: list[Charge] = []
        for part in chunks(keys):
            query = select(charges.c.doc).where(one_of(self._conn, charges.c.key, part), _OPEN_OF_KEYS)
            found += [Charge.reread(doc) for doc in self._conn.execute(query).scalars()]
        return found


def _of_source(query: Any, source: str | None) -> Any:
    if source is None:
        return query
    theirs = select(facts.c.id).where(facts.c.kind.in_(("deal", "contract", "agreed")), facts.c.source_system == source)
    return query.where(charges.c.deal.in_(theirs))


def _window(due_on: ColumnElement[Any], grouping: str) -> ColumnElement[Any]:
    """What days of one window have in common, in the order of time."""
    if grouping == "deal":
        return due_on
    month = func.substr(due_on, 1, 7)
    if grouping == "customer-month":
        return month
    return func.substr(due_on, 1, 4) + case(
        *((func.substr(due_on, 6, 2) <= last, last) for last in ("03", "06", "09")), else_="12"
    )


def _charge_row(charge: Charge, run: str, at: datetime) -> dict[str, Any]:
    return {
        "key": charge.key,
        "deal": charge.deal,
        "customer": charge.customer,
        "due_on": charge.due_on,
        "invoice": None,
        "credit_note": None,
        "run": run,
        "at": at,
        "doc": charge.json_text(),
    }
