"""Requests under /admin: settings, faults, the log, the clock, and what people do by hand.  (shell)"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from billsync_connectors.salesforce.server import seed
from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.clock import stamp
from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.org import Org
from billsync_connectors.salesforce.server.storm import Storm
from billsync_connectors.salesforce.server.values import given
from billsync_stand_in.admin import COMMON, Doors, Given, Value, carried_out
from billsync_stand_in.turned import Turned


def answer(org: Org, request: Request) -> Reply:
    """The reply to whoever runs the stand-in; in a turn of the shelf."""
    try:
        with org.shelf.turn():
            return Reply(200, carried_out(org, request, _DOORS))
    except Turned as turned:
        fields = [turned.name] if turned.name else None
        return Reply(turned.status, Denied(turned.status, turned.code, turned.message, fields).value())
    except Denied as denied:
        return Reply(denied.status, denied.value())
    except (ValueError, TypeError) as error:
        return Reply(422, Denied(422, "BAD_VALUE", f"a value is not of its type: {error}").value())
    finally:
        org.records.keep_counts()


def _seed(org: Org, asked: Given) -> Value:
    return {"records": seed.sow(str(asked.get("name", "")), Path(str(asked.get("folder", ""))), org.records, org.clock)}


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


def _certificate(org: Org, _asked: Given) -> Value:
    return {"certificate": str(org.certificate()[0])}


def _expire(org: Org, _asked: Given) -> Value:
    org.auth.end()
    return {}


def _use(org: Org, asked: Given) -> Value:
    org.limits.use(int(asked.get("requests", 0)))
    return {"used": org.limits.used()}


_DOORS: Final[Doors[Org]] = {
    **COMMON,
    ("GET", "records"): _records,
    ("GET", "ids"): lambda org, _asked: {"org": org.ids().id, "user": org.ids().user},
    ("POST", "human"): _by_hand,
    ("POST", "storm"): _storm,
    ("POST", "lock"): _lock,
    ("POST", "seed"): _seed,
    ("POST", "consent"): lambda org, _asked: {"refresh_token": org.auth.consent()},
    ("POST", "expire"): _expire,
    ("POST", "use"): _use,
    ("GET", "certificate"): _certificate,
}
