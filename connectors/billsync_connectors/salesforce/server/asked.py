"""One request and one reply.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.values import dumps, loads
from billsync_stand_in import asked


@dataclass(frozen=True, slots=True)
class Request(asked.Request):
    """One request; header names in lower case; `scheme` as the client came."""

    scheme: str = "http"

    def value(self) -> Any:
        """The body as JSON.  Raises `Denied`."""
        try:
            return loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Denied(400, "JSON_PARSER_ERROR", f"Unexpected character at [line:1, column:1]: {error}") from None

    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object.  Raises `Denied`."""
        found = self.value()
        if not isinstance(found, dict):
            raise Denied(400, "JSON_PARSER_ERROR", "Unexpected token at [line:1, column:1]: an object is expected")
        return found


@dataclass(frozen=True, slots=True)
class Reply(asked.Reply):
    """What is said back: `value` as JSON, or text of another type; None for an empty body."""

    type: str = "application/json;charset=UTF-8"

    @property
    def body(self) -> bytes:
        """Its bytes."""
        if self.value is None:
            return b""
        return (self.value if self.type.startswith("text/csv") else dumps(self.value)).encode()
