"""What the stand-in says no to, in the words of NetSuite.  (pure)"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

_WHERE: Final = {
    400: "15.5.1", 401: "15.5.2", 403: "15.5.4", 404: "15.5.5", 405: "15.5.6", 409: "15.5.10", 415: "15.5.16",
}  # fmt: skip
_ABOUT: Final = "Error while accessing a resource. "
_GERMAN: Final = {
    "Please enter value(s) for: ": "Bitte geben Sie Werte ein für: ",
    "Invalid Field Value ": "Ungültiger Feldwert ",
    "This entity already exists.": "Diese Entität ist bereits vorhanden.",
    "You cannot change a transaction in a closed period": "Sie können in einer geschlossenen Periode nichts ändern",
    "Record has been changed": "Der Datensatz wurde geändert",
}
"""The detail is in the user's language, the code is not."""


class Denied(Exception):
    """A request, or one task of a job, that is refused: nothing of it was done.

    Attributes:
        code: the o:errorCode; path: the o:errorPath, where there is one.
    """

    def __init__(self, status: int, code: str, detail: str, path: str = "", **headers: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail, self.path = status, code, detail, path
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def value(self, language: str = "en") -> Any:
        """The reply's body."""
        error = {"detail": translated(self.detail, language), "o:errorCode": self.code}
        if self.path:
            error["o:errorPath"] = self.path
        where = f"https://www.rfc-editor.org/rfc/rfc9110.html#section-{_WHERE.get(self.status, '15.6.1')}"
        title = HTTPStatus(self.status).phrase
        return {"type": where, "title": title, "status": self.status, "o:errorDetails": [error]}


class Unauthorised(Denied):
    """An error of the token endpoint."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(status, error, error)

    def value(self, language: str = "en") -> Any:
        """The reply's body; it is in no language."""
        return {"error": self.code}


class Script(Denied):
    """An error of a RESTlet, which is not REST's."""

    def value(self, language: str = "en") -> Any:
        """The reply's body."""
        return {"error": {"code": self.code, "message": translated(self.detail, language)}}


def translated(detail: str, language: str) -> str:
    """A detail in a language."""
    if language == "de":
        for english, german in _GERMAN.items():
            detail = detail.replace(english, german)
    return detail


def user(detail: str, path: str = "") -> Denied:
    """What the account's own rules refuse; the catch-all."""
    return Denied(400, "USER_ERROR", _ABOUT + detail, path)


def required(label: str, path: str = "") -> Denied:
    """A value that is missing; the field's label, not its name."""
    return user(f"Please enter value(s) for: {label}.", path)


def invalid(value: Any, field: str, path: str = "") -> Denied:
    """A value that leads nowhere, or is not of its type."""
    return user(f"Invalid Field Value {value} for the following field: {field}.", path or field)


def content(detail: str, path: str = "") -> Denied:
    """A body that is not what it should be."""
    return Denied(400, "INVALID_CONTENT", f"Invalid content in the request body. {detail}", path)


def not_found(kind: str, id: str) -> Denied:
    """A record that is not there."""
    told = f"The record instance does not exist. Provide a valid record instance ID. Type {kind}, id {id}."
    return Denied(404, "NONEXISTENT_ID", told)


def login(detail: str = "") -> Denied:
    """Whoever is not let in; nobody is told why."""
    told = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
    told += "Setup > Users/Roles > User Management > View Login Audit Trail."
    return Denied(401, "INVALID_LOGIN", told + detail)


def governed(retry_after: str = "") -> Denied:
    """Too many requests at once; nobody says for how long, unless a fault does."""
    told = "Concurrent request limit exceeded. Request blocked."
    return Denied(429, "CONCURRENCY_LIMIT_EXCEEDED", told, **({"Retry_After": retry_after} if retry_after else {}))
