"""Replies whole, or broken as a fault has it.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.asked import Reply
from billsync_connectors.quickbooks.server.faults import refusal
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import (
    Broken,
    damaged,
    instead,
    walked,
    whole,
    without,
)

_DOWN: Final = b"<html><head><title>Service Unavailable</title></head><body>We are down for maintenance.</body></html>"
_HTML: Final = "text/html; charset=UTF-8"


def replied(struck: Switch, reply: Reply | None, now: datetime) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    page = instead(struck, now, down=_DOWN, html=_HTML) or _own(struck, now)
    if page is not None:
        return Broken([page])
    assert reply is not None
    changed = replace(reply, value=_other(struck, reply.value))
    return damaged(struck, reply, now) or Broken([whole(changed, now)])


def _own(struck: Switch, now: datetime) -> bytes | None:
    if struck.fault not in ("error", "throttle"):
        return None
    denied = refusal(struck)
    assert denied is not None
    after = struck.options.get("retry_after")
    wait = {"Retry-After": after} if after else {}
    return whole(Reply(denied.status, denied.value(now.isoformat(timespec="milliseconds")), wait), now)


def _other(struck: Switch, value: Any) -> Any:
    """The content of a reply, changed."""
    match struck.fault:
        case "batch-cut" if isinstance(value, Mapping) and "BatchItemResponse" in value:
            return {**value, "BatchItemResponse": value["BatchItemResponse"][: struck.options["items"]]}
        case "no-id":
            return walked(value, without("Id"))
        case "other-content":
            return walked(value, _falsified)
    return value


def _falsified(item: dict[str, Any]) -> dict[str, Any]:
    found = dict(item)
    if "DocNumber" in found:
        found["DocNumber"] = "X" + str(found["DocNumber"])[:20]
    for name in ("TotalAmt", "Balance"):
        if isinstance(found.get(name), Decimal):
            found[name] = Decimal(f"1{abs(found[name])}")
    return found
