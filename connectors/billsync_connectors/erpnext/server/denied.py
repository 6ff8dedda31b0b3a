"""What the site says no to, in the words of Frappe.  (pure)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

_STATUS: Final = {
    "AuthenticationError": 401, "PermissionError": 403, "DoesNotExistError": 404, "DuplicateEntryError": 409,
    "NameError": 409, "RateLimitExceededError": 429, "TooManyRequestsError": 429, "QueryDeadlockError": 500,
    "OperationalError": 500, "DataError": 417, "CSRFTokenError": 400, "SessionStopped": 503,
}  # fmt: skip
"""All others are ValidationErrors: 417."""


class Denied(Exception):
    """A request that is refused: the whole transaction is taken back.

    Attributes:
        kind: the exception's name in Frappe; message: for people, may hold HTML; headers: of the reply.
    """

    def __init__(self, kind: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.headers = kind, message, dict(headers or {})

    @property
    def status(self) -> int:
        """Of the reply."""
        return _STATUS.get(self.kind, 417)

    def value(self) -> dict[str, Any]:
        """The body of the first API: messages are JSON inside of JSON."""
        whole = f"frappe.exceptions.{self.kind}: {self.message}"
        told = json.dumps({"message": self.message, "title": "Message", "indicator": "red", "raise_exception": 1})
        trace = json.dumps([f"Traceback (most recent call last):\n{whole}\n"])
        return {"exception": whole, "exc_type": self.kind, "exc": trace, "_server_messages": json.dumps([told])}

    def value_2(self) -> dict[str, Any]:
        """The body of the second API."""
        return {"errors": [{"type": self.kind, "message": self.message, "exception": f"frappe.exceptions.{self.kind}"}]}


def invalid(message: str) -> Denied:
    """A plain ValidationError."""
    return Denied("ValidationError", message)


def missing(doctype: str, name: str) -> Denied:
    """A document that is not there."""
    return Denied("DoesNotExistError", f"{doctype} {name} not found")
