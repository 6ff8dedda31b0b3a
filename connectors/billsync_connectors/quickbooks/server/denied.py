"""What the stand-in says no to, in the words of QuickBooks.  (pure)"""

from __future__ import annotations

from typing import Any, Final

INACTIVE: Final = (
    "Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, "
    "vendors or employees."
)
BUSINESS: Final = "A business validation error has occurred while processing your request"


class Denied(Exception):
    """A request, or one item of a batch, that is refused: nothing of it was done.

    Attributes:
        status: of the reply; in a batch it is not seen.
        code: as Intuit counts them; message, detail: its words.
        kind: ValidationFault, SystemFault, AuthenticationFault, AuthorizationFault or SERVICE.
        small: the names are in small letters, as the gateway before the service writes them.
    """

    def __init__(
        self, code: int, message: str, detail: str = "", *, status: int = 400, kind: str = "ValidationFault",
        element: str = "", small: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(f"{code} {message}: {detail}")
        self.status, self.code, self.message, self.detail = status, code, message, detail
        self.kind, self.element, self.small = kind, element, small

    def fault(self) -> dict[str, Any]:
        """The Fault, as replies and items of a batch have it."""
        told = {"Message": self.message, "Detail": self.detail, "code": str(self.code), "element": self.element}
        return {"Error": [told], "type": self.kind}

    def value(self, time: str) -> dict[str, Any]:
        """The reply's body."""
        if not self.small:
            return {"Fault": self.fault(), "time": time}
        error = {"message": self.message, "detail": self.detail, "code": str(self.code), "element": None}
        said = {"error": [error], "type": self.kind}
        return {"warnings": None, "intuitObject": None, "fault": said, "report": None, "time": time}


class Unauthorised(Denied):
    """An error of the token endpoint."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(0, error, description, status=status)

    def value(self, time: str) -> dict[str, Any]:
        """The reply's body."""
        return {"error": self.message, "error_description": self.detail}


def business(detail: str) -> Denied:
    """What the books themselves refuse; the catch-all."""
    return Denied(6000, BUSINESS, f"Business Validation Error: {detail}")


def required(name: str) -> Denied:
    """A value that is missing."""
    told = "Required param missing, need to supply the required value for the API"
    return Denied(2020, told, f"Required parameter {name} is missing in the request", element=name)


def unsupported(name: str) -> Denied:
    """A property that does not exist, or that is not of its type."""
    told = "Request has invalid or unsupported property"
    return Denied(2010, told, f"Property Name:{name} specified is unsupported or invalid")


def not_found() -> Denied:
    """An object that is not there."""
    return Denied(610, "Object Not Found", f"Object Not Found : {INACTIVE}")


def bad_reference(told: str = INACTIVE) -> Denied:
    """A reference that leads nowhere, or to what is inactive."""
    return Denied(2500, "Invalid Reference Id", f"Invalid Reference Id : {told}")
