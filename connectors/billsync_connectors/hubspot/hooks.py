"""HubSpot's webhooks: proven by their signature, read as hints.  (pure)

Only version 3 of the signature is accepted: the ones before it don't cover the time, so that a request that was caught
once could be sent again for ever.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any, Final

from billsync.connector import Hint, Hook, Refused
from billsync.strict.json import BadJson, loads
from billsync_connectors.hubspot.kinds import KINDS, TYPE_IDS

_OLDEST_MS: Final = 300_000
_MOST: Final = 1000
_PLAIN: Final = dict(
    zip(
        ("%3A", "%2F", "%3F", "%40", "%21", "%24", "%27", "%28", "%29", "%2A", "%2C", "%3B"),
        (":", "/", "?", "@", "!", "$", "'", "(", ")", "*", ",", ";"),
        strict=True,
    )
)
_ONES: Final = {kind.one: name for name, kind in KINDS.items()}
_IDS: Final = ("objectId", "primaryObjectId", "newObjectId")


def hints(hook: Hook, secret: str) -> list[Hint]:
    """The records that a request speaks of.  Raises `Refused`."""
    _proven(hook, secret)
    try:
        events = loads(hook.body)
    except BadJson as error:
        raise Refused("bad_request", f"the events cannot be read: {error}") from None
    if not isinstance(events, list) or len(events) > _MOST or not all(isinstance(row, Mapping) for row in events):
        raise Refused("bad_request", "expected a list of events")
    return list(dict.fromkeys(hint for event in events for hint in _of(event)))


def _proven(hook: Hook, secret: str) -> None:
    if not secret:
        raise Refused("bad_signature", "webhooks need `client_secret`: without it nobody can prove who sends them")
    given, at = hook.headers.get("x-hubspot-signature-v3", ""), hook.headers.get("x-hubspot-request-timestamp", "")
    if not given:
        raise Refused("bad_signature", "there is no signature of version 3")
    if not (at.isascii() and at.isdigit() and len(at) < 16):
        raise Refused("bad_signature", "the signature has no time")
    source = hook.method.upper().encode() + _address(hook.url).encode() + hook.body + at.encode()
    wanted = base64.b64encode(hmac.new(secret.encode(), source, hashlib.sha256).digest())
    if not hmac.compare_digest(wanted, given.encode("utf-8", "replace")):
        raise Refused("bad_signature", "the signature is not HubSpot's")
    if abs(int(hook.at.timestamp()) * 1000 - int(at)) > _OLDEST_MS:
        raise Refused("too_old", "the signature is more than five minutes old")


def _address(url: str) -> str:
    """The address as HubSpot signs it: without its fragment, some characters in plain."""
    url = url.partition("#")[0]
    for written, meant in _PLAIN.items():
        url = url.replace(written, meant).replace(written.lower(), meant)
    return url


def _of(event: Mapping[str, Any]) -> Iterator[Hint]:
    """The records of one event: its own; of a merge all of them; of an association both ends."""
    called, _, what = str(event.get("subscriptionType") or "").partition(".")
    object = _ONES.get(called) or TYPE_IDS.get(str(event.get("objectTypeId") or ""))
    if what == "associationChange":
        ends = str(event.get("associationType") or "").lower().partition("_to_")
        pairs = ((ends[0], event.get("fromObjectId")), (ends[2], event.get("toObjectId")))
        named = [(_ONES.get(one) or TYPE_IDS.get(one), _id(id)) for one, id in pairs]
        yield from (Hint(object, id) for object, id in named if object and id)
        return
    if object is None:
        return
    listed = event.get("mergedObjectIds")
    merged = listed if isinstance(listed, list) else []
    yield from (Hint(object, id) for id in map(_id, [*(event.get(name) for name in _IDS), *merged]) if id)


def _id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value)
    return text if text.isascii() and text.isdigit() else ""
