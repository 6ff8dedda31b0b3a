"""Finds records by their id or by our reference, many in one question.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from billsync.connector import Refused
from billsync_connectors.xero.session import Session
from billsync_connectors.xero.values import Row, any_id, any_of, is_id, rows

CHUNK: Final = 40
"""Records a question: with it an address has no more than 4,000 characters."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kind of record is.

    Attributes:
        reference: the field that holds our reference.
        ids, references: the parameters that take lists of ids or of references, "" where a filter has to do.
        paged: whether it is shown by pages, and in full only so.
        prices: whether it has unit prices.
    """

    plural: str
    id: str
    reference: str
    ids: str = ""
    references: str = ""
    paged: bool = True
    prices: bool = False

    def params(self, size: int) -> dict[str, str]:
        """What every question about it says."""
        told = {"page": "1", "pageSize": str(size)} if self.paged else {}
        told |= {"includeArchived": "true"} if self.plural == "Contacts" else {}
        return told | ({"unitdp": "4"} if self.prices else {})


CONTACTS: Final = Place("Contacts", "ContactID", "ContactNumber", ids="IDs")
ITEMS: Final = Place("Items", "ItemID", "Code", paged=False, prices=True)
INVOICES: Final = Place("Invoices", "InvoiceID", "InvoiceNumber", ids="IDs", references="InvoiceNumbers", prices=True)
CREDIT_NOTES: Final = Place("CreditNotes", "CreditNoteID", "CreditNoteNumber", prices=True)
PAYMENTS: Final = Place("Payments", "PaymentID", "Reference")


def by_reference(session: Session, place: Place, keys: Sequence[str]) -> dict[str, list[Row]]:
    """Our reference, in small letters -> the records that carry it.  Raises `TryLater`, `Refused`."""
    found: dict[str, list[Row]] = {}
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        listed = place.references and not any("," in key for key in chunk)
        asked = {place.references: ",".join(chunk)} if listed else {"where": any_of(place.reference, chunk)}
        for row in _asked(session, place, asked):
            found.setdefault(str(row.get(place.reference)).casefold(), []).append(row)
    return found


def by_id(session: Session, place: Place, ids: Sequence[str]) -> dict[str, Row]:
    """Id -> the record as it is now; those that are not there are left out.  Raises `TryLater`, `Refused`."""
    wanted = [id for id in dict.fromkeys(ids) if is_id(id)]
    found: dict[str, Row] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        asked = {place.ids: ",".join(chunk)} if place.ids else {"where": any_id(place.id, chunk)}
        found.update((str(row.get(place.id)), row) for row in _asked(session, place, asked))
    for id in wanted:
        if id not in found and (row := one(session, place, id)) is not None:  # lists may lag behind
            found[id] = row
    return {id: found[id] for id in wanted if id in found}


def one(session: Session, place: Place, id: str) -> Row | None:
    """One record, None where there is none.  Raises `TryLater`, `Refused`."""
    try:
        answer = session.ask(f"{place.plural}/{id}", {"unitdp": "4"} if place.prices else None)
    except Refused as fault:
        if fault.reason == "gone":
            return None
        raise
    return next(iter(rows(answer.get(place.plural))), None)


def _asked(session: Session, place: Place, asked: dict[str, str]) -> list[Row]:
    """All pages of a question; a number that many carry fills more than one."""
    found: list[Row] = []
    params = {**place.params(100), **asked}
    for page in range(1, 100):
        answer = session.ask(place.plural, {**params, **({"page": str(page)} if place.paged else {})})
        got = rows(answer.get(place.plural))
        found += got
        if not place.paged or not got or not more(answer, page):
            break
    return found


def more(answer: Row, page: int) -> bool:
    """Whether there are pages after this one, as Xero counts them; True where it does not say."""
    told = answer.get("pagination")
    count = told.get("pageCount") if isinstance(told, dict) else None
    return page < count if isinstance(count, int) else True
