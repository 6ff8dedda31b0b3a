"""What may go wrong at the port, ordered by what to do about it.  (pure)"""

from __future__ import annotations


class Fault(Exception):
    """What may go wrong at the port, ordered by what to do about it.

    Attributes:
        reason: a token such as `rate_limited`, for machines and tables.
        message: one sentence for people: the system, what happened, what to do.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason
        self.message = message or reason

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), self.reason, self.message))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.reason!r}, {self.message!r})"


class TryLater(Fault):
    """Nothing was executed: no connection, 401, 429, a declared 503.

    Attributes:
        after_s: seconds to wait before the same is tried again, or None for the engine's own backoff.
        offline: True where the system as a whole could not be reached or entered, so that other calls would fail too.
    """

    def __init__(self, reason: str, message: str = "", *, after_s: float | None = None, offline: bool = False) -> None:
        super().__init__(reason, message)
        self.after_s = after_s
        self.offline = offline


class Refused(Fault):
    """Nothing was executed, and sending the same again would not help.

    Attributes:
        field: the payload's field that is to blame, or "".
    """

    def __init__(self, reason: str, message: str = "", *, field: str = "") -> None:
        super().__init__(reason, message)
        self.field = field


class NoSandbox(Fault):
    """A local stand-in cannot be built, started or used; the message says what to do."""


class Unclear(Fault):
    """A write was sent and its outcome is not known: timeout, reset, 5xx, an unreadable success."""
