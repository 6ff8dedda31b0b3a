"""The requests for records: one, a page of them, a search, and merges.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from billsync_connectors.hubspot.server import finding
from billsync_connectors.hubspot.server.clock import text
from billsync_connectors.hubspot.server.crm import Crm, shown
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.index import Index, look
from billsync_connectors.hubspot.server.kinds import Kind, kind_of
from billsync_connectors.hubspot.server.links import Links
from billsync_connectors.hubspot.server.links import shown as ends_shown
from billsync_connectors.hubspot.server.refused import bad_input, wrong
from billsync_connectors.hubspot.server.schema import Schema
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Record, Shelf

Value = dict[str, Any]


class Records:
    """Answers under `/objects/{type}`; all raise `Refused`."""

    def __init__(
        self, shelf: Shelf, crm: Crm, index: Index, schema: Schema, links: Links, settings: Callable[[], Settings]
    ) -> None:
        self._shelf, self._crm, self._index, self._schema, self._links = shelf, crm, index, schema, links
        self._settings = settings

    def show(self, kind: Kind, record: Record, names: list[str] | None) -> Value:
        """A record with these properties; all that it has where there is None."""
        return shown(kind, record, self._schema.of(kind.name), names, self._settings().portal)

    def past(self, record: Record, names: list[str]) -> Value:
        """Since when each of these properties had which value, the newest first."""
        told = {}
        for name in names:
            value = record.properties.get(name)
            rows = self._shelf.past(record, name) or ([(record.created, value)] if value else [])
            told[name] = [{"value": value, "timestamp": text(at), "sourceType": "INTEGRATION"} for at, value in rows]
        return {"propertiesWithHistory": told}

    def asked(self, kind: Kind, record: Record, request: Request) -> Value:
        """A record as the query of a request wants it."""
        found = self.show(kind, record, request.listed("properties") or [*kind.default])
        if names := request.listed("propertiesWithHistory"):
            found.update(self.past(record, names))
        ends = {}
        for called in request.listed("associations") or []:
            end = kind_of(called)
            linked = self._links.ends((kind.name, record.id), end.name)
            if linked:
                ends[end.key] = ends_shown(kind, end, linked, self._settings().list_page)
        return {**found, "associations": ends} if ends else found

    # ------------------------------------------------------------ requests

    def page(self, kind: Kind, request: Request) -> Reply:
        """A page of all records, in the order of ids."""
        most = self._settings().list_page
        limit = request.whole("limit", 10, most // 2 if request.listed("propertiesWithHistory") else most)
        after, archived = request.asked("after", "0"), request.yes("archived")
        if not after.isdigit():
            raise wrong(f"after: {after} is not a valid cursor")
        rows: list[Record] = []
        for record in self._listed(kind, int(after), archived=archived):
            rows.append(record)
            if len(rows) > limit:
                break
        value: Value = {"results": [self.asked(kind, row, request) for row in rows[:limit]]}
        if len(rows) > limit:
            last = rows[limit - 1].id
            link = f"https://api.hubapi.com{request.path}?limit={limit}&after={last}"
            value["paging"] = {"next": {"after": last, "link": link}}
        return Reply(200, value)

    def _listed(self, kind: Kind, after: int, *, archived: bool) -> Iterator[Record]:
        for record in self._shelf.after(kind.name, after):
            if self._crm.in_bin(record) if archived else record.live:
                yield record

    def one(self, kind: Kind, id: str, request: Request) -> Reply:
        """One record."""
        record = self._crm.get(kind, id, by=request.asked("idProperty"), archived=request.yes("archived"))
        return Reply(200, self.asked(kind, record, request))

    def create(self, kind: Kind, request: Request) -> Reply:
        """Make one."""
        given = request.mapping()
        record = self._crm.create(kind, given.get("properties"), _ends(given))
        return Reply(201, self.show(kind, record, None), {"Location": f"{request.path}/{record.id}"})

    def change(self, kind: Kind, id: str, request: Request) -> Reply:
        """Change one."""
        record = self._crm.get(kind, id, by=request.asked("idProperty"))
        return Reply(200, self.show(kind, self._crm.change(kind, record, request.mapping().get("properties")), None))

    def archive(self, kind: Kind, id: str) -> Reply:
        """Archive one; 204 also where there is none."""
        self._crm.archive(kind, id)
        return Reply(204)

    def merge(self, kind: Kind, request: Request) -> Reply:
        """Merge two."""
        given = request.mapping()
        ids = [str(given.get(name) or "") for name in ("primaryObjectId", "objectIdToMerge")]
        if not all(ids):
            raise bad_input("primaryObjectId and objectIdToMerge are required")
        return Reply(200, self.show(kind, self._crm.merge(kind, *ids), None))

    def search(self, kind: Kind, request: Request) -> Reply:
        """A page of what the index has."""
        settings, known = self._settings(), self._schema.of(kind.name)

        def value(record: Record, name: str) -> str | None:
            return look(kind, record, name)

        query = finding.read(request.mapping(), len(request.body), known, kind.searched, value, settings)
        rows = self._index.found(kind, query, known, settings)
        upto = query.after + query.limit
        names = query.properties or [*kind.default]
        found: Value = {
            "total": len(rows),
            "results": [self.show(kind, row, names) for row in rows[query.after : upto]],
        }
        if len(rows) > upto:
            found["paging"] = {"next": {"after": str(upto)}}
        return Reply(200, found)


def _ends(given: Mapping[str, Any]) -> list[Any]:
    ends = given.get("associations") or []
    if not isinstance(ends, list):
        raise bad_input("associations: expected a list")
    return ends
