"""Requests under /admin: settings, faults, the log, the clock, the books, and what people do by hand.  (shell)"""

from __future__ import annotations

from typing import Final

from billsync_connectors.erpnext.server.asked import Reply, Request
from billsync_connectors.erpnext.server.denied import Denied
from billsync_connectors.erpnext.server.house import House
from billsync_connectors.erpnext.server.storm import Storm
from billsync_stand_in.admin import COMMON, Doors, Given, Value, carried_out
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
    """What a person does; with `force: true` in the fields frozen accounts don't bind them."""
    do, doctype, name = (str(asked.get(each, "")) for each in ("do", "doctype", "name"))
    return {"name": house.by_hand(do, doctype, name, asked.get("fields") or {})}


def _storm(house: House, asked: Given) -> Value:
    return dict(Storm(house, int(asked.get("seed", 0))).blow(int(asked.get("edits", 100))))


def _documents(house: House, asked: Given) -> Value:
    return dict(house.books(str(asked.get("object") or "")))


_DOORS: Final[Doors[House]] = {
    **COMMON,
    ("GET", "documents"): _documents,
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
}
