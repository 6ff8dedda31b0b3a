"""Webhooks: what happened goes out in signed batches, and again where it was not taken.  (shell)"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

from billsync_connectors.hubspot.server.clock import Clock
from billsync_connectors.hubspot.server.kinds import KINDS
from billsync_connectors.hubspot.server.kinship import Tie
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Place, Record, dumps

Value = dict[str, Any]
_FLAGS: Final = {"creation": "CREATED", "deletion": "DELETED", "restore": "RESTORED", "propertyChange": "NEW"}
_LONGEST: Final = 8
"""Doublings of the wait between two tries, at most."""


@dataclass(slots=True)
class Waiting:
    """One event that was not taken yet; due in milliseconds."""

    event: Value
    due: int
    tries: int = 0


class Hooks:
    """The events of one account; they don't outlive the process."""

    def __init__(
        self, clock: Clock, settings: Callable[[], Settings], turn: Callable[[], AbstractContextManager[None]]
    ):
        self._clock, self._settings, self._turn = clock, settings, turn
        self.clear()

    def clear(self) -> None:
        """Forget what waits and what was sent."""
        self.waiting: list[Waiting] = []
        self.sent: list[Value] = []
        self._count = 0

    # ------------------------------------------------------------ what happened

    def changed(self, what: str, before: Record | None, after: Record) -> None:
        """A record was made, changed, archived, restored or merged."""
        one = KINDS[after.kind].one
        if what == "touch":
            return
        if what == "propertyChange" and before is not None:
            for name in sorted({*before.properties, *after.properties}):
                value = after.properties.get(name)
                if value != before.properties.get(name):
                    self._note(one, what, after.id, propertyName=name, propertyValue=value or "")
        elif what == "merge" and before is not None:
            merged = [int(id) for id in after.properties["hs_merged_object_ids"].split(";")]
            new = int(after.id) if after.id != before.id else None
            moved = len(set(after.properties.items()) - set(before.properties.items()))
            own = {"primaryObjectId": int(before.id), "mergedObjectIds": merged, "newObjectId": new}
            self._note(one, what, after.id, **own, numberOfPropertiesMoved=moved)
        else:
            self._note(one, "deletion" if what == "merged" else what, after.id)

    def tied(self, start: Place, end: Place, tie: Tie, what: str) -> None:
        """Two records were associated, or are so no more; both sides hear of it."""
        for first, second in ((start, end), (end, start)):
            names = (KINDS[first[0]].one.upper(), KINDS[second[0]].one.upper())
            own = {"fromObjectId": int(first[1]), "toObjectId": int(second[1]), "associationRemoved": what == "untied"}
            own["isPrimaryAssociation"] = tie.label == "Primary"
            self._note(names[0].lower(), "associationChange", "", **own, associationType="_TO_".join(names))

    def _note(self, one: str, what: str, id: str, **more: Any) -> None:
        settings, type, now = self._settings(), f"{one}.{what}", self._clock.now()
        if not settings.webhook_url or (settings.webhook_events and type not in settings.webhook_events.split(",")):
            return
        self._count += 1
        event = {
            "eventId": 100 + self._count % 50, "subscriptionId": sum(map(ord, type)), "portalId": settings.portal,
            "appId": settings.app, "occurredAt": now, "subscriptionType": type, "attemptNumber": 0,
            **({"objectId": int(id)} if id else {}), "changeSource": "CRM_UI", **more,
        }  # fmt: skip
        if what in _FLAGS:
            event["changeFlag"] = _FLAGS[what]
        self.waiting.append(Waiting(event, now))

    # ------------------------------------------------------------ sending

    def deliver(self) -> int:
        """Send what is due, outside of any turn; gives how many batches went out."""
        batches = self._due()
        for batch in batches:
            body = dumps([{**row.event, "attemptNumber": row.tries} for row in batch]).encode()
            for _time in range(2 if self._settings().webhook_doubled else 1):
                status = self._post(body)
            with self._turn():
                self.sent.append({"status": status, "events": len(batch), "at": self._clock.now()})
                if not 200 <= status < 300:
                    self._again(batch)
        return len(batches)

    def _due(self) -> list[list[Waiting]]:
        settings = self._settings()
        with self._turn():
            now = self._clock.now()
            due = [row for row in self.waiting if row.due <= now]
            self.waiting = [row for row in self.waiting if row.due > now]
        if settings.webhook_shuffle:
            Random(f"{settings.seed} {self._count}").shuffle(due)  # noqa: S311  repeatable on purpose
        size = max(1, settings.webhook_batch)
        return [due[first : first + size] for first in range(0, len(due), size)]

    def _again(self, batch: list[Waiting]) -> None:
        """Later, and after each try twice as late; one that was tried too often is lost."""
        settings = self._settings()
        for row in batch:
            row.tries += 1
            row.due = self._clock.now() + settings.webhook_retry_s * 1000 * 2 ** min(row.tries - 1, _LONGEST)
            if row.tries < settings.webhook_tries:
                self.waiting.append(row)

    def _post(self, body: bytes) -> int:
        """The status of the answer; 0 where there was none."""
        settings = self._settings()
        url = urlsplit(settings.webhook_url)
        secure = url.scheme == "https"
        kind = HTTPSConnection if secure else HTTPConnection
        connection = kind(url.hostname or "", url.port, timeout=settings.webhook_timeout_s)
        headers = {
            "Content-Type": "application/json",
            **signed("POST", settings.webhook_url, body, self._clock.now(), settings),
        }
        try:
            connection.request("POST", f"{url.path or '/'}{'?' + url.query if url.query else ''}", body, headers)
            status = connection.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            connection.close()
        return status


_PLAIN: Final = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip


def signed(method: str, uri: str, body: bytes, now: int, settings: Settings) -> dict[str, str]:
    """The headers by which a receiver knows who sends: version 3, and version 2 beside it."""
    for written, meant in _PLAIN.items():
        uri = uri.replace(written, meant).replace(written.lower(), meant)
    secret = settings.client_secret.encode()
    source = method.encode() + uri.encode() + body
    third = hmac.new(secret, source + str(now).encode(), hashlib.sha256).digest()
    return {
        "X-HubSpot-Signature-v3": base64.b64encode(third).decode(),
        "X-HubSpot-Request-Timestamp": str(now),
        "X-HubSpot-Signature": hashlib.sha256(secret + source).hexdigest(),
        "X-HubSpot-Signature-Version": "v2",
    }
