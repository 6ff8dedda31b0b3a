"""Requests under /admin: settings, faults, the log, the clock, the books, and what people do by hand.  (shell)"""

from __future__ import annotations

from typing import Final

from billsync_connectors.xero.server.asked import Reply, Request
from billsync_connectors.xero.server.denied import Denied, Invalid
from billsync_connectors.xero.server.house import House
from billsync_connectors.xero.server.storm import Storm
from billsync_connectors.xero.server.tokens import USUAL
from billsync_stand_in.admin import COMMON, Doors, Given, Value, after, carried_out
from billsync_stand_in.turned import Turned


def answer(house: House, request: Request) -> Reply:
    """The reply to whoever runs the stand-in; in a turn of the shelf."""
    try:
        with house.shelf.turn():
            return Reply(200, carried_out(house, request, _DOORS, ("object", "tenant")))
    except Turned as turned:
        return Reply(turned.status, {"message": turned.message})
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


def _use(house: House, asked: Given) -> Value:
    tenant = _tenant(house, asked)
    house.limits.use(tenant, int(asked.get("requests", 0)))
    return dict(house.limits.headers(tenant))


def _consent(house: House, asked: Given) -> Value:
    return house.tokens.consent(str(asked.get("scope") or USUAL))


def _delivery(house: House, asked: Given) -> Value:
    return dict(house.hooks.fetch(house.settings, wrong=asked.get("wrong") is True))


_DOORS: Final[Doors[House]] = {
    **COMMON,
    ("GET", "documents"): _documents,
    ("GET", "tenants"): _tenants,
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
    ("POST", "consent"): _consent,
    ("POST", "expire"): after(lambda house: house.tokens.end()),
    ("POST", "use"): _use,
    ("POST", "delivery"): _delivery,
    ("GET", "events"): lambda house, _asked: {"events": house.hooks.waiting()},
}
