"""The tables about other systems: ties, echoes, fields, reference tables, what connectors keep, hints.  (shell)"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from billsync.store import columns
from billsync.store.columns import at as _at
from billsync.store.columns import key as _key
from billsync.store.columns import number as _number
from billsync.store.columns import text as _text
from billsync.store.columns import whole as _whole

metadata: Final = columns.metadata

# Every tie that was made or undone, by whom and why
link_history = Table(
    "link_history",
    metadata,
    _key("kind", primary=True),
    _key("our_id", primary=True),
    _key("system", primary=True),
    _number("n"),
    _at("at"),
    _key("ref_kind"),
    _key("ref_id"),
    _text("act"),
    _text("who"),
    _text("why"),
    _whole(),
    Index(None, "system", "ref_id"),
)

# What stands in fields there because billsync wrote it
echoes = Table(
    "echoes",
    metadata,
    _key("connection", primary=True),
    _key("object", primary=True),
    _key("id", primary=True),
    _key("field", primary=True),
    _text("digest"),
    _text("owner"),
    _at("at"),
    _whole(),
)

# The fields of other systems: as they were when mappings were last right for them, and as they are where they differ
schemas = Table(
    "schemas",
    metadata,
    _key("connection", primary=True),
    _key("object", primary=True),
    _at("at"),
    _text("doc"),
    _text("seen"),
    _at("seen_at", null=True),
)

live_tables = Table(
    "live_tables",
    metadata,
    _key("connection", primary=True),
    _key("object", primary=True),
    _key("key_field", primary=True),
    _key("value_field", primary=True),
    _at("at"),
    _text("doc"),
)

# What connectors must not lose between runs, such as a refresh token: sealed by a key that is not in here
kept = Table(
    "kept",
    metadata,
    _key("connection", primary=True),
    _key("name", primary=True),
    _text("sealed"),
    _text("key_id"),
    _at("at"),
    _whole(),
)

# Records that their system says have changed, until they are read
hints = Table(
    "hints",
    metadata,
    _key("connection", primary=True),
    _key("object", primary=True),
    _key("id", primary=True),
    _at("at"),
    _number("times", primary=False),
    _whole(),
)
