"""The tables of what is taken back and of what waits: credit notes, what they are for, drafts, proposals.  (shell)"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from billsync.store import columns
from billsync.store.columns import at as _at
from billsync.store.columns import key as _key
from billsync.store.columns import minor as _minor
from billsync.store.columns import number as _number
from billsync.store.columns import text as _text
from billsync.store.columns import whole as _whole
from billsync.store.types import DayText

metadata: Final = columns.metadata

credit_notes = Table(
    "credit_notes",
    metadata,
    _key("number", primary=True),
    _key("id"),
    _key("customer"),
    _text("currency"),
    Column("issued_on", DayText, nullable=False),
    _text("state"),
    _minor("subtotal_minor"),
    _minor("tax_minor"),
    _minor("total_minor"),
    _text("row_hash"),
    _text("run"),
    _at("at"),
    _whole(),
    _text("doc"),
    UniqueConstraint("id"),
    Index(None, "customer"),
    Index(None, "state"),
)

# What a credit note takes off each invoice that it corrects
credit_allocations = Table(
    "credit_allocations",
    metadata,
    _key("credit_note", ForeignKey("credit_notes.number"), primary=True),
    _key("invoice", ForeignKey("invoices.number"), primary=True),
    _minor("amount_minor"),
    Index(None, "invoice"),
)

# Documents without a number; `source` is the connection whose contracts and deals they are made of
drafts = Table(
    "drafts",
    metadata,
    _key("id", primary=True),
    _key("source"),
    _text("kind"),
    _key("customer"),
    _text("currency"),
    Column("issued_on", DayText, nullable=False),
    _text("state"),
    _text("reason"),
    _text("digest"),
    _text("run"),
    _at("at"),
    _whole(),
    _text("doc"),
    Index(None, "source"),
)

# What deals propose to change in what was agreed; `version` is that of what is agreed once it was applied, else null
proposals = Table(
    "proposals",
    metadata,
    _key("id", primary=True),
    _key("deal"),
    _number("n", primary=False),
    _key("source"),
    _key("lead"),
    _key("customer"),
    _text("kind"),
    _text("state"),
    _number("version", primary=False, null=True),
    _text("who"),
    _text("reason"),
    _text("run"),
    _at("at"),
    _at("decided_at", null=True),
    _whole(),
    _text("doc"),
    UniqueConstraint("deal", "n"),
    UniqueConstraint("deal", "version", name="uq_proposals_version"),
    Index(None, "lead"),
    Index(None, "state", "source"),
)

# The deals as they were when proposals were last made of them; the digest is "" where the deal was gone
deal_looks = Table(
    "deal_looks",
    metadata,
    _key("deal", primary=True),
    _key("source"),
    _text("digest"),
    _whole(),
    Index(None, "source"),
)
