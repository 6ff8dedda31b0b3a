"""One request and one reply.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billsync_connectors.odoo.server.denied import Denied
from billsync_connectors.odoo.server.values import dumps, loads
from billsync_stand_in import asked


class Request(asked.Request):
    """One request; header names in lower case."""

    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object.  Raises `Denied`."""
        try:
            found = loads(self.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise _bad(f"could not parse the body as json: {error}") from None
        if not isinstance(found, dict):
            raise _bad("could not parse the body, expecting a json object")
        return found


def _bad(message: str) -> Denied:
    return Denied(message, name="werkzeug.exceptions.BadRequest", status=400)


@dataclass(frozen=True, slots=True)
class Reply(asked.Reply):
    """What is said back: `value` as JSON, or bytes of another type."""

    type: str = "application/json; charset=utf-8"

    @property
    def body(self) -> bytes:
        """Its bytes."""
        return self.value if isinstance(self.value, bytes) else dumps(self.value).encode()
