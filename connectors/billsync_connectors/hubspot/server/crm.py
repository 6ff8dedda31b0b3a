"""Records made, changed, archived, restored and merged.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final

from billsync_connectors.hubspot.server import computed
from billsync_connectors.hubspot.server.clock import DAY_MS, Clock, text
from billsync_connectors.hubspot.server.kinds import KINDS, Kind
from billsync_connectors.hubspot.server.links import Links
from billsync_connectors.hubspot.server.refused import Refused, bad_input, bad_values, gone, wrong
from billsync_connectors.hubspot.server.schema import Schema
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Record, Shelf
from billsync_connectors.hubspot.server.values import Property, Unfit, kept

Value = dict[str, Any]
Told = Callable[[str, Record | None, Record], None]
"""Hears of each change: what was done, the record before, and after."""
_FIRST: Final = 20_000_000_000
_SPAN: Final = 400_000_000_000


class Crm:
    """The records.  Every method is called inside of a turn of the shelf; all raise `Refused`."""

    def __init__(
        self, shelf: Shelf, clock: Clock, schema: Schema, links: Links, settings: Callable[[], Settings], told: Told
    ) -> None:
        self._shelf, self._clock, self._schema, self._links = shelf, clock, schema, links
        self._settings, self._told = settings, told

    # ------------------------------------------------------------ finding

    def get(self, kind: Kind, id: str, *, by: str = "", archived: bool = False) -> Record:
        """A record by its id, or by a unique property; a merged one's id gives the winner."""
        found = self.by(kind, by, id) if by and by != "hs_object_id" else self._shelf.get(kind.name, id)
        if found is not None and found.into and self._settings().merge_redirects:
            return self.get(kind, found.into, archived=archived)
        if found is None or found.into or found.live == archived or self._purged(found):
            raise gone(id)
        return found

    def by(self, kind: Kind, name: str, value: str) -> Record | None:
        """The live record with this value of a unique property."""
        known = self._schema.of(kind.name).get(name)
        if known is None or not known.unique:
            message = f"The property {name} is not a unique identifier property of {kind.one}"
            raise wrong(message, context={"idProperty": [name]})
        return self._shelf.with_value(kind.name, name, value)

    def _purged(self, record: Record) -> bool:
        """Archived for so long that the bin has lost it."""
        return bool(record.archived) and record.archived < self._clock.now() - self._settings().archive_days * DAY_MS

    def in_bin(self, record: Record) -> bool:
        """Whether the list of archived records shows it."""
        return (
            bool(record.archived)
            and (self._settings().merged_in_archive or not record.into)
            and not self._purged(record)
        )

    # ------------------------------------------------------------ writing

    def create(self, kind: Kind, given: Any, ends: Sequence[Any] = (), *, at: int | None = None) -> Record:
        """Make a record with its associations."""
        now = self._clock.now() if at is None else at
        properties = self._first(kind, self._read(kind, given))
        self._needed(kind, properties)
        self._unique(kind, properties, "")
        wanted = [self._end(kind, end) for end in ends]
        id = self.new_id(kind)
        record = Record(kind.name, id, self._computed(kind, id, {}, properties), now, now)
        self._put("creation", None, record)
        for (end_kind, end_id), ties in wanted:
            self._links.check((kind.name, id), (end_kind, end_id))
            self._links.add((kind.name, id), (end_kind, end_id), ties)
        return record

    def change(self, kind: Kind, record: Record, given: Any) -> Record:
        """Change the given properties; one that changes nothing leaves the modified instant as it is."""
        read = self._read(kind, given)
        properties = {**record.properties, **read}
        properties = {name: value for name, value in properties.items() if value != ""}
        self._unique(kind, {name: properties[name] for name in read if name in properties}, record.id)
        properties = self._computed(kind, record.id, record.properties, properties)
        if properties == record.properties:
            return record
        after = Record(kind.name, record.id, properties, record.created, self._clock.now())
        self._put("propertyChange", record, after)
        self._moved(after)
        return after

    def archive(self, kind: Kind, id: str) -> None:
        """Into the bin; one that is not there is no fault."""
        record = self._shelf.get(kind.name, id)
        if record is not None and record.live:
            now = self._clock.now()
            after = Record(kind.name, id, record.properties, record.created, now, archived=now)
            self._put("deletion", record, after)

    def restore(self, kind: Kind, id: str) -> Record:
        """Back from the bin."""
        record = self._shelf.get(kind.name, id)
        if record is None or record.live or record.into or self._purged(record):
            raise gone(id)
        self._unique(kind, record.properties, id)
        after = Record(kind.name, id, record.properties, record.created, self._clock.now())
        self._put("restore", record, after)
        return after

    def merge(self, kind: Kind, winner_id: str, loser_id: str) -> Record:
        """One record of two: the winner's values, and the loser's where it has none."""
        winner, loser = self.get(kind, winner_id), self.get(kind, loser_id)
        if winner.id == loser.id:
            raise wrong("Cannot merge an object with itself")
        now, ids = self._clock.now(), [loser.id]
        properties = {**loser.properties, **winner.properties}
        if self._settings().merge_mints:
            ids = [winner.id, loser.id]
        merged = [record.properties.get("hs_merged_object_ids", "") for record in (winner, loser)]
        listed = [id for row in (*merged, *ids) for id in row.split(";") if id]
        properties["hs_merged_object_ids"] = ";".join(dict.fromkeys(listed))
        target = self.new_id(kind) if self._settings().merge_mints else winner.id
        for record in [loser, winner] if self._settings().merge_mints else [loser]:
            away = Record(kind.name, record.id, record.properties, record.created, now, archived=now, into=target)
            self._put("merged", record, away)
        after = Record(
            kind.name, target, self._computed(kind, target, winner.properties, properties), winner.created, now
        )
        self._put("merge", winner, after)
        for id in ids:
            self._links.move(kind.name, id, target)
        return after

    def touch(self, kind: Kind, record: Record) -> Record:
        """HubSpot computed something of its own: modified, and nothing to be seen."""
        after = Record(kind.name, record.id, record.properties, record.created, self._clock.now())
        self._put("touch", record, after)
        return after

    def ends_changed(self, place: tuple[str, str]) -> None:
        """A line item came, changed or went: a draft invoice is summed anew, a deal where the account wants that."""
        record = self._shelf.get(*place)
        if record is None or not record.live:
            return
        if place[0] == "invoices" and record.properties.get("hs_invoice_status") == "draft":
            self.change(KINDS["invoices"], record, {})
        if place[0] == "deals" and self._settings().lines_move_deal:
            lines = [
                row for id in self._shelf.linked(place, "line_items") if (row := self._shelf.get("line_items", id))
            ]
            amounts = [row.properties.get("amount", "0") for row in lines if row.live]
            self.change(KINDS["deals"], record, {"amount": computed.total(amounts)})

    # ------------------------------------------------------------ inside

    def _put(self, what: str, before: Record | None, after: Record) -> None:
        if before is not None and before.place == after.place:
            self._shelf.changed(before, after)
        self._shelf.put(after)
        self._told(what, before, after)

    def _moved(self, line: Record) -> None:
        if line.kind == "line_items":
            for parent in ("deals", "invoices"):
                for id in list(self._shelf.linked((line.kind, line.id), parent)):
                    self.ends_changed((parent, id))

    def new_id(self, kind: Kind) -> str:
        """An id that nobody has: rising by uneven steps, or anywhere."""
        settings, number = self._settings(), self._shelf.next("ids")
        chance = Random(f"{settings.seed} {number}")  # noqa: S311  repeatable on purpose
        if settings.ids == "rising":
            return str(_FIRST + number * 1000 + chance.randrange(1000))
        id = str(_FIRST + chance.randrange(_SPAN))
        return id if self._shelf.get(kind.name, id) is None else self.new_id(kind)

    def _read(self, kind: Kind, given: Any) -> dict[str, str]:
        """The properties of a request as they are kept; "" clears one."""
        if not isinstance(given, dict):
            raise bad_input("properties: expected an object")
        found, bad = {}, []
        for name, value in given.items():
            try:
                found[name] = self._value(kind, name, value, given)
            except Unfit as fault:
                shown = value if isinstance(value, str) else str(value)
                bad.append({"message": fault.message, "error": fault.code, "name": name, "propertyValue": shown[:200]})
        if bad:
            raise bad_values(bad)
        return found

    def _value(self, kind: Kind, name: str, value: Any, given: Mapping[str, Any]) -> str:
        known = self._schema.of(kind.name).get(name)
        if known is None:
            raise Unfit("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        if known.read_only:
            raise Unfit("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
        found = kept(known, value, self._options(kind, known, given))
        if (kind.name, name) == ("line_items", "price") and found.startswith("-"):
            raise Unfit("INVALID_VALUE", f"{found} is negative; a price must not be.")
        if name == "email" and found and "@" not in found:
            raise Unfit("INVALID_EMAIL", f"Email address {found} is invalid")
        return found

    def _options(self, kind: Kind, property: Property, given: Mapping[str, Any]) -> list[str]:
        """Those that stand for the definition's: pipelines and stages."""
        pipelines = self._schema.pipelines.get(kind.name, [])
        if property.name == "pipeline":
            return [row["id"] for row in pipelines]
        if property.name == "dealstage":
            asked = given.get("pipeline")
            return [stage["id"] for row in pipelines if asked in (None, row["id"]) for stage in row["stages"]]
        return []

    def _first(self, kind: Kind, properties: dict[str, str]) -> dict[str, str]:
        """With what a new record has by itself."""
        own = {"hs_object_source": "INTEGRATION", "hs_object_source_label": "INTEGRATION"}
        own["hs_object_source_id"] = str(self._settings().app)
        if kind.name == "contacts":
            own["lifecyclestage"] = "lead"
        if kind.name == "deals":
            own["pipeline"] = "default"
        if kind.name == "invoices" and not properties.get("hs_number"):
            own["hs_number"] = f"INV-{1000 + self._shelf.next('invoice')}"
        return {**own, **{name: value for name, value in properties.items() if value != ""}}

    def _needed(self, kind: Kind, properties: Mapping[str, str]) -> None:
        for name in kind.needed:
            if name not in properties:
                message = f"Some required properties were not set: {name}"
                errors = [{"message": message, "code": "REQUIRED_FIELD", "context": {"properties": [name]}}]
                raise wrong(message, errors=errors)

    def _unique(self, kind: Kind, properties: Mapping[str, str], id: str) -> None:
        for name, value in properties.items():
            known = self._schema.of(kind.name).get(name)
            if known is None or not known.unique:
                continue
            other = self._shelf.with_value(kind.name, name, value)
            if other is not None and other.id != id:
                raise self._taken(kind, name, value, id, other.id)

    def _taken(self, kind: Kind, name: str, value: str, id: str, other: str) -> Refused:
        if (kind.name, name) == ("contacts", "email"):
            return Refused(409, f"Contact already exists. Existing ID: {other}", "CONFLICT")
        where = f"portalId={self._settings().portal}, objectTypeId=ObjectTypeId{{legacyObjectType={kind.one.upper()}}}"
        place = f"PropertyValueCoordinates{{{where}, propertyName={name}, value={value}}}"
        new = id or self.new_id(kind)
        return wrong(f"Cannot set {place} on {new}. {other} already has that value.")

    def _end(self, kind: Kind, end: Any) -> tuple[tuple[str, str], list[Any]]:
        """An association that a request wants of the record it makes."""
        if not isinstance(end, dict) or not isinstance(end.get("to"), dict) or not isinstance(end.get("types"), list):
            raise bad_input("associations: expected to.id and types")
        for other in KINDS:
            try:
                ties = [self._links.tie(kind.name, other, spec) for spec in end["types"]]
            except Refused:
                continue
            place = (other, str(end["to"].get("id")))
            target = self._shelf.get(*place)
            if target is None or not target.live:
                context = {"INVALID_OBJECT_IDS": [place[1]], "objectType": [KINDS[other].one.upper()]}
                raise wrong("One or more associations are invalid", context=context)
            return place, ties
        raise wrong("One or more associations are invalid", context={"types": [str(end["types"])]})

    def _computed(self, kind: Kind, id: str, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
        if kind.name == "deals":
            stage = self._schema.stage("deals", after.get("pipeline", "default"), after.get("dealstage", ""))
            return computed.deal(after, stage)
        if kind.name == "line_items":
            return computed.line(after)
        if kind.name == "invoices":
            place = (kind.name, id)
            rows = [self._shelf.get("line_items", line) for line in self._shelf.linked(place, "line_items")]
            billed_to = bool(self._shelf.linked(place, "contacts") or self._shelf.linked(place, "companies"))
            lines = [row.properties for row in rows if row is not None and row.live]
            return computed.invoice(before, after, lines, billed_to=billed_to)
        return dict(after)


def whole(kind: Kind, record: Record) -> dict[str, str]:
    """All properties that a record has, HubSpot's own too."""
    own = {"hs_object_id": record.id, kind.modified: text(record.updated)}
    if kind.name not in ("contacts", "companies"):
        own["hs_createdate"] = text(record.created)
    return {"createdate": text(record.created), **record.properties, **own}


def shown(kind: Kind, record: Record, known: Mapping[str, Property], names: Sequence[str] | None, portal: int) -> Value:
    """A record as replies show it: the properties of these names, all that have a value without any."""
    values = whole(kind, record)
    wanted = values.keys() if names is None else {*names, *kind.always}
    properties = {name: values.get(name) for name in sorted(wanted) if name in known}
    found = {
        "id": record.id, "properties": properties, "createdAt": text(record.created),
        "updatedAt": text(record.updated), "archived": not record.live,
        "url": f"https://app.hubspot.com/contacts/{portal}/record/{kind.id}/{record.id}",
    }  # fmt: skip
    return {**found, "archivedAt": text(record.archived)} if record.archived else found
