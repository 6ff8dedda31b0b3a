"""Requests under /admin: settings, faults, the log, the clock, the books, and what people do by hand.  (shell)"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.xero.server.asked import Reply, Request
from billsync_connectors.xero.server.clock import read, written
from billsync_connectors.xero.server.denied import Denied, Invalid
from billsync_connectors.xero.server.faults import switch
from billsync_connectors.xero.server.house import House
from billsync_connectors.xero.server.storm import Storm
from billsync_connectors.xero.server.tokens import USUAL

Given = Mapping[str, Any]
Value = dict[str, Any]


def answer(house: House, request: Request) -> Reply:
    """The reply to whoever runs the stand-in; in a turn of the shelf."""
    door = "/".join(request.parts[1:])
    if door == "health":
        return Reply(200, {"ok": True})
    said, password = request.headers.get("x-admin-password", ""), house.settings.password
    if password and not secrets.compare_digest(said.encode(), password.encode()):
        return Reply(401, {"message": "the header X-Admin-Password is wrong"})
    carry_out = _DOORS.get((request.method, door))
    if carry_out is None:
        return Reply(404, {"message": f"there is no {request.method} {request.path}"})
    try:
        asked = request.mapping() if request.body else {name: request.asked(name) for name in ("object", "tenant")}
        with house.shelf.turn():
            return Reply(200, carry_out(house, asked))
    except Denied as denied:
        return Reply(denied.status, denied.value)
    except (Invalid, ValueError, TypeError) as error:
        return Reply(422, {"message": str(error)})


def _tenant(house: House, asked: Given) -> str:
    """The organisation that is meant: by id or name; the first where none is named."""
    named = str(asked.get("tenant") or "")
    for id, company in house.companies.items():
        if named in ("", id, company.books.name):
            return id
    raise Denied(422, {"message": f"there is no organisation {named}"})


def _settings(house: House, asked: Given) -> Value:
    house.set(asked)
    return house.settings.plain()


def _clock(house: House, asked: Given) -> Value:
    """`set` makes it stand at an instant, `run` lets it go on from there; `advance_s`, `tick_ms`."""
    clock = house.clock
    if asked.get("set"):
        clock.stands_at = read(str(asked["set"]))
    if asked.get("run") and clock.stands_at:
        stood, clock.stands_at = clock.stands_at, None
        clock.ahead += stood - clock.now()
    clock.tick = timedelta(milliseconds=int(asked.get("tick_ms", clock.tick // timedelta(milliseconds=1))))
    clock.forward(timedelta(seconds=int(asked.get("advance_s", 0))))
    house.shelf.remember("clock", clock.kept())
    house.arrive()
    return {"now": written(clock.now())}


def _by_hand(house: House, asked: Given) -> Value:
    """What a person does; with `force: true` in the fields lock dates don't bind them."""
    do, object, id = (str(asked.get(name, "")) for name in ("do", "object", "id"))
    return {"id": house.by_hand(_tenant(house, asked), do, object, id, asked.get("fields") or {})}


def _storm(house: House, asked: Given) -> Value:
    storm = Storm(house, _tenant(house, asked), int(asked.get("seed", 0)))
    return dict(storm.blow(int(asked.get("edits", 100))))


def _documents(house: House, asked: Given) -> Value:
    told = house.companies[_tenant(house, asked)].documents()
    object = str(asked.get("object") or "")
    return {object: told[object]} if object in told else dict(told)


def _tenants(house: House, _asked: Given) -> Value:
    return {"tenants": {company.books.name: id for id, company in house.companies.items()}}


def _switch_on(house: House, asked: Given) -> Value:
    house.switches.append(switch(asked))
    return house.switches[-1].plain()


def _use(house: House, asked: Given) -> Value:
    tenant = _tenant(house, asked)
    house.limits.use(tenant, int(asked.get("requests", 0)))
    return dict(house.limits.headers(tenant))


def _consent(house: House, asked: Given) -> Value:
    return house.tokens.consent(str(asked.get("scope") or USUAL))


def _delivery(house: House, asked: Given) -> Value:
    return dict(house.hooks.fetch(house.settings, wrong=asked.get("wrong") is True))


def _after(act: Callable[[House], Any]) -> Callable[[House, Given], Value]:
    def door(house: House, _asked: Given) -> Value:
        act(house)
        return {}

    return door


_DOORS: Final[dict[tuple[str, str], Callable[[House, Given], Value]]] = {
    ("GET", "settings"): lambda house, _asked: house.settings.plain(),
    ("PATCH", "settings"): _settings,
    ("GET", "log"): lambda house, _asked: {"requests": list(house.requests)},
    ("DELETE", "log"): _after(lambda house: house.requests.clear()),
    ("GET", "documents"): _documents,
    ("GET", "tenants"): _tenants,
    ("GET", "clock"): lambda house, _asked: {"now": written(house.clock.now())},
    ("POST", "clock"): _clock,
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
    ("POST", "reset"): _after(House.reset),
    ("POST", "consent"): _consent,
    ("POST", "expire"): _after(lambda house: house.tokens.end()),
    ("POST", "use"): _use,
    ("POST", "delivery"): _delivery,
    ("GET", "events"): lambda house, _asked: {"events": house.hooks.waiting()},
    ("GET", "faults"): lambda house, _asked: {"faults": [each.plain() for each in house.switches]},
    ("POST", "faults"): _switch_on,
    ("DELETE", "faults"): _after(lambda house: house.switches.clear()),
}
