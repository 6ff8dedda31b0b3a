"""The requests for properties, pipelines, owners and the account.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from billsync_connectors.hubspot.server.clock import Clock, text
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.kinds import kind_of
from billsync_connectors.hubspot.server.limits import Limits
from billsync_connectors.hubspot.server.refused import Refused, bad_input
from billsync_connectors.hubspot.server.schema import Schema
from billsync_connectors.hubspot.server.settings import Settings

Value = dict[str, Any]


class Definitions:
    """Answers that are about no record; all raise `Refused`."""

    def __init__(self, schema: Schema, clock: Clock, limits: Limits, settings: Callable[[], Settings]) -> None:
        self._schema, self._clock, self._limits, self._settings = schema, clock, limits, settings

    def properties(self, parts: list[str], request: Request) -> Reply:
        """Under `/properties/{type}`."""
        kind, now = kind_of(parts[0]).name, self._clock.now()
        match request.method, parts[1:]:
            case "GET", []:
                rows = self._schema.listed(kind, archived=request.yes("archived"))
                return Reply(200, {"results": [row.shown() for row in rows]})
            case "POST", []:
                return Reply(201, self._schema.define(kind, request.mapping(), now).shown())
            case "POST", ["batch", do]:
                return self._batch(kind, do, request, now)
            case "GET", ["groups"]:
                return Reply(200, {"results": self._groups(kind)})
            case "GET", [name]:
                return Reply(200, self._schema.get(kind, name, archived=request.yes("archived")).shown())
            case "PATCH", [name]:
                return Reply(200, self._schema.redefine(kind, name, request.mapping(), now).shown())
            case "DELETE", [name]:
                self._schema.retire(kind, name, now)
                return Reply(204)
        raise Refused(404, "resource not found")

    def _groups(self, kind: str) -> list[Value]:
        names = dict.fromkeys(row.group for row in self._schema.listed(kind))
        return [{"name": name, "label": name, "displayOrder": -1, "archived": False} for name in names]

    def _batch(self, kind: str, do: str, request: Request, now: int) -> Reply:
        inputs = request.mapping().get("inputs")
        if not isinstance(inputs, list):
            raise bad_input("inputs: expected a list")
        match do:
            case "create":
                rows = [self._schema.define(kind, item, now).shown() for item in inputs]
            case "read":
                rows = [self._schema.get(kind, str(item.get("name"))).shown() for item in inputs]
            case "archive":
                for item in inputs:
                    self._schema.retire(kind, str(item.get("name")), now)
                return Reply(204)
            case _:
                raise Refused(404, "resource not found")
        at = text(now)
        value = {"status": "COMPLETE", "results": rows, "startedAt": at, "completedAt": at}
        return Reply(201 if do == "create" else 200, value)

    def pipelines(self, parts: list[str], request: Request) -> Reply:
        """Under `/pipelines/{type}`."""
        kind = kind_of(parts[0]).name
        match request.method, parts[1:]:
            case "GET", []:
                return Reply(200, {"results": self._schema.pipelines.get(kind, [])})
            case "POST", []:
                return Reply(201, self._schema.add_pipeline(kind, request.mapping(), self._clock.now()))
            case "GET", [id]:
                return Reply(200, self._schema.pipeline(kind, id))
            case "GET", [id, "stages"]:
                return Reply(200, {"results": self._schema.pipeline(kind, id)["stages"]})
            case "GET", [id, "stages", stage]:
                found = self._schema.stage(kind, id, stage)
                if found is not None:
                    return Reply(200, found)
        raise Refused(404, "resource not found")

    def owners(self, parts: list[str], request: Request) -> Reply:
        """Under `/owners`: the account's users."""
        rows = self._schema.owners
        if parts:
            found = next((row for row in rows if row["id"] == parts[0]), None)
            if found is None:
                raise Refused(404, "resource not found")
            return Reply(200, found)
        if request.asked("email"):
            rows = [row for row in rows if row["email"] == request.asked("email")]
        limit, after = request.whole("limit", 100, 500), int(request.asked("after", "0"))
        value: Value = {"results": rows[after : after + limit]}
        if len(rows) > after + limit:
            value["paging"] = {"next": {"after": str(after + limit)}}
        return Reply(200, value)

    def account(self, parts: list[str]) -> Reply:
        """Under `/account-info`."""
        settings = self._settings()
        if parts == ["api-usage", "daily", "private-apps"]:
            row = {
                "name": "private-apps-api-calls-daily", "usageLimit": settings.daily_max,
                "currentUsage": self._limits.today, "collectedAt": self._clock.now(), "fetchStatus": "SUCCESS",
                "resetsAt": None,
            }  # fmt: skip
            return Reply(200, {"results": [row]})
        if parts != ["details"]:
            raise Refused(404, "resource not found")
        moment = datetime.fromtimestamp(self._clock.now() // 1000, UTC).astimezone(ZoneInfo(settings.time_zone))
        offset = moment.utcoffset()
        return Reply(200, {
            "portalId": settings.portal, "accountType": "STANDARD", "timeZone": settings.time_zone,
            "companyCurrency": settings.currency, "additionalCurrencies": [], "utcOffset": f"{moment:%z}",
            "utcOffsetMilliseconds": int(offset.total_seconds() * 1000) if offset else 0,
            "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
        })  # fmt: skip
