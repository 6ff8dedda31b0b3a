"""The tables of the ledger database, as they are at the newest migration.  (shell)

A table's `whole` holds indexed texts that are too long for an index (see `types`).  `audit` takes no update and no
delete, nor do payments, refunds and what they settle, what was credited, nor the history of ties; `invoices` and
`credit_notes` take none but of the state, what is paid and what is credited: triggers in the migrations refuse them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from billsync.store import billing_tables, fleet_tables, outside_tables
from billsync.store.columns import at as _at
from billsync.store.columns import count as _count
from billsync.store.columns import key as _key
from billsync.store.columns import minor as _minor
from billsync.store.columns import number as _number
from billsync.store.columns import text as _text
from billsync.store.columns import whole as _whole
from billsync.store.types import DayText, Key

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""All migrations, oldest first; a test compares them with the folder."""

VERSION_TABLE: Final = "billsync_schema"

metadata: Final = outside_tables.metadata
"""Of all tables, those of `outside_tables`, `billing_tables` and `fleet_tables` among them."""

credit_notes, credit_allocations, drafts = (
    billing_tables.credit_notes,
    billing_tables.credit_allocations,
    billing_tables.drafts,
)
proposals, deal_looks = billing_tables.proposals, billing_tables.deal_looks
workers, flow_steps, rings = fleet_tables.workers, fleet_tables.flow_steps, fleet_tables.rings
budgets, alerts, pulses = fleet_tables.budgets, fleet_tables.alerts, fleet_tables.pulses
store_notes = fleet_tables.store_notes

# What the outside systems said

cursors = Table(
    "cursors",
    metadata,
    _key("connection", primary=True),
    _key("object", primary=True),
    _text("checkpoint"),
    _at("at"),
)

inbox = Table(
    "inbox",
    metadata,
    _key("connection", primary=True),
    _key("object", primary=True),
    _key("id", primary=True),
    _text("state"),
    _text("mapping"),
    Column("deleted", Boolean, nullable=False),
    _count("version"),
    _text("digest"),
    _text("run"),
    _at("at"),
    _text("place"),
    _whole(),
    _text("data"),  # last: SQLite then reads the columns before it without the record itself
    Index(None, "connection", "object", "state", "mapping"),  # what is to be mapped, of millions that are
)

facts = Table(
    "facts",
    metadata,
    _key("kind", primary=True),
    _key("id", primary=True),
    _text("digest"),
    _count("version"),
    _key("source_system"),
    _key("source_kind"),
    _key("source_id"),
    _text("mapping"),
    _text("run"),
    _at("at"),
    _whole(),
    _text("doc"),
    _key("customer"),  # of contracts and usage, else ""
    Index(None, "source_system", "source_kind", "source_id"),
    Index(None, "kind", "customer"),
)

deal_marks = Table(
    "deal_marks",
    metadata,
    _key("deal", primary=True),
    _text("digest"),
    _text("policy"),
    Column("next_on", DayText, nullable=True),
)

# What is owed

series = Table("series", metadata, _key("name", primary=True), _number("last", primary=False))

invoices = Table(
    "invoices",
    metadata,
    _key("number", primary=True),
    _key("id"),
    _key("customer"),
    _text("currency"),
    Column("issued_on", DayText, nullable=False),
    Column("due_on", DayText, nullable=False),
    _text("state"),
    _minor("subtotal_minor"),
    _minor("tax_minor"),
    _minor("total_minor"),
    _minor("paid_minor"),
    Column("paid_on", DayText, nullable=True),
    _text("row_hash"),
    _text("run"),
    _at("at"),
    _whole(),
    _text("doc"),
    _minor("prepaid_minor"),
    _minor("credited_minor"),
    UniqueConstraint("id"),
    Index(None, "customer"),
    Index(None, "state"),
)

charges = Table(
    "charges",
    metadata,
    _key("key", primary=True),
    _key("deal"),
    _key("customer"),
    Column("due_on", DayText, nullable=False),
    Column("invoice", Key, ForeignKey("invoices.number"), nullable=True),
    _text("run"),
    _at("at"),
    _text("doc"),
    Column("credit_note", Key, nullable=True),
    Index(None, "deal"),
    Index(None, "invoice"),
    Index(None, "credit_note"),
)

payments = Table(
    "payments",
    metadata,
    _key("id", primary=True),
    _text("currency"),
    _minor("amount_minor"),
    Column("received_on", DayText, nullable=False),
    _text("source"),
    _text("run"),
    _at("at"),
    _whole(),
    _text("doc"),
)

allocations = Table(
    "allocations",
    metadata,
    _key("payment", ForeignKey("payments.id"), primary=True),
    _number("n"),
    _key("invoice", ForeignKey("invoices.number")),
    _minor("amount_minor"),
    Column("settled_on", DayText, nullable=False),
    _text("doc"),
    Index(None, "invoice"),
)

payment_versions = Table(
    "payment_versions",
    metadata,
    _key("payment", ForeignKey("payments.id"), primary=True),
    _number("n"),
    _text("state"),
    _text("currency"),
    _minor("amount_minor"),
    _text("note"),
    _text("run"),
    _at("at"),
    _text("doc"),
)

