"""0007: who is at work, steps of flows, slots of schedules, call budgets, alerts, pulses, notes.  (shell)"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(names: str, *, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names.split()]


def _big(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)


def upgrade() -> None:
    """Make the tables; nothing that was there is touched."""
    op.create_table(
        "workers",
        *_text("id kind host"),
        _big("pid"),
        *_text("version state started_at beat_at"),
        *_text("ended_at", nullable=True),
        *_text("doc"),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_index("ix_workers_beat_at", "workers", ["beat_at"])
    op.create_table(
        "flow_steps",
        *_text("flow step owner at output"),
        *_text("whole", nullable=True),
        sa.PrimaryKeyConstraint("flow", "step", name="pk_flow_steps"),
    )
    op.create_table(
        "rings",
        *_text("pipeline slot due_at ring_at at outcome why note owner"),
        sa.PrimaryKeyConstraint("pipeline", "slot", name="pk_rings"),
    )
    op.create_index("ix_rings_pipeline_due_at", "rings", ["pipeline", "due_at"])
    op.create_table(
        "budgets",
        *_text("connection pool"),
        _big("tokens_milli"),
        *_text("at"),
        *_text("held_until", nullable=True),
        *_text("doc"),
        sa.PrimaryKeyConstraint("connection", "pool", name="pk_budgets"),
    )
    op.create_table(
        "alerts",
        *_text("id pipeline code severity state first_at last_at"),
        *_text("told_at resolved_at", nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        *_text("doc"),
        *_text("whole", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_state", "alerts", ["state"])
    op.create_table(
        "pulses",
        *_text("pipeline connection object looked_at"),
        *_text("moved_at", nullable=True),
        *_text("run doc"),
        sa.PrimaryKeyConstraint("pipeline", "connection", "object", name="pk_pulses"),
    )
    op.create_table("store_notes", *_text("name value at"), sa.PrimaryKeyConstraint("name", name="pk_store_notes"))
    op.create_index("ix_inbox_connection_object_state_mapping", "inbox", ["connection", "object", "state", "mapping"])
