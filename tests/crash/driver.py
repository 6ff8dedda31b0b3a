"""One run of a pipeline that ends itself with SIGKILL at a named point: `python -m tests.crash.driver CONFIG POINT N`.

Points are `store:<transaction>:before-commit`, `store:<transaction>:after-commit`, `write:<object>:before`,
`write:<object>:after`, `http:before` and `http:after` (around each request that writes).  Every point that is passed is
noted in `points.txt` beside the configuration.  With the point `none` the run goes through; with an ERP's process id as
a fourth argument that process is killed in place of the run.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from billsync import plugins, schedule, settings, workspace
from billsync.cli import guard
from billsync.connector import Connector, Intent, Outcome
from billsync.model.problem import Place
from billsync.store import Store, StoreUnusable
from billsync.wire import Client


class Points:
    """Counts the points that a run passes, and strikes at one of them."""

    def __init__(self, folder: Path, name: str, occurrence: int, victim: int) -> None:
        self.file = folder / "points.txt"
        self.name, self.occurrence, self.victim = name, occurrence, victim
        self.seen: Counter[str] = Counter()

    def __call__(self, name: str) -> None:
        self.seen[name] += 1
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
        if name == self.name and self.seen[name] == self.occurrence:
            os.kill(self.victim, signal.SIGKILL)


def watch(point: Points) -> None:
    """Put points around every write of every connector, and around every request that writes."""
    load = plugins.load_connector

    def watched(name: str, place: Place | None = None) -> type[Connector]:
        class Watched(load(name, place)):  # type: ignore[misc]
            def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
                point(f"write:{object}:before")
                outcomes: list[Outcome] = super().write(object, intents)
                point(f"write:{object}:after")
                return outcomes

        return Watched

    send = Client.send

    def sent(self: Client, *arguments: Any, **options: Any) -> Any:
        point("http:before")
        answer = send(self, *arguments, **options)
        point("http:after")
        return answer

    plugins.load_connector = watched
    Client.send = sent  # type: ignore[method-assign]


def open_store(url: str, point: Points) -> Store:
    def at(name: str) -> None:
        point(f"store:{name}")

    try:
        return Store.open(url, point=at)
    except StoreUnusable:
        return Store.open(url, create=True, point=at)


def main(config: Path, name: str, occurrence: int, victim: int) -> int:
    loaded = settings.load(config)
    point = Points(config.parent, name, occurrence, victim)
    watch(point)
    clock = schedule.SystemClock()
    try:
        store = open_store(loaded.store, point)
        opened = workspace.Workspace(loaded, store, clock, workspace.owner_name())
        report = workspace.run_pipeline(opened, "billing", slot=clock.now().isoformat())
        store.close()
    except Exception as error:  # noqa: BLE001  the same as the command line
        return guard.explain(error)
    return 0 if report is None else report.exit_code


if __name__ == "__main__":
    target = int(sys.argv[4]) if len(sys.argv) > 4 else os.getpid()
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), target))