refunds = Table(
    "refunds",
    metadata,
    _key("id", primary=True),
    _number("n"),
    _key("payment"),
    _text("state"),
    _text("currency"),
    _minor("amount_minor"),
    Column("paid_on", DayText, nullable=False),
    _text("note"),
    _text("source"),
    _text("run"),
    _at("at"),
    _whole(),
    _text("doc"),
    Index(None, "payment"),
)

# What the rows above come to, by payment: made from them, and compared with them by `verify`
receipts = Table(
    "receipts",
    metadata,
    _key("payment", ForeignKey("payments.id"), primary=True),
    Column("invoice", Key, nullable=True),
    _key("source_system"),
    _text("state"),
    _number("n", primary=False),
    _text("currency"),
    _minor("amount_minor"),
    _minor("back_minor"),
    _minor("settled_minor"),
    _whole(),
    _text("doc"),
    Index(None, "invoice"),
)

cash_events = Table(
    "cash_events",
    metadata,
    _key("connection", primary=True),
    _key("object", primary=True),
    _key("id", primary=True),
    _key("kind", primary=True),
    _key("our_id"),
    _text("outcome"),
    _text("reason"),
    _at("at"),
    _whole(),
    _text("doc"),
    Index(None, "kind", "our_id"),
)

# What is written elsewhere

deliveries = Table(
    "deliveries",
    metadata,
    _key("id", primary=True),
    _key("key"),
    _key("connection"),
    _text("object"),
    _key("kind"),
    _key("our_id"),
    _count("version"),
    _count("rank"),
    _key("sequence"),
    _text("state"),
    _text("reason"),
    _count("gen"),
    _count("attempt"),
    _count("fence"),
    _count("probes"),
    _text("owner"),
    _at("lease_until", null=True),
    _at("next_at", null=True),
    _at("first_sent_at", null=True),
    _at("last_sent_at", null=True),
    _text("remote_id", null=True),
    _text("payload_digest"),
    _text("mapping"),
    _text("needs"),
    _at("planned_at"),
    _whole(),
    _text("payload"),
    UniqueConstraint("key"),
    UniqueConstraint("connection", "kind", "our_id", "version"),
    Index(None, "connection", "state", "rank", "sequence", "key"),
    Index(None, "connection", "next_at"),
)

attempts = Table(
    "attempts",
    metadata,
    _key("delivery", ForeignKey("deliveries.id"), primary=True),
    _number("gen"),
    _number("n"),
    _at("started_at"),
    _text("sent_digest"),
    _at("ended_at", null=True),
    _text("outcome"),
    _text("note"),
)

observations = Table(
    "observations",
    metadata,
    _key("delivery", ForeignKey("deliveries.key"), primary=True),
    _number("n"),
    _at("at"),
    _text("note"),
)

links = Table(
    "links",
    metadata,
    _key("kind", primary=True),
    _key("our_id", primary=True),
    _key("system", primary=True),
    _key("ref_kind"),
    _key("ref_id"),
    _text("sent"),
    _at("at"),
    _whole(),
    UniqueConstraint("kind", "system", "ref_kind", "ref_id"),
    Index(None, "system", "ref_kind", "ref_id"),
)

gates = Table(
    "gates",
    metadata,
    _key("connection", primary=True),
    _text("state"),
    _text("reason"),
    _text("detail"),
    _at("at"),
    _at("until", null=True),
    _count("failures"),
    _text("allowance"),
)

orphans = Table(
    "orphans",
    metadata,
    _key("connection", primary=True),
    _key("kind", primary=True),
    _key("reference", primary=True),
    _key("remote_id"),
    _key("customer"),
    _text("currency"),
    _text("total"),
    Column("issued_on", DayText, nullable=True),
    Column("claimed_by", Key, nullable=True),
    _at("at"),
    _whole(),
)

# What went wrong, what ran, and who changed what

problems = Table(
    "problems",
    metadata,
    _number("number"),
    _key("fingerprint"),
    _text("state"),
    _key("code"),
    _key("pipeline"),
    _key("system"),
    _key("object"),
    _key("id"),
    _at("first_seen"),
    _at("last_seen"),
    _at("resolved_at", null=True),
    _number("times", primary=False),
    _text("run"),
    _text("doc"),
    UniqueConstraint("fingerprint"),
    Index(None, "system", "object", "id"),
    Index(None, "state"),
)

runs = Table(
    "runs",
    metadata,
    _key("id", primary=True),
    _key("pipeline"),
    _text("slot"),
    _text("owner"),
    _text("state"),
    _at("started_at"),
    _at("finished_at", null=True),
    Column("exit_code", Integer, nullable=True),
    _text("counts"),
    _text("note"),
    Index(None, "pipeline", "started_at"),
)

audit = Table(
    "audit",
    metadata,
    _number("seq"),
    _at("at"),
    _key("subject"),
    _text("before"),
    _text("after"),
    _text("note"),
    _text("hash"),
    _whole(),
    Index(None, "subject"),
)

audit_head = Table("audit_head", metadata, _number("id"), _number("seq", primary=False), _text("hash"))
