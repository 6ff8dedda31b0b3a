"""QuickBooks' webhooks: proven by their signature, read as hints, in the old form and as CloudEvents.  (pure)

The signature does not cover the time, so that a request that was caught can be sent again: all that does is to have
records read once more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any, Final

from billsync.connector import Hint, Hook, Refused
from billsync.strict.json import BadJson, loads

_MOST: Final = 5000


def hints(hook: Hook, verifier: str, realm: str, kinds: Mapping[str, str]) -> list[Hint]:
    """The records of company `realm` that a request speaks of; `kinds` is QuickBooks' own name by ours.

    Raises `Refused`.
    """
    _proven(hook, verifier)
    try:
        value = loads(hook.body)
    except BadJson as error:
        raise Refused("bad_request", f"the events cannot be read: {error}") from None
    ours = {name.lower(): object for object, name in kinds.items()}
    found = list(_events(value) if isinstance(value, list) else _notifications(value))
    if len(found) > _MOST:
        raise Refused("bad_request", f"more than {_MOST} events in one request")
    named = ((ours.get(kind.lower()), id) for company, kind, id in found if company == realm)
    return list(dict.fromkeys(Hint(object, id) for object, id in named if object and id))


def _proven(hook: Hook, verifier: str) -> None:
    if not verifier:
        raise Refused("bad_signature", "webhooks need `webhook_verifier`: without it nobody can prove who sends them")
    given = hook.headers.get("intuit-signature", "")
    wanted = base64.b64encode(hmac.digest(verifier.encode(), hook.body, hashlib.sha256))
    if not hmac.compare_digest(wanted, given.encode("utf-8", "replace")):
        raise Refused("bad_signature", "the signature is not Intuit's")


def _events(value: list[Any]) -> Iterator[tuple[str, str, str]]:
    """Company, kind and id of each CloudEvent, such as `qbo.invoice.updated.v1`."""
    for event in value:
        if not isinstance(event, Mapping):
            raise Refused("bad_request", "expected a list of events")
        parts = str(event.get("type") or "").split(".")
        if len(parts) >= 3 and parts[0] == "qbo":
            yield str(event.get("intuitaccountid") or ""), parts[1], _id(event.get("intuitentityid"))


def _notifications(value: Any) -> Iterator[tuple[str, str, str]]:
    """The same of the body before 2026; of a merge both customers."""
    told = value.get("eventNotifications") if isinstance(value, Mapping) else None
    if not isinstance(told, list):
        raise Refused("bad_request", "expected eventNotifications, or a list of CloudEvents")
    for one in told:
        change = one.get("dataChangeEvent") if isinstance(one, Mapping) else None
        entities = change.get("entities") if isinstance(change, Mapping) else None
        for row in entities if isinstance(entities, list) else []:
            if isinstance(row, Mapping):
                for name in ("id", "deletedId"):
                    yield str(one.get("realmId") or ""), str(row.get("name") or ""), _id(row.get(name))


def _id(value: Any) -> str:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isdigit() else ""
