"""What the stand-in says no to.  (pure)"""

from __future__ import annotations

from typing import Any


class Denied(Exception):
    """A request that is refused: nothing of it was done.

    Attributes:
        status: of the reply; code, message, field: of its error.
        headers: further ones of the reply.
    """

    def __init__(self, status: int, code: str, message: str, field: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field
        self.headers = {name.replace("_", "-").title(): value for name, value in headers.items()}

    def value(self) -> dict[str, Any]:
        """The reply's body."""
        return {"error": {"code": self.code, "message": self.message, "field": self.field}}
