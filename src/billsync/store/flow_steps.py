"""Steps of flows that were committed with what they did, and flows to be handed to the engine.  (shell)"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from billsync.model.base import canonical_json
from billsync.store.fleet_tables import flow_steps
from billsync.store.sql import rows
from billsync.store.types import with_whole

_OUTBOX: Final = "~enqueue"
"""Stands in place of a flow where a step is a flow that waits to be handed over."""


class FlowSteps:
    """Steps by flow and name."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def output(self, flow: str, step: str) -> tuple[Any] | None:
        """What a step gave, in a tuple; None where it was not carried out."""
        query = select(flow_steps).where(flow_steps.c.flow == flow, flow_steps.c.step == step)
        found = rows(self._conn, query)
        return (json.loads(found[0]["output"]),) if found else None

    def put(self, flow: str, step: str, output: Any, *, owner: str, at: datetime) -> None:
        """Note what a step gave."""
        row = {"flow": flow, "step": step, "owner": owner, "at": at, "output": canonical_json(output)}
        self._conn.execute(insert(flow_steps), with_whole(row, "flow", "step"))

    def hand_over(self, id: str, asked: dict[str, Any], *, at: datetime) -> None:
        """Note a flow that is to be enqueued; one of that id that waits already stays as it is."""
        if self.output(_OUTBOX, id) is None:
            self.put(_OUTBOX, id, asked, owner="", at=at)

    def to_hand_over(self, limit: int = 100) -> list[tuple[str, dict[str, Any]]]:
        """Flows that wait to be enqueued, by id."""
        query = select(flow_steps).where(flow_steps.c.flow == _OUTBOX).order_by(flow_steps.c.at, flow_steps.c.step)
        return [(row["step"], json.loads(row["output"])) for row in rows(self._conn, query.limit(limit))]

    def handed_over(self, id: str) -> None:
        """Forget a flow that was enqueued."""
        self._conn.execute(delete(flow_steps).where(flow_steps.c.flow == _OUTBOX, flow_steps.c.step == id))

    def forget(self, before: datetime) -> int:
        """Forget steps that are older; gives how many."""
        old = delete(flow_steps).where(flow_steps.c.flow != _OUTBOX, flow_steps.c.at < before)
        return self._conn.execute(old).rowcount
