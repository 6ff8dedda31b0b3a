"""Writing records: made, changed, deleted, brought back, merged, as the org's rules have it.  (shell)

Every method is called inside of a turn of the shelf, and raises `Denied`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.salesforce.server.clock import stamp
from billsync_connectors.salesforce.server.denied import Denied, Several, missing
from billsync_connectors.salesforce.server.fields import Field
from billsync_connectors.salesforce.server.ids import full, made
from billsync_connectors.salesforce.server.incoming import Incoming
from billsync_connectors.salesforce.server.kinds import FIXED, MERGED, Kind, Kinds
from billsync_connectors.salesforce.server.rules import CASCADES, PARENTS, keeps, ruled, summed
from billsync_connectors.salesforce.server.settings import Settings
from billsync_connectors.salesforce.server.shelf import Shelf
from billsync_connectors.salesforce.server.values import Row
from billsync_stand_in.clock import Clock, read

_BIN: Final = timedelta(days=15)


class Records:
    """The org's records.

    Attributes:
        user: id of the user in whose name things are done.
        locks: record id -> until when somebody else holds it.
        save_duplicates: whether the writer asked for a duplicate to be saved nevertheless.
    """

    def __init__(
        self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings], kinds: Callable[[], Kinds]
    ) -> None:
        self._shelf, self._clock, self._settings, self._kinds = shelf, clock, settings, kinds
        self._counts: dict[str, int] = shelf.recall("counts", {})
        self._kept = dict(self._counts)
        self.user = ""
        self.locks: dict[str, str] = {}
        self.save_duplicates = False

    def forget(self) -> None:
        """Start to count anew."""
        self._counts, self._kept, self.locks = {}, {}, {}

    # ------------------------------------------------------------ looking up

    def kind(self, name: str) -> Kind:
        """An object by its name."""
        found = self._kinds().find(name)
        if found is None:
            raise missing()
        return found

    def live(self, object: str, id: str | None) -> Row | None:
        """A record that is not deleted, or None."""
        row = self._shelf.get(object, id) if id else None
        return None if row is None or row["IsDeleted"] else row

    def every(self, object: str) -> Iterable[Row]:
        """Every record of an object, deleted ones too."""
        return self._shelf.all(object)

    def children(self, object: str, reference: str, id: str) -> list[Row]:
        """Records that are not deleted and refer to one."""
        return [row for row in self._shelf.by(object, reference, id) if not row["IsDeleted"]]

    def number(self, object: str) -> str:
        """The next number of a series."""
        return f"{self._count(f'{object}Number'):08}"

    def found(self, kind: Kind, id: str) -> Row:
        """A record to write to."""
        whole = full(id)
        row = self._shelf.get(kind.name, whole) if whole else None
        if row is None:
            raise missing()
        if row["IsDeleted"]:
            raise Denied(404, "ENTITY_IS_DELETED", "entity is deleted", [])
        return row

    # ------------------------------------------------------------ writing

    def create(self, object: str, sent: Mapping[str, Any], *, system: Mapping[str, Any] | None = None) -> Row:
        """A new record; `system` sets fields that nobody else may set."""
        kind = self.kind(object)
        values = self._incoming().values(kind, sent, creating=True)
        asked = frozenset(values)
        row = self._new(kind, values) | dict(system or {})
        self._required(kind, row)
        row = ruled(kind.name, None, row, asked, self)
        self._unique(kind, row)
        self._duplicates(kind, row)
        return self._put(kind.name, row)

    def update(self, object: str, id: str, sent: Mapping[str, Any], *, system: Mapping[str, Any] | None = None) -> Row:
        """A record changed; the same values again move its stamps too."""
        kind = self.kind(object)
        before = self.found(kind, id)
        values = self._incoming().values(kind, sent, creating=False)
        row = _without_nothing({**before, **values, **self._touched(), **(system or {})})
        self._required(kind, row)
        row = ruled(kind.name, before, row, frozenset(values), self)
        self._unique(kind, row)
        return self._put(kind.name, row)

    def delete(self, object: str, id: str) -> None:
        """Into the recycle bin, with what hangs on it."""
        kind = self.kind(object)
        row = self.found(kind, id)
        if kind.name in FIXED:
            raise Denied(400, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", [])
        keeps(kind.name, row, self)
        self._drop(kind.name, row)

    def _drop(self, object: str, row: Row, cause: str = "") -> None:
        for child, reference in CASCADES.get(object, ()):
            for each in self.children(child, reference, row["Id"]):
                self._drop(child, each, cause or row["Id"])
        gone = {"IsDeleted": True, "SystemModstamp": stamp(self._clock.now()), "_deleted": self._stamp()}
        self._put(object, {**row, **gone, "_cause": cause}, rolls=not cause)

    def undelete(self, object: str, id: str) -> Row:
        """Out of the recycle bin again, with what went there because of it."""
        kind, whole = self.kind(object), full(id)
        row = self._shelf.get(kind.name, whole) if whole else None
        if row is None or not row["IsDeleted"]:
            raise Denied(400, "UNDELETE_FAILED", "Entity is not in the recycle bin", [])
        if self._clock.now() - read(row["_deleted"]) > _BIN:
            raise Denied(400, "UNDELETE_FAILED", "Entity is not in the recycle bin", [])
        return self._restore(kind.name, row)

    def _restore(self, object: str, row: Row) -> Row:
        back = {name: value for name, value in row.items() if name not in ("_deleted", "_cause", "MasterRecordId")}
        self._unique(self.kind(object), back)
        back = self._put(object, {**back, "IsDeleted": False, **self._touched()})
        for child, reference in CASCADES.get(object, ()):
            for each in self._shelf.by(child, reference, row["Id"]):
                if each["IsDeleted"] and each.get("_cause") in (row["Id"], row.get("_cause") or None):
                    self._restore(child, each)
        return back

    def purge(self, object: str, id: str) -> None:
        """Out of the recycle bin, for good: from now on only getDeleted tells of it."""
        whole = full(id)
        row = self._shelf.get(object, whole) if whole else None
        if row is None or not row["IsDeleted"]:
            raise Denied(400, "DELETE_FAILED", "Entity is not in the recycle bin", [])
        purged = self._shelf.recall("purged", [])
        self._shelf.remember("purged", [*purged, [object, row["Id"], row["_deleted"]]])
        self._shelf.purge(object, row["Id"])

    def merge(self, object: str, winner: str, losers: Sequence[str], sent: Mapping[str, Any]) -> Row:
        """Two or three become one: losers go to the bin, what referred to them refers to the winner."""
        kind = self.kind(object)
        if kind.name not in MERGED:
            raise Denied(400, "INVALID_TYPE", f"{object} records cannot be merged", [])
        master = self.found(kind, winner)
        for loser in [self.found(kind, id) for id in losers]:
            for child, reference in self._kinds().downs(kind.name).values():
                for each in self.children(child.name, reference.name, loser["Id"]):
                    above = None if each["Id"] == master["Id"] else master["Id"]
                    moved = {**each, reference.name: above, **self._touched()}
                    self._put(child.name, _without_nothing(moved))
            gone = {"IsDeleted": True, "MasterRecordId": master["Id"], "_deleted": self._stamp()}
            self._put(kind.name, {**loser, **gone, "SystemModstamp": self._stamp()})
        return self.update(object, master["Id"], sent) if sent else master

    def touch(self, object: str, id: str) -> Row:
        """What an automatic mass update does: the system's stamp moves, nothing else."""
        row = self.found(self.kind(object), id)
        return self._put(object, {**row, "SystemModstamp": self._stamp()})

    # ------------------------------------------------------------ external ids

    def upsert(
        self, object: str, field: str, value: str, sent: Mapping[str, Any], *, update_only: bool = False
    ) -> tuple[str, bool]:
        """Make or change the one record that has an external id; its id, and whether it was made."""
        kind = self.kind(object)
        key = self.key(kind, field)
        if not value and key.type == "id":
            return str(self.create(object, sent)["Id"]), True
        if not value:
            raise Denied(400, "MISSING_ARGUMENT", f"{key.name} not specified", [])
        rows = self.keyed(kind, key, value)
        if len(rows) > 1:
            raise Several([f"sobjects/{kind.name}/{row['Id']}" for row in rows])
        if any(name.lower() == key.name.lower() for name in sent) and key.type != "id":
            told = f"The {key.name} field should not be specified in the sobject data."
            raise Denied(400, "INVALID_FIELD", told, [key.name])
        if rows:
            return str(self.update(object, rows[0]["Id"], sent)["Id"]), False
        if update_only or key.type == "id":
            raise missing("Provided external ID field does not exist or is not accessible: " + key.name)
        return str(self.create(object, {**sent, key.name: value})["Id"]), True

    def key(self, kind: Kind, name: str) -> Field:
        """A field that records may be found by."""
        found = kind.named.get(name.lower())
        if found is None or not found.external:
            raise missing()
        return found

    def keyed(self, kind: Kind, key: Field, value: str) -> list[Row]:
        """Records that are not deleted and have this external id."""
        if key.type == "id":
            row = self.live(kind.name, full(value))
            return [row] if row else []
        exact = "case" in key.marks
        rows = self.children(kind.name, key.name, value)
        return [row for row in rows if not exact or row[key.name] == value]

    # ------------------------------------------------------------ inside

    def _incoming(self) -> Incoming:
        return Incoming(self, self._kinds(), self._settings())

    def _new(self, kind: Kind, values: Row) -> Row:
        settings, now = self._settings(), self._stamp()
        row = dict(kind.defaults)
        if "OwnerId" in kind.fields:
            row["OwnerId"] = self.user
        if "CurrencyIsoCode" in kind.fields:
            row["CurrencyIsoCode"] = settings.corporate_currency
        id = made(kind.prefix, self._count(kind.name))
        row |= {"Id": id, "CreatedDate": now, "CreatedById": self.user, **self._touched()}
        return _without_nothing({**row, **values})

    def _count(self, name: str) -> int:
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name]

    def keep_counts(self) -> None:
        """Remember how far ids and numbers are: none is given twice, whatever was rolled back."""
        if self._counts != self._kept:
            self._shelf.remember("counts", self._counts)
            self._kept = dict(self._counts)

    def _touched(self) -> Row:
        now = self._stamp()
        return {"LastModifiedDate": now, "LastModifiedById": self.user, "SystemModstamp": now}

    def _stamp(self) -> str:
        return stamp(self._clock.now())

    def _required(self, kind: Kind, row: Row) -> None:
        lacking = [name for name in kind.required if row.get(name) is None]
        if lacking:
            told = f"Required fields are missing: [{', '.join(lacking)}]"
            raise Denied(400, "REQUIRED_FIELD_MISSING", told, lacking)

    def _unique(self, kind: Kind, row: Row) -> None:
        for each in kind.unique:
            if row.get(each.name) is None:
                continue
            for other in self.keyed(kind, each, row[each.name]):
                if other["Id"] != row["Id"]:
                    told = f"duplicate value found: {each.name} duplicates value on record with id: {other['Id'][:15]}"
                    raise Denied(400, "DUPLICATE_VALUE", told, [])

    def _duplicates(self, kind: Kind, row: Row) -> None:
        if self._settings().duplicate_rules != "block" or kind.name not in MERGED or self.save_duplicates:
            return
        if self.children(kind.name, "Name", row.get("Name") or row.get("LastName") or ""):
            raise Denied(400, "DUPLICATES_DETECTED", "Use one of these records?", [])

    def _put(self, object: str, row: Row, *, rolls: bool = True) -> Row:
        self._unlocked(object, row)
        self._shelf.put(object, row)
        if rolls and object in PARENTS:
            self._roll(*PARENTS[object], row)
        return row

    def _roll(self, object: str, reference: str, line: Row) -> None:
        """The parent of a line sums its lines up again."""
        parent = self.live(object, line[reference])
        if parent is None:
            return
        lines = self.children(_LINES[object], reference, parent["Id"])
        changed = {**parent, **summed(object, parent, lines), **self._touched()}
        if object == "Opportunity" and lines and not parent.get("Pricebook2Id"):
            entry = self._shelf.get("PricebookEntry", lines[0]["PricebookEntryId"])
            changed["Pricebook2Id"] = entry["Pricebook2Id"] if entry else None
        self._put(object, _without_nothing(changed))

    def _unlocked(self, object: str, row: Row) -> None:
        """Nobody else may hold the record, nor the parent under which it hangs."""
        if not self._shelf.late and not self.locks:
            return
        now = self._stamp()
        held = {late.row["Id"] for late in self._shelf.late}
        held |= {id for id, until in self.locks.items() if until > now}
        wanted = [row["Id"]] + [row[name] for name in ("AccountId", "OpportunityId", "OrderId") if row.get(name)]
        for id in wanted:
            if id in held:
                told = f"unable to obtain exclusive access to this record or 1 records: {id}"
                raise Denied(400, "UNABLE_TO_LOCK_ROW", told, [])


_LINES: Final = {parent: lines for lines, (parent, _reference) in PARENTS.items()}


def _without_nothing(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}
