"""Requests under /admin: settings, faults, the log, the clock, the truth, and what people do by hand.  (shell)"""

from __future__ import annotations

from typing import Final

from billsync_connectors.netsuite.server.account import Account
from billsync_connectors.netsuite.server.asked import Reply, Request
from billsync_connectors.netsuite.server.denied import Denied
from billsync_connectors.netsuite.server.human import done
from billsync_connectors.netsuite.server.kinds import KINDS
from billsync_connectors.netsuite.server.shelf import Row
from billsync_connectors.netsuite.server.storm import Storm
from billsync_stand_in.admin import COMMON, Doors, Given, Value, after, carried_out
from billsync_stand_in.turned import Turned


def answer(account: Account, request: Request) -> Reply:
    """The reply to whoever runs the stand-in; in a turn of the shelf."""
    try:
        return Reply(200, carried_out(account, request, _DOORS))
    except Turned as turned:
        return account.refused(Denied(turned.status, turned.code, turned.message))
    except Denied as denied:
        return account.refused(denied)
    except (ValueError, TypeError) as error:
        return account.refused(Denied(422, "BAD_VALUE", f"a value is not of its type: {error}"))


def _documents(account: Account, asked: Given) -> Value:
    """The books: every object, deleted and void ones too, with who made and who changed it."""
    kinds = [str(asked["object"])] if asked.get("object") else list(KINDS)
    return {"documents": {kind: [_plain(row) for row in account.shelf.all(kind)] for kind in kinds}}


def _plain(row: Row) -> Row:
    """One object; what the stand-in knows of it beside what clients see."""
    known = {"made_by": row.get("_by", ""), "edited_by": row.get("_edited", ""),
             "deleted": row.get("_deleted", False), "void": row.get("_void", False)}  # fmt: skip
    return {**{name: value for name, value in row.items() if not name.startswith("_")}, **known}


def _by_hand(account: Account, asked: Given) -> Value:
    row = done(account, asked)
    return {"id": row["id"], "object": _plain(row)}


def _storm(account: Account, asked: Given) -> Value:
    return dict(Storm(account, int(asked.get("seed", 0))).blow(int(asked.get("edits", 100))))


_DOORS: Final[Doors[Account]] = {
    **COMMON,
    ("GET", "documents"): _documents,
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
    ("POST", "expire"): after(lambda account: account.auth.end()),
    ("GET", "governance"): lambda account, _asked: {"under_way": account.under_way},
}
