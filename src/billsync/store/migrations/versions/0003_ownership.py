"""0003: what billsync wrote elsewhere, the history of ties, fields and tables of other systems.  (shell)"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(names: str, *, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names.split()]


def upgrade() -> None:
    """Make the new tables; ties that are there begin their history as they stand."""
    _tables()
    _begin_history()
    (_sqlite_triggers if op.get_bind().dialect.name == "sqlite" else _postgres_triggers)()


def _tables() -> None:
    op.create_table(
        "link_history",
        *_text("kind our_id system"),
        sa.Column("n", sa.BigInteger(), nullable=False, autoincrement=False),
        *_text("at ref_kind ref_id act who why"),
        *_text("whole", nullable=True),
        sa.PrimaryKeyConstraint("kind", "our_id", "system", "n", name="pk_link_history"),
    )
    op.create_index("ix_link_history_system_ref_id", "link_history", ["system", "ref_id"])
    op.create_table(
        "echoes",
        *_text("connection object id field digest owner at"),
        *_text("whole", nullable=True),
        sa.PrimaryKeyConstraint("connection", "object", "id", "field", name="pk_echoes"),
    )
    op.create_table(
        "schemas",
        *_text("connection object at doc seen"),
        *_text("seen_at", nullable=True),
        sa.PrimaryKeyConstraint("connection", "object", name="pk_schemas"),
    )
    op.create_table(
        "live_tables",
        *_text("connection object key_field value_field at doc"),
        sa.PrimaryKeyConstraint("connection", "object", "key_field", "value_field", name="pk_live_tables"),
    )


def _begin_history() -> None:
    op.execute(
        sa.text(
            "INSERT INTO link_history (kind, our_id, system, n, at, ref_kind, ref_id, act, who, why, whole) "
            "SELECT kind, our_id, system, 1, at, ref_kind, ref_id, 'linked', 'billsync', "
            "'before there was a history', whole FROM links"
        )
    )


def _sqlite_triggers() -> None:
    for action in ("UPDATE", "DELETE"):
        body = "BEGIN SELECT RAISE(ABORT, 'the history of a tie never changes'); END"
        op.execute(sa.text(f"CREATE TRIGGER link_history_no_{action.lower()} BEFORE {action} ON link_history {body}"))


def _postgres_triggers() -> None:
    for action in ("UPDATE", "DELETE", "TRUNCATE"):
        op.execute(
            sa.text(
                f"CREATE TRIGGER link_history_no_{action.lower()} BEFORE {action} ON link_history "
                "FOR EACH STATEMENT EXECUTE FUNCTION billsync_refuse('the history of a tie never changes')"
            )
        )
