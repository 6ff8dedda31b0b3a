"""`budget list`: how many calls connections may still make, who waits, and when reads of everything end.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from billsync import schedule, settings
from billsync.budget import limits
from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.cli.sheet_words import call_limit
from billsync.connector import Urgency
from billsync.console.calls import free_calls, plan_of, shared_now
from billsync.settings import Settings
from billsync.stage.backfill import POOL
from billsync.store.budgets import StoredBudget

_COLUMNS: Final = ["connection", "limit", "free", "of", "spent today", "held until", "waiting"]
_READS: Final = ["connection", "object", "records", "of about", "since", "ends about"]


def listing(config: Path, format: show.Format) -> int:
    """Every connection's limits as they stand, and the reads of everything that are under way."""
    loaded = settings.load(config)
    with view(config) as tx:
        now = tx.budgets.now(schedule.SystemClock().now())
        kept = {name: tx.budgets.list(name) for name in loaded.connections}
    found = [row for name in loaded.connections for row in _limits(loaded, name, kept[name], now)]
    reads = [row for rows in kept.values() for row in backfills(rows)]
    if format == "json":
        show.emit_json({"limits": found, "backfills": reads})
        return guard.OK
    show.rows("Calls", _COLUMNS, found, empty="no connection has a limit of calls")
    if reads:
        show.rows("Reads of everything", _READS, reads)
    return guard.OK


def _limits(loaded: Settings, name: str, kept: Sequence[StoredBudget], now: datetime) -> Iterator[dict[str, Any]]:
    limited = plan_of(loaded.connections[name])
    shared = shared_now(limited, kept, now)
    held = "" if shared.held_until is None else f"{limits.instant(shared.held_until):%Y-%m-%d %H:%M:%S}"
    waiting = ", ".join(sorted({Urgency(mark.urgency).name.lower() for mark in shared.marks.values()}))
    common = {"spent today": shared.spent, "held until": held, "waiting": waiting}
    for limit, free, of in free_calls(limited, shared):
        yield {"connection": name, "limit": call_limit(limit), "free": free, "of": of, **common}
    if not limited and (held or shared.spent):
        yield {"connection": name, "limit": "", "free": None, "of": None, **common}


def backfills(kept: Sequence[StoredBudget]) -> list[dict[str, Any]]:
    """The reads of everything that are not over, of one connection's budgets."""
    return [_read(row.connection, row.pool.removeprefix(POOL), row.doc) for row in kept if _under_way(row)]


def _under_way(row: StoredBudget) -> bool:
    return row.pool.startswith(POOL) and not row.doc["done"]


def _read(connection: str, object: str, doc: Mapping[str, Any]) -> dict[str, Any]:
    ends = doc["ends"] and f"{datetime.fromisoformat(doc['ends']):%Y-%m-%d %H:%M} UTC"
    return {
        "connection": connection,
        "object": object,
        "records": doc["records"],
        "of about": doc["total"],
        "since": f"{datetime.fromisoformat(doc['begun']):%Y-%m-%d %H:%M} UTC",
        "ends about": ends,
    }
