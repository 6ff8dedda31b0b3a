"""Xero's webhooks: proven by their signature, read as hints.  (pure)

Payments have none of their own: an invoice that is paid is told as changed.  Sequences have gaps: lists are read too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from billsync.connector import Hint, Hook, Refused
from billsync.strict.json import BadJson, loads
from billsync_connectors.xero.values import is_id

_OBJECTS: Final = {"INVOICE": "invoice", "CREDITNOTE": "credit_note", "CONTACT": "contact"}
_MOST: Final = 1000


def hints(hook: Hook, key: str, tenant: str) -> list[Hint]:
    """The records that a request speaks of; none for the intent to receive.  Raises `Refused`.

    `tenant` is the organisation's id; "" takes what is told of any.
    """
    if not key:
        raise Refused("bad_signature", "webhooks need `webhook_key`: without it nobody can prove who sends them")
    wanted = base64.b64encode(hmac.digest(key.encode(), hook.body, hashlib.sha256)).decode()
    given = hook.headers.get("x-xero-signature", "")
    if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        raise Refused("bad_signature", "the signature is not Xero's")
    try:
        told = loads(hook.body)
    except BadJson as error:
        raise Refused("bad_request", f"the events cannot be read: {error}") from None
    events = told.get("events") if isinstance(told, Mapping) else None
    if not isinstance(events, list) or len(events) > _MOST or not all(isinstance(event, Mapping) for event in events):
        raise Refused("bad_request", "expected a list of events")
    found = (_of(event) for event in events if not is_id(tenant) or event.get("tenantId") == tenant)
    return list(dict.fromkeys(hint for hint in found if hint is not None))


def _of(event: Mapping[str, Any]) -> Hint | None:
    object, id = _OBJECTS.get(str(event.get("eventCategory"))), str(event.get("resourceId") or "")
    return Hint(object, id) if object and is_id(id) else None
