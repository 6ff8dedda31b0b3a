"""0001: the ledger database as it was born.  (shell)"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_FROZEN = (
    "number, id, customer, currency, issued_on, due_on, subtotal_minor, tax_minor, total_minor, row_hash, run, at, doc"
)


def upgrade() -> None:
    """Make all tables, and the triggers that keep the books from being rewritten."""
    _read()
    _owed()
    _written()
    _noted()
    head = sa.table("audit_head", sa.column("id"), sa.column("seq"), sa.column("hash"))
    op.execute(sa.insert(head).values(id=1, seq=0, hash="0" * 64))
    (_sqlite_triggers if op.get_bind().dialect.name == "sqlite" else _postgres_triggers)()


def _columns(names: str, type_: sa.types.TypeEngine[Any], *, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, type_, nullable=nullable, autoincrement=False) for name in names.split()]


def _text(names: str) -> list[sa.Column[Any]]:
    return _columns(names, _TEXT)


def _maybe_text(names: str) -> list[sa.Column[Any]]:
    return _columns(names, _TEXT, nullable=True)


def _big(names: str) -> list[sa.Column[Any]]:
    return _columns(names, sa.BigInteger())


def _whole(names: str) -> list[sa.Column[Any]]:
    return _columns(names, sa.Integer())


def _maybe_whole(names: str) -> list[sa.Column[Any]]:
    return _columns(names, sa.Integer(), nullable=True)


def _flag(names: str) -> list[sa.Column[Any]]:
    return _columns(names, sa.Boolean())


def _read() -> None:
    """What the outside systems said, and what was made of it."""
    op.create_table(
        "cursors",
        *_text("connection object checkpoint at"),
        sa.PrimaryKeyConstraint("connection", "object", name="pk_cursors"),
    )
    op.create_table(
        "inbox",
        *_text("connection object id state mapping"),
        *_flag("deleted"),
        *_whole("version"),
        *_text("digest run at place"),
        *_maybe_text("whole"),
        *_text("data"),
        sa.PrimaryKeyConstraint("connection", "object", "id", name="pk_inbox"),
    )
    op.create_table(
        "facts",
        *_text("kind id digest"),
        *_whole("version"),
        *_text("source_system source_kind source_id mapping run at"),
        *_maybe_text("whole"),
        *_text("doc"),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_facts"),
    )
    op.create_index(
        "ix_facts_source_system_source_kind_source_id", "facts", ["source_system", "source_kind", "source_id"]
    )
    op.create_table(
        "deal_marks",
        *_text("deal digest policy"),
        *_maybe_text("next_on"),
        sa.PrimaryKeyConstraint("deal", name="pk_deal_marks"),
    )


def _owed() -> None:
    """The books."""
    op.create_table(
        "series",
        *_text("name"),
        *_big("last"),
        sa.PrimaryKeyConstraint("name", name="pk_series"),
    )
    op.create_table(
        "invoices",
        *_text("number id customer currency issued_on due_on state"),
        *_big("subtotal_minor tax_minor total_minor paid_minor"),
        *_maybe_text("paid_on"),
        *_text("row_hash run at"),
        *_maybe_text("whole"),
        *_text("doc"),
        sa.PrimaryKeyConstraint("number", name="pk_invoices"),
        sa.UniqueConstraint("id", name="uq_invoices_id"),
    )
    op.create_index("ix_invoices_customer", "invoices", ["customer"])
    op.create_index("ix_invoices_state", "invoices", ["state"])
    op.create_table(
        "charges",
        *_text("key deal customer due_on"),
        *_maybe_text("invoice"),
        *_text("run at doc"),
        sa.PrimaryKeyConstraint("key", name="pk_charges"),
        sa.ForeignKeyConstraint(["invoice"], ["invoices.number"], name="fk_charges_invoice"),
    )
    op.create_index("ix_charges_deal", "charges", ["deal"])
    op.create_index("ix_charges_invoice", "charges", ["invoice"])
    op.create_table(
        "payments",
        *_text("id currency"),
        *_big("amount_minor"),
        *_text("received_on source run at"),
        *_maybe_text("whole"),
        *_text("doc"),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
    )
    op.create_table(
        "allocations",
        *_text("payment"),
        *_big("n"),
        *_text("invoice"),
        *_big("amount_minor"),
        *_text("settled_on doc"),
        sa.PrimaryKeyConstraint("payment", "n", name="pk_allocations"),
        sa.ForeignKeyConstraint(["invoice"], ["invoices.number"], name="fk_allocations_invoice"),
        sa.ForeignKeyConstraint(["payment"], ["payments.id"], name="fk_allocations_payment"),
    )
    op.create_index("ix_allocations_invoice", "allocations", ["invoice"])


def _written() -> None:
    """What goes to the outside systems."""
    op.create_table(
        "deliveries",
        *_text("id key connection object kind our_id"),
        *_whole("version rank"),
        *_text("sequence state reason"),
        *_whole("gen attempt fence probes"),
        *_text("owner"),
        *_maybe_text("lease_until next_at first_sent_at last_sent_at remote_id"),
        *_text("payload_digest mapping needs planned_at"),
        *_maybe_text("whole"),
        *_text("payload"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint(
            "connection", "kind", "our_id", "version", name="uq_deliveries_connection_kind_our_id_version"
        ),
        sa.UniqueConstraint("key", name="uq_deliveries_key"),
    )
    op.create_index(
        "ix_deliveries_connection_state_rank_sequence_key",
        "deliveries",
        ["connection", "state", "rank", "sequence", "key"],
    )
    op.create_table(
        "attempts",
        *_text("delivery"),
        *_big("gen n"),
        *_text("started_at sent_digest"),
        *_maybe_text("ended_at"),
        *_text("outcome note"),
        sa.PrimaryKeyConstraint("delivery", "gen", "n", name="pk_attempts"),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_attempts_delivery"),
    )
    op.create_table(
        "observations",
        *_text("delivery"),
        *_big("n"),
        *_text("at note"),
        sa.PrimaryKeyConstraint("delivery", "n", name="pk_observations"),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.key"], name="fk_observations_delivery"),
    )
    op.create_table(
        "links",
        *_text("kind our_id system ref_kind ref_id sent at"),
        *_maybe_text("whole"),
        sa.PrimaryKeyConstraint("kind", "our_id", "system", name="pk_links"),
        sa.UniqueConstraint("kind", "system", "ref_kind", "ref_id", name="uq_links_kind_system_ref_kind_ref_id"),
    )
    op.create_index("ix_links_system_ref_kind_ref_id", "links", ["system", "ref_kind", "ref_id"])


def _noted() -> None:
    """Problems, runs and the audit chain."""
    op.create_table(
        "problems",
        *_big("number"),
        *_text("fingerprint state code pipeline system object id first_seen last_seen"),
        *_maybe_text("resolved_at"),
        *_big("times"),
        *_text("run doc"),
        sa.PrimaryKeyConstraint("number", name="pk_problems"),
        sa.UniqueConstraint("fingerprint", name="uq_problems_fingerprint"),
    )
    op.create_index("ix_problems_state", "problems", ["state"])
    op.create_index("ix_problems_system_object_id", "problems", ["system", "object", "id"])
    op.create_table(
        "runs",
        *_text("id pipeline slot owner state started_at"),
        *_maybe_text("finished_at"),
        *_maybe_whole("exit_code"),
        *_text("counts note"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_pipeline_started_at", "runs", ["pipeline", "started_at"])
    op.create_table(
        "audit",
        *_big("seq"),
        *_text("at subject before after note hash"),
        *_maybe_text("whole"),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_table(
        "audit_head",
        *_big("id seq"),
        *_text("hash"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )


def _sqlite_triggers() -> None:
    refuse = "BEGIN SELECT RAISE(ABORT, '{}'); END"
    for action in ("UPDATE", "DELETE"):
        body = refuse.format("the audit chain only grows")
        op.execute(sa.text(f"CREATE TRIGGER audit_no_{action.lower()} BEFORE {action} ON audit {body}"))
    body = refuse.format("a finalised invoice never changes")
    op.execute(sa.text(f"CREATE TRIGGER invoices_no_update BEFORE UPDATE OF {_FROZEN}, whole ON invoices {body}"))
    op.execute(sa.text(f"CREATE TRIGGER invoices_no_delete BEFORE DELETE ON invoices {body}"))


def _postgres_triggers() -> None:
    op.execute(
        sa.text(
            "CREATE FUNCTION billsync_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation'; END $$"
        )
    )
    for table, columns, words in (
        ("audit", "", "the audit chain only grows"),
        ("invoices", f" OF {_FROZEN}, whole", "a finalised invoice never changes"),
    ):
        for name, when in (("update", f"UPDATE{columns}"), ("delete", "DELETE"), ("truncate", "TRUNCATE")):
            op.execute(
                sa.text(
                    f"CREATE TRIGGER {table}_no_{name} BEFORE {when} ON {table} "
                    f"FOR EACH STATEMENT EXECUTE FUNCTION billsync_refuse('{words}')"
                )
            )
