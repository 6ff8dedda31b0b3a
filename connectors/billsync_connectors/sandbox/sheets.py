"""What the connector can do, by the kind of target that its sandbox is.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from billsync.connector import Capabilities, RatingSheet, ReadSheet, Target, WriteSheet
from billsync_connectors.sandbox.config import SandboxSettings

CRM: Final = ("accounts", "products", "deals", "payments")
MASTERS: Final = ("customer", "product")
DEALS: Final = "deals"
DOCUMENTS: Final = ("invoice", "credit_note", "payment", "refund")
ATTACHES: Final = ("invoice", "credit_note")
OBJECTS: Final = CRM + MASTERS + DOCUMENTS

_PROOFS: Final = ("no connection", "400, 401, 404, 409, 413, 422", "429", "5xx that `not_executed` names")


def capabilities(settings: SandboxSettings) -> Capabilities:
    """The sheet of a connection with these settings."""
    target = Target(settings.kind)

    def sheet(object: str) -> WriteSheet:
        return WriteSheet(
            target=target,
            reference="" if target is Target.NONE else "reference",
            settle_s=settings.settle_s,
            key_lifetime_s=settings.key_lifetime_s if target is Target.KEY else None,
            batch_max=settings.batch_max,
            serial=False,
            voids=object in DOCUMENTS,
            ordered=settings.ordered and object == "invoice",
            rating=RatingSheet() if object in ("invoice", "credit_note") else None,
            attaches=object in ATTACHES,
            key_scope="one sandbox, all kinds of record" if target is Target.KEY else "",
            batch="apart" if settings.batch_max > 1 else "none",
            proofs=_PROOFS,
            closed_period="refused with 422 `period_closed`" if object in DOCUMENTS else "",
        )

    deals = WriteSheet(
        target=Target.UPSERT, reference="id", into="billing", settle_s=settings.settle_s, batch_max=settings.batch_max
    )
    return Capabilities(
        system="sandbox",
        title="Sandbox",
        reads={object: ReadSheet(key="id", page_size=settings.page_size) for object in OBJECTS},
        writes={**{object: sheet(object) for object in MASTERS + DOCUMENTS}, "deals": deals},
        calls_per_s=None if settings.calls_per_s is None else Decimal(settings.calls_per_s),
        tax="there",
        limits=("500 records a page and a search", "100 records a batch, as its settings say"),
        notes=(
            "The kind of target is a setting (`kind`); what stands here is that of the connection.",
            "Of a deal only `billing` is written: what became of its invoices.",
        ),
    )
