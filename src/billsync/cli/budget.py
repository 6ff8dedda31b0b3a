"""`budget list`: how many calls connections may still make, who waits, and when reads of everything end.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from billsync import plugins, schedule, settings
from billsync.budget import keeping, limits, plan
from billsync.budget.sharing import Shared, counted, settled
from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.cli.sheet_words import call_limit
from billsync.connector import CallLimit, Urgency
from billsync.settings import Settings
from billsync.settings.connection import Connection
from billsync.stage.backfill import POOL
from billsync.store.budgets import StoredBudget

_COLUMNS: Final = ["connection", "limit", "free", "of", "spent today", "held until", "waiting"]
_READS: Final = ["connection", "object", "records", "of about", "since", "ends about"]


def listing(config: Path, format: show.Format) -> int:
    """Every connection's limits as they stand, and the reads of everything that are under way."""
    loaded = settings.load(config)
    with view(config) as tx:
        now = limits.micros(tx.budgets.now(schedule.SystemClock().now()))
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


def _limits(loaded: Settings, name: str, kept: Sequence[StoredBudget], now: int) -> Iterator[dict[str, Any]]:
    limited = plan_of(loaded.connections[name])
    shared = settled(limited, keeping.loaded(limited, kept), now)
    held = "" if shared.held_until is None else f"{limits.instant(shared.held_until):%Y-%m-%d %H:%M:%S}"
    waiting = ", ".join(sorted({Urgency(mark.urgency).name.lower() for mark in shared.marks.values()}))
    common = {"spent today": shared.spent, "held until": held, "waiting": waiting}
    for limit in limited:
        yield {"connection": name, "limit": call_limit(limit), **_free(limit, shared), **common}
    if not limited and (held or shared.spent):
        yield {"connection": name, "limit": "", "free": None, "of": None, **common}


def _free(limit: CallLimit, shared: Shared) -> dict[str, int]:
    if limit.kind == "at_once":
        return {"free": limit.calls - sum(count for count, _ in shared.slots.values()), "of": limit.calls}
    state = next(shared.states[one.name] for one in counted([limit]))
    full = limit.burst if limit.kind == "rate" else limits.capacity(limit, state.most) // limits.MILLI
    return {"free": limits.free(limit, state) // limits.MILLI, "of": full}


def plan_of(connection: Connection) -> tuple[CallLimit, ...]:
    """The limits of a connection; its connector's are those of usual settings, and nothing is reached."""
    kind = plugins.load_connector(connection.connector, connection.place)
    return plan(kind.capabilities, connection.calls, stand_in=connection.sandbox is not None)


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
