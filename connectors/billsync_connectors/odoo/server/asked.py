"""One request and one reply.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from billsync_connectors.odoo.server.denied import Denied
from billsync_connectors.odoo.server.values import dumps, loads


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """Without the query, as it was written."""
        return urlsplit(self.target).path

    @property
    def parts(self) -> list[str]:
        """The path's parts, unescaped."""
        return [unquote(part) for part in self.path.split("/") if part]

    def asked(self, name: str) -> str:
        """A value of the query, or ""."""
        return parse_qs(urlsplit(self.target).query).get(name, [""])[0]

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
class Reply:
    """What is said back: `value` as JSON, or bytes of another type."""

    status: int
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = "application/json; charset=utf-8"

    @property
    def body(self) -> bytes:
        """Its bytes."""
        return self.value if isinstance(self.value, bytes) else dumps(self.value).encode()
