"""Requests under /admin: settings, faults, the log, the clock, the truth, and what people do by hand.  (shell)"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.netsuite.server.account import Account
from billsync_connectors.netsuite.server.asked import Reply, Request
from billsync_connectors.netsuite.server.denied import Denied
from billsync_connectors.netsuite.server.faults import switch
from billsync_connectors.netsuite.server.human import done
from billsync_connectors.netsuite.server.kinds import KINDS
from billsync_connectors.netsuite.server.shelf import Row
from billsync_connectors.netsuite.server.storm import Storm
from billsync_stand_in.clock import read, written

Given = Mapping[str, Any]
Value = dict[str, Any]


def answer(account: Account, request: Request) -> Reply:
    """The reply to whoever runs the stand-in; in a turn of the shelf."""
    door = "/".join(request.parts[1:])
    if door == "health":
        return Reply(200, {"ok": True})
    said, password = request.headers.get("x-admin-password", ""), account.settings.password
    if password and not secrets.compare_digest(said.encode(), password.encode()):
        return account.refused(Denied(401, "INVALID_PASSWORD", "the header X-Admin-Password is wrong"))
    carry_out = _DOORS.get((request.method, door))
    if carry_out is None:
        return account.refused(Denied(404, "NOT_FOUND", f"there is no {request.method} {request.path}"))
    try:
        asked = request.mapping() if request.body else {"object": request.asked("object")}
        return Reply(200, carry_out(account, asked))
    except Denied as denied:
        return account.refused(denied)
    except (ValueError, TypeError) as error:
        return account.refused(Denied(422, "BAD_VALUE", f"a value is not of its type: {error}"))


def _settings(account: Account, asked: Given) -> Value:
    account.set(asked)
    return account.settings.plain()


def _clock(account: Account, asked: Given) -> Value:
    """`set` makes it stand at an instant, `run` lets it go on from there; `advance_s`, `tick_ms`."""
    clock = account.clock
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
    account.shelf.remember("clock", clock.kept())
    account.arrive()
    return {"now": written(clock.now())}


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


def _switch_on(account: Account, asked: Given) -> Value:
    account.switches.append(switch(asked))
    return account.switches[-1].plain()


def _after(act: Callable[[Account], Any]) -> Callable[[Account, Given], Value]:
    def door(account: Account, _asked: Given) -> Value:
        act(account)
        return {}

    return door


_DOORS: Final[dict[tuple[str, str], Callable[[Account, Given], Value]]] = {
    ("GET", "settings"): lambda account, _asked: account.settings.plain(),
    ("PATCH", "settings"): _settings,
    ("GET", "log"): lambda account, _asked: {"requests": list(account.requests)},
    ("DELETE", "log"): _after(lambda account: account.requests.clear()),
    ("GET", "documents"): _documents,
    ("GET", "clock"): lambda account, _asked: {"now": written(account.clock.now())},
    ("POST", "clock"): _clock,
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
    ("POST", "expire"): _after(lambda account: account.auth.end()),
    ("GET", "governance"): lambda account, _asked: {"under_way": account.under_way},
    ("POST", "reset"): _after(Account.reset),
    ("GET", "faults"): lambda account, _asked: {"faults": [each.plain() for each in account.switches]},
    ("POST", "faults"): _switch_on,
    ("DELETE", "faults"): _after(lambda account: account.switches.clear()),
}
