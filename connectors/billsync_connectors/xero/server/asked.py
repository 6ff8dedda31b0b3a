"""One request and one reply.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from billsync_connectors.xero.server.denied import Denied, broken_body
from billsync_connectors.xero.server.values import dumps, loads

JSON = "application/json; charset=utf-8"


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
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True).get(name, [""])[0]

    def listed(self, name: str) -> list[str]:
        """Values of the query, with commas between them or the name again."""
        found = parse_qs(urlsplit(self.target).query).get(name, [])
        return [each.strip() for text in found for each in text.split(",") if each.strip()]

    def form(self) -> dict[str, str]:
        """The body of a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}

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
class Reply:
    """What is said back: `value` as JSON, as text or bytes; None for an empty body."""

    status: int
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
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
