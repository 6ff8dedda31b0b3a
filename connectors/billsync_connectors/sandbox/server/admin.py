"""Requests under /admin: settings, faults, the log, the clock, and what people do by hand.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from billsync_connectors.sandbox.server import files, seed
from billsync_connectors.sandbox.server.api import Reply, Request, documents
from billsync_connectors.sandbox.server.books import shown
from billsync_connectors.sandbox.server.clock import text
from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.faults import switch
from billsync_connectors.sandbox.server.shelf import loads
from billsync_connectors.sandbox.server.state import State

Given = Mapping[str, Any]
Value = dict[str, Any]


def answer(state: State, request: Request) -> Reply:
    """Carry out a request of whoever runs the stand-in.  Raises `Denied`."""
    carry_out = _DOORS.get((request.method, "/".join(request.parts[1:])))
    if carry_out is None:
        raise Denied(404, "no_such_resource", f"there is no {request.method} {request.path}")
    given = request.mapping() if request.body else {"object": request.asked("object")}
    return Reply(200, carry_out(state, given))


def _settings(state: State, given: Given) -> Value:
    state.set(given)
    return state.settings.plain()


def _log(state: State, _given: Given) -> Value:
    rows = state.shelf.ask("select n, entry from log order by n")
    return {"requests": [{"n": number, **loads(entry)} for number, entry in rows]}


def _forget(state: State, _given: Given) -> Value:
    state.shelf.do("delete from log")
    return {}


def _seed(state: State, given: Given) -> Value:
    folder = Path(str(given.get("folder", "")))
    return {"records": seed.sow(str(given.get("name", "")), folder, state.books.create)}


def _switch_on(state: State, given: Given) -> Value:
    state.switches.append(switch(given))
    return state.switches[-1].plain()


def _reset(state: State, _given: Given) -> Value:
    state.reset()
    return {}


def _switch_off(state: State, _given: Given) -> Value:
    state.switches.clear()
    return {}


def _clock(state: State, given: Given) -> Value:
    if "stand" not in given:
        return _forward(state, given)
    state.clock.now()  # where it stands is an instant of its own
    state.clock.stands = given["stand"] is True
    return {"now": text(state.clock.now())}


def _forward(state: State, given: Given) -> Value:
    try:
        step = timedelta(seconds=float(given["advance_s"]))
    except (KeyError, ValueError, TypeError, OverflowError):
        raise Denied(422, "bad_value", "advance_s: expected a number of seconds", "advance_s") from None
    state.clock.ahead += step
    state.shelf.remember("ahead_s", str(state.clock.ahead.total_seconds()))
    state.arrive()
    return {"now": text(state.clock.now())}


def _by_hand(state: State, given: Given) -> Value:
    object, id, fields = str(given.get("object", "")), str(given.get("id", "")), given.get("fields") or {}
    match given.get("do"):
        case "create":
            row = state.books.create(object, fields, human=True)
        case "change":
            row = state.books.change(object, id, fields, human=True)
        case "void":
            row = state.books.void(object, id, human=True)
        case "delete":
            row = state.books.delete(object, id)
        case other:
            raise Denied(422, "bad_value", f"do: expected create, change, void or delete, got {other}", "do")
    return shown(row, state.settings)


_DOORS: Final[dict[tuple[str, str], Callable[[State, Given], Value]]] = {
    ("GET", "health"): lambda _state, _given: {"ok": True},
    ("GET", "settings"): lambda state, _given: state.settings.plain(),
    ("PATCH", "settings"): _settings,
    ("GET", "log"): _log,
    ("DELETE", "log"): _forget,
    ("GET", "documents"): lambda state, given: {"records": documents(state.shelf, str(given["object"]))},
    ("GET", "files"): lambda state, _given: {"files": files.laid(state.shelf)},
    ("POST", "clock"): _clock,
    ("POST", "human"): _by_hand,
    ("POST", "seed"): _seed,
    ("GET", "faults"): lambda state, _given: {"faults": [fault.plain() for fault in state.switches]},
    ("POST", "faults"): _switch_on,
    ("DELETE", "faults"): _switch_off,
    ("POST", "reset"): _reset,
}
