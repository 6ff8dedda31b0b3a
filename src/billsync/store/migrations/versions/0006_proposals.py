"""0006: what deals propose to change in what was agreed, and which deals were looked at.  (shell)"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(names: str, *, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names.split()]


def _big(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable, autoincrement=False)


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "proposals",
        *_text("id deal"),
        _big("n"),
        *_text("source lead customer kind state"),
        _big("version", nullable=True),
        *_text("who reason run at"),
        *_text("decided_at whole", nullable=True),
        *_text("doc"),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
        sa.UniqueConstraint("deal", "n", name="uq_proposals_deal_n"),
        sa.UniqueConstraint("deal", "version", name="uq_proposals_version"),
    )
    op.create_index("ix_proposals_lead", "proposals", ["lead"])
    op.create_index("ix_proposals_state_source", "proposals", ["state", "source"])
    op.create_table(
        "deal_looks",
        *_text("deal source digest"),
        *_text("whole", nullable=True),
        sa.PrimaryKeyConstraint("deal", name="pk_deal_looks"),
    )
    op.create_index("ix_deal_looks_source", "deal_looks", ["source"])
