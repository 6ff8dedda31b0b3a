"""One request and one reply.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billsync_connectors.netsuite.server.denied import content
from billsync_connectors.netsuite.server.values import dumps, loads
from billsync_stand_in import asked


class Request(asked.Request):
    """One request; header names in lower case."""

    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object.  Raises `Denied`."""
        try:
            found = loads(self.body)
        except (ValueError, RecursionError) as error:
            raise content(f"The request body is not valid JSON: {error}") from None
        if not isinstance(found, dict):
            raise content("The request body is not an object.")
        return found


@dataclass(frozen=True, slots=True)
class Reply(asked.Reply):
    """What is said back: `value` as JSON, or bytes of another type; None for an empty body."""

    type: str = "application/vnd.oracle.resource+json; type=collection; charset=UTF-8"

    @property
    def body(self) -> bytes:
        """Its bytes."""
        if self.value is None:
            return b""
        return self.value if isinstance(self.value, bytes) else dumps(self.value).encode()
