"""The stages of a run as steps of a flow: what was carried out before a crash only tells what came of it.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from billsync.connector import Fault
from billsync.engine.port import Flow
from billsync.sync import Report

Instead = Callable[[Callable[[], None]], None]
"""Does a stage in another way: gets what would be done, which it may do as a part of it."""


class Steps:
    """`sync.Step` on a flow.

    What a stage leaves beside the store (its counts, and what the report says of the push) is the step's output, and
    so is an outside system's fault: a run that is gone on with ends as the one before would have.

    Args:
        instead: ways of stages that are carried out in another way, by the stage's name.
    """

    def __init__(self, flow: Flow, instead: dict[str, Instead]) -> None:
        self._flow, self._instead = flow, instead

    def __call__(self, name: str, do: Callable[[], None], report: Report) -> None:
        """Carry the stage out, or tell what came of it.  Raises an outside system's `Fault`."""
        fresh: list[bool] = []

        def carried_out() -> dict[str, Any]:
            fresh.append(True)
            before = dict(report.counts)
            fault = fault_of(lambda: self._instead.get(name, _plainly)(do))
            return _left(before, report) | {"fault": fault}

        told = self._flow.step(name, carried_out)
        if not fresh:
            _recall(told, report)
        if told["fault"]:
            raise Fault(*told["fault"])


def _plainly(do: Callable[[], None]) -> None:
    do()


def fault_of(do: Callable[[], None]) -> list[str] | None:
    """Reason and message of the fault that ends what is done, or None."""
    try:
        do()
    except Fault as fault:
        return [fault.reason, fault.message]
    return None


def _left(before: dict[str, int], report: Report) -> dict[str, Any]:
    counts = {name: count - before.get(name, 0) for name, count in report.counts.items()}
    return {
        "counts": {name: count for name, count in counts.items() if count},
        "parked": report.parked,
        "waiting_until": report.waiting_until and report.waiting_until.isoformat(),
    }


def _recall(told: dict[str, Any], report: Report) -> None:
    for name, count in told["counts"].items():
        report.counts[name] = report.counts.get(name, 0) + count
    report.parked = report.parked or told["parked"]
    if told["waiting_until"]:
        until = datetime.fromisoformat(told["waiting_until"])
        report.waiting_until = min(until, report.waiting_until or until)
