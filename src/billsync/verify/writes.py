"""Writes: frozen, explained, and each for one record: I4, I9, I11, I12.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from billsync.model.base import digest_text
from billsync.model.delivery import DONE, STUCK, DeliveryState
from billsync.store import Tx
from billsync.store.evidence import Evidence, Row
from billsync.verify.found import Scope, Tally

_S = DeliveryState
_DEEP: Final = 50
"""Writes that may wait for each other in a row."""


def check(tx: Tx, scope: Scope, tally: Tally) -> None:
    """All writes, a page at a time."""
    evidence = Evidence(tx.conn)
    for page in evidence.deliveries(scope.since_at):
        needed = evidence.states(key for row in page if row["state"] == _S.WAITING for key in _needs(row))
        for row in page:
            whole = digest_text(row["payload"]) == row["payload_digest"]
            tally.see("I9", row["key"], "" if whole else "the frozen payload was changed")
            if row["state"] in DONE:
                tally.see("I12", row["key"], "" if row["remote_id"] else "confirmed without a remote id")
            else:
                tally.see("I11", row["key"], why_stuck(evidence, row, needed, scope.now))
    doubled = tx.outbox.doubled_remote_ids()
    tally.see("I4", "deliveries", f"records that stand for two documents: {doubled[:10]}" if doubled else "")


def why_stuck(evidence: Evidence, row: Row, needed: Mapping[str, Row], now: datetime) -> str:
    """Why a write will never move by itself although nobody is asked about it; "" where it will, or somebody is."""
    state = row["state"]
    if state == _S.INFLIGHT:
        sending = row["lease_until"] is not None and now <= row["lease_until"]
        return "" if sending else "its lease is over, and no run has taken it over"
    if state in (_S.RETRY, _S.UNKNOWN):
        return "" if row["next_at"] is not None else f"stuck in {state} without a next step"
    if state == _S.WAITING:
        return _waits(evidence, row, needed)
    if state in STUCK:
        return "" if row["reason"] else f"stuck in {state} without a reason"
    return "" if state == _S.READY else f"{state} is no state of a write"


def _needs(row: Row) -> list[str]:
    try:
        found = json.loads(row["needs"])
    except ValueError:
        return []
    return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []


def _waits(evidence: Evidence, row: Row, needed: Mapping[str, Row]) -> str:
    """A write that waits is explained by what it waits for: that is on its way, or a person is asked about it."""
    keys = _needs(row)
    if not keys:
        return "it waits for nothing"
    seen, states = {row["key"]}, dict(needed)
    for _ in range(_DEEP):
        lost = next((key for key in keys if key not in states), None)
        if lost is not None:
            return f"it waits for {lost}, which was never planned"
        waiting = [key for key in keys if states[key]["state"] == _S.WAITING]
        if any(states[key]["state"] not in (*_S, *DONE) for key in keys):
            return "it waits for a write that is in no state"
        if not waiting:
            return ""
        if seen & set(waiting):
            return f"it waits in a circle: {', '.join(sorted(seen & set(waiting)))}"
        seen |= set(waiting)
        keys = [key for name in waiting for key in _needs(states[name])]
        states |= evidence.states(key for key in keys if key not in states)
    return f"it waits for more than {_DEEP} others in a row"
