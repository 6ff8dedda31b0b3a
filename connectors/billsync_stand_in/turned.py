"""What the administration of a stand-in says no to.  (pure)"""

from __future__ import annotations


class Turned(Exception):
    """A request of whoever runs the stand-in that is turned down; each system says so in its own form.

    Attributes:
        status: of the reply; code: such as NOT_FOUND; message: for people.
        name: of the setting, fault or option that it is about, or "".
    """

    def __init__(self, status: int, code: str, message: str, name: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.name = status, code, message, name


def bad(what: str, message: str, name: str) -> Turned:
    """A fault or a setting that cannot be as it was asked for."""
    return Turned(422, f"BAD_{what}", message, name)
