"""What NetSuite offers, as data: how each kind of record is written, and what an unknown outcome means.  (pure)"""

from __future__ import annotations

from typing import Final

from billsync.connector import CallLimit, Capabilities, RatingSheet, ReadSheet, Target, WriteSheet
from billsync_connectors.netsuite.kinds import KINDS
from billsync_connectors.netsuite.settings import NetSuiteSettings

BATCH: Final = 25
PAGE: Final = 1000
_PROOFS: Final = (
    "400 and other 4xx with o:errorDetails",
    "401: no valid token or signature",
    "429 CONCURRENCY_LIMIT_EXCEEDED; 400 SSS_REQUEST_LIMIT_EXCEEDED of RESTlets",
    "400 RCRD_HAS_BEEN_CHANGED: read again and sent once more",
)
_RATING: Final = RatingSheet(
    lines="item.items", quantity="quantity", unit_price="rate", tax_rate="tax_rate", product="item.id"
)
_NOTES: Final = (
    "An external id of ours makes one record of however many requests; what carries it is compared, not written over.",
    "External ids of all transactions are one space: credit memos and payments carry theirs with a prefix.",
    "A customer or an item is never matched by its name; one of the same name is refused.",
    "REST cannot void: a script in the account does, or lines become zero (docs/how-to/connect-netsuite.md).",
    "A credit memo is applied to its invoice up to what is open, a payment too; the rest stays with the customer.",
    "Asynchronous jobs are not used: NetSuite's idempotency key holds for them only, and proves less than an id.",
    "Files are not attached: REST has no file cabinet.",
)
_LIMITS: Final = (
    "requests at once are governed, not their number: 5, more by licence; a connection has one under way",
    "1,000 rows a page of SuiteQL, read by the last id that was seen",
    "two decimals of every currency at most, none of yen and won",
    "a document has at least one line",
)
UNPROVEN: Final = (
    "SuiteQL: columns and signs of transaction, transactionline and nexttransactionlinelink",
    "SuiteQL: columns of accountingperiod, deletedrecord, account and salestaxitem",
    "SuiteQL: TO_TIMESTAMP in conditions, times in the account's zone",
    "salestaxitem.rate as a percentage",
    "external ids of all transactions are one space; characters other than letters, digits, _ and -",
    "a line's amount wins over quantity x rate; where tax is rounded without SuiteTax",
    "status Voided, voided = 'T' and the memo VOID of a voided document; what a reversing journal leaves",
    "X-NetSuite-PropertyNameValidation refuses misspelt fields of lines too",
    "expandSubResources shows all lines of a document, however many",
    "codes of duplicate numbers, closed periods and records that were changed meanwhile",
    "undepFunds and account of a payment; a precision of 0 for yen and won and of 2 for all others",
    "401 with a Date header where the clock is wrong",
)


def capabilities(settings: NetSuiteSettings | None) -> Capabilities:
    """The sheet of a connection with these settings; None for the usual ones."""
    settle = 900.0 if settings is None else float(settings.settle_s)
    master = WriteSheet(target=Target.UPSERT, reference="externalId", settle_s=settle, batch_max=BATCH, proofs=_PROOFS)
    document = master.model_copy(
        update={"voids": True, "closed_period": "refused (period_closed) and not tried again; a person decides"}
    )
    rated = document.model_copy(update={"rating": _RATING})
    return Capabilities(
        system="netsuite",
        title="NetSuite",
        reads={name: ReadSheet(key="id", page_size=PAGE) for name in KINDS},
        writes={"customer": master, "item": master, "invoice": rated, "credit_memo": rated, "payment": document},
        calls_per_s=None if settings is None else settings.calls_per_s,
        notes=_NOTES,
        tax="there",
        limits=_LIMITS,
        budgets=(CallLimit(name="at_once", calls=5, kind="at_once"),),
        unproven=UNPROVEN,
    )
