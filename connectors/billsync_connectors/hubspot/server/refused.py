"""What the stand-in says no to, in HubSpot's words.  (pure)"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Value = dict[str, Any]


class Refused(Exception):
    """A request, or one input of a batch, of which nothing was done.

    Attributes:
        status: of the reply.
        message, category: of its body; no category where HubSpot gives none.
        more: other fields of the body: `errors`, `context`, `subCategory`, `policyName`.
        headers: of the reply.
    """

    def __init__(
        self, status: int, message: str, category: str = "", *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.category = status, message, category
        self.more, self.headers = more, dict(headers or {})

    def body(self, correlation: str) -> Value:
        """The reply's body."""
        own = {"status": "error", "message": self.message, "correlationId": correlation, **self.more}
        return {**own, "category": self.category} if self.category else own

    def item(self, trace: str = "") -> Value:
        """As one of the `errors` of a batch."""
        context = {**self.more.get("context", {}), **({"objectWriteTraceId": [trace]} if trace else {})}
        own = {name: value for name, value in self.more.items() if name in ("errors", "subCategory")}
        category = self.category or "OBJECT_NOT_FOUND"
        return {"status": "error", "category": category, "message": self.message, "context": context, **own}


def wrong(message: str, **more: Any) -> Refused:
    """A request that is not valid."""
    return Refused(400, message, "VALIDATION_ERROR", **more)


def bad_input(what: str) -> Refused:
    """A body of another form than was expected."""
    return wrong(f"Invalid input JSON: {what}")


def bad_values(found: Sequence[Value]) -> Refused:
    """Properties whose values are not possible; each of `message`, `error`, `name`, `propertyValue`."""
    listed = [{"isValid": False, **row, "localizedErrorMessage": row["message"]} for row in found]
    errors = [
        {"message": row["message"], "code": row["error"], "context": {"propertyName": [row["name"]]}} for row in found
    ]
    return wrong(f"Property values were not valid: {json.dumps(listed, ensure_ascii=False)}", errors=errors)


def gone(id: str) -> Refused:
    """A record that is not there."""
    if id.isdigit():
        return Refused(404, "resource not found")
    message = "Object not found.  objectId are usually numeric."
    return Refused(404, message, "OBJECT_NOT_FOUND", context={"id": [id]})
