"""A request and a reply, apart from the wire.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from billsync_connectors.hubspot.server.refused import Refused, bad_input
from billsync_connectors.hubspot.server.shelf import dumps, loads
from billsync_stand_in import asked

JSON: Final = "application/json;charset=utf-8"


class Request(asked.Request):
    """One request; header names in lower case."""

    @cached_property
    def path(self) -> str:
        """Without the query, as it was written."""
        return urlsplit(self.target).path

    @cached_property
    def parts(self) -> list[str]:
        """The path's parts, unescaped."""
        return [unquote(part) for part in self.path.split("/") if part]

    @cached_property
    def _query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def asked(self, name: str, otherwise: str = "") -> str:
        """A value of the query."""
        return self._query.get(name, [otherwise])[0] or otherwise

    def listed(self, name: str) -> list[str] | None:
        """Values of the query, repeated or with commas between them; None where there is none."""
        found = [word.strip() for text in self._query.get(name, []) for word in text.split(",") if word.strip()]
        return found or None

    def yes(self, name: str) -> bool:
        """A truth of the query."""
        return self.asked(name).lower() == "true"

    def whole(self, name: str, otherwise: int, most: int) -> int:
        """A whole number of the query, from 1.  Raises `Refused`."""
        text = self.asked(name, str(otherwise))
        if not text.isdigit() or not 0 < int(text) <= most:
            raise Refused(400, f"{name} must be between 1 and {most}, but was {text}", "VALIDATION_ERROR")
        return int(text)

    def value(self) -> Any:
        """The body's JSON.  Raises `Refused`."""
        try:
            return loads(self.body)
        except (ValueError, RecursionError) as fault:
            where = f"on line {getattr(fault, 'lineno', 1)}, column {getattr(fault, 'colno', 1)}"
            raise Refused(400, f"Invalid input JSON {where}: {getattr(fault, 'msg', fault)}") from None

    def mapping(self) -> dict[str, Any]:
        """The body, which has to be an object.  Raises `Refused`."""
        found = self.value()
        if not isinstance(found, dict):
            raise bad_input("expected an object")
        return found


@dataclass(frozen=True, slots=True)
class Reply(asked.Reply):
    """What is said back: `value` as JSON, or bytes; no body where it is None."""

    type: str = JSON

    @property
    def body(self) -> bytes:
        """Its bytes."""
        if self.value is None:
            return b""
        return self.value if isinstance(self.value, bytes) else dumps(self.value).encode("utf-8", "surrogatepass")
