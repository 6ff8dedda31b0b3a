"""One request and one reply.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.values import loads


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case; `scheme` as the client came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    scheme: str = "http"

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

    def form(self) -> dict[str, str]:
        """The body of a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}

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
class Reply:
    """What is said back: `value` as JSON, or text of another type; None for an empty body."""

    status: int
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = "application/json;charset=UTF-8"
