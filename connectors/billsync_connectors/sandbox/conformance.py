"""The sandbox in the hands of the conformance kit.  (shell)"""

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
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.connector import Sandbox
from billsync_connectors.sandbox.named import NamedSandbox

_STAYS: Final = "what is deleted in the sandbox stays deleted"
_ALONE: Final = "records of the sandbox show nothing of others"
_FAULTS: Final = {
    Ability.ERROR: "error",
    Ability.CUT: "dropped",
    Ability.TRUNCATED: "truncated",
    Ability.WRONG_TYPES: "no-id",
    Ability.LOGIN_PAGE: "login-page",
}
_HOUSEKEEPING: Final = frozenset({"version", "updated", "deleted", "billing", "reference"})
_LONG: Final = 10_000_000


class SandboxSubject(Subject):
    """One stand-in, a process of its own, with a password."""

    connector = "sandbox"
    kinds = (
        Kind("deals", text="owner", number="amount"),
        Kind("accounts", text="name"),
        Kind("payments", text="invoice", number="amount"),
    )
    lacks = {
        Ability.RESTORE: _STAYS,
        Ability.MERGE: "the sandbox merges no records",
        Ability.RELATE: _ALONE,
        Ability.LINK: _ALONE,
        Ability.LIMIT: "429 is the sandbox's only way to say that it is too much",
    }
    lag_s = 60
    quiet_requests = 1

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._system = NamedSandbox(folder)
        self._http = httpx.Client(trust_env=False, timeout=60)
        self._settings: dict[str, str] = {}

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._settings = self._system.up()

    def down(self) -> None:
        """Stop it."""
        self._http.close()
        self._system.down()

    def reset(self) -> None:
        """As new, with its password."""
        self._admin("POST", "reset")
        self._set(password=self._settings["password"])

    def open(self, context: Context) -> Connector:
        """A connector with its password."""
        return self._opened(context, self._settings["password"])

    def locked_out(self, context: Context) -> Connector:
        """One with another."""
        return self._opened(context, "not-" + self._settings["password"])

    def _opened(self, context: Context, password: str) -> Connector:
        own = {name: self._settings[name] for name in ("url", "user")}
        settings = SandboxSettings(
            **own, password=SecretStr(password), page_size=self.page, publish_lag_s=self.lag_s, timeout=10
        )
        return Sandbox(context, settings)

    def secrets(self) -> Sequence[str]:
        """Its password."""
        return (self._settings["password"],)

    # ------------------------------------------------------------ what is true

    def truth(self, object: str) -> Mapping[str, Data]:
        """Its records, all fields but the house-keeping ones."""
        rows = self._admin("GET", f"documents?object={object}")["records"]
        return {row["id"]: _shown(row) for row in rows if not row["deleted"]}

    # ------------------------------------------------------------ what people do

    def create(self, object: str, fields: Data) -> str:
        """Make a record."""
        return str(self._human("create", object, "", fields)["id"])

    def edit(self, object: str, id: str, fields: Data) -> None:
        """Change one."""
        self._human("change", object, id, fields)

    def delete(self, object: str, id: str) -> None:
        """Delete one."""
        self._human("delete", object, id, {})

    def burst(self, object: str, rows: Sequence[Data]) -> list[str]:
        """The clock stands still meanwhile."""
        self._admin("POST", "clock", {"stand": True})
        try:
            return [self.create(object, row) for row in rows]
        finally:
            self._admin("POST", "clock", {"stand": False})

    def commit_late(self, object: str, fields: Data, after_s: int) -> None:
        """It is listed late."""
        self._set(publish_lag_s=after_s)
        self.create(object, fields)
        self._set(publish_lag_s=0)

    def _human(self, do: str, object: str, id: str, fields: Data) -> dict[str, Any]:
        plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in fields.items()}
        return self._admin("POST", "human", {"do": do, "object": object, "id": id, "fields": plain})

    # ------------------------------------------------------------ time, and what goes wrong

    def pass_time(self, seconds: int) -> None:
        """Its clock goes forward."""
        self._admin("POST", "clock", {"advance_s": seconds})

    def end_session(self) -> None:
        """Somebody else logs in while it allows one session."""
        self._set(single_session=True)
        own = {name: self._settings[name] for name in ("user", "password")}
        self._http.post(f"{self._system.url}login", json=own).raise_for_status()
        self._set(single_session=False)

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        """One of its own faults, or a record with a long text, which stays."""
        if fault is Ability.HUGE:
            self.create("deals", {"owner": "x" * _LONG})
        elif fault is Ability.BUSY:
            self._admin("POST", "faults", {"fault": "busy", "path": "/v1/", "retry_after": str(after_s)})
        else:
            self._admin("POST", "faults", {"fault": _FAULTS[fault], "path": "/v1/"})

    def calm(self) -> None:
        """No faults."""
        self._admin("DELETE", "faults")

    def requests(self) -> int:
        """Those of its log."""
        return len(self._admin("GET", "log")["requests"])

    # ------------------------------------------------------------ inside

    def _set(self, **values: Any) -> None:
        self._admin("PATCH", "settings", values)

    def _admin(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = self._http.request(method, f"{self._system.url}admin/{path}", json=value)
        answer.raise_for_status()
        found: dict[str, Any] = json.loads(answer.content)
        return found


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _HOUSEKEEPING}
