"""Requests under /admin: settings, faults, the log, the clock, the books, and what people do by hand.  (shell)"""

from __future__ import annotations

from typing import Final

from billsync_connectors.odoo.server.asked import Reply, Request
from billsync_connectors.odoo.server.denied import Denied
from billsync_connectors.odoo.server.house import House
from billsync_connectors.odoo.server.storm import Storm
from billsync_stand_in.admin import COMMON, Doors, Given, Value, after, carried_out
from billsync_stand_in.turned import Turned


def answer(house: House, request: Request) -> Reply:
    """The reply to whoever runs the stand-in; in a turn of the shelf."""
    try:
        with house.shelf.turn():
            return Reply(200, carried_out(house, request, _DOORS))
    except Turned as turned:
        return Reply(turned.status, {"message": turned.message})
    except Denied as denied:
        return Reply(422, {"message": denied.message})
    except (ValueError, TypeError, KeyError) as error:
        return Reply(422, {"message": str(error)})


def _by_hand(house: House, asked: Given) -> Value:
    """What a person does: `model`, `method`, `given` as JSON-2 takes them; `force`: lock dates don't bind them.

    Of account.payment there is `match` as well (the bank has it), of res.partner `merge` (the first id wins).
    """
    model, method = str(asked.get("model", "")), str(asked.get("method", ""))
    late = int(asked.get("commit_after_s", 0))
    return {"result": house.by_hand(model, method, asked.get("given") or {}, late_s=late)}


def _storm(house: House, asked: Given) -> Value:
    return dict(Storm(house, int(asked.get("seed", 0))).blow(int(asked.get("edits", 100))))


def _documents(house: House, asked: Given) -> Value:
    return dict(house.documents(str(asked.get("object") or "")))


def _key(house: House, asked: Given) -> Value:
    days = asked.get("days")
    return {"key": house.users.make(None if days is None else int(days))}


_DOORS: Final[Doors[House]] = {
    **COMMON,
    ("GET", "documents"): _documents,
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
    ("POST", "key"): _key,
    ("POST", "expire"): after(lambda house: house.users.end()),
}
