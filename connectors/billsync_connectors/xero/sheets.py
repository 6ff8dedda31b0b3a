"""What the connector can do, as data.  (pure)

Which kind of target?  Xero has an idempotency key, but it is known for minutes only; the engine counts on a key up to
an hour before its end, so that this one would never count.  It is sent all the same, against a proxy that doubles a
request.  What is stronger: a sales document's number and an item's code are unique there.  A number that is ours is an
id that is ours, and a second request with it is refused (B).  Contacts and payments can only be searched (C).
"""

from __future__ import annotations

from typing import Final

from billsync.connector import Capabilities, RatingSheet, ReadSheet, Target, WriteSheet
from billsync_connectors.xero.calls import LIMITS

MOST: Final = 40
"""Records a request: Xero takes about fifty."""
_PROOFS: Final = (
    "400 with a ValidationException that names the element, or an element with StatusAttributeString ERROR",
    "401, 403, 404",
    "429, whatever X-Rate-Limit-Problem says",
)
_RATING: Final = RatingSheet(
    lines="LineItems",
    quantity="Quantity",
    unit_price="UnitAmount",
    tax_rate="tax_rate",
    product="Item.ItemID",
    description="Description",
    unit_price_places=4,
    tax_rounding="line",
)
_CLOSED: Final = {
    "InvoiceNumber": "refused; a draft that was made before is deleted again",
    "CreditNoteNumber": "refused; a draft that was made before is deleted again",
    "Reference": "refused",
}
_UNPROVEN: Final = (
    "that an idempotency key is known for about six minutes, and a key with another body is refused with 400",
    "that a credit note's number is refused when it is used twice, and a voided document keeps its number",
    "the sentences of refusals: lock dates, archived contacts, accounts, tax types, states, reconciled payments",
    "that drafts may be dated into a locked period, and only approving them is refused",
    "that an element which is refused has its number in the answer, beside an id of zeros",
    "that filters (where) take texts and Guid(...) joined by OR, and lists of forty ids",
    "that a record's UpdatedDateUTC moves when a payment or a credit is applied, and pages may hold more than 100",
    "the values day, concurrent and appminute of X-Rate-Limit-Problem, and how long a day's limit says to wait",
    "that a contact that was merged shows MergedToContactID when it is asked for by its id",
    "that a tax amount of a line's own counts, and two decimals in every currency",
    "that a custom connection needs no tenant id",
)


def capabilities(settle_s: float, page_size: int) -> Capabilities:
    """The sheet of a connection with these settings."""

    def sheet(target: Target, reference: str, *, document: bool = False, voids: bool = False) -> WriteSheet:
        return WriteSheet(
            target=target,
            reference=reference,
            settle_s=settle_s,
            batch_max=MOST,
            voids=voids,
            rating=_RATING if document else None,
            attaches=document,
            batch="apart",
            proofs=_PROOFS,
            closed_period=_CLOSED.get(reference, ""),
        )

    reads = ("contact", "item", "invoice", "credit_note", "payment")
    return Capabilities(
        system="xero",
        title="Xero",
        reads={name: ReadSheet(key="id", page_size=page_size) for name in reads},
        writes={
            "contact": sheet(Target.SEARCH, "ContactNumber"),
            "item": sheet(Target.UPSERT, "Code"),
            "invoice": sheet(Target.UPSERT, "InvoiceNumber", document=True, voids=True),
            "credit_note": sheet(Target.UPSERT, "CreditNoteNumber", document=True, voids=True),
            "payment": sheet(Target.SEARCH, "Reference", voids=True),
        },
        money_decimals=4,
        tax="there",
        limits=(
            "5 requests at once, 60 a minute, 5,000 a day for each organisation (1,000 a day with the plan Starter)",
            "10,000 a minute for the app",
            "3.5 MB a request",
        ),
        budgets=LIMITS,
        notes=(
            "Documents are made as drafts, compared, and only then approved; one that differs stays a draft.",
            "A credit note is applied to its invoice up to what is open there; the rest stays as credit.",
            "Contacts are never found or made by their name; one whose name is taken is refused.",
            "An item that has the code already is taken for ours; only what is sent is changed.",
            "Where the currency has no cents, the tax of each line is sent, since Xero would work it out in cents.",
        ),
        unproven=_UNPROVEN,
    )
