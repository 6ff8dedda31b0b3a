"""Salesforce's stand-in in the hands of the conformance kit.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import SecretStr

from billsync.conformance.subject import Ability, Kind, Subject
from billsync.connector import Connector, Context, Data
from billsync_connectors.salesforce.connector import Salesforce
from billsync_connectors.salesforce.named import SalesforceSandbox
from billsync_connectors.salesforce.settings import SalesforceSettings

_FAULTS: Final[Mapping[Ability, Mapping[str, Any]]] = {
    Ability.HUGE: {"fault": "big-field", "field": "Description", "next": 1000},
    Ability.LIMIT: {"fault": "concurrent"},
    Ability.ERROR: {"fault": "error", "status": 500},
    Ability.CUT: {"fault": "dropped"},
    Ability.TRUNCATED: {"fault": "truncated"},
    Ability.WRONG_TYPES: {"fault": "no-id"},
    Ability.LOGIN_PAGE: {"fault": "login-page"},
}
_API: Final = "/services/data/v"
"""Where all requests of a connector begin that the org counts; log-ins are not counted."""
_DEAL: Final = {"StageName": "Prospecting", "CloseDate": "2026-12-31"}


class SalesforceSubject(Subject):
    """One stand-in, a process of its own, without data."""

    connector = "salesforce"
    kinds = (
        Kind("Account", text="Description", number="Revenue__c"),
        Kind(
            "Opportunity",
            text="Description",
            number="Amount",
            lacks={
                Ability.MERGE: "opportunities are not merged",
                Ability.RELATE: "whatever changes of its line items, the opportunity counts as changed",
            },
        ),
    )
    lacks = {
        Ability.LINK: "a reference is a field: who changes it, changes the record that holds it",
        Ability.NUL: "Salesforce takes no NUL",
        Ability.BUSY: "its limits are a 403 without Retry-After",
    }
    lag_s = 60
    quiet_requests = 2

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._system = SalesforceSandbox(folder, options={"seed": "none"})
        self._http = httpx.Client(trust_env=False, timeout=60)
        self._settings: dict[str, str] = {}
        self._numbers = count(1)
        self._late: list[dict[str, Any]] = []

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._settings = self._system.up()

    def down(self) -> None:
        """Stop it."""
        self._http.close()
        self._system.down()

    def reset(self) -> None:
        """As new, with its secret and its password."""
        self._late.clear()
        self._admin("POST", "reset")
        own = {
            "consumer_secret": self._settings["consumer_secret"],
            "password": (self.folder / "password").read_text(),
            "custom_fields": "Account.Revenue__c currency 18,2",
        }
        self._admin("PATCH", "settings", own)

    def open(self, context: Context) -> Connector:
        """A connector with its secret."""
        return self._opened(context, self._settings["consumer_secret"])

    def locked_out(self, context: Context) -> Connector:
        """One with another."""
        return self._opened(context, "not-" + self._settings["consumer_secret"])

    def _opened(self, context: Context, secret: str) -> Connector:
        """Without a lag of its own: that transactions are late the org itself tells, to the minute."""
        own = {name: self._settings[name] for name in ("url", "consumer_key", "api_version")}
        objects = {
            "Account": {"add": ["Description"], "related": {"Contacts": ["LastName"]}},
            "Opportunity": {"add": ["Description"], "related": {"OpportunityLineItems": ["Quantity"]}},
        }
        settings = {"consumer_secret": SecretStr(secret), "page_size": self.page, "lag_s": 0, "timeout": 10}
        return Salesforce(context, SalesforceSettings.model_validate({**own, **settings, "objects": objects}))

    def secrets(self) -> Sequence[str]:
        """Its secret."""
        return (self._settings["consumer_secret"],)

    # ------------------------------------------------------------ what is true

    def truth(self, object: str) -> Mapping[str, Data]:
        """The fields that the kit writes, and the contacts of accounts."""
        (kind,) = (kind for kind in self.kinds if kind.object == object)
        contacts = self._contacts()
        late = {row["Id"]: row for row in self._late if row["object"] == object}
        seen = {row["Id"]: row for row in self._admin("GET", f"records?object={object}")["records"]}
        rows = {id: row for id, row in (late | seen).items() if row.get("IsDeleted") is not True}
        fields = [name for name in (kind.text, kind.number) if name]
        found: dict[str, dict[str, Any]] = {id: {name: row.get(name) for name in fields} for id, row in rows.items()}
        for id in found if object == "Account" else ():
            found[id]["Contacts"] = _nested(contacts.get(id, []))
        return found

    def _contacts(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in sorted(self._rows("Contact"), key=lambda row: str(row["Id"])):
            found.setdefault(row["AccountId"], []).append({"Id": row["Id"], "LastName": row["LastName"]})
        return found

    def _rows(self, object: str) -> list[dict[str, Any]]:
        found = self._admin("GET", f"records?object={object}")["records"]
        return [row for row in found if not row["IsDeleted"]]

    # ------------------------------------------------------------ what people do

    def create(self, object: str, fields: Data) -> str:
        """Make a record."""
        return self._human("create", object, "", self._whole(object, fields))

    def edit(self, object: str, id: str, fields: Data) -> None:
        """Change one."""
        self._human("update", object, id, fields)

    def delete(self, object: str, id: str) -> None:
        """Into the recycle bin."""
        self._human("delete", object, id)

    def restore(self, object: str, id: str) -> None:
        """Out of it again."""
        self._human("undelete", object, id)

    def merge(self, object: str, winner: str, loser: str) -> None:
        """Two accounts become one."""
        self._human("merge", object, winner, losers=[loser])

    def relate(self, object: str, id: str) -> None:
        """One contact more."""
        self._human("create", "Contact", "", {"AccountId": id, "LastName": f"Person {next(self._numbers)}"})

    def burst(self, object: str, rows: Sequence[Data]) -> list[str]:
        """The clock stands still meanwhile."""
        self._admin("POST", "clock", {"set": self._admin("GET", "clock")["now"]})
        try:
            return [self.create(object, row) for row in rows]
        finally:
            self._admin("POST", "clock", {"run": True})

    def commit_late(self, object: str, fields: Data, after_s: int) -> None:
        """A transaction that stays open."""
        whole = self._whole(object, fields)
        id = self._human("create", object, "", whole, commit_after_s=after_s)
        self._late.append({**whole, "Id": id, "object": object, "after_s": after_s})

    def _whole(self, object: str, fields: Data) -> dict[str, Any]:
        """With what the org needs of each record."""
        own = {"Name": f"{object} {next(self._numbers)}"}
        return {**own, **(_DEAL if object == "Opportunity" else {}), **fields}

    def _human(self, do: str, object: str, id: str, fields: Data | None = None, **more: Any) -> str:
        for row in self._late:
            if row["Id"] in (id, *more.get("losers", ())):  # nobody can touch it before it is committed
                self.pass_time(row["after_s"])
        asked = {"do": do, "object": object, "id": id, "fields": dict(fields or {}), **more}
        return str(self._admin("POST", "human", asked)["id"])

    # ------------------------------------------------------------ time, and what goes wrong

    def pass_time(self, seconds: int) -> None:
        """Its clock goes forward."""
        self._admin("POST", "clock", {"advance_s": seconds})

    def end_session(self) -> None:
        """All sessions are over."""
        self._admin("POST", "expire")

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        """One of its own faults."""
        self._admin("POST", "faults", {**_FAULTS[fault], "path": _API})

    def calm(self) -> None:
        """No faults."""
        self._admin("DELETE", "faults")

    def requests(self) -> int:
        """Those that count."""
        return sum(row["path"].startswith(_API) for row in self._admin("GET", "log")["requests"])

    # ------------------------------------------------------------ inside

    def _admin(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"X-Admin-Password": (self.folder / "password").read_text(), "Content-Type": "application/json"}
        content = None if value is None else json.dumps(value, default=_number)
        answer = self._http.request(method, f"{self._system.url}admin/{path}", content=content, headers=headers)
        answer.raise_for_status()
        found: dict[str, Any] = json.loads(answer.content, parse_float=Decimal)
        return found


def _number(value: Any) -> str:
    return f"{value:f}"


def _nested(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Children as queries show them."""
    return {"totalSize": len(rows), "done": True, "records": rows} if rows else None
