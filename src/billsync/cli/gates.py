"""`gates list/open/close`: what is held back, and the word of a person that lets it go.  (shell)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from billsync import schedule, settings, workspace
from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.model.gate import Gate
from billsync.push import answer
from billsync.strict.yaml import did_you_mean

COLUMNS = ["connection", "state", "since", "until", "reason", "detail"]


def listing(config: Path, format: show.Format) -> int:
    """The gates, by connection."""
    known = settings.load(config).connections
    with view(config) as tx:
        moved = {gate.connection: gate for gate in tx.gates.list()}
    found = [row(name, moved.get(name)) for name in sorted(known | moved.keys())]
    show.rows("Gates", COLUMNS, found, format=format, empty="no connections")
    return guard.OK


def row(name: str, gate: Gate | None) -> dict[str, Any]:
    """A gate for a table; None where it was never moved."""
    if gate is None:
        return dict.fromkeys(COLUMNS, "") | {"connection": name, "state": "open"}
    until = gate.until.isoformat(timespec="seconds") if gate.until is not None else ""
    return {
        "connection": name,
        "state": str(gate.state),
        "since": gate.at.isoformat(timespec="seconds"),
        "until": until,
        "reason": gate.reason,
        "detail": gate.detail,
    }


def move(config: Path, name: str, reason: str, *, open_: bool) -> int:
    """Open or close the gate of a connection."""
    if not reason.strip():
        raise guard.Wrong("--reason needs a few words: they stand in the audit trail")
    loaded, clock = settings.load(config), schedule.SystemClock()
    if name not in loaded.connections:
        hint = did_you_mean(name, loaded.connections) or f"there is: {', '.join(loaded.connections)}"
        raise guard.Wrong(f"no connection is called '{show.visible(name)}'  ({hint})")
    with workspace.opened(loaded, clock, create=False) as opened, opened.store.tx("gate") as tx:
        gate = (answer.open_gate if open_ else answer.close_gate)(tx, name, reason=reason, at=clock.now())
    show.line(f"the gate of {name} is {gate.state}")
    return guard.OK
