"""What all objects share: ids, SyncTokens, stamps, references, closed books.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from billsync_connectors.quickbooks.server.clock import stamp
from billsync_connectors.quickbooks.server.denied import Denied, bad_reference, not_found, required
from billsync_connectors.quickbooks.server.kinds import LISTS, TRANSACTIONS
from billsync_connectors.quickbooks.server.settings import Settings
from billsync_connectors.quickbooks.server.shelf import Row, Shelf
from billsync_stand_in.clock import Clock, written

APP: Final = "app"
HUMAN: Final = "human"
_SERVERS: Final = ("Id", "SyncToken", "MetaData", "domain", "sparse")
_FIRST: Final = {"transaction": 145, "Customer": 58, "Item": 11}
"""Ids begin where those of a company with a past do: nobody may think that they begin at 1."""


class Books:
    """The company's objects.  Everything is called inside of a turn of the shelf, and raises `Denied`.

    Attributes:
        by: who is at work: a client, or a person.
    """

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self.shelf, self.clock, self._settings = shelf, clock, settings
        self.by = APP

    @property
    def settings(self) -> Settings:
        """As they are now."""
        return self._settings()

    # ------------------------------------------------------------ looking

    def live(self, kind: str, id: str) -> Row | None:
        """The object, unless it is deleted."""
        row = self.shelf.get(kind, id)
        return None if row is None or row.get("_deleted") else row

    def need(self, kind: str, id: Any) -> Row:
        """The object."""
        row = self.live(kind, str(id or ""))
        if row is None:
            raise not_found()
        return row

    def every(self, kind: str) -> Iterator[Row]:
        """All that are not deleted."""
        return (row for row in self.shelf.all(kind) if not row.get("_deleted"))

    def reference(self, kind: str, sent: Any, *, inactive: bool = False) -> dict[str, str]:
        """A reference with the name of what it leads to."""
        id = str(sent.get("value") or "") if isinstance(sent, Mapping) else ""
        row = self.live(kind, id)
        if row is None:
            raise bad_reference(f"{kind} {id} does not exist")
        if not row.get("Active", True) and not inactive:
            raise bad_reference()
        return {"value": id, "name": named(row)}

    # ------------------------------------------------------------ writing

    def stale(self, row: Row, sent: Mapping[str, Any]) -> None:
        """Whether the writer has seen the object as it is."""
        token = sent.get("SyncToken")
        if token in (None, ""):
            raise required("SyncToken")
        if str(token) != row["SyncToken"]:
            told = "Stale Object Error : You and root were working on this at the same time. "
            told += "Root finished before you did, so your work was not saved."
            raise Denied(5010, "Stale Object Error", told)

    def opened(self, *days: str) -> None:
        """Whether the books are open on these days; people know the password."""
        settings = self.settings
        if self.by == HUMAN or not settings.closed_through or all(day > settings.closed_through for day in days):
            return
        code = 6210 if settings.closing_password else 6200
        told = "The account period has closed and the account books cannot be updated through through the QBO Services "
        told += "API. Please use the QBO website to make these changes."
        raise Denied(code, "Account Period Closed, Cannot Update Through Services API", told)

    def made(self, kind: str, row: Row) -> Row:
        """A new object, with its id."""
        space = "transaction" if kind in TRANSACTIONS else kind
        id = self.shelf.recall(f"last {space}", _FIRST.get(space, 0)) + 1
        self.shelf.remember(f"last {space}", id)
        now = self.clock.now()
        at = stamp(now, self.settings.zone)
        meta: dict[str, Any] = {"CreateTime": at, "LastUpdatedTime": at}
        if kind == "Invoice":
            meta["LastModifiedByRef"] = {"value": self.settings.realm}
        own = {"_made": written(now), "_updated": written(now), "_by": self.by, "_edited": ""}
        head = {"domain": "QBO", "sparse": False, "Id": str(id), "SyncToken": "0", "MetaData": meta}
        found = {**row, **head, **own}
        self.shelf.put(kind, found)
        return found

    def kept(self, kind: str, row: Row) -> Row:
        """An object that was changed: its SyncToken goes up."""
        now = self.clock.now()
        meta = {**row["MetaData"], "LastUpdatedTime": stamp(now, self.settings.zone)}
        token = str(int(row["SyncToken"]) + 1)
        edited = HUMAN if self.by == HUMAN else row["_edited"]
        found = {**row, "SyncToken": token, "MetaData": meta, "_updated": written(now), "_edited": edited}
        self.shelf.put(kind, found)
        return found

    def touched(self, kind: str, row: Row) -> Row:
        """An object whose balance moved: it is stamped anew, though nobody wrote to it."""
        now = self.clock.now()
        meta = {**row["MetaData"], "LastUpdatedTime": stamp(now, self.settings.zone)}
        found = {**row, "MetaData": meta, "_updated": written(now)}
        self.shelf.put(kind, found)
        return found

    def gone(self, kind: str, row: Row) -> Row:
        """An object that is deleted."""
        return self.kept(kind, {**row, "_deleted": True})


def merged(row: Row, sent: Mapping[str, Any], keep: tuple[str, ...]) -> Row:
    """What an update leaves: a sparse one all that it does not name, a full one only what is the server's own."""
    if sent.get("sparse") in (True, "true"):
        return {**row, **{name: value for name, value in sent.items() if name not in _SERVERS}}
    own = {name: value for name, value in row.items() if name in (*_SERVERS, *keep) or name.startswith("_")}
    return {**own, **{name: value for name, value in sent.items() if name not in _SERVERS}}


def shown(row: Row) -> Row:
    """An object as replies have it."""
    return {name: value for name, value in row.items() if not name.startswith("_") and value not in (None, "")}


def told_deleted(row: Row) -> Row:
    """A deleted object as replies have it."""
    return {"domain": "QBO", "status": "Deleted", "Id": row["Id"]}


def named(row: Row) -> str:
    """What people call an object."""
    found = (row.get(name) for name in ("FullyQualifiedName", "DisplayName", "Name", "DocNumber"))
    return str(next((name for name in found if name), ""))


def is_list(kind: str) -> bool:
    """Whether it is made inactive rather than deleted."""
    return kind in LISTS
