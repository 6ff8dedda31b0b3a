"""Webhooks: CloudEvents that say what changed, signed, now and then twice, never the fields.  (shell)"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from billsync_connectors.quickbooks.server.books import Books
from billsync_connectors.quickbooks.server.kinds import NO_CHANGES
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_connectors.quickbooks.server.values import dumps

_TIMEOUT_S: Final = 5


class Hooks:
    """Notes what objects became since the last look, and posts it where it is asked for."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.forget()

    def forget(self) -> None:
        """Nobody asked; what stands there is known."""
        self.url, self.verifier, self.old_format = "", "", False
        self.sent: list[dict[str, Any]] = []
        self._seen: dict[tuple[str, str], str] = {}

    def ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Whom to tell from now on: `url`, `verifier`, `old_format`."""
        self.url, self.verifier = str(asked.get("url", "")), str(asked.get("verifier", ""))
        self.old_format = bool(asked.get("old_format", False))
        self._seen = {(kind, row["Id"]): row["_updated"] for kind, row in self._rows()}
        return {"url": self.url}

    def _rows(self) -> list[tuple[str, Row]]:
        kinds = ("Customer", "Item", "Invoice", "CreditMemo", "Payment")
        return [(kind, row) for kind in kinds if kind not in NO_CHANGES for row in self._books.shelf.all(kind)]

    def send(self) -> None:
        """Post what changed, after the turn, in the background; whoever does not answer is not told again."""
        if not self.url:
            return
        events = []
        for kind, row in self._rows():
            before = self._seen.get((kind, row["Id"]))
            if before != row["_updated"]:
                events.append((kind, row, _operation(row, before)))
                self._seen[kind, row["Id"]] = row["_updated"]
        if not events:
            return
        realm = self._books.settings.realm
        body = (_old(realm, events) if self.old_format else dumps([_event(realm, *each) for each in events])).encode()
        self.sent.append({"body": body.decode()})
        signed = base64.b64encode(hmac.digest(self.verifier.encode(), body, hashlib.sha256)).decode()
        thread = threading.Thread(target=_post, args=(self.url, body, signed), daemon=True)
        thread.start()


def _operation(row: Row, before: str | None) -> str:
    if row.get("_deleted"):
        return "Merge" if row.get("_merged_into") else "Delete"
    if before is None:
        return "Create"
    return "Void" if row.get("_void") else "Update"


def _event(realm: str, kind: str, row: Row, operation: str) -> dict[str, Any]:
    past = {"Create": "created", "Update": "updated", "Delete": "deleted", "Void": "voided", "Merge": "merged"}
    at = row["_updated"].replace("+00:00", "000Z")  # to the nanosecond
    id = hashlib.sha256(f"{realm} {kind} {row['Id']} {at}".encode()).hexdigest()
    return {
        "specversion": "1.0", "id": f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:32]}",
        "source": "intuit.standin",
        "type": f"qbo.{kind.lower()}.{past[operation]}.v1", "datacontenttype": "application/json", "time": at,
        "intuitentityid": row["Id"], "intuitaccountid": realm, "data": {},
    }  # fmt: skip


def _old(realm: str, events: list[tuple[str, Row, str]]) -> str:
    entities = []
    for kind, row, operation in events:
        own = {"id": row.get("_merged_into") or row["Id"], "operation": operation, "name": kind}
        gone = {"deletedId": row["Id"]} if operation == "Merge" else {}
        entities.append({**own, **gone, "lastUpdated": row["MetaData"]["LastUpdatedTime"]})
    return dumps({"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": entities}}]})


def _post(url: str, body: bytes, signed: str) -> None:
    found = urlsplit(url)
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(found.netloc, timeout=_TIMEOUT_S)
        headers = {"Content-Type": "application/json", "intuit-signature": signed}
        connection.request("POST", found.path or "/", body, headers)
        connection.getresponse().read()
        connection.close()
