"""What can go wrong with the store itself, as callers act on it; drivers' exceptions end here.  (shell)"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError


class StoreUnusable(Exception):
    """The store cannot be worked with, and trying again at once would not help; `str()` says what to do.

    Attributes:
        reason: `store_missing`, `schema_older`, `schema_newer`, `schema_incomplete`, `store_full`, `store_locked`,
            `store_corrupt`, `store_unreachable`, `store_readonly` or `store_unsuitable`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Held(Exception):
    """Another instance holds the lock.

    Attributes:
        owner: who, as that instance calls itself; "" where it did not say.
    """

    def __init__(self, name: str, owner: str) -> None:
        by = f" by {owner}" if owner else ""
        super().__init__(f"{name} is being worked on{by}: wait until that has ended, or stop it")
        self.owner = owner


class IllegalMove(Exception):
    """A write that the books do not allow: a state outside the table, a second use of what exists once."""


class Conflict(Exception):
    """The transaction was rolled back because of another one, or of a lost connection: the same may be run again."""


_SQLITE: Final = (
    ("SQLITE_FULL", "store_full"),
    ("SQLITE_IOERR_SHMSIZE", "store_full"),
    ("SQLITE_BUSY", "store_locked"),
    ("SQLITE_LOCKED", "store_locked"),
    ("SQLITE_CORRUPT", "store_corrupt"),
    ("SQLITE_NOTADB", "store_corrupt"),
    ("SQLITE_READONLY", "store_readonly"),
    ("SQLITE_CANTOPEN", "store_unreachable"),
    ("SQLITE_IOERR", "store_unreachable"),
)
_POSTGRES: Final = (
    ("53100", "store_full"),
    ("55P03", "store_locked"),
    ("25006", "store_readonly"),
    ("42501", "store_readonly"),
    ("XX001", "store_corrupt"),
    ("XX002", "store_corrupt"),
    ("53", "store_unreachable"),
    ("28", "store_unreachable"),
    ("3D", "store_unreachable"),
)
_AWAY: Final = ("store_unreachable", "store_locked")
_ADVICE: Final = {
    "store_full": "the disk is full: free some space, then run the same again; what was stored is intact",
    "store_locked": "another program keeps it locked: end that program (a backup tool, an open database browser)",
    "store_corrupt": "it is damaged: restore the last backup (`billsync db restore FILE`), then run `billsync recover`",
    "store_readonly": "it cannot be written: check the file's permissions, or that the URL names the primary server",
    "store_unreachable": "it cannot be reached: check the URL, the server and the credentials",
}


def unusable(reason: str, where: str, detail: object = "") -> StoreUnusable:
    """The error for a reason, with what to do about it and the driver's own words."""
    words = " ".join(str(detail).split())
    return StoreUnusable(reason, f"{where}: {_ADVICE[reason]}" + (f" ({words})" if words else ""))


def is_away(error: BaseException) -> bool:
    """Whether the store was not there for a while, or others were in the way: the same may go through later."""
    if isinstance(error, DBAPIError):
        return reason_of(error) in ("conflict", "lost", *_AWAY)
    return isinstance(error, Conflict) or (isinstance(error, StoreUnusable) and error.reason in _AWAY)


def reason_of(error: DBAPIError | sqlite3.Error) -> str:
    """Why the database refused: a reason of `StoreUnusable`, `conflict`, `lost` (connection), or "" for others."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error) or isinstance(error, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "")
        return next((reason for start, reason in _SQLITE if name.startswith(start)), "")
    state = str(getattr(cause, "sqlstate", None) or "")
    if state in ("40001", "40P01"):
        return "conflict"
    if error.connection_invalidated or state.startswith(("08", "57P")):
        return "lost"
    if isinstance(error, OperationalError) and not state:
        return "lost"
    return next((reason for start, reason in _POSTGRES if state.startswith(start)), "")


def translate(error: DBAPIError | sqlite3.Error, where: str) -> Exception:
    """The exception that callers know for one of the driver; the driver's own for a defect in our SQL."""
    reason = reason_of(error)
    cause = error.orig if isinstance(error, DBAPIError) else error
    if reason in ("conflict", "lost"):
        return Conflict(f"{where}: {cause}")
    if reason:
        return unusable(reason, where, cause)
    if isinstance(error, IntegrityError):
        return IllegalMove(f"the books refuse this write: {cause}")
    return error


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Let no exception of a driver out of the block, except for a defect of ours."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        known = translate(error, where)
        if known is error:
            raise
        raise known from error
