"""`errors list/show/retry/resolve`: what is stuck, and the answers of people.  (shell)"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from billsync import answers, schedule, settings, workspace
from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.connector import Fault, Found, Probe, Unsure
from billsync.model.codes import CODES
from billsync.model.delivery import Delivery
from billsync.push import port
from billsync.push.answer import Contradiction
from billsync.push.payload import reference_of
from billsync.store import StoredProblem, Tx
from billsync.strict.yaml import did_you_mean


def listing(config: Path, code: str | None, state: str, limit: int, format: show.Format) -> int:
    """Problems, oldest first."""
    _known(code)
    with view(config) as tx:
        found = tx.problems.list(state=state, code=code, limit=limit)
        count = tx.problems.count_open()
    if format == "table" and found and sys.stdout.isatty():
        for item in found:
            _tell(item)
    else:
        columns = ["number", "code", "place", "message", "hint"]
        none = f"no {state} problems" + (f" with the code {code}" if code else "")
        show.rows("Problems", columns, [_row(item) for item in found], format=format, empty=none)
    if state == "open" and code is None and count > len(found):
        show.remark(f"{count - len(found):,} more: --limit shows more, --code only some")
    return guard.OK


def _tell(item: StoredProblem) -> None:
    """One problem for a person: where it is, what is wrong, what to do."""
    problem = item.problem
    show.line(f"{item.number:>5}  {problem.code}  {show.visible(str(problem.place))}")
    show.line(f"       {show.visible(problem.message)}")
    if problem.hint:
        show.line(f"       = {show.visible(problem.hint)}")
    show.line()


def _known(code: str | None) -> None:
    """Raises `Wrong` for a code that no problem can have."""
    if code is not None and code not in CODES:
        hint = did_you_mean(code, CODES) or "docs/reference/problems.md lists them"
        raise guard.Wrong(f"no problem has the code '{show.visible(code)}'  ({hint})")


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
        delivery = answers.delivery_of(tx, item)
        if delivery is not None:
            facts["write"] = {"key": delivery.key, "state": str(delivery.state), "reason": delivery.reason}
            facts["attempts"] = tx.outbox.attempts(delivery.key)
    if format == "json":
        show.emit_json(facts)
        return guard.OK
    record, attempts = facts.pop("record", None), facts.pop("attempts", [])
    show.facts(f"Problem {number}", facts)
    if record is not None:
        show.line()
        cells = [{"field": name, "value": value} for name, value in record.items()]
        show.rows("The record as it was read", ["field", "value"], cells, empty="the record has no fields")
    if attempts:
        show.line()
        show.rows("Attempts to write it", list(attempts[0]), attempts)
    return guard.OK


def retry(config: Path, numbers: Sequence[int], code: str | None, format: show.Format) -> int:
    """Release records and refused writes for the next run."""
    if numbers and code is not None:
        raise guard.Wrong("name problems by number or by --code, not both")
    _known(code)
    clock = schedule.SystemClock()
    with workspace.opened(settings.load(config), clock, create=False) as opened, opened.store.tx("retry") as tx:
        items = [_problem(tx, n) for n in numbers] or tx.problems.list(code=code, limit=100_000)
        results = [
            {"number": item.number, "result": _release(tx, item, clock.now(), named=bool(numbers))} for item in items
        ]
    show.rows("Retry", ["number", "result"], results, format=format, empty="no open problems")
    return guard.OK


def _release(tx: Tx, item: StoredProblem, at: datetime, *, named: bool) -> str:
    place = item.problem.place
    if item.state != "open":
        return "is closed: there is nothing to try again"
    delivery = answers.delivery_of(tx, item)
    if delivery is not None:
        if not answers.release(tx, delivery, named=named, at=at):
            return f"the write is {delivery.state}: answer it with `billsync errors resolve {item.number}`"
        return "the write goes out again with the next run"
    if place.system and place.object and place.id and tx.inbox.retry(place.system, place.object, place.id):
        return "the record is mapped again with the next run"
    return "is tried again by every run"


def resolve(config: Path, number: int, exists: str | None, absent: str | None, reason: str) -> int:
    """A person's answer about a write whose outcome is not known."""
    if (exists is None) is (absent is None):
        raise guard.Wrong("say one of --exists ID and --absent REFERENCE")
    if exists is not None and not exists.strip():
        raise guard.Wrong("--exists needs the record's id in the outside system, got nothing")
    clock = schedule.SystemClock()
    with workspace.opened(settings.load(config), clock, create=False) as opened:
        if absent is not None:
            _check_absent(opened, number, absent)
        with opened.store.tx("resolve") as tx:
            item = _problem(tx, number)
            try:
                noted = answers.resolve(tx, item, exists=exists, reason=reason, at=clock.now())
            except Contradiction as error:
                raise guard.Wrong(str(error)) from None
    if not noted:
        show.remark(f"problem {number} is not about a write that waits for an answer")
        return guard.USAGE
    show.line("noted; the next run goes on from there")
    return guard.OK


def _check_absent(opened: workspace.Workspace, number: int, reference: str) -> None:
    """Before something is sent again: the reference typed by a person, and a look whether it is not there after all."""
    with opened.store.view() as tx:
        delivery = answers.delivery_of(tx, _problem(tx, number))
    if delivery is None:
        return
    wanted = reference_of(delivery)
    if reference != wanted:
        raise guard.Wrong(f"--absent wants the reference of the document typed out, to be sure: {show.visible(wanted)}")
    probe = _look(opened, delivery)
    if isinstance(probe, Found):
        ids = ", ".join(probe.remote_ids)
        raise guard.Wrong(
            f"{delivery.connection} has {show.visible(reference)}, as {show.visible(ids)}: answer with --exists, "
            "or take it away there first"
        )
    if isinstance(probe, Unsure):
        show.remark(f"{delivery.connection} was not asked: {probe.message or probe.reason}")


def _look(opened: workspace.Workspace, delivery: Delivery) -> Probe:
    try:
        with workspace.connected(opened, delivery.connection) as end:
            return port.probe(end.connector, delivery.object, [reference_of(delivery)])[0]
    except Fault as fault:
        return Unsure(fault.reason, fault.message)


def _problem(tx: Tx, number: int) -> StoredProblem:
    item = tx.problems.get(number)
    if item is None:
        raise guard.Wrong(f"there is no problem {number}: `billsync errors list` shows those there are")
    return item
