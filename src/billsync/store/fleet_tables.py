"""The tables of what keeps billsync running: workers, steps, rings, budgets, alerts, pulses, notes.  (shell)"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from billsync.store import columns
from billsync.store.columns import at as _at
from billsync.store.columns import count as _count
from billsync.store.columns import key as _key
from billsync.store.columns import number as _number
from billsync.store.columns import text as _text
from billsync.store.columns import whole as _whole

metadata: Final = columns.metadata

# Processes at work, by their own unique id; one whose beat is old counts as dead, and may not come back under that id
workers = Table(
    "workers",
    metadata,
    _key("id", primary=True),
    _text("kind"),
    _text("host"),
    _number("pid", primary=False),
    _text("version"),
    _text("state"),
    _at("started_at"),
    _at("beat_at"),
    _at("ended_at", null=True),
    _text("doc"),
    Index(None, "beat_at"),
)

# Steps of a flow that were committed together with what they did
flow_steps = Table(
    "flow_steps",
    metadata,
    _key("flow", primary=True),
    _key("step", primary=True),
    _text("owner"),
    _at("at"),
    _text("output"),
    _whole(),
)

# Slots of schedules, each with what became of it: run, skipped and why
rings = Table(
    "rings",
    metadata,
    _key("pipeline", primary=True),
    _key("slot", primary=True),
    _at("due_at"),
    _at("ring_at"),
    _at("at"),
    _text("outcome"),
    _text("why"),
    _text("note"),
    _text("owner"),
    Index(None, "pipeline", "due_at"),
)

# Calls that a connection may still make, for all processes together; tokens in thousandths
budgets = Table(
    "budgets",
    metadata,
    _key("connection", primary=True),
    _key("pool", primary=True),
    _number("tokens_milli", primary=False),
    _at("at"),
    _at("held_until", null=True),
    _text("doc"),
)

# What people were alerted to, once for each cause
alerts = Table(
    "alerts",
    metadata,
    _key("id", primary=True),
    _key("pipeline"),
    _text("code"),
    _text("severity"),
    _key("state"),
    _at("first_at"),
    _at("last_at"),
    _at("told_at", null=True),
    _at("resolved_at", null=True),
    _count("times"),
    _text("doc"),
    _whole(),
    Index(None, "state"),
)

# When each kind of record was looked at, and when something was new
pulses = Table(
    "pulses",
    metadata,
    _key("pipeline", primary=True),
    _key("connection", primary=True),
    _key("object", primary=True),
    _at("looked_at"),
    _at("moved_at", null=True),
    _text("run"),
    _text("doc"),
)

# Facts about the database itself
store_notes = Table("store_notes", metadata, _key("name", primary=True), _text("value"), _at("at"))
