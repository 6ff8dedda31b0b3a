"""Replies whole, or broken as a fault has it.  (pure)"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.netsuite.server.asked import Reply
from billsync_connectors.netsuite.server.faults import refusal
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import (
    Broken,
    damaged,
    instead,
    walked,
    whole,
)

_DOWN: Final = b"<html><head><title>Service Unavailable</title></head><body>We are down for maintenance.</body></html>"
_HTML: Final = "text/html; charset=UTF-8"


def replied(struck: Switch, reply: Reply | None, now: datetime) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    page = instead(struck, now, down=_DOWN, html=_HTML) or _own(struck, now)
    if page is not None:
        return Broken([page])
    assert reply is not None
    changed = _other(struck, reply)
    return damaged(struck, reply, now) or Broken([whole(changed, now)])


def _own(struck: Switch, now: datetime) -> bytes | None:
    if struck.fault not in ("error", "throttle"):
        return None
    denied = refusal(struck)
    assert denied is not None
    return whole(Reply(denied.status, denied.value(), denied.headers), now)


def _falsified(item: dict[str, Any]) -> dict[str, Any]:
    found = dict(item)
    for name in ("tranId", "tranid", "externalId", "externalid"):
        if name in found:
            found[name] = f"X{found[name]}"
    for name in ("total", "amountRemaining"):
        if isinstance(found.get(name), Decimal):
            found[name] = Decimal(f"1{abs(found[name])}")
    return {**found, "foreigntotal": f"1{found['foreigntotal']}"} if "foreigntotal" in found else found


def _other(struck: Switch, reply: Reply) -> Reply:
    """The reply with other content."""
    match struck.fault:
        case "no-location":
            return replace(reply, headers={})
        case "other-content":
            return replace(reply, value=walked(reply.value, _falsified))
    return reply
