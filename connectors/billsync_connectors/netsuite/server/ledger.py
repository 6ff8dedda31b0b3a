"""What all records share: ids, external ids, stamps, references, closed periods.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from billsync_connectors.netsuite.server.denied import Denied, invalid, not_found, user
from billsync_connectors.netsuite.server.kinds import KINDS, NOT_TAXABLE, Kind
from billsync_connectors.netsuite.server.settings import Settings
from billsync_connectors.netsuite.server.shelf import Row, Shelf
from billsync_stand_in.clock import Clock, written

APP: Final = "app"
HUMAN: Final = "human"
_FIRST: Final = {"transaction": 10_122, "entity": 646, "item": 97}
"""Ids begin where those of an account with a past do."""


class Ledger:
    """The account's records.  Everything is called inside of a turn of the shelf, and raises `Denied`.

    Attributes:
        by: who is at work: a client, or a person.
    """

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self.shelf, self.clock, self._settings = shelf, clock, settings
        self.by, self.version = APP, 0

    @property
    def settings(self) -> Settings:
        """As they are now."""
        return self._settings()

    # ------------------------------------------------------------ looking

    def live(self, kind: str, id: str) -> Row | None:
        """The record, unless it is deleted."""
        row = self.shelf.get(kind, id)
        return None if row is None or row.get("_deleted") else row

    def need(self, kind: str, id: str) -> Row:
        """The record, by its id or by `eid:` and its external id."""
        row = self.by_external(kind, id[4:]) if id.startswith("eid:") else self.live(kind, id)
        if row is None:
            raise not_found(kind, id)
        return row

    def every(self, kind: str) -> Iterator[Row]:
        """All that are not deleted."""
        return (row for row in self.shelf.all(kind) if not row.get("_deleted"))

    def by_external(self, kind: str, external: str) -> Row | None:
        """The record that has an external id."""
        return next((row for row in self.every(kind) if row.get("externalId") == external), None)

    def reference(self, field: str, sent: Any, kinds: tuple[str, ...], *, inactive: bool = False) -> dict[str, str]:
        """A reference with the name of what it leads to."""
        id = str(sent.get("id") or "") if isinstance(sent, Mapping) else ""
        external = str(sent.get("externalId") or "") if isinstance(sent, Mapping) else ""
        if "salesTaxItem" in kinds and id == NOT_TAXABLE["id"]:
            return dict(NOT_TAXABLE)
        for kind in kinds:
            row = self.by_external(kind, external) if external and not id else self.live(kind, id)
            if row is not None and (inactive or not row.get("isInactive")):
                return {"id": row["id"], "refName": named(row)}
        raise invalid(id or external or sent, field)

    # ------------------------------------------------------------ writing

    def unused(self, kind: Kind, external: str, own: str = "") -> None:
        """Whether nobody has the external id: all records of a space share theirs."""
        for name, other in KINDS.items():
            if other.space == kind.space:
                row = self.by_external(name, external)
                if row is not None and (row["id"] != own or name != kind.name):
                    raise Denied(400, self.settings.duplicate_code,
                                 "Error while accessing a resource. This entity already exists.")  # fmt: skip

    def opened(self, *days: str) -> None:
        """Whether the periods of these days are open; people may open them."""
        closed = self.settings.closed_through
        if self.by != HUMAN and closed and any(day <= closed for day in days):
            raise user("You cannot change a transaction in a closed period.", "tranDate")

    def made(self, kind: Kind, row: Row) -> Row:
        """A new record, with its id."""
        id = self.shelf.recall(f"last {kind.space}", _FIRST.get(kind.space, 0)) + 1
        self.shelf.remember(f"last {kind.space}", id)
        now = written(self.clock.now())
        own = {"_made": now, "_updated": now, "_by": self.by, "_edited": "", "_kind": kind.name}
        return self._put(kind.name, {**row, "id": str(id), **own})

    def kept(self, row: Row) -> Row:
        """A record that was changed."""
        edited = HUMAN if self.by == HUMAN else row["_edited"]
        return self._put(row["_kind"], {**row, "_updated": written(self.clock.now()), "_edited": edited})

    def touched(self, row: Row) -> Row:
        """A record whose balance moved."""
        return self._put(row["_kind"], {**row, "_updated": written(self.clock.now())})

    def gone(self, row: Row) -> Row:
        """A record that is deleted; its external id is free again."""
        return self.kept({**row, "_deleted": True})

    def _put(self, kind: str, row: Row) -> Row:
        self.version += 1
        self.shelf.put(kind, row)
        return row

    # ------------------------------------------------------------ time

    def today(self) -> str:
        """The day in the account's zone."""
        return self.local(self.clock.now()).date().isoformat()

    def local(self, instant: datetime) -> datetime:
        """An instant in the account's zone."""
        return instant.astimezone(ZoneInfo(self.settings.zone))


def named(row: Row) -> str:
    """What people call a record."""
    names = ("entityId", "companyName", "tranId", "itemId", "symbol", "name", "acctName")
    return str(next((row[name] for name in names if row.get(name)), row["id"]))
