"""0004: credit notes, what they take off invoices, drafts that wait, customers of contracts and usage.  (shell)"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_FROZEN = (
    "number, id, customer, currency, issued_on, subtotal_minor, tax_minor, total_minor, row_hash, run, at, doc, whole"
)
_REFUSED = (
    ("credit_notes", "UPDATE", f" OF {_FROZEN}", "a finalised credit note never changes"),
    ("credit_notes", "DELETE", "", "a finalised credit note never changes"),
    ("credit_allocations", "UPDATE", "", "what was credited never changes"),
    ("credit_allocations", "DELETE", "", "what was credited never changes"),
    ("invoices", "UPDATE", " OF prepaid_minor", "a finalised invoice never changes"),
)


def _text(names: str, *, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names.split()]


def _big(names: str, **rest: Any) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False, **rest) for name in names.split()]


def upgrade() -> None:
    """Make the new tables and columns; of what is there nothing was credited or prepaid."""
    for column in _big("prepaid_minor credited_minor", server_default="0"):
        op.add_column("invoices", column)
    op.add_column("charges", sa.Column("credit_note", _TEXT, nullable=True))
    op.create_index("ix_charges_credit_note", "charges", ["credit_note"])
    op.add_column("facts", sa.Column("customer", _TEXT, nullable=False, server_default=""))
    op.create_index("ix_facts_kind_customer", "facts", ["kind", "customer"])
    _credit_notes()
    _drafts()
    (_sqlite_triggers if op.get_bind().dialect.name == "sqlite" else _postgres_triggers)()


def _credit_notes() -> None:
    op.create_table(
        "credit_notes",
        *_text("number id customer currency issued_on state"),
        *_big("subtotal_minor tax_minor total_minor"),
        *_text("row_hash run at"),
        *_text("whole", nullable=True),
        *_text("doc"),
        sa.PrimaryKeyConstraint("number", name="pk_credit_notes"),
        sa.UniqueConstraint("id", name="uq_credit_notes_id"),
    )
    op.create_index("ix_credit_notes_customer", "credit_notes", ["customer"])
    op.create_index("ix_credit_notes_state", "credit_notes", ["state"])
    op.create_table(
        "credit_allocations",
        *_text("credit_note invoice"),
        *_big("amount_minor"),
        sa.PrimaryKeyConstraint("credit_note", "invoice", name="pk_credit_allocations"),
        sa.ForeignKeyConstraint(["credit_note"], ["credit_notes.number"], name="fk_credit_allocations_credit_note"),
        sa.ForeignKeyConstraint(["invoice"], ["invoices.number"], name="fk_credit_allocations_invoice"),
    )
    op.create_index("ix_credit_allocations_invoice", "credit_allocations", ["invoice"])


def _drafts() -> None:
    op.create_table(
        "drafts",
        *_text("id source kind customer currency issued_on state reason digest run at"),
        *_text("whole", nullable=True),
        *_text("doc"),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
    )
    op.create_index("ix_drafts_source", "drafts", ["source"])


def _sqlite_triggers() -> None:
    for table, action, columns, words in _REFUSED:
        name = f"{table}_no_{action.lower()}{'_more' if table == 'invoices' else ''}"
        body = f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        op.execute(sa.text(f"CREATE TRIGGER {name} BEFORE {action}{columns} ON {table} {body}"))


def _postgres_triggers() -> None:
    truncates = [(table, "TRUNCATE", "", words) for table, action, _, words in _REFUSED if action == "DELETE"]
    for table, action, columns, words in (*_REFUSED, *truncates):
        name = f"{table}_no_{action.lower()}{'_more' if table == 'invoices' else ''}"
        op.execute(
            sa.text(
                f"CREATE TRIGGER {name} BEFORE {action}{columns} ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION billsync_refuse('{words}')"
            )
        )
