"""Requests under /admin: settings, faults, the log, the clock, tokens, and what people do by hand.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from billsync_connectors.hubspot.server import seed
from billsync_connectors.hubspot.server.clock import read, text
from billsync_connectors.hubspot.server.crm import whole
from billsync_connectors.hubspot.server.faults import switch
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.kinds import Kind, kind_of
from billsync_connectors.hubspot.server.refused import Refused, wrong
from billsync_connectors.hubspot.server.state import State
from billsync_connectors.hubspot.server.storm import Storm

Given = Mapping[str, Any]
Value = dict[str, Any]


def answer(state: State, request: Request) -> Reply:
    """Carry out a request of whoever runs the stand-in.  Raises `Refused`."""
    carry_out = _DOORS.get((request.method, "/".join(request.parts[1:])))
    if carry_out is None:
        raise Refused(404, f"there is no {request.method} {request.path}")
    given = request.mapping() if request.body else {"object": request.asked("object")}
    return Reply(200, carry_out(state, given))


def _settings(state: State, given: Given) -> Value:
    state.set(given)
    return state.settings.plain()


def _log(state: State, _given: Given) -> Value:
    return {"requests": list(state.entries)}


def _forget(state: State, _given: Given) -> Value:
    state.entries.clear()
    return {}


def _seed(state: State, given: Given) -> Value:
    made = seed.sow(state, str(given.get("name", "")), Path(str(given.get("folder", ""))))
    state.refresh()
    return {"records": made}


def _storm(state: State, given: Given) -> Value:
    """So many acts drawn by lot; how often each was done."""
    return dict(Storm(state, int(given.get("seed", 0))).blow(int(given.get("edits", 100))))


def _switch_on(state: State, given: Given) -> Value:
    state.switches.append(switch(given))
    return state.switches[-1].plain()


def _switch_off(state: State, _given: Given) -> Value:
    state.switches.clear()
    return {}


def _reset(state: State, _given: Given) -> Value:
    state.reset()
    return {}


def _clock(state: State, given: Given) -> Value:
    """`advance_s` goes forward, `at` stands still there, `run` false stands still now, true goes on."""
    try:
        if "at" in given:
            state.clock.freeze(at=read(str(given["at"])))
        if "run" in given:
            (state.clock.run if given["run"] else state.clock.freeze)()
        state.clock.forward(int(Decimal(str(given.get("advance_s", 0))) * 1000))
    except (ValueError, InvalidOperation, OverflowError):
        raise wrong("expected advance_s, at or run") from None
    state.keep_clock()
    state.arrive()
    return {"now": text(state.clock.now()), "still": state.clock.still is not None}


def _install(state: State, given: Given) -> Value:
    return {"code": state.doorkeeper.install(str(given.get("code") or "a-code"))}


def _expire(state: State, _given: Given) -> Value:
    state.doorkeeper.expire()
    return {}


def _index(state: State, given: Given) -> Value:
    """How many changes search does not see yet; with `catch_up` it sees them now."""
    state.index.catch_up(all=bool(given.get("catch_up")))
    return {"waiting": state.index.waiting}


def _hooks(state: State, _given: Given) -> Value:
    return {"waiting": [row.event for row in state.hooks.waiting], "sent": state.hooks.sent}


# ---------------------------------------------------------------- what people do


def _by_hand(state: State, given: Given) -> Value:
    kind, id = kind_of(str(given.get("object", ""))), str(given.get("id", ""))
    do = _HANDS.get(str(given.get("do")))
    if do is None:
        raise wrong(f"do: expected one of {', '.join(_HANDS)}, got {given.get('do')}")
    return do(state, kind, id, given)


def _create(state: State, kind: Kind, _id: str, given: Given) -> Value:
    """Make records; `copies` of the same, at one instant `at`."""
    at = read(str(given["at"])) if "at" in given else None
    made = [
        state.crm.create(kind, given.get("properties") or {}, given.get("associations") or [], at=at)
        for _ in range(int(given.get("copies", 1)))
    ]
    return {"ids": [record.id for record in made], "id": made[0].id if made else ""}


def _change(state: State, kind: Kind, id: str, given: Given) -> Value:
    state.crm.change(kind, state.crm.get(kind, id), given.get("properties") or {})
    return {"id": id}


def _touch(state: State, kind: Kind, id: str, _given: Given) -> Value:
    """One record; all of the object without an id, as when somebody edits a pipeline."""
    live = [record for record in state.shelf.all(kind.name) if record.live]
    for record in [state.crm.get(kind, id)] if id else live:
        state.crm.touch(kind, record)
    return {"id": id}


def _delete(state: State, kind: Kind, id: str, _given: Given) -> Value:
    state.crm.archive(kind, state.crm.get(kind, id).id)
    return {"id": id}


def _restore(state: State, kind: Kind, id: str, _given: Given) -> Value:
    return {"id": state.crm.restore(kind, id).id}


def _merge(state: State, kind: Kind, id: str, given: Given) -> Value:
    return {"id": state.crm.merge(kind, id, str(given.get("loser"))).id}


def _associate(state: State, kind: Kind, id: str, given: Given) -> Value:
    """Or take it away, with `gone`."""
    end = (kind_of(str(given.get("to_object"))).name, str(given.get("to")))
    if given.get("gone"):
        state.links.remove((kind.name, id), end)
    else:
        state.links.check((kind.name, id), end)
        state.links.add((kind.name, id), end, [])
    return {"id": id}


def _documents(state: State, given: Given) -> Value:
    """Every record of an object as it is, archived and merged ones too, with all that it is associated with."""
    kind = kind_of(str(given.get("object", "")))
    rows = []
    for record in state.shelf.all(kind.name):
        ends = state.shelf.links.get((kind.name, record.id), {}) if record.live else {}
        linked = {end: sorted(state.links.ends((kind.name, record.id), end), key=int) for end in ends}
        rows.append({
            "id": record.id, "archived": bool(record.archived), "merged_into": record.into,
            "properties": whole(kind, record), "associations": {end: ids for end, ids in linked.items() if ids},
        })  # fmt: skip
    return {"records": rows}


_HANDS: Final[dict[str, Callable[[State, Kind, str, Given], Value]]] = {
    "create": _create,
    "change": _change,
    "touch": _touch,
    "delete": _delete,
    "restore": _restore,
    "merge": _merge,
    "associate": _associate,
}
_DOORS: Final[dict[tuple[str, str], Callable[[State, Given], Value]]] = {
    ("GET", "health"): lambda _state, _given: {"ok": True},
    ("GET", "settings"): lambda state, _given: state.settings.plain(),
    ("PATCH", "settings"): _settings,
    ("GET", "log"): _log,
    ("DELETE", "log"): _forget,
    ("GET", "documents"): _documents,
    ("POST", "clock"): _clock,
    ("POST", "human"): _by_hand,
    ("POST", "seed"): _seed,
    ("POST", "storm"): _storm,
    ("POST", "oauth/install"): _install,
    ("POST", "oauth/expire"): _expire,
    ("POST", "index"): _index,
    ("GET", "webhooks"): _hooks,
    ("GET", "faults"): lambda state, _given: {"faults": [fault.plain() for fault in state.switches]},
    ("POST", "faults"): _switch_on,
    ("DELETE", "faults"): _switch_off,
    ("POST", "reset"): _reset,
}
