"""Replies whole, or broken as a fault has it.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.erpnext.server.asked import Reply
from billsync_connectors.erpnext.server.values import plain
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import (
    HTML,
    Broken,
    as_texts,
    damaged,
    instead,
    packet,
    replaced,
    walked,
    whole,
    without,
)

_DOWN: Final = b"<html><head><title>Bad Gateway</title></head><body><center>nginx</center></body></html>"


def replied(struck: Switch, reply: Reply | None, now: datetime) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    page = instead(struck, now, down=_DOWN) or _own(struck, now)
    if page is not None:
        return Broken([page])
    assert reply is not None
    value = reply.value if isinstance(reply.value, bytes) else _other(struck, reply.value)
    return damaged(struck, reply, now) or Broken([whole(replace(reply, value=value), now)])


def _own(struck: Switch, now: datetime) -> bytes | None:
    if struck.fault == "too-many":
        return packet(429, _DOWN, {"Retry-After": str(struck.options["seconds"])}, HTML, now)
    return None


def _other(struck: Switch, value: Any) -> Any:
    """The content of a reply, changed."""
    match struck.fault:
        case "batch-cut":
            return _cut(value, struck.options["items"])
        case "no-name":
            return walked(value, without("name"))
        case "text-numbers":
            return walked(value, as_texts(plain))
        case "other-total":
            by = Decimal(struck.options["by"])
            return walked(value, replaced("grand_total", lambda total: total + by))
    return value


def _cut(value: Any, most: int) -> Any:
    """A list, shorter."""
    if not isinstance(value, Mapping):
        return value
    return {name: each[:most] if isinstance(each, list) else each for name, each in value.items()}
