"""One request and one reply.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from billsync_connectors.erpnext.server.denied import Denied
from billsync_connectors.erpnext.server.values import dumps, loads
from billsync_stand_in import asked


class Request(asked.Request):
    """One request; header names in lower case."""

    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object.  Raises `Denied`."""
        try:
            found = loads(self.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise Denied("ValidationError", f"Invalid request body: {error}") from None
        if not isinstance(found, dict):
            raise Denied("ValidationError", "Invalid request body: an object is expected")
        return found

    def given(self) -> dict[str, Any]:
        """What a method is given: the query, then a form, then JSON."""
        told: dict[str, Any] = {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return told | {name: values[0] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}
        return told | (self.mapping() if self.body else {})


@dataclass(frozen=True, slots=True)
class Reply(asked.Reply):
    """What is said back: `value` as JSON, or bytes of another type."""

    type: str = "application/json"

    @property
    def body(self) -> bytes:
        """Its bytes."""
        return self.value if isinstance(self.value, bytes) else dumps(self.value).encode()
