"""What the stand-in says no to, in the words of Odoo.  (pure)"""

from __future__ import annotations

from typing import Any


class Denied(Exception):
    """A call that is refused: the whole transaction is taken back.

    Attributes:
        name: of the exception in Odoo; status: of JSON-2's reply; message: for people.
    """

    status = 422
    name = "odoo.exceptions.UserError"

    def __init__(self, message: str, *, name: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.name, self.status = name or self.name, status or self.status

    def value(self) -> dict[str, Any]:
        """The exception as JSON-2 has it, and as `data` of JSON-RPC."""
        http = self.name.startswith("werkzeug")
        arguments: list[Any] = [self.message, self.status] if http else [self.message]
        debug = f"Traceback (most recent call last):\n{self.name}: {self.message}\n"
        return {"name": self.name, "message": self.message, "arguments": arguments, "context": {}, "debug": debug}


class UserError(Denied):
    """What the user has to do otherwise."""


class ValidationError(Denied):
    """A constraint of the data."""

    name = "odoo.exceptions.ValidationError"


class AccessError(Denied):
    """What this user may not do."""

    name, status = "odoo.exceptions.AccessError", 403


class MissingError(Denied):
    """A record that is not there."""

    name, status = "odoo.exceptions.MissingError", 404

    def __init__(self, model: str, id: Any) -> None:
        super().__init__(f"Record does not exist or has been deleted.\n(Record: {model}({id},), User: 2)")


class AccessDenied(Denied):
    """Not logged in."""

    name, status = "odoo.exceptions.AccessDenied", 403


class Broken(Denied):
    """A defect, as Python says it: an unknown field, a missing argument."""

    name, status = "builtins.ValueError", 500


def no_such_model(model: str) -> Denied:
    """404 of JSON-2; in the other doors a KeyError."""
    return Denied(f"the model {model!r} does not exist", name="werkzeug.exceptions.NotFound", status=404)


def no_such_method(model: str, method: str) -> Denied:
    """404 of JSON-2."""
    told = f"the method {model}.{method} does not exist"
    return Denied(told, name="werkzeug.exceptions.NotFound", status=404)


def bad_arguments(message: str) -> Denied:
    """422 of JSON-2."""
    return Denied(message, name="werkzeug.exceptions.UnprocessableEntity", status=422)


def unauthorised(message: str = "Invalid apikey") -> Denied:
    """401 of JSON-2."""
    return Denied(message, name="werkzeug.exceptions.Unauthorized", status=401)
