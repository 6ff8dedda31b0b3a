"""What the connector can do in Tryton, as data.  (pure)"""

from __future__ import annotations

from typing import Final

from billsync.connector import Capabilities, RatingSheet, ReadSheet, Target, WriteSheet

_PAGE: Final = 200
_PROOFS: Final = ("UserError, UserWarning, ConcurrencyException (rolled back)", "401, 403", "503 after its own repeats")
_CLOSED: Final = "refused (`period_closed`); its draft is deleted"


def _sheet(reference: str, batch_max: int = 1, *, document: bool = False, closed: str = "") -> WriteSheet:
    """Tryton has no idempotency key; it ends a request of its own accord after 60 seconds (request.timeout)."""
    return WriteSheet(
        target=Target.SEARCH,
        reference=reference,
        settle_s=60,
        batch_max=batch_max,
        ordered=document,
        voids=bool(closed),
        rating=RatingSheet(unit_price_places=4) if document else None,
        attaches=True,
        batch="apart",
        proofs=_PROOFS,
        closed_period=closed,
    )


CAPABILITIES: Final = Capabilities(
    system="tryton",
    title="Tryton",
    reads={
        "payment": ReadSheet(key="id", page_size=_PAGE),
        "invoice": ReadSheet(key="id", page_size=_PAGE),
    },
    writes={
        "party": _sheet("code", 100),
        "product": _sheet("suffix_code", 100),
        "invoice": _sheet("reference", 25, document=True, closed=_CLOSED),
        "credit_note": _sheet("reference", 25, document=True, closed=_CLOSED),
        "payment": _sheet("description", 25, closed="refused (`period_closed`)"),
    },
    money_decimals=4,
    tax="there",
    limits=(
        "a log-in that fails five times locks its user out for minutes",
        "a request ends after 60 seconds, with everything in it undone",
    ),
    notes=(
        "Codes of parties and products are unique in Tryton; the reference of an invoice is not.",
        "Invoices are posted one batch at a time: Tryton on SQLite gives equal numbers to concurrent posts.",
        "Numbers follow the dates: an invoice dated before the last posted one of its year is refused.",
        "A posted invoice is voided by cancelling it, which the company has to allow (Cancel Customer Invoice).",
        "A credit note is an invoice of negative quantities; it is told with positive amounts, as billsync has it.",
        "One that names its invoice is taken off it; one larger than what is open there stays the customer's credit.",
        "A payment is booked on its invoice with the configured method; what is too much stays a credit.",
        "A payment is told as deleted once its move is cancelled, or it is taken off the invoice it was booked on.",
        (
            "The acknowledged warnings are 'due date in the past', 'other taxes than the product's', and 'cancel the "
            "move of an invoice' where a payment of ours is taken back; no others."
        ),
    ),
)
