"""0002: gates that hold back what is sent, and documents that only the other system knows.  (shell)"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(names: str, *, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names.split()]


def upgrade() -> None:
    """Make the new tables."""
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
        *_text("connection kind reference remote_id customer currency"),
        sa.Column("total_minor", sa.BigInteger(), nullable=False, autoincrement=False),
        *_text("issued_on claimed_by", nullable=True),
        *_text("at"),
        *_text("whole", nullable=True),
        sa.PrimaryKeyConstraint("connection", "kind", "reference", name="pk_orphans"),
    )
    op.create_index("ix_deliveries_connection_next_at", "deliveries", ["connection", "next_at"])
