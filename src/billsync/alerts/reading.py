"""The facts as they are now: one read of the store, and a look at its disk.  (shell)"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from billsync.alerts.facts import Facts, Flag, PipelineFacts, Waiting
from billsync.model.alert import Alert
from billsync.settings import Pipeline, Settings
from billsync.store import Tx

RECENT: Final = timedelta(hours=6)
"""How long a slot that was missed and a process that died are news."""


def read(tx: Tx, settings: Settings, now: datetime, known: list[Alert]) -> Facts:
    """What the store says at this moment; `known` are the alerts that stand."""
    bounds = settings.alerts.bounds
    problems, looked = tx.signals.problems(), tx.signals.looked()
    silent = timedelta(seconds=bounds.worker_s)
    return Facts(
        now=now,
        pipelines=tuple(
            _pipeline(tx, settings, name, pipeline, problems.get(name, 0), looked.get(name))
            for name, pipeline in settings.pipelines.items()
        ),
        gates=tuple(tx.gates.list()),
        stuck=tx.signals.stuck(),
        waiting={name: Waiting(count, oldest) for name, (count, oldest) in tx.signals.waiting().items()},
        missed=tx.signals.missed(now - RECENT),
        dead=tuple(tx.signals.dead(now=tx.workers.now(), silent=silent, recent=RECENT)),
        free_bytes=free_bytes(settings.store),
        flags=tuple(Flag(one.code, one.subject, one.reason, one.at, one.until) for one in tx.alerts.flags()),
        known=tuple(known),
    )


def _pipeline(
    tx: Tx, settings: Settings, name: str, pipeline: Pipeline, problems: int, looked: datetime | None
) -> PipelineFacts:
    bounds, signs = settings.alerts.bounds, tx.signals.runs(name)
    return PipelineFacts(
        name=name,
        source=pipeline.source,
        target=pipeline.target or "",
        fresh_s=bounds.fresh.get(name, bounds.fresh_s) if pipeline.schedule is not None else bounds.fresh.get(name),
        last_state=signs.state,
        last_at=signs.at,
        good_at=signs.good_at,
        since=signs.since,
        looked_at=looked,
        begun_at=signs.begun_at,
        problems=problems,
    )


def free_bytes(url: str) -> int | None:
    """Room on the disk of an SQLite store; None for a server's, which its own operator watches."""
    kind, mark, file = url.partition("sqlite:///")
    if not mark or kind:
        return None
    try:
        return shutil.disk_usage(Path(file.partition("?")[0]).parent).free
    except OSError:
        return None
