"""How fresh pipelines are, and what waits to be written: parts of `billsync status`.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from billsync.settings import Pipeline, Settings
from billsync.store import Run, Tx

_RUNS = 10

Rows = list[dict[str, Any]]


def freshness(tx: Tx, settings: Settings, now: datetime) -> Rows:
    """One row for each pipeline: as of when all that it reads and writes was gone through, and when something was new.

    A look that ended early does not count.  `seconds` is None where nothing was gone through to its end yet.
    """
    found: Rows = []
    for name in settings.pipelines:
        pulses = tx.pulses.list(name)
        oldest = min(pulses, key=lambda pulse: pulse.looked_at, default=None)
        moved = max((pulse.moved_at for pulse in pulses if pulse.moved_at is not None), default=None)
        found.append(
            {
                "pipeline": name,
                "fresh as of": _shown(oldest.looked_at if oldest else None),
                "seconds": round((now - oldest.looked_at).total_seconds()) if oldest else None,
                "held up by": f"{oldest.connection} {oldest.object}" if oldest and len(pulses) > 1 else "",
                "last news": _shown(moved),
            }
        )
    return found


def backlog(tx: Tx, settings: Settings, now: datetime) -> Rows:
    """One row for each connection with writes that have not taken effect, and about when they will have.

    The estimate goes by the newest runs; it is None where they say nothing.
    """
    found: Rows = []
    for connection, waits in tx.pulses.backlog(settings.connections).items():
        pace = _pace(tx, settings.pipelines, connection)
        found.append(
            {
                "connection": connection,
                "going out": waits.moving,
                "for a person": sum(waits.states.values()) - waits.moving,
                "oldest": _shown(waits.oldest),
                "oldest_seconds": round((now - waits.oldest).total_seconds()) if waits.oldest else None,
                "done_in_seconds": round(waits.moving / pace) if pace and waits.moving else None,
            }
        )
    return found


def _pace(tx: Tx, pipelines: Mapping[str, Pipeline], connection: str) -> float:
    """Writes a second, by the newest runs of the pipelines that write to a connection; 0 where nothing is known."""
    ends = [name for name, one in pipelines.items() if connection in (one.source, one.target)]
    runs = [run for name in ends for run in tx.runs.list(pipeline=name, limit=_RUNS) if _confirmed(run)]
    took = sum((run.finished_at - run.started_at for run in runs if run.finished_at), timedelta())
    return sum(_confirmed(run) for run in runs) / took.total_seconds() if took else 0.0


def _confirmed(run: Run) -> int:
    if run.finished_at is None:
        return 0
    return sum(count for name, count in run.counts.items() if name.endswith("writes confirmed"))


def _shown(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
