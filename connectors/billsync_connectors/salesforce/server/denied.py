"""What the stand-in says no to, in the words of Salesforce.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Denied(Exception):
    """A request, or one item of it, that is refused: nothing of it was done.

    Attributes:
        status: of the reply; code: its errorCode, which inside of collections is called statusCode.
        fields: names of fields that it is about; None where the reply does not speak of fields.
    """

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.fields = None if fields is None else list(fields)

    def value(self) -> Any:
        """The reply's body: an array, always."""
        own = {"message": self.message, "errorCode": self.code}
        return [own if self.fields is None else {**own, "fields": self.fields}]

    def item(self) -> dict[str, Any]:
        """As one error of one item of a collection."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields or []}


class Unauthorised(Denied):
    """An error of the token endpoint: an object, not an array."""

    def value(self) -> Any:
        """The reply's body."""
        return {"error": self.code, "error_description": self.message}


class Several(Denied):
    """An external id that more than one record has.

    Attributes:
        urls: of the records.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(300, "DUPLICATE_EXTERNAL_ID", "The external ID was found more than once")
        self.urls = list(urls)

    def value(self) -> Any:
        """The reply's body."""
        return self.urls


def missing(message: str = "The requested resource does not exist") -> Denied:
    """What is not there."""
    return Denied(404, "NOT_FOUND", message)
