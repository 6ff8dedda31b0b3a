"""What the connector can do, as data.  (pure)"""

from __future__ import annotations

from typing import Final

from billsync.connector import Capabilities, RatingSheet, ReadSheet, Target, WriteSheet
from billsync_connectors.odoo.changes import OBJECTS, PAGE
from billsync_connectors.odoo.settings import OdooSettings

MODELS: Final = {
    "partner": "res.partner",
    "product": "product.product",
    "invoice": "account.move",
    "credit_note": "account.move",
    "payment": "account.payment",
}
_PROOFS: Final = (
    "401, 429 (of a proxy, too)",
    "UserError, ValidationError, AccessError, MissingError: the call's transaction is rolled back",
    "SerializationFailure, DeadlockDetected, LockNotAvailable: rolled back, sent again after a moment",
    "load: ids is false, and messages say which row is to blame; nothing of the call is kept",
)
_CLOSED: Final = (
    "a document dated up to a lock date is refused before anything is made (period_closed); with closed_period: move "
    "Odoo books it on the first open day"
)


def capabilities(settings: OdooSettings) -> Capabilities:
    """The sheet of a connection with these settings."""
    rating = RatingSheet(
        lines="invoice_line_ids",
        unit_price="price_unit",
        product="product_id",
        description="name",
        unit_price_places=settings.price_digits,
        tax_rounding=settings.tax_rounding,
    )

    def sheet(object: str) -> WriteSheet:
        document = object in ("invoice", "credit_note")
        return WriteSheet(
            target=Target.UPSERT,
            reference="id",
            settle_s=150,
            batch_max=25 if document or object == "payment" else 100,
            voids=document or object == "payment",
            rating=rating if document else None,
            attaches=document,
            batch="apart",
            proofs=_PROOFS,
            closed_period=_CLOSED if document or object == "payment" else "",
        )

    return Capabilities(
        system="odoo",
        title="Odoo",
        reads={object: ReadSheet(key="id", page_size=PAGE) for object in OBJECTS},
        writes={object: sheet(object) for object in MODELS},
        money_decimals=settings.price_digits,
        tax="there",
        notes=_NOTES,
        limits=_LIMITS,
        unproven=_UNPROVEN,
    )


_NOTES: Final = (
    "Our reference is the external id (NAMESPACE.OBJECT-KEY), unique in the database: `load` makes a record with it.",
    "A call of `load` is all or nothing; a record that is to blame is left out, and the others go again.",
    "Documents are made as drafts, compared, then posted; a draft that differs, or is refused, is never posted.",
    "Numbers are Odoo's own, in the order of posting; a mapping that fills `name` keeps ours.",
    "A paid invoice is not voided: Odoo would take it apart from its payment without a word.",
    "Of a payment that settles several invoices, none is named when it is read.",
    "Deleted drafts leave no trace in Odoo; a payment that is cancelled is told as deleted.",
)
_LIMITS: Final = (
    "Odoo Online: about one request a second, none at the same time (calls_per_s: 1)",
    "a request ends after 120 seconds (limit_time_real), with 502, 504 or a lost connection",
    "API keys of the JSON-2 interface end after three months at most",
    "JSON-RPC ends with Odoo 22; on Odoo Online an external API is part of the Custom plan",
)
_UNPROVEN: Final = (
    "JSON-RPC: names of exceptions and of arguments in versions 16 to 18",
    "rolled back with every exception whose kind says that the model refused",
    "journal entries of payments since 18: one without an entry is not applied, and a person is told",
    "js_assign_outstanding_line applies a line up to what is open on the invoice",
    "a new document of a locked day is refused, or booked on the first open day",
    "an archived customer may be invoiced in Odoo; the connector refuses it",
    "write_date is that of the transaction's begin, kept in microseconds and shown in seconds",
    "texts of Odoo's refusals, by which reasons are told (lock date, unique sequence number)",
    "merging partners leaves the external id with the one that stays",
)
