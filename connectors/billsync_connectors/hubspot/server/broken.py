"""Replies whole, or broken as a fault has it.  (pure)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from billsync_connectors.hubspot.server.http import Reply
from billsync_connectors.hubspot.server.refused import Refused
from billsync_connectors.hubspot.server.shelf import dumps
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import HTML, Broken, damaged, instead, whole

_EDGE: Final = b"<!doctype html><html><head><title>%d</title></head><body><h1>Error %d</h1>cloudflare</body></html>"
_STAND_IN: Final = "019ce0f8-6d3a-7898-a39b-000000000000"
_FORMS: Final[dict[str, list[Any]]] = {
    "wrong-values": [7, ["a list"], {"an": "object"}, True],
    "bad-text": ["half \ud800 a pair", "a NUL \x00 inside"],
}
"""What stands in place of values."""
_BUSY: Final = {"TEN_SECONDLY_ROLLING": "ten_secondly_rolling", "SECONDLY": "secondly", "DAILY": "daily"}


def replied(struck: Switch, reply: Reply | None, now: datetime) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    page = instead(struck, now)
    if page is not None:
        return Broken([page])
    if reply is None or struck.fault == "error":
        return Broken([whole(_own(struck.fault, struck.options), now)])
    changed = replace(reply, value=_bytes(struck.fault, struck.options, reply))
    return damaged(struck, reply, now) or Broken([whole(changed, now)])


def _bytes(name: str, options: Mapping[str, Any], reply: Reply) -> bytes:
    """A body that is whole, and not what it should be."""
    match name:
        case "latin-1":
            return dumps({**(reply.value or {}), "remark": "caf\xe9"}).encode("latin-1", "replace")
        case "bad-json":
            return b'{"total":NaN,"results":[],' + reply.body[1:]
    value = _other(name, options, reply.value)
    return b"" if value is None else json.dumps(value, default=str).encode()


def page(status: int) -> Reply:
    """What the edge answers before anything else sees the request: HTML."""
    return Reply(status, _EDGE % (status, status), {}, HTML)


def _own(name: str, options: Mapping[str, Any]) -> Reply:
    if name == "blocked":
        return page(403)
    if name == "error" and options["body"] == "html":
        return page(int(options["status"]))
    fault = _fault(name, options)
    return Reply(fault.status, fault.body(_STAND_IN), fault.headers)


def _fault(name: str, options: Mapping[str, Any]) -> Refused:
    match name:
        case "busy":
            after, policy = options["retry_after"], options["policy"]
            headers = {} if after is None else {"Retry-After": str(after)}
            message = f"You have reached your {_BUSY[policy]} limit."
            return Refused(429, message, errorType="RATE_LIMIT", policyName=policy, headers=headers)
        case "locked":
            return Refused(423, "The resource is locked by another request", "LOCKED")
        case "migrating":
            message = "The account is being migrated between data centres"
            return Refused(477, message, "MIGRATION_IN_PROGRESS", headers={"Retry-After": str(options["retry_after"])})
        case "expired":
            message = f"The OAuth token used to make this call expired {options['ago']} second(s) ago."
            return Refused(401, message, "EXPIRED_AUTHENTICATION")
    return Refused(int(options["status"]), "internal error")


def _other(name: str, options: Mapping[str, Any], value: Any) -> Any:
    """The content of a reply, changed."""
    if not isinstance(value, dict):
        return value
    if name == "batch-cut" and "results" in value:
        return {**value, "results": value["results"][: int(options["items"])]}
    if name == "short-page" and "results" in value:
        return {**value, "results": value["results"][: -int(options["items"])]}
    if "results" in value:
        return {**value, "results": [_record(name, row) for row in value["results"]]}
    return _record(name, value)


def _record(name: str, record: Any) -> Any:
    if name == "no-id":
        return {field: item for field, item in record.items() if field != "id"}
    if name == "no-properties":
        return {field: item for field, item in record.items() if field != "properties"}
    if name in _FORMS and isinstance(record.get("properties"), dict):
        forms = _FORMS[name]
        values = {key: forms[place % len(forms)] for place, key in enumerate(record["properties"])}
        return {**record, "properties": values}
    return record
