"""Replies whole, or broken as a fault has it.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.xero.server.asked import Reply
from billsync_connectors.xero.server.values import plain
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import (
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

_DOWN: Final = b"The Xero API is currently offline for maintenance"
_ERROR: Final = b'{"Type":null,"Title":"An error occurred","Status":500,"Detail":"An error occurred in Xero."}'
_IDS: Final = ("ContactID", "InvoiceID", "CreditNoteID", "PaymentID", "ItemID", "InvoiceNumber", "CreditNoteNumber")


def replied(struck: Switch, reply: Reply | None, now: datetime) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    page = instead(struck, now, down=_DOWN) or _own(struck, now)
    if page is not None:
        return Broken([page])
    assert reply is not None
    changed = replace(reply, value=_other(struck, reply.value))
    return damaged(struck, reply, now) or Broken([whole(changed, now)])


def _own(struck: Switch, now: datetime) -> bytes | None:
    if struck.fault == "error":
        return packet(struck.options["status"], _ERROR, {}, "application/json; charset=utf-8", now)
    return None


def _other(struck: Switch, value: Any) -> Any:
    """The content of a reply, changed."""
    match struck.fault:
        case "batch-cut":
            return _cut(value, struck.options["items"])
        case "no-id":
            return walked(value, without(*_IDS))
        case "text-numbers":
            return walked(value, as_texts(plain))
        case "lines-cut":
            most = struck.options["items"]
            return walked(value, replaced("LineItems", lambda lines: lines[:most]))
        case "other-total":
            by = Decimal(struck.options["by"])
            return walked(value, replaced("Total", lambda total: total + by))
    return value


def _cut(value: Any, most: int) -> Any:
    """The envelope's list, shorter."""
    if not isinstance(value, Mapping):
        return value
    return {name: each[:most] if isinstance(each, list) else each for name, each in value.items()}
