"""Requests under /sobjects: describe, single records, external ids, what was updated and deleted.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final

from billsync_connectors.salesforce.server import describe
from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.clock import stamp
from billsync_connectors.salesforce.server.denied import Denied, Several, missing
from billsync_connectors.salesforce.server.fields import Field
from billsync_connectors.salesforce.server.ids import full
from billsync_connectors.salesforce.server.kinds import Kind, Kinds
from billsync_connectors.salesforce.server.records import Records
from billsync_connectors.salesforce.server.settings import Settings
from billsync_connectors.salesforce.server.shelf import Shelf
from billsync_connectors.salesforce.server.values import Row, given
from billsync_stand_in.clock import Clock, read

_IDS_MAX: Final = 600_000


class Rest:
    """Every method is called inside of a turn of the shelf, and raises `Denied`."""

    def __init__(
        self, shelf: Shelf, clock: Clock, records: Records, settings: Callable[[], Settings], kinds: Callable[[], Kinds]
    ) -> None:
        self._shelf, self._clock, self._records = shelf, clock, records
        self._settings, self._kinds = settings, kinds

    def answer(self, request: Request, version: str, rest: list[str]) -> Reply:
        """One of /sobjects/."""
        base = f"/services/data/{version}"
        if not rest:
            return Reply(200, describe.everything(self._kinds(), base))
        kind = self._records.kind(rest[0])
        if len(rest) == 1:
            return self._object(request, kind, base)
        if rest[1] in _DOORS and request.method == "GET" and len(rest) == 2:
            return _DOORS[rest[1]](self, request, kind, base)
        if len(rest) == 3:
            return self._keyed(request, kind, base, rest[1], rest[2])
        if request.method == "POST" and rest[1].lower() == "id":
            return self._create(request, kind, base)
        return self._single(request, kind, base, rest[1])

    def _object(self, request: Request, kind: Kind, base: str) -> Reply:
        if request.method == "POST":
            return self._create(request, kind, base)
        found = describe.everything(self._kinds(), base)["sobjects"]
        return Reply(
            200, {"objectDescribe": next(each for each in found if each["name"] == kind.name), "recentItems": []}
        )

    def _describe(self, _request: Request, kind: Kind, base: str) -> Reply:
        rows = self._shelf.all("CurrencyType")
        codes = sorted(row["IsoCode"] for row in rows if row["IsActive"] and not row["IsDeleted"])
        return Reply(200, describe.described(self._kinds(), kind, base, codes))

    def _create(self, request: Request, kind: Kind, base: str) -> Reply:
        id = self._records.create(kind.name, request.mapping())["Id"]
        return Reply(201, _done(id), {"Location": f"{base}/sobjects/{kind.name}/{id}"})

    # ------------------------------------------------------------ one record

    def _single(self, request: Request, kind: Kind, base: str, name: str) -> Reply:
        if full(name) is None:
            raise missing(f"Provided external ID field does not exist or is not accessible: {name}")
        if request.method == "GET":
            return self._got(request, kind, base, self._records.found(kind, name))
        if request.method == "PATCH":
            self._unchanged(request, self._records.found(kind, name))
            self._records.update(kind.name, name, request.mapping())
            return Reply(204)
        if request.method == "DELETE":
            self._records.delete(kind.name, name)
            return Reply(204)
        raise Denied(
            405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed. Allowed are HEAD,GET,PATCH,DELETE"
        )

    def _got(self, request: Request, kind: Kind, base: str, row: Row) -> Reply:
        changed = format_datetime(read(row["LastModifiedDate"]), usegmt=True)
        since = _header(request, "if-modified-since")
        if since is not None and read(row["LastModifiedDate"]) <= since:
            return Reply(304, None, {"Last-Modified": changed})
        self._unchanged(request, row)
        return Reply(200, self.shown(kind, base, row, request.asked("fields")), {"Last-Modified": changed})

    def shown(self, kind: Kind, base: str, row: Row, wanted: str) -> dict[str, Any]:
        """A record with the fields that were asked for, or with all."""
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        fields: list[Field] = []
        for name in names:
            field = kind.named.get(name.lower())
            if field is None:
                raise Denied(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}", [name])
            fields.append(field)
        attributes = {"type": kind.name, "url": f"{base}/sobjects/{kind.name}/{row['Id']}"}
        fields = fields or list(kind.fields.values())
        found = {field.name: given(field, row) for field in fields}
        return {"attributes": attributes, **found, "Id": row["Id"]}

    def _unchanged(self, request: Request, row: Row) -> None:
        """If-Unmodified-Since: only when nobody wrote since."""
        since = _header(request, "if-unmodified-since")
        if since is not None and read(row["LastModifiedDate"]) > since:
            raise Denied(412, "PRECONDITION_FAILED", "The record was modified since the given time")

    # ------------------------------------------------------------ by an external id

    def _keyed(self, request: Request, kind: Kind, base: str, name: str, value: str) -> Reply:
        if request.method in ("PATCH", "POST"):
            only = request.asked("updateOnly").lower() == "true"
            try:
                id, made = self._records.upsert(kind.name, name, value, request.mapping(), update_only=only)
            except Several as several:
                raise Several([f"{base}/{url}" for url in several.urls]) from None
            told = {**_done(id), "created": made}
            return Reply(201 if made else 200, told, {"Location": f"{base}/sobjects/{kind.name}/{id}"} if made else {})
        rows = self._records.keyed(kind, self._records.key(kind, name), value)
        if len(rows) > 1:
            return Reply(300, [f"{base}/sobjects/{kind.name}/{row['Id']}" for row in rows])
        if not rows:
            raise missing()
        return self._single(request, kind, base, rows[0]["Id"])

    # ------------------------------------------------------------ what changed

    def _updated(self, request: Request, kind: Kind, _base: str) -> Reply:
        start, end = self._window(request, self._settings().updated_days)
        rows = self._shelf.all(kind.name)
        ids = [row["Id"] for row in rows if start <= row["SystemModstamp"] < end and not row["IsDeleted"]]
        return Reply(200, {"ids": _bounded(ids), "latestDateCovered": self._covered(end)})

    def _deleted(self, request: Request, kind: Kind, _base: str) -> Reply:
        start, end = self._window(request, self._settings().deleted_days)
        found = [(row["Id"], row["_deleted"]) for row in self._shelf.all(kind.name) if row["IsDeleted"]]
        found += [(id, at) for object, id, at in self._shelf.recall("purged", []) if object == kind.name]
        rows = [{"id": id, "deletedDate": at} for id, at in found if start <= at < end]
        first = self._clock.now() - timedelta(days=self._settings().deleted_days)
        told = {"earliestDateAvailable": _minute(first), "latestDateCovered": self._covered(end)}
        return Reply(200, {"deletedRecords": _bounded(rows), **told})

    def _window(self, request: Request, days: int) -> tuple[str, str]:
        """The asked span of time; seconds don't count."""
        try:
            start, end = (read(request.asked(name).replace(" ", "+")) for name in ("start", "end"))
        except ValueError:
            raise Denied(400, "INVALID_REPLICATION_DATE", "start and end: an ISO 8601 date-time is expected") from None
        if end - start < timedelta(minutes=1):
            told = "endDate must be at least one minute greater than the startDate"
            raise Denied(400, "INVALID_REPLICATION_DATE", told)
        if start < self._clock.now() - timedelta(days=days, minutes=1):
            raise Denied(400, "INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
        return _minute(start), _minute(end)

    def _covered(self, end: str) -> str:
        """Until when all is told: not past a transaction that is still open."""
        opened = [str(late.row["SystemModstamp"]) for late in self._shelf.late]
        return min(end, stamp(self._clock.now()), *opened)


_Door = Callable[[Rest, Request, Kind, str], Reply]
_DOORS: Final[dict[str, _Door]] = {
    "describe": Rest._describe,  # noqa: SLF001  its own
    "updated": Rest._updated,  # noqa: SLF001  its own
    "deleted": Rest._deleted,  # noqa: SLF001  its own
}


def _done(id: str) -> dict[str, Any]:
    return {"id": id, "success": True, "errors": []}


def _minute(instant: datetime) -> str:
    return stamp(instant.replace(second=0, microsecond=0))


def _bounded(found: list[Any]) -> list[Any]:
    if len(found) > _IDS_MAX:
        raise Denied(400, "EXCEEDED_ID_LIMIT", "The number of ids exceeds the limit of 600000")
    return found


def _header(request: Request, name: str) -> datetime | None:
    try:
        return parsedate_to_datetime(request.headers[name])
    except (KeyError, ValueError, TypeError):
        return None
