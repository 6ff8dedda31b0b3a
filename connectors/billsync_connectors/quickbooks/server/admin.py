"""Requests under /admin: settings, faults, the log, the clock, the truth, and what people do by hand.  (shell)"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.quickbooks.server.asked import Reply, Request
from billsync_connectors.quickbooks.server.company import Company
from billsync_connectors.quickbooks.server.denied import Denied
from billsync_connectors.quickbooks.server.faults import switch
from billsync_connectors.quickbooks.server.human import done
from billsync_connectors.quickbooks.server.kinds import KINDS
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_connectors.quickbooks.server.storm import Storm
from billsync_stand_in.clock import read, written

Given = Mapping[str, Any]
Value = dict[str, Any]


def answer(company: Company, request: Request) -> Reply:
    """The reply to whoever runs the stand-in; in a turn of the shelf."""
    door = "/".join(request.parts[1:])
    if door == "health":
        return Reply(200, {"ok": True})
    said, password = request.headers.get("x-admin-password", ""), company.settings.password
    if password and not secrets.compare_digest(said.encode(), password.encode()):
        return company.refused(Denied(3200, "Wrong password", "the header X-Admin-Password is wrong", status=401))
    carry_out = _DOORS.get((request.method, door))
    if carry_out is None:
        return company.refused(Denied(610, "Not found", f"there is no {request.method} {request.path}", status=404))
    try:
        asked = request.mapping() if request.body else {"object": request.asked("object")}
        return Reply(200, carry_out(company, asked))
    except Denied as denied:
        return company.refused(denied)
    except (ValueError, TypeError) as error:
        return company.refused(Denied(2010, "Bad value", f"a value is not of its type: {error}", status=422))


def _settings(company: Company, asked: Given) -> Value:
    company.set(asked)
    return company.settings.plain()


def _clock(company: Company, asked: Given) -> Value:
    """`set` makes it stand at an instant, `run` lets it go on from there; `advance_s`, `tick_ms`."""
    clock = company.clock
    try:
        if asked.get("set"):
            clock.stands_at = read(str(asked["set"]))
        if asked.get("run") and clock.stands_at:
            stood, clock.stands_at = clock.stands_at, None
            clock.ahead += stood - clock.now()
        clock.tick = timedelta(milliseconds=int(asked.get("tick_ms", clock.tick // timedelta(milliseconds=1))))
        clock.forward(timedelta(seconds=int(asked.get("advance_s", 0))))
    except (ValueError, TypeError, OverflowError):
        raise Denied(2010, "Bad value", "set: an instant; advance_s, tick_ms: whole numbers", status=422) from None
    company.shelf.remember("clock", clock.kept())
    company.arrive()
    return {"now": written(clock.now())}


def _documents(company: Company, asked: Given) -> Value:
    """The books: every object, deleted and void ones too, with who made and who changed it."""
    kinds = [str(asked["object"])] if asked.get("object") else list(KINDS)
    return {"documents": {kind: [_plain(row) for row in company.shelf.all(kind)] for kind in kinds}}


def _plain(row: Row) -> Row:
    """One object; what the stand-in knows of it beside what clients see."""
    known = {"made_by": row.get("_by", ""), "edited_by": row.get("_edited", ""),
             "deleted": row.get("_deleted", False), "void": row.get("_void", False)}  # fmt: skip
    return {**{name: value for name, value in row.items() if not name.startswith("_")}, **known}


def _by_hand(company: Company, asked: Given) -> Value:
    row = done(company, asked)
    return {"id": row["Id"], "object": _plain(row)}


def _storm(company: Company, asked: Given) -> Value:
    return dict(Storm(company, int(asked.get("seed", 0))).blow(int(asked.get("edits", 100))))


def _switch_on(company: Company, asked: Given) -> Value:
    company.switches.append(switch(asked))
    return company.switches[-1].plain()


def _use(company: Company, asked: Given) -> Value:
    company.limits.use(int(asked.get("requests", 0)))
    return {}


def _consent(company: Company, asked: Given) -> Value:
    """As a person's yes gives it: a code, and the company's id."""
    return {"code": company.oauth.consent(str(asked.get("redirect_uri", ""))), "realm": company.settings.realm}


def _after(act: Callable[[Company], Any]) -> Callable[[Company, Given], Value]:
    def door(company: Company, _asked: Given) -> Value:
        act(company)
        return {}

    return door


_DOORS: Final[dict[tuple[str, str], Callable[[Company, Given], Value]]] = {
    ("GET", "settings"): lambda company, _asked: company.settings.plain(),
    ("PATCH", "settings"): _settings,
    ("GET", "log"): lambda company, _asked: {"requests": list(company.requests)},
    ("DELETE", "log"): _after(lambda company: company.requests.clear()),
    ("GET", "documents"): _documents,
    ("GET", "clock"): lambda company, _asked: {"now": written(company.clock.now())},
    ("POST", "clock"): _clock,
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
    ("POST", "consent"): _consent,
    ("POST", "expire"): _after(lambda company: company.oauth.end()),
    ("POST", "disconnect"): _after(lambda company: company.oauth.forget()),
    ("POST", "use"): _use,
    ("POST", "hooks"): lambda company, asked: company.hooks.ask(asked),
    ("GET", "hooks"): lambda company, _asked: {"sent": list(company.hooks.sent)},
    ("POST", "reset"): _after(Company.reset),
    ("GET", "faults"): lambda company, _asked: {"faults": [each.plain() for each in company.switches]},
    ("POST", "faults"): _switch_on,
    ("DELETE", "faults"): _after(lambda company: company.switches.clear()),
}
