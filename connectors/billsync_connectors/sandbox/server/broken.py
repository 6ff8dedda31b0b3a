"""Replies whole, or broken as a fault has it.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billsync_connectors.sandbox.server.api import Reply
from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.shelf import dumps
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import Broken, damaged, instead, packet, whole


def replied(struck: Switch, reply: Reply | None, now: datetime) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    page = instead(struck, now) or _own(struck, now)
    if page is not None:
        return Broken([page])
    assert reply is not None
    if struck.fault == "latin-1":
        packed = dumps({**reply.value, "remark": "caf\xe9"}).encode("latin-1", "replace")
        return Broken([packet(reply.status, packed, reply.headers, f"{reply.type}; charset=latin-1", now)])
    changed = Reply(reply.status, _other(struck.fault, struck.options, reply.value), reply.headers)
    return damaged(struck, reply, now) or Broken([whole(changed, now)])


def _own(struck: Switch, now: datetime) -> bytes | None:
    options = struck.options
    match struck.fault:
        case "busy":
            asked = options["retry_after"]
            wait = {} if asked is None else {"Retry-After": str(asked)}
            return whole(Reply(429, Denied(429, "too_many_requests", "too many requests").value(), wait), now)
        case "expired":
            return whole(Reply(401, Denied(401, "log_in", "the token is over").value()), now)
        case "error":
            said = Denied(int(options["status"]), "broken", "the server is broken at this moment")
            return whole(Reply(said.status, said.value()), now)
    return None


def _other(name: str, options: Mapping[str, Any], value: Any) -> Any:
    """The content of a reply, changed."""
    if name == "batch-cut" and "results" in value:
        return {**value, "results": value["results"][: int(options["items"])]}
    if name in ("no-id", "other-content"):
        return _records(name, value)
    return value


def _records(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """Each record in a reply, wherever it stands, changed."""
    if "results" in value:
        results = [
            {**item, "record": _record(name, item["record"])} if "record" in item else item for item in value["results"]
        ]
        return {**value, "results": results}
    if "records" in value:
        return {**value, "records": [_record(name, record) for record in value["records"]]}
    return _record(name, value)


def _record(name: str, record: dict[str, Any]) -> dict[str, Any]:
    if name == "no-id":
        return {field: item for field, item in record.items() if field != "id"}
    changed = {"reference": "SOMETHING-ELSE"} if "reference" in record else {}
    return {**record, **changed, **{field: "1" + record[field] for field in ("total", "amount") if record.get(field)}}
