"""Requests under /admin: settings, faults, the log, the clock, and what people do by hand.  (shell)"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from billsync_connectors.salesforce.server import seed
from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.clock import stamp
from billsync_connectors.salesforce.server.denied import Denied, missing
from billsync_connectors.salesforce.server.faults import switch
from billsync_connectors.salesforce.server.org import Org
from billsync_connectors.salesforce.server.storm import Storm
from billsync_connectors.salesforce.server.values import given
from billsync_stand_in.clock import read, written

Given = Mapping[str, Any]
Value = dict[str, Any]


def answer(org: Org, request: Request) -> Reply:
    """The reply to whoever runs the stand-in; in a turn of the shelf."""
    door = "/".join(request.parts[1:])
    if door == "health":
        return Reply(200, {"ok": True})
    said, password = request.headers.get("x-admin-password", ""), org.settings.password
    if password and not secrets.compare_digest(said.encode(), password.encode()):
        return Reply(401, Denied(401, "INVALID_PASSWORD", "the header X-Admin-Password is wrong").value())
    carry_out = _DOORS.get((request.method, door))
    if carry_out is None:
        return Reply(404, missing(f"there is no {request.method} {request.path}").value())
    try:
        asked = request.mapping() if request.body else {"object": request.asked("object")}
        with org.shelf.turn():
            return Reply(200, carry_out(org, asked))
    except Denied as denied:
        return Reply(denied.status, denied.value())
    except (ValueError, TypeError) as error:
        return Reply(422, Denied(422, "BAD_VALUE", f"a value is not of its type: {error}").value())
    finally:
        org.records.keep_counts()


def _settings(org: Org, asked: Given) -> Value:
    org.set(asked)
    return org.settings.plain()


def _seed(org: Org, asked: Given) -> Value:
    return {"records": seed.sow(str(asked.get("name", "")), Path(str(asked.get("folder", ""))), org.records, org.clock)}


def _clock(org: Org, asked: Given) -> Value:
    """`set` makes it stand at an instant, `run` lets it go on from there; `advance_s`, `tick_ms`."""
    clock = org.clock
    try:
        if asked.get("set"):
            clock.stands_at = read(str(asked["set"]))
        if asked.get("run") and clock.stands_at:
            stood, clock.stands_at = clock.stands_at, None
            clock.ahead += stood - clock.now()
        clock.tick = timedelta(milliseconds=int(asked.get("tick_ms", clock.tick // timedelta(milliseconds=1))))
        clock.forward(timedelta(seconds=int(asked.get("advance_s", 0))))
    except (ValueError, TypeError, OverflowError):
        raise Denied(422, "BAD_VALUE", "set: an instant; advance_s, tick_ms: whole numbers") from None
    org.shelf.remember("clock", clock.kept())
    org.arrive()
    return {"now": written(clock.now())}


def _by_hand(org: Org, asked: Given) -> Value:
    """What a person does; with `commit_after_s` in a transaction that stays open for so long."""
    mark, open_s = org.shelf.mark(), int(asked.get("commit_after_s", 0))
    id = _done(org, asked)
    if open_s:
        due = stamp(org.clock.now() + timedelta(seconds=open_s))
        org.shelf.delay(due, mark)
    return {"id": id}


def _done(org: Org, asked: Given) -> str:
    object, id, fields = str(asked.get("object", "")), str(asked.get("id", "")), asked.get("fields") or {}
    records = org.records
    match asked.get("do"):
        case "create":
            return str(records.create(object, fields)["Id"])
        case "update":
            return str(records.update(object, id, fields)["Id"])
        case "delete":
            records.delete(object, id)
        case "undelete":
            records.undelete(object, id)
        case "purge":
            records.purge(object, id)
        case "merge":
            records.merge(object, id, [str(loser) for loser in asked.get("losers", [])], fields)
        case "touch":
            records.touch(object, id)
        case other:
            told = f"do: create, update, delete, undelete, purge, merge or touch, not {other}"
            raise Denied(422, "BAD_VALUE", told)
    return id


def _storm(org: Org, asked: Given) -> Value:
    storm = Storm(org.records, org.shelf, org.clock, int(asked.get("seed", 0)), int(asked.get("late_s", 0)))
    return dict(storm.blow(int(asked.get("edits", 100))))


def _records(org: Org, asked: Given) -> Value:
    """Every record of an object, deleted ones too, as the org has it."""
    kind = org.records.kind(str(asked.get("object", "")))
    fields = list(kind.fields.values())
    return {"records": [{field.name: given(field, row) for field in fields} for row in org.shelf.all(kind.name)]}


def _lock(org: Org, asked: Given) -> Value:
    """Hold a record for so long: whoever writes to it meets a locked row."""
    until = stamp(org.clock.now() + timedelta(seconds=int(asked.get("seconds", 60))))
    org.records.locks[str(asked.get("id", ""))] = until
    return {"until": until}


def _switch_on(org: Org, asked: Given) -> Value:
    org.switches.append(switch(asked))
    return org.switches[-1].plain()


def _certificate(org: Org, _asked: Given) -> Value:
    return {"certificate": str(org.certificate()[0])}


def _expire(org: Org, _asked: Given) -> Value:
    org.auth.end()
    return {}


def _use(org: Org, asked: Given) -> Value:
    org.limits.use(int(asked.get("requests", 0)))
    return {"used": org.limits.used()}


def _after(act: Callable[[Org], Any]) -> Callable[[Org, Given], Value]:
    def door(org: Org, _asked: Given) -> Value:
        act(org)
        return {}

    return door


_DOORS: Final[dict[tuple[str, str], Callable[[Org, Given], Value]]] = {
    ("GET", "settings"): lambda org, _asked: org.settings.plain(),
    ("PATCH", "settings"): _settings,
    ("GET", "log"): lambda org, _asked: {"requests": list(org.requests)},
    ("DELETE", "log"): _after(lambda org: org.requests.clear()),
    ("GET", "records"): _records,
    ("GET", "ids"): lambda org, _asked: {"org": org.ids().id, "user": org.ids().user},
    ("GET", "clock"): lambda org, _asked: {"now": written(org.clock.now())},
    ("POST", "clock"): _clock,
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
    ("POST", "lock"): _lock,
    ("POST", "seed"): _seed,
    ("POST", "reset"): _after(Org.reset),
    ("POST", "consent"): lambda org, _asked: {"refresh_token": org.auth.consent()},
    ("POST", "expire"): _expire,
    ("POST", "use"): _use,
    ("GET", "certificate"): _certificate,
    ("GET", "faults"): lambda org, _asked: {"faults": [each.plain() for each in org.switches]},
    ("POST", "faults"): _switch_on,
    ("DELETE", "faults"): _after(lambda org: org.switches.clear()),
}
