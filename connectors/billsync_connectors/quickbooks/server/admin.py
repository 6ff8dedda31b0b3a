"""Requests under /admin: settings, faults, the log, the clock, the truth, and what people do by hand.  (shell)"""

from __future__ import annotations

from typing import Final

from billsync_connectors.quickbooks.server.asked import Reply, Request
from billsync_connectors.quickbooks.server.company import Company
from billsync_connectors.quickbooks.server.denied import Denied
from billsync_connectors.quickbooks.server.human import done
from billsync_connectors.quickbooks.server.kinds import KINDS
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_connectors.quickbooks.server.storm import Storm
from billsync_stand_in.admin import COMMON, Doors, Given, Value, after, carried_out
from billsync_stand_in.turned import Turned

_CODES: Final = {401: 3200, 404: 610}


def answer(company: Company, request: Request) -> Reply:
    """The reply to whoever runs the stand-in; in a turn of the shelf."""
    try:
        return Reply(200, carried_out(company, request, _DOORS))
    except Turned as turned:
        words = turned.code.replace("_", " ").capitalize()
        return company.refused(Denied(_CODES.get(turned.status, 2010), words, turned.message, status=turned.status))
    except Denied as denied:
        return company.refused(denied)
    except (ValueError, TypeError) as error:
        return company.refused(Denied(2010, "Bad value", f"a value is not of its type: {error}", status=422))


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


def _use(company: Company, asked: Given) -> Value:
    company.limits.use(int(asked.get("requests", 0)))
    return {}


def _consent(company: Company, asked: Given) -> Value:
    """As a person's yes gives it: a code, and the company's id."""
    return {"code": company.oauth.consent(str(asked.get("redirect_uri", ""))), "realm": company.settings.realm}


_DOORS: Final[Doors[Company]] = {
    **COMMON,
    ("GET", "documents"): _documents,
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
    ("POST", "consent"): _consent,
    ("POST", "expire"): after(lambda company: company.oauth.end()),
    ("POST", "disconnect"): after(lambda company: company.oauth.forget()),
    ("POST", "use"): _use,
    ("POST", "hooks"): lambda company, asked: company.hooks.ask(asked),
    ("GET", "hooks"): lambda company, _asked: {"sent": list(company.hooks.sent)},
}
