"""The sandbox's own small JSON-RPC client: what a person would click, never what the connector does.  (shell)"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import httpx


class RpcError(RuntimeError):
    """Tryton answered with an error."""


class Warned(RpcError):
    """Tryton asks whether it is meant; `name` is the warning that may be acknowledged."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Rpc:
    """A session with one Tryton database.  Raises `RpcError`, and `httpx.HTTPError` where Tryton is not reached."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=120, trust_env=False)
        self._context: dict[str, Any] = {}
        try:
            self.user_id, token, _bus = self._post("common.db.login", [user, {"password": password}])
        except BaseException:
            self.close()
            raise
        session = base64.b64encode(f"{user}:{self.user_id}:{token}".encode()).decode()
        self._http.headers["Authorization"] = f"Session {session}"
        self.reload()

    def reload(self) -> None:
        """Take the user's preferences (company, language) as the context of every later call."""
        self._context = {}
        self._context = self.call("model.res.user.get_preferences", 1)

    def call(self, method: str, *params: Any, context: Mapping[str, Any] | None = None) -> Any:
        """The result of one call; `context` is added to the user's own."""
        return self._post(method, [*params, {**self._context, **(context or {})}])

    def create(self, model: str, **values: Any) -> int:
        """Create one record; its id."""
        ids: list[int] = self.call(f"model.{model}.create", [values])
        return ids[0]

    def find(self, model: str, domain: Sequence[Any], *fields: str) -> list[dict[str, Any]]:
        """The records that match, with `id` and the named fields."""
        rows: list[dict[str, Any]] = self.call(
            f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], ["id", *fields]
        )
        return rows

    def one(self, model: str, domain: Sequence[Any], *fields: str) -> dict[str, Any]:
        """The first record that matches.  Raises `RpcError` where there is none."""
        rows = self.find(model, domain, *fields)
        if not rows:
            raise RpcError(f"Tryton has no {model} with {domain}")
        return rows[0]

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _post(self, method: str, params: list[Any]) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": params}, default=_encoded)
        answer = self._http.post("rpc/", content=body, headers={"Content-Type": "application/json"})
        answer.raise_for_status()
        reply = json.loads(answer.content, object_hook=_decoded)
        if "error" in reply and reply["error"][0] == "UserWarning":
            raise Warned(reply["error"][1][0], f"{method}: {reply['error'][1][1]}")
        if "error" in reply:
            raise RpcError(f"{method}: {reply['error'][:2]}")
        return reply["result"]


class Wizard:
    """One of Tryton's dialogues, step by step; the form's defaults are kept unless the step changes them."""

    def __init__(self, rpc: Rpc, name: str, model: str = "", record: int | None = None) -> None:
        self._rpc, self._name = rpc, name
        self._context = {"active_model": model, "active_id": record, "active_ids": [record]} if record else {}
        self._session, start, _end = rpc.call(f"wizard.{name}.create")
        self._forms: dict[str, dict[str, Any]] = {}
        self.step(start)

    def step(self, state: str, form: str = "", **values: Any) -> bool:
        """Fill in a form and press the button that leads to `state`; whether another form follows."""
        if form:
            self._forms[form] = {**self._forms.get(form, {}), **values}
        answer = self._rpc.call(
            f"wizard.{self._name}.execute", self._session, self._forms, state, context=self._context
        )
        view = (answer or {}).get("view")
        if view:
            defaults = {key: value for key, value in view.get("defaults", {}).items() if not key.endswith(".")}
            self._forms[view["state"]] = {**defaults, **self._forms.get(view["state"], {})}
        return bool(view)

    def close(self) -> None:
        """End the dialogue."""
        self._rpc.call(f"wizard.{self._name}.delete", self._session)


def _encoded(value: object) -> object:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"Tryton takes no {type(value).__name__}")


def _decoded(value: dict[str, Any]) -> Any:
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "date":
        return date(value["year"], value["month"], value["day"])
    return value
