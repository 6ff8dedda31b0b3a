"""The invariants that can be looked at before every push, in bounded time: what breaks one parks the gate.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from billsync.model.base import digest_text
from billsync.store import Tx
from billsync.store.evidence import Evidence, Row
from billsync.verify.found import Broken

DUE: Final = 500
"""Writes that are looked at, of those that may go out next."""

VOID: Final = "void"
"""The kind of writes that take back a record which another write made."""

_RECENT: Final = timedelta(days=1)


def cheap(tx: Tx, connection: str, now: datetime) -> list[Broken]:
    """What is broken about the writes that are about to go out to a connection, or just went; a few indexed queries.

    I9: their payloads are those that were frozen.  I12: what took effect in the last day has its id there.  I4: no
    record there stands for two documents of ours.  I11: nothing was left in flight for hours.
    """
    evidence = Evidence(tx.conn)
    due = evidence.due(connection, now, DUE)
    changed = [row["key"] for row in due if digest_text(row["payload"]) != row["payload_digest"]]
    found = [Broken("I9", key, "the frozen payload was changed") for key in changed]
    found += _taken(tx, connection, due)
    found += [
        Broken("I12", key, "confirmed without a remote id") for key in evidence.nameless(connection, now - _RECENT)
    ]
    found += [Broken("I11", key, "in flight since hours") for key in evidence.overdue(connection, now)]
    return found


def _taken(tx: Tx, connection: str, due: Sequence[Row]) -> Iterator[Broken]:
    """Writes to a record there that another document of ours is tied to."""
    for object in {row["object"] for row in due}:
        mine = [row for row in due if row["object"] == object and row["remote_id"] and row["kind"] != VOID]
        ties = tx.links.by_ref(connection, object, [row["remote_id"] for row in mine])
        for row in mine:
            tie = ties.get(row["remote_id"])
            if tie is not None and (tie.kind, tie.our_id) != (row["kind"], row["our_id"]):
                yield Broken("I4", row["key"], f"{row['remote_id']} there is {tie.kind}/{tie.our_id} already")
