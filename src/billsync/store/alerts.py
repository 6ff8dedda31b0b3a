"""What people were alerted to, and what parts of billsync want told.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, select

from billsync.model.alert import Alert
from billsync.model.base import canonical_json
from billsync.store.fleet_tables import alerts, store_notes
from billsync.store.sql import rows, upsert
from billsync.store.types import with_whole

KEPT: Final = timedelta(days=400)
"""How long an alert that is over is remembered: what comes back each year is known as that."""

_FLAG: Final = "alert/"
_OPEN, _OVER = "open", "over"


@dataclass(frozen=True, slots=True)
class StoredFlag:
    """What a part of billsync wants told: see `alerts.facts.Flag`."""

    code: str
    subject: str
    reason: str
    at: datetime
    until: datetime | None = None


_Flags = list[StoredFlag]
_Alerts = list[Alert]


class Alerts:
    """Alerts by cause, and flags by code and subject."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def list(self, *, over: bool = True) -> _Alerts:
        """All alerts, those that are `over` too unless that is not asked for; by id."""
        query = select(alerts.c.doc).order_by(alerts.c.id)
        query = query if over else query.where(alerts.c.state == _OPEN)
        return [Alert.model_validate_json(doc) for doc in self._conn.execute(query).scalars()]

    def put(self, changed: Iterable[Alert], at: datetime) -> None:
        """Store alerts as they stand now, and forget what has been over for long."""
        made = [_row(alert) for alert in changed]
        upsert(self._conn, alerts, made, [column.name for column in alerts.c if column.name != "id"])
        long_over = (alerts.c.state == _OVER, alerts.c.resolved_at < at - KEPT)
        self._conn.execute(delete(alerts).where(*long_over))

    def raise_flag(
        self, code: str, subject: str = "", *, reason: str, at: datetime, until: datetime | None = None
    ) -> None:
        """Want something told that the tables do not show, until it is taken back.

        `reason` is one sentence of names, codes and counts; `until` the day that it is about, such as a token's last.
        """
        doc = {"reason": reason, "until": until.isoformat() if until else None}
        row = {"name": f"{_FLAG}{code}/{subject}", "value": canonical_json(doc), "at": at}
        upsert(self._conn, store_notes, [row], ["value", "at"])

    def lower_flag(self, code: str, subject: str = "") -> bool:
        """Take it back.  False where it was not raised."""
        mine = store_notes.c.name == f"{_FLAG}{code}/{subject}"
        return bool(self._conn.execute(delete(store_notes).where(mine)).rowcount)

    def flags(self) -> _Flags:
        """Everything that is raised, by code and subject."""
        found = rows(self._conn, select(store_notes).where(store_notes.c.name.startswith(_FLAG, autoescape=True)))
        return [_flag(row) for row in sorted(found, key=lambda row: str(row["name"]))]


def _row(alert: Alert) -> dict[str, Any]:
    told = [one.at for one in alert.told.values() if one.done]
    row = {
        "id": alert.id,
        "pipeline": alert.pipeline,
        "code": alert.code,
        "severity": str(alert.severity),
        "state": _OPEN if alert.over_at is None else _OVER,
        "first_at": alert.first_at,
        "last_at": alert.last_at,
        "told_at": max(told, default=None),
        "resolved_at": alert.over_at,
        "times": alert.episode,
        "doc": alert.json_text(),
    }
    return with_whole(row, "id", "pipeline")


def _flag(row: dict[str, Any]) -> StoredFlag:
    code, _, subject = str(row["name"]).removeprefix(_FLAG).partition("/")
    doc = json.loads(row["value"])
    until = datetime.fromisoformat(doc["until"]) if doc["until"] else None
    return StoredFlag(code, subject, doc["reason"], row["at"], until)
