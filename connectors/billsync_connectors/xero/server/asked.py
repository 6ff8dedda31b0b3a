"""One request and one reply.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from billsync_connectors.xero.server.denied import Denied, broken_body
from billsync_connectors.xero.server.values import dumps, loads
from billsync_stand_in import asked

JSON = "application/json; charset=utf-8"


class Request(asked.Request):
    """One request; header names in lower case."""

    def listed(self, name: str) -> list[str]:
        """Values of the query, with commas between them or the name again."""
        found = parse_qs(urlsplit(self.target).query).get(name, [])
        return [each.strip() for text in found for each in text.split(",") if each.strip()]

    def value(self) -> Any:
        """The body as JSON.  Raises `Denied`."""
        try:
            return loads(self.body)
        except (ValueError, RecursionError) as error:
            raise broken_body(f"JSON for post data was invalid: {error}") from None

    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object.  Raises `Denied`."""
        found = self.value()
        if not isinstance(found, dict):
            raise broken_body("JSON for post data was invalid: an object is expected")
        return found


@dataclass(frozen=True, slots=True)
class Reply(asked.Reply):
    """What is said back: `value` as JSON, as text or bytes; None for an empty body."""

    type: str = JSON

    @property
    def body(self) -> bytes:
        """Its bytes."""
        if self.value is None:
            return b""
        if isinstance(self.value, bytes):
            return self.value
        return (self.value if isinstance(self.value, str) else dumps(self.value)).encode()


def refused(denied: Denied) -> Reply:
    """A refusal as a reply."""
    type = "text/html; charset=utf-8" if isinstance(denied.value, str) else JSON
    return Reply(denied.status, denied.value, denied.headers, type)
