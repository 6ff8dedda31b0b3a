"""0002: gates that hold back what is sent, documents that only the other system knows, money back.  (shell)"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from billsync.store.types import fold, is_long

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(names: str, *, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names.split()]


def _big(names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False) for name in names.split()]


def upgrade() -> None:
    """Make the new tables."""
    _gates()
    _cash()
    for payments in _payments():
        _stand(payments)
    (_sqlite_triggers if op.get_bind().dialect.name == "sqlite" else _postgres_triggers)()


def _gates() -> None:
    """What holds back writes, and what only the other system knows."""
    op.create_table(
        "gates",
        *_text("connection state reason detail at"),
        *_text("until", nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False, autoincrement=False),
        *_text("allowance"),
        sa.PrimaryKeyConstraint("connection", name="pk_gates"),
    )
    op.create_table(
        "orphans",
        *_text("connection kind reference remote_id customer currency total"),
        *_text("issued_on claimed_by", nullable=True),
        *_text("at"),
        *_text("whole", nullable=True),
        sa.PrimaryKeyConstraint("connection", "kind", "reference", name="pk_orphans"),
    )
    op.create_index("ix_deliveries_connection_next_at", "deliveries", ["connection", "next_at"])


def _cash() -> None:
    """Corrections, refunds, what each payment comes to, and what became of each record that told of one."""
    op.create_table(
        "payment_versions",
        *_text("payment"),
        *_big("n"),
        *_text("state currency"),
        *_big("amount_minor"),
        *_text("note run at doc"),
        sa.PrimaryKeyConstraint("payment", "n", name="pk_payment_versions"),
        sa.ForeignKeyConstraint(["payment"], ["payments.id"], name="fk_payment_versions_payment"),
    )
    op.create_table(
        "refunds",
        *_text("id"),
        *_big("n"),
        *_text("payment state currency"),
        *_big("amount_minor"),
        *_text("paid_on note source run at"),
        *_text("whole", nullable=True),
        *_text("doc"),
        sa.PrimaryKeyConstraint("id", "n", name="pk_refunds"),
    )
    op.create_index("ix_refunds_payment", "refunds", ["payment"])
    op.create_table(
        "receipts",
        *_text("payment"),
        *_text("invoice", nullable=True),
        *_text("source_system state"),
        *_big("n"),
        *_text("currency"),
        *_big("amount_minor back_minor settled_minor"),
        *_text("whole", nullable=True),
        *_text("doc"),
        sa.PrimaryKeyConstraint("payment", name="pk_receipts"),
        sa.ForeignKeyConstraint(["payment"], ["payments.id"], name="fk_receipts_payment"),
    )
    op.create_index("ix_receipts_invoice", "receipts", ["invoice"])
    op.create_table(
        "cash_events",
        *_text("connection object id kind our_id outcome reason at"),
        *_text("whole", nullable=True),
        *_text("doc"),
        sa.PrimaryKeyConstraint("connection", "object", "id", "kind", name="pk_cash_events"),
    )
    op.create_index("ix_cash_events_kind_our_id", "cash_events", ["kind", "our_id"])


# ---------------------------------------------------------------- payments that were booked before


def _payments() -> Iterator[list[Any]]:
    names = ("id", "currency", "amount_minor", "source", "at", "whole", "doc")
    table = sa.table("payments", *(sa.column(name) for name in names))
    query, after = sa.select(table).order_by(table.c.id).limit(500), ""
    while page := op.get_bind().execute(query.where(table.c.id > after)).mappings().all():
        yield list(page)
        after = page[-1]["id"]


def _stand(payments: list[Any]) -> None:
    """Each stands as it was booked, and its record told it."""
    settled = _settled([row["id"] for row in payments])
    receipts = [_receipt(row, settled.get(row["id"], 0)) for row in payments]
    names = ("payment", "invoice", "source_system", "state", "n", "currency")
    amounts = ("amount_minor", "back_minor", "settled_minor")
    table = sa.table("receipts", *(sa.column(name) for name in (*names, *amounts, "whole", "doc")))
    op.get_bind().execute(sa.insert(table), receipts)
    told = ("connection", "object", "id", "kind", "our_id", "outcome", "reason", "at", "whole", "doc")
    events = sa.table("cash_events", *(sa.column(name) for name in told))
    op.get_bind().execute(sa.insert(events), [_event(row) for row in payments])


def _settled(ids: list[str]) -> dict[str, int]:
    table = sa.table("allocations", sa.column("payment"), sa.column("amount_minor"))
    found: dict[str, int] = {}
    for payment, amount in op.get_bind().execute(sa.select(table).where(table.c.payment.in_(ids))):
        found[payment] = found.get(payment, 0) + amount
    return found


def _receipt(row: Any, settled: int) -> dict[str, Any]:
    invoice = json.loads(row["doc"]).get("invoice")
    long = {"payment": json.loads(row["whole"])["id"]} if row["whole"] else {}
    if invoice is not None and is_long(invoice):
        long["invoice"] = invoice
    return {
        "payment": row["id"],
        "invoice": None if invoice is None else fold(invoice),
        "source_system": json.loads(row["source"])["system"],
        "state": "booked",
        "n": 1,
        "currency": row["currency"],
        "amount_minor": row["amount_minor"],
        "back_minor": 0,
        "settled_minor": settled,
        "whole": json.dumps(long) if long else None,
        "doc": row["doc"],
    }


def _event(row: Any) -> dict[str, Any]:
    source = json.loads(row["source"])
    long = {"our_id": json.loads(row["whole"])["id"]} if row["whole"] else {}
    if is_long(source["id"]):
        long["id"] = source["id"]
    return {
        "connection": source["system"],
        "object": source["kind"],
        "id": fold(source["id"]),
        "kind": "payment",
        "our_id": row["id"],
        "outcome": "booked",
        "reason": "",
        "at": row["at"],
        "whole": json.dumps(long) if long else None,
        "doc": row["doc"],
    }


# ---------------------------------------------------------------- what never changes

_FINAL = ("payments", "payment_versions", "refunds", "allocations")


def _sqlite_triggers() -> None:
    for table in _FINAL:
        for action in ("UPDATE", "DELETE"):
            body = "BEGIN SELECT RAISE(ABORT, 'what was booked never changes'); END"
            op.execute(sa.text(f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} {body}"))


def _postgres_triggers() -> None:
    for table in _FINAL:
        for action in ("UPDATE", "DELETE", "TRUNCATE"):
            op.execute(
                sa.text(
                    f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION billsync_refuse('what was booked never changes')"
                )
            )
