"""Replies whole, or broken as a fault has it.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.odoo.server.asked import Reply
from billsync_connectors.odoo.server.values import plain
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
_SERIALIZE: Final = {
    "name": "psycopg2.errors.SerializationFailure",
    "message": "could not serialize access due to concurrent update",
    "arguments": ["could not serialize access due to concurrent update"],
    "context": {},
    "debug": "Traceback (most recent call last):\n",
}


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
    return whole(Reply(500, _SERIALIZE), now) if struck.fault == "serialize" else None


def _other(struck: Switch, value: Any) -> Any:
    """The content of a reply, changed."""
    match struck.fault:
        case "batch-cut":
            return _cut(value, struck.options["items"])
        case "no-id":
            return walked(value, without("id"))
        case "text-numbers":
            return walked(value, as_texts(plain))
        case "other-total":
            by = Decimal(struck.options["by"])
            return walked(value, replaced("amount_total", lambda total: total + by))
    return value


def _cut(value: Any, most: int) -> Any:
    """A list, or that of an RPC answer, shorter."""
    if isinstance(value, Mapping) and isinstance(value.get("result"), list):
        return {**value, "result": value["result"][:most]}
    return value[:most] if isinstance(value, list) else value
