"""What the stand-in says no to, in the words of Xero.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

ZERO: Final = "00000000-0000-0000-0000-000000000000"
"""The id of what was not made."""
NOT_FOUND: Final = "The resource you're looking for cannot be found"
_TITLES: Final = {401: "Unauthorized", 403: "Forbidden"}


class Denied(Exception):
    """A request that is refused: nothing of it was done.

    Attributes:
        status: of the reply; value: its body, text or JSON, None for none; headers: of the reply.
    """

    def __init__(self, status: int, value: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(value))
        self.status, self.value, self.headers = status, value, dict(headers or {})


def unauthorised(status: int, detail: str, instance: str) -> Denied:
    """401 and 403 of the API's gate."""
    title = _TITLES.get(status, "Error")
    told: dict[str, Any] = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": instance,
        "Extensions": {},
    }
    return Denied(status, told)


def missing() -> Denied:
    """404, which is a text."""
    return Denied(404, NOT_FOUND)


def oauth(error: str, status: int = 400) -> Denied:
    """An error of the identity server."""
    return Denied(status, {"error": error})


def broken_body(message: str) -> Denied:
    """400 for what is not JSON, or not of the form that is expected."""
    return Denied(400, {"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": message})


def bad_query(message: str) -> Denied:
    """400 for a filter, an order or a header that cannot be read."""
    return Denied(400, {"ErrorNumber": 16, "Type": "QueryParseException", "Message": message})


def failed(elements: Sequence[Any]) -> Denied:
    """400 for a request of which at least one element is not valid."""
    head = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred"}
    return Denied(400, {**head, "Elements": list(elements)})


class Invalid(Exception):
    """One element that is not valid.

    Attributes:
        messages: why; Xero has no codes, the texts are all there is.
    """

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages

    def errors(self) -> list[dict[str, str]]:
        """As the element shows them."""
        return [{"Message": message} for message in self.messages]
