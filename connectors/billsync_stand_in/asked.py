"""One request and one reply.  (pure)"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Request(ABC):
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

    def form(self) -> dict[str, str]:
        """The body of a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}

    @abstractmethod
    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object.  Raises what the system says where it is none."""


@dataclass(frozen=True, slots=True)
class Reply(ABC):
    """What is said back: `value` as the system writes values, or bytes."""

    status: int
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = "application/json"

    @property
    @abstractmethod
    def body(self) -> bytes:
        """Its bytes."""
