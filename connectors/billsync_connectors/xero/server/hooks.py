"""Webhooks: signed notes of what changed, kept until somebody fetches or delivers them.  (shell)"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any, Final

from billsync_connectors.xero.server.books import IDS, made_id
from billsync_connectors.xero.server.clock import Clock
from billsync_connectors.xero.server.settings import Settings
from billsync_connectors.xero.server.values import Row, dumps
from billsync_stand_in.shelf import Shelf

CATEGORIES: Final = {"Invoice": "INVOICE", "Contact": "CONTACT", "CreditNote": "CREDITNOTE"}
_KEPT: Final = 1000


class Hooks:
    """What has happened since it was asked last."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf, self._clock = shelf, clock

    def note(self, tenant: str, touched: Iterable[tuple[str, Row | None, Row]]) -> None:
        """Records that a turn has made or changed: one event each; payments have none, their invoice has."""
        events, old = list(self._shelf.recall("events", [])), len(self._shelf.recall("events", []))
        for object, before, row in touched:
            if object not in CATEGORIES:
                continue
            number, id = self._shelf.count("event"), row[IDS[object]]
            told = {"resourceUrl": f"https://api.xero.com/api.xro/2.0/{object}s/{id}", "resourceId": id}
            told |= {"tenantId": tenant, "tenantType": "ORGANISATION", "eventCategory": CATEGORIES[object]}
            told |= {"eventType": "UPDATE" if before else "CREATE", "eventDateUtc": row["UpdatedDateUTC"][:23]}
            events.append({**told, "_n": number})
        if len(events) > old:
            self._shelf.remember("events", events[-_KEPT:])

    def waiting(self) -> list[dict[str, Any]]:
        """Events that nobody has fetched."""
        return list(self._shelf.recall("events", []))

    def fetch(self, settings: Settings, *, wrong: bool = False) -> dict[str, str]:
        """The next delivery, with its signature; an empty one is the intent to receive.

        `wrong` signs it with another key, as Xero itself does to see whether it is refused.
        """
        events = self.waiting()
        self._shelf.remember("events", [])
        numbers = [each["_n"] for each in events] or [0]
        told = [{name: value for name, value in each.items() if name != "_n"} for each in events]
        noise = made_id("entropy", str(numbers[-1]), self._clock.stamp())[:20].upper()
        body = dumps(
            {"events": told, "firstEventSequence": numbers[0], "lastEventSequence": numbers[-1], "entropy": noise}
        )
        return {"body": body, "signature": signature(settings.webhook_key + ("x" if wrong else ""), body)}


def signature(key: str, body: str) -> str:
    """As the header x-xero-signature has it."""
    return base64.b64encode(hmac.digest(key.encode(), body.encode(), hashlib.sha256)).decode()


def touched(
    before: Mapping[tuple[str, str], Row | None], shelf: Shelf, tenant: str
) -> list[tuple[str, Row | None, Row]]:
    """What a turn has written of an organisation: object, the record before, the record now."""
    found = []
    for (object, id), old in before.items():
        row = shelf.get(object, id)
        if object.startswith(f"{tenant}/") and row is not None:
            found.append((object.partition("/")[2], old, row))
    return found
