"""Drafts against documents that stand in the other system already: which draft is which document.  (pure)

After a backup was restored, the books make invoices again that were sent before.  A draft that shows what a document
there shows takes that document's number, so that it is adopted and not doubled.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billsync.invoicing.draft import Draft


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document there whose number the books do not know.

    Attributes:
        number: our number, as it carries it.
        customer: id there of the customer, "" where the system does not say.
        total: with tax.
        issued_on: its date, or None where the system does not say.
    """

    number: str
    customer: str
    currency: str
    total: Decimal
    issued_on: date | None


def match(drafts: Sequence[Draft], candidates: Sequence[Candidate], there: Mapping[str, str]) -> dict[str, Candidate]:
    """Draft id -> the document that it is; drafts without one are left out.

    A draft is a document with the same customer, currency, total and date; `there` holds our customers' ids there.
    Of several equal ones the lowest number goes to the first draft: numbers were drawn in the order of the drafts.  A
    document whose customer or date is not known is matched only where nothing else could be meant.
    """
    numbered = sorted(candidates, key=lambda item: (len(item.number), item.number))
    exact: dict[Hashable, list[Candidate]] = {}
    for item in numbered:
        if item.customer and item.issued_on is not None:
            exact.setdefault((item.customer, item.currency, item.total, item.issued_on), []).append(item)
    found: dict[str, Candidate] = {}
    for draft in drafts:
        invoice = draft.invoice
        equal = exact.get((there.get(invoice.customer), invoice.currency, invoice.total, invoice.issued_on))
        if equal:
            found[draft.id] = equal.pop(0)
    vague = [item for item in numbered if not item.customer or item.issued_on is None]
    return found | _only_choice([draft for draft in drafts if draft.id not in found], vague, there)


def _only_choice(
    drafts: Sequence[Draft], candidates: Sequence[Candidate], there: Mapping[str, str]
) -> dict[str, Candidate]:
    """Pairs in which each fits the other and nothing else."""
    fits = {draft.id: [item for item in candidates if _may_be(draft, item, there)] for draft in drafts}
    wanted = [item.number for items in fits.values() for item in items]
    return {id: items[0] for id, items in fits.items() if len(items) == 1 and wanted.count(items[0].number) == 1}


def _may_be(draft: Draft, item: Candidate, there: Mapping[str, str]) -> bool:
    invoice = draft.invoice
    return (
        (item.currency, item.total) == (invoice.currency, invoice.total)
        and item.customer in ("", there.get(invoice.customer))
        and item.issued_on in (None, invoice.issued_on)
    )
