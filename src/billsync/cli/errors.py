"""`errors list/show/retry/resolve`: what is stuck, and the answers of people.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from billsync import schedule, settings, workspace
from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.model.delivery import Delivery, DeliveryState
from billsync.store import StoredProblem, Tx


def listing(config: Path, code: str | None, state: str, limit: int, format: show.Format) -> int:
    """Problems, oldest first."""
    with view(config) as tx:
        found = tx.problems.list(state=state, code=code, limit=limit)
    show.rows(
        "Problems",
        ["number", "code", "place", "message", "hint"],
        [_row(item) for item in found],
        format=format,
        empty=f"no {state} problems",
    )
    return guard.OK


def _row(item: StoredProblem) -> dict[str, Any]:
    problem = item.problem
    return {
        "number": item.number,
        "code": problem.code,
        "severity": str(problem.severity),
        "place": str(problem.place),
        "message": problem.message,
        "hint": problem.hint,
        "state": item.state,
        "first_seen": item.first_seen.isoformat(timespec="seconds"),
        "last_seen": item.last_seen.isoformat(timespec="seconds"),
        "times": item.times,
        "pipeline": item.pipeline,
        "run": item.run,
    }


def show_one(config: Path, number: int, format: show.Format) -> int:
    """One problem, with the record or the write that it is about."""
    with view(config) as tx:
        item = _problem(tx, number)
        facts = _row(item)
        place = item.problem.place
        row = tx.inbox.get(place.system, place.object, place.id) if place.system and place.object and place.id else None
        if row is not None:
            facts["record"] = row.data
        delivery = _delivery(tx, item)
        if delivery is not None:
            facts["write"] = {"key": delivery.key, "state": str(delivery.state), "reason": delivery.reason}
            facts["attempts"] = tx.outbox.attempts(delivery.key)
    if format == "json":
        show.emit_json(facts)
    else:
        show.rows("Problem", ["what", "value"], [{"what": key, "value": str(value)} for key, value in facts.items()])
    return guard.OK


def retry(config: Path, numbers: Sequence[int], code: str | None, format: show.Format) -> int:
    """Release records and refused writes for the next run."""
    clock = schedule.SystemClock()
    with workspace.opened(settings.load(config), clock, create=False) as opened, opened.store.tx("retry") as tx:
        items = [_problem(tx, n) for n in numbers] or tx.problems.list(code=code, limit=100_000)
        results = [{"number": item.number, "result": _release(tx, item, clock.now())} for item in items]
    show.rows("Retry", ["number", "result"], results, format=format, empty="no open problems")
    return guard.OK


def _release(tx: Tx, item: StoredProblem, at: datetime) -> str:
    place = item.problem.place
    delivery = _delivery(tx, item)
    if delivery is not None:
        if delivery.state is not DeliveryState.DEAD:
            return f"the write is {delivery.state}: answer it with `billsync errors resolve {item.number}`"
        columns = {"gen": delivery.gen + 1, "next_at": None}
        tx.outbox.move(delivery, DeliveryState.READY, at=at, reason="retried_by_person", **columns)
        return "the write goes out again with the next run"
    if place.system and place.object and place.id and tx.inbox.retry(place.system, place.object, place.id):
        return "the record is mapped again with the next run"
    return "is tried again by every run"


def resolve(config: Path, number: int, exists: str | None, absent: bool, reason: str) -> int:
    """A person's answer about a write whose outcome is not known."""
    if (exists is None) is not absent:
        show.remark("say one of --exists ID and --absent")
        return guard.USAGE
    clock = schedule.SystemClock()
    with workspace.opened(settings.load(config), clock, create=False) as opened, opened.store.tx("resolve") as tx:
        item = _problem(tx, number)
        delivery = _delivery(tx, item)
        if delivery is None or delivery.state is not DeliveryState.REVIEW:
            show.remark(f"problem {number} is not about a write that waits for an answer")
            return guard.USAGE
        at, note = clock.now(), f"answered_by_person {reason}".strip()
        if exists is not None:
            tx.outbox.move(delivery, DeliveryState.CONFIRMED, at=at, reason=note, remote_id=exists, next_at=None)
        else:
            columns = {"gen": delivery.gen + 1, "remote_id": None, "next_at": None}
            tx.outbox.move(delivery, DeliveryState.READY, at=at, reason=note, **columns)
        tx.problems.close_fingerprints([item.problem.fingerprint], at=at)
    show.line("noted; the next run goes on from there")
    return guard.OK


def _problem(tx: Tx, number: int) -> StoredProblem:
    item = tx.problems.get(number)
    if item is None:
        raise guard.Wrong(f"there is no problem {number}: `billsync errors list` shows those there are")
    return item


def _delivery(tx: Tx, item: StoredProblem) -> Delivery | None:
    """The write that a PUSH problem is about."""
    place = item.problem.place
    if not item.problem.code.startswith("PUSH-") or not (place.system and place.object and place.id):
        return None
    return tx.outbox.of_record(place.system, place.object, place.id)
