"""What the connector can do in ERPNext, as data.  (pure)"""

from __future__ import annotations

from typing import Final

from billsync.connector import Capabilities, RatingSheet, ReadSheet, Target, WriteSheet
from billsync_connectors.erpnext.settings import ERPNextSettings

_PROOFS: Final = (
    "417, 409, 404, 403 with an exception of Frappe's in the body (the request was undone)",
    "QueryDeadlockError, QueryTimeoutError, InReadOnlyMode, SessionStopped",
    "401, 429",
)
_RATING: Final = RatingSheet(
    lines="items", quantity="qty", unit_price="rate", product="item_code", unit_price_places=2, tax_rounding="rate"
)
_KINDS: Final = ("invoice", "credit_note", "payment")
OBJECTS: Final = {
    "customer": "Customer",
    "item": "Item",
    "invoice": "Sales Invoice",
    "credit_note": "Sales Invoice",
    "payment": "Payment Entry",
}


def capabilities(settings: ERPNextSettings | None = None) -> Capabilities:
    """The sheet of a connection with these settings."""
    settle_s = 130.0 if settings is None else float(settings.settle_s)
    page = 200 if settings is None else settings.page_size
    reference = "custom_billsync" if settings is None else settings.reference_field

    def sheet(object: str) -> WriteSheet:
        document = object in _KINDS
        return WriteSheet(
            target=Target.UPSERT,
            reference=reference,
            settle_s=settle_s,
            batch_max=25,
            serial=False,
            voids=document,
            rating=_RATING if object in ("invoice", "credit_note") else None,
            attaches=True,
            batch="apart",
            proofs=_PROOFS,
            closed_period="refused (`period_closed`) when it is submitted; its draft is deleted" if document else "",
        )

    return Capabilities(
        system="erpnext",
        title="ERPNext",
        reads={object: ReadSheet(key="id", page_size=page) for object in _KINDS},
        writes={object: sheet(object) for object in OBJECTS},
        money_decimals=2,
        tax="there",
        limits=(
            "no limit of requests unless the site sets one: then seconds of its processing time in a window (429)",
            "a reference is at most 140 signs",
        ),
        notes=(
            "Our id stands in a unique field: the site refuses a second document of it, whatever became of the first.",
            "Invoices are drafted, compared and submitted; a draft that differs is left for a person.",
            "The document's number is ERPNext's own; ours stands in the reference field.",
            "Where the rounding of the tax alone differs, the draft gets our tax as an amount (`own_tax_rounding`).",
            "A rounded total is switched off on our documents.",
            "A credit note of more than is open on its invoice is not taken off it: it stays the customer's credit.",
            "A payment of more than is open stays the customer's credit for the rest.",
            "An invoice that is paid is not cancelled: ERPNext would let go of its payments in silence.",
            "Lists do not show tables: each payment that is read costs one request.",
        ),
        unproven=_UNPROVEN,
    )


_UNPROVEN: Final = (
    "a unique field of one's own is kept unique by the database, and cancelled documents keep it",
    "`no_copy` keeps our id off amended copies",
    "`set_posting_time`, `disable_rounded_total`, `update_outstanding_for_self`",
    "a 500 that names QueryDeadlockError or QueryTimeoutError was undone",
    "`modified` sent with a change is held against the document's (TimestampMismatchError)",
    "an Item Tax Template counts for the document's row of the same account",
    "a tax row of the kind `Actual` is taken as it is, in returns too",
    "the texts and kinds by which closed periods, frozen accounts and disabled customers are told",
    "`/api/v2/doctype/NAME/meta` shows fields of one's own",
    "`frappe.client.attach_file` with `decode_base64`",
    "payments in another currency than the customer's account are refused here, not tried",
    "how many decimals a price keeps: two, unless the site is set up otherwise",
    "Deleted Document and the stamps of changes",
)
