"""Replies whole, or broken as a fault has it.  (pure)"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from billsync_connectors.salesforce.server.asked import Reply
from billsync_connectors.salesforce.server.faults import refusal
from billsync_connectors.salesforce.server.values import plain
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import (
    Broken,
    as_texts,
    damaged,
    instead,
    packet,
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
    if struck.fault == "edge":
        return packet(struck.options["status"], b"", {}, _HTML, now)
    if struck.fault not in ("error", "daily-limit", "concurrent"):
        return None
    denied = refusal(struck)
    assert denied is not None
    return whole(Reply(denied.status, denied.value()), now)


def _other(struck: Switch, value: Any) -> Any:
    """The content of a reply, changed."""
    match struck.fault:
        case "batch-cut" if isinstance(value, list):
            return value[: struck.options["items"]]
        case "no-id":
            return walked(value, without("id", "Id"))
        case "big-field":
            big = {struck.options["field"]: "\U0001f4b6 " * (struck.options["size"] // 2)}
            return walked(value, lambda item: {**item, **big} if "attributes" in item else item)
        case "text-numbers":
            texts = as_texts(plain)
            return walked(value, lambda item: texts(item) if "attributes" in item else item)
    return value
