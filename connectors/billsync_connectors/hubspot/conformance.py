"""HubSpot's stand-in in the hands of the conformance kit.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import SecretStr

from billsync.conformance.subject import Ability, Kind, Subject
from billsync.connector import Connector, Context, Data
from billsync_connectors.hubspot.config import HubSpotSettings
from billsync_connectors.hubspot.connector import HubSpot
from billsync_connectors.hubspot.kinds import KINDS
from billsync_connectors.hubspot.named import NamedHubSpot

_FAULTS: Final = {
    Ability.ERROR: {"fault": "error"},
    Ability.CUT: {"fault": "dropped"},
    Ability.TRUNCATED: {"fault": "truncated"},
    Ability.WRONG_TYPES: {"fault": "wrong-values"},
    Ability.LOGIN_PAGE: {"fault": "login-page"},
    Ability.LIMIT: {"fault": "busy", "policy": "DAILY"},
}
_ALONE: Final = dict.fromkeys((Ability.RELATE, Ability.LINK), "the connector shows nothing of others in it")
_TOUCHED: Final = {Ability.LINK: "tried on deals"}
_LONG: Final = 10_000_000
_LINE: Final = {"quantity": Decimal, "price": Decimal, "amount": Decimal}


class HubSpotSubject(Subject):
    """One stand-in, a process of its own, entered by an OAuth app.

    A line item tells that it was made; a company that is given to a deal leaves no trace in HubSpot, and is found by
    the sweep.
    """

    connector = "hubspot"
    kinds = (
        Kind("deals", text="description", number="amount"),
        Kind("companies", text="name", number="annualrevenue", lacks=_TOUCHED),
        Kind("products", text="description", number="price", lacks=_ALONE),
    )
    page = 10
    lag_s = 60
    untold_s = 24 * 3600
    quiet_requests = 6

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._system = NamedHubSpot(folder, options={"seed": "none"})
        self._http = httpx.Client(trust_env=False, timeout=60)
        self._settings: dict[str, str] = {}
        self._before = 0

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._settings = self._system.up()

    def down(self) -> None:
        """Stop it."""
        self._http.close()
        self._system.down()

    def reset(self) -> None:
        """As new, with its app; limits that no rule is about don't bind."""
        self._admin("POST", "reset")
        own = {name: self._settings[name] for name in ("token", "client_id", "client_secret")}
        free = {"burst_max": 100_000, "oauth_burst_max": 100_000, "search_per_s": 100_000}
        self._set(**own, **free, lag_create_s=0, lag_update_s=0, lag_spread=False)
        self._before = self._count()

    def open(self, context: Context) -> Connector:
        """A connector with an app that has just been installed."""
        return self._opened(context, self._installed())

    def locked_out(self, context: Context) -> Connector:
        """One with a refresh token that nobody gave out."""
        return self._opened(context, "not-a-refresh-token")

    def _opened(self, context: Context, refresh: str) -> Connector:
        settings = HubSpotSettings(
            url=self._settings["url"],
            client_id=self._settings["client_id"],
            client_secret=SecretStr(self._settings["client_secret"]),
            refresh_token=SecretStr(refresh),
            properties={"companies": ("annualrevenue",)},
            page_size=self.page // 2,
            search_lag_s=self.lag_s,
            searches_per_s=Decimal(100_000),
            timeout=10,
        )
        return HubSpot(context, settings)

    def _installed(self) -> str:
        own = {name: self._settings[name] for name in ("client_id", "client_secret")}
        form = {**own, "grant_type": "authorization_code", "code": self._admin("POST", "oauth/install")["code"]}
        answer = self._http.post(f"{self._system.url}oauth/2026-03/token", data=form)
        answer.raise_for_status()
        return str(answer.json()["refresh_token"])

    def secrets(self) -> Sequence[str]:
        """Its secret, and the wrong token."""
        return (self._settings["client_secret"], "not-a-refresh-token")

    # ------------------------------------------------------------ what is true

    def truth(self, object: str) -> Mapping[str, Data]:
        """Its live records: what the kit wrote, and what they show of others."""
        known = next(kind for kind in self.kinds if kind.object == object)
        inside = {"deals": "line_items", "companies": "contacts"}.get(object)
        others = self._live(inside) if inside else {}
        found: dict[str, Data] = {}
        for id, row in self._live(object).items():
            given = row["properties"]
            number = given.get(known.number)
            data = {"id": id, known.text: given.get(known.text), known.number: Decimal(number) if number else None}
            if inside:
                data[inside] = [_inside(inside, others[one]) for one in row["associations"].get(inside, ())]
            if object == "deals":
                data["companies"] = sorted(row["associations"].get("companies", ()), key=lambda one: (len(one), one))
            found[id] = data
        return found

    def _live(self, object: str) -> dict[str, Any]:
        rows = self._admin("GET", f"documents?object={object}")["records"]
        return {row["id"]: row for row in rows if not row["archived"]}

    # ------------------------------------------------------------ what people do

    def create(self, object: str, fields: Data) -> str:
        """Make a record."""
        return self._human("create", object, properties=_plain(fields))

    def edit(self, object: str, id: str, fields: Data) -> None:
        """Change one."""
        self._human("change", object, id, properties=_plain(fields))

    def delete(self, object: str, id: str) -> None:
        """Archive one."""
        self._human("delete", object, id)

    def restore(self, object: str, id: str) -> None:
        """Back from the bin."""
        self._human("restore", object, id)

    def merge(self, object: str, winner: str, loser: str) -> None:
        """One of two."""
        self._human("merge", object, winner, loser=loser)

    def relate(self, object: str, id: str) -> None:
        """A line item more in a deal, or a contact in a company."""
        inside = {"deals": "line_items", "companies": "contacts"}[object]
        made = {"line_items": {"name": "A line", "price": "10.50", "quantity": "2"}, "contacts": {"firstname": "Zoë"}}
        one = self._human("create", inside, properties=made[inside])
        self._human("associate", object, id, to_object=inside, to=one)

    def link(self, object: str, id: str) -> None:
        """A company more for a deal."""
        one = self._human("create", "companies", properties={"name": "Another company"})
        self._human("associate", object, id, to_object="companies", to=one)

    def burst(self, object: str, rows: Sequence[Data]) -> list[str]:
        """The clock stands still meanwhile."""
        self._admin("POST", "clock", {"run": False})
        try:
            return [self.create(object, row) for row in rows]
        finally:
            self._admin("POST", "clock", {"run": True})

    def commit_late(self, object: str, fields: Data, after_s: int) -> None:
        """The index shows it late."""
        self._set(lag_create_s=after_s)
        self.create(object, fields)
        self._set(lag_create_s=0)

    def _human(self, do: str, object: str, id: str = "", **more: Any) -> str:
        return str(self._admin("POST", "human", {"do": do, "object": object, "id": id, **more})["id"])

    # ------------------------------------------------------------ time, and what goes wrong

    def pass_time(self, seconds: int) -> None:
        """Its clock goes forward."""
        self._admin("POST", "clock", {"advance_s": seconds})

    def settle(self) -> None:
        """The index catches up."""
        self._admin("POST", "index", {"catch_up": True})

    def end_session(self) -> None:
        """Every access token is over."""
        self._admin("POST", "oauth/expire")

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        """One of its own faults, or a record with a long text, which stays."""
        path = {"path": "/crm/objects/"}
        if fault is Ability.HUGE:
            self.create("deals", {"description": "x" * _LONG})
        elif fault is Ability.BUSY:
            self._admin("POST", "faults", {"fault": "busy", "retry_after": str(after_s), **path})
        else:
            self._admin("POST", "faults", {**_FAULTS[fault], **path})

    def calm(self) -> None:
        """No faults."""
        self._admin("DELETE", "faults")

    def requests(self) -> int:
        """Those of its log."""
        return self._count() - self._before

    # ------------------------------------------------------------ inside

    def _count(self) -> int:
        rows = self._admin("GET", "log")["requests"]
        return int(rows[-1]["n"]) if rows else 0

    def _set(self, **values: Any) -> None:
        self._admin("PATCH", "settings", values)

    def _admin(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = self._http.request(method, f"{self._system.url}admin/{path}", json=value, headers=self._system.key())
        answer.raise_for_status()
        found: dict[str, Any] = json.loads(answer.content)
        return found


def _plain(fields: Data) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items()}


def _inside(object: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What stands inside of a record, by the names and types of the sheet."""
    given = row["properties"]
    values = {name: given.get(name) for name in KINDS[object].properties}
    read = {name: _LINE[name](text) if name in _LINE and text else text for name, text in values.items()}
    return {"id": row["id"], **read}
