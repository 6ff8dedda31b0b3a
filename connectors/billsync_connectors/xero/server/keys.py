"""Idempotency-Key: the first reply again, for a while.  (shell)"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.xero.server.asked import Reply, Request
from billsync_connectors.xero.server.clock import Clock, written
from billsync_connectors.xero.server.denied import broken_body
from billsync_connectors.xero.server.settings import Settings
from billsync_connectors.xero.server.values import dumps, loads
from billsync_stand_in.shelf import Shelf

_MOST: Final = 128
_OBJECT: Final = "key"


class Keys:
    """What was answered under which key of which organisation."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings

    def once(self, tenant: str, request: Request, execute: Callable[[], Reply]) -> Reply:
        """Execute a write, or give what it was answered before.  Raises `Denied`.

        Only what was executed is remembered: a request that was refused may be sent again under its key.
        """
        key = request.headers.get("idempotency-key", "")
        if not key or request.method == "GET":
            return execute()
        if len(key) > _MOST:
            raise broken_body("Idempotency-Key must not be longer than 128 characters")
        name, digest = f"{tenant} {key}", _digest(request)
        kept = self._shelf.get(_OBJECT, name)
        if kept is not None and kept["until"] > self._clock.stamp():
            if kept["digest"] != digest:
                raise broken_body("The Idempotency-Key was used before for another request")
            return Reply(kept["status"], loads(kept["body"]) if kept["body"] else None)
        reply = execute()
        until = written(self._clock.now() + timedelta(seconds=self._settings().idempotency_s))
        body = dumps(reply.value) if reply.value is not None else ""
        told: dict[str, Any] = {"digest": digest, "status": reply.status, "body": body, "until": until}
        self._shelf.put(_OBJECT, name, told)
        return reply


def _digest(request: Request) -> str:
    whole = b"\n".join((request.method.encode(), request.target.encode(), request.body))
    return hashlib.sha256(whole).hexdigest()
