"""0005: what connectors keep between runs, and records that systems say have changed.  (shell)"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(names: str, *, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names.split()]


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "kept",
        *_text("connection name sealed key_id at"),
        *_text("whole", nullable=True),
        sa.PrimaryKeyConstraint("connection", "name", name="pk_kept"),
    )
    op.create_table(
        "hints",
        *_text("connection object id at"),
        sa.Column("times", sa.BigInteger(), nullable=False, autoincrement=False),
        *_text("whole", nullable=True),
        sa.PrimaryKeyConstraint("connection", "object", "id", name="pk_hints"),
    )
