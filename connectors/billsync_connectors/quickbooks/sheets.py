"""What the connector can do, as data.  (pure)"""

from __future__ import annotations

from typing import Any, Final

from billsync.connector import Capabilities, RatingSheet, ReadSheet, Target, WriteSheet
from billsync_connectors.quickbooks.calls import LIMITS
from billsync_connectors.quickbooks.session import PAGE
from billsync_connectors.quickbooks.settings import QuickBooksSettings

KINDS: Final = {
    "customer": "Customer",
    "item": "Item",
    "invoice": "Invoice",
    "credit_memo": "CreditMemo",
    "payment": "Payment",
}
"""QuickBooks' own name of each kind of record, by ours."""
_KEY_LIFETIME_S: Final = 6 * 3600
_REFERENCES: Final = {
    "customer": "Notes",
    "item": "Sku",
    "invoice": "DocNumber",
    "credit_memo": "DocNumber",
    "payment": "PaymentRefNum",
}
_DOCUMENTS: Final = ("invoice", "credit_memo")
_PROOFS: Final = (
    "no connection",
    "401, 403 and 429",
    "a Fault of the type ValidationFault, with status 400 or 200",
    "6190: the subscription has ended",
)
_CLOSED: Final = "6200 or 6210: refused, a person decides (period_closed)"
_NOTES: Final = (
    "QuickBooks has no drafts: a document counts from the moment in which it is made; a difference is told after it.",
    "Our number is the document's number; the memo (PrivateNote) carries a line that says that it is ours.",
    "A customer is ours by a line of its notes, an item by its SKU; nobody is matched by a name.",
    "A credit memo is applied to its invoice by a payment of nothing, as far as the invoice is open.",
    "A credit memo cannot be voided there: it is deleted.  What has a payment or credit on it is not voided.",
    "A payment is told as deleted once it is void or deleted; one for several invoices names none of them.",
    "Amounts have two decimals in every currency: a document with more (KWD) is refused before it is sent.",
)
_LIMITS: Final = (
    "500 requests a minute and 10 a second for a company; after a 429 a minute of silence",
    "500,000 reads a month for a workspace of the Builder tier",
    "30 changes in a batch, 40 batches a minute",
    "changes: 30 days back, 1,000 records, then everything is read",
    "document numbers of 21 characters, names of 500 (customers) and 100 (items)",
)
_UNPROVEN: Final = (
    "how long a requestid is honoured, and that a refusal is not replayed under it",
    "that PaymentRefNum, Sku and FileName can be searched with IN and =",
    "the codes 5010, 6140 and 6070, and that a closed period is 6200 or 6210",
    "that void keeps an invoice or payment with zero amounts and `Voided` as the first line of its note",
    "that a credit memo knows no void, and is applied by a payment of 0 with one line for each side",
    "two decimals in every currency, half a cent up; tax per line outside of the US, per rate within",
    "that an invoice in a company with automated sales tax takes a TxnTaxCodeRef",
    "that the list of changes is cut off at 1,000 records without a word",
    "that `time` in an answer is never later than what the answer shows",
)


def capabilities(settings: QuickBooksSettings | None) -> Capabilities:
    """The sheet of a connection with these settings; None for the usual ones."""
    settle = 150 if settings is None else settings.settle_s
    country = "" if settings is None else settings.country
    return Capabilities(
        system="quickbooks",
        title="QuickBooks Online",
        reads={name: ReadSheet(key="Id", page_size=PAGE) for name in KINDS},
        writes={name: _sheet(name, settle, country) for name in KINDS},
        money_decimals=7,
        calls_per_s=None,  # the connector spaces its requests itself: a write may take several
        notes=_NOTES,
        tax="there",
        limits=_LIMITS,
        budgets=LIMITS,
        unproven=_UNPROVEN,
    )


def _sheet(name: str, settle_s: int, country: str) -> WriteSheet:
    """A key for what is made; its lifetime is nowhere documented, so that little of it is claimed."""
    document = name in _DOCUMENTS
    own: dict[str, Any] = {"voids": True, "closed_period": _CLOSED} if document or name == "payment" else {}
    return WriteSheet(
        target=Target.KEY,
        reference=_REFERENCES[name],
        settle_s=settle_s,
        key_lifetime_s=_KEY_LIFETIME_S,
        key_scope="one company; requestid in the address, of creations only: a change carries a SyncToken",
        batch_max=30,
        batch="apart",
        proofs=_PROOFS,
        attaches=document,
        rating=_rating(country) if document else None,
        **own,
    )


def _rating(country: str) -> RatingSheet:
    return RatingSheet(
        lines="Line",
        quantity="SalesItemLineDetail.Qty",
        unit_price="SalesItemLineDetail.UnitPrice",
        product="SalesItemLineDetail.ItemRef.value",
        tax_rate="tax_rate",
        description="Description",
        unit_price_places=7,
        tax_rounding="rate" if country in ("", "US") else "line",
    )
