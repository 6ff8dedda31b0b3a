"""What a driver's error means for the engine; its words are shortened, and hold no password.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import exc

from billsync.connector import Fault, Refused, TryLater
from billsync.model.scalar import show
from billsync.wire.secrets import Secrets

_STATES: Final[dict[str, tuple[str, str]]] = {
    "57014": ("timeout", "the statement took too long"),
    "55P03": ("locked", "others hold a lock"),
    "40001": ("locked", "others changed the same rows"),
    "40P01": ("locked", "others wait for the same rows"),
}
_AWAY: Final = ("08", "53", "57P")
_LOG_IN: Final = ("28",)
_RIGHTS: Final = ("42501",)
_MOVED: Final = ("42P01", "42703", "3F000", "42S02", "42S22")
_BUSY: Final = ("locked", "interrupted", "interrupt", "timeout", "timed out", "busy", "conflict", "cancel")
_GONE: Final = ("no such table", "no such column", "does not exist", "not found in from clause", "unknown column")
_DENIED: Final = ("password authentication failed", "access denied", "login failed", "no password supplied")


class Faults:
    """Turns errors of one connection into faults.

    Args:
        name: the connection's, for messages.
        secrets: what must not be said.
    """

    def __init__(self, name: str, secrets: Secrets) -> None:
        self._name, self._secrets = name, secrets

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raises `TryLater` or `Refused` for whatever SQLAlchemy or a driver raises inside."""
        try:
            yield
        except Fault:
            raise
        except exc.SQLAlchemyError as error:
            raise self.of(error) from None
        except ModuleNotFoundError as error:
            raise Refused("no_driver", self._said(f"the driver {error.name} is not installed", "")) from None
        except (OSError, ValueError, TypeError, ArithmeticError, RuntimeError, LookupError, AttributeError) as error:
            raise Refused("driver_failed", self._said("the driver failed", str(error))) from None

    def of(self, error: exc.SQLAlchemyError) -> TryLater | Refused:
        """What the error means, where nothing was written."""
        orig: Any = getattr(error, "orig", None)
        if not isinstance(error, exc.DBAPIError) or orig is None:
            return Refused("bad_query", self._said("the query cannot be run", str(error)))
        words = str(orig)
        state = str(getattr(orig, "sqlstate", None) or getattr(orig, "pgcode", None) or "")
        if error.connection_invalidated or state.startswith(_AWAY):
            return TryLater("connection_lost", self._said("the connection broke", words), offline=True)
        if state in _STATES:
            reason, what = _STATES[state]
            return TryLater(reason, self._said(what, words))
        return self._known(state, words) or self._of_kind(error, type(orig).__name__, words)

    def _known(self, state: str, words: str) -> TryLater | Refused | None:
        low = _first(words)
        if state.startswith(_LOG_IN) or any(text in low for text in _DENIED):
            return TryLater("auth", self._said("the log-in is not taken", words), offline=True)
        if state in _RIGHTS:
            return Refused("no_rights", self._said("the user may not do this", words))
        if state in _MOVED or (
            not state.startswith("3D") and any(text in low for text in _GONE) and "database" not in low
        ):
            return Refused("schema_changed", self._said("a table or a column is not there", words))
        return None

    def _of_kind(self, error: exc.DBAPIError, kind: str, words: str) -> TryLater | Refused:
        low = _first(words)
        if "could not decode" in low:
            return Refused("bad_data", self._said("a text is not UTF-8", words))
        if "syntax error" in low:
            return Refused("bad_query", self._said("the query cannot be read", words))
        if any(text in low for text in _BUSY):
            return TryLater("locked" if "lock" in low else "timeout", self._said("the database is busy", words))
        if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError) or kind == "IOException":
            return TryLater("not_sent", self._said("no connection", words), offline=True)
        if isinstance(error, exc.IntegrityError):
            return Refused("constraint", self._said("a rule of the table does not allow it", words))
        if isinstance(error, exc.DataError):
            return Refused("bad_data", self._said("a value does not fit its column", words))
        return Refused("bad_query", self._said("the statement cannot be run", words))

    def _said(self, what: str, words: str) -> str:
        line = self._secrets.hidden(words.strip().split("\n", 1)[0])
        return f"{self._name}: {what}" + (f" ({show(line, 200)[1:-1]})" if line else "")


def _first(words: str) -> str:
    """The first line, which says what happened; the statement and hints stand below."""
    return words.strip().split("\n", 1)[0].lower()
