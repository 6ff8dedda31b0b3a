"""Odoo's two doors for calls: JSON-2 since 19, JSON-RPC before 22; each call is one transaction.  (shell)"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

from billsync.connector import Refused, TryLater, Unclear
from billsync.wire import Answer, Client
from billsync_connectors.odoo.encoding import dumps
from billsync_connectors.odoo.faults import fault_of
from billsync_connectors.odoo.settings import OdooSettings

_JUDGED: Final = frozenset({400, 401, 403, 404, 415, 422, 500})
"""Statuses whose body says what happened."""
_JSON_2_SINCE: Final = 19


class Door(ABC):
    """One way in.  Raises `TryLater`, `Refused`, and `Unclear` for writes."""

    def __init__(self, http: Client, settings: OdooSettings, system: str) -> None:
        self._http, self._settings, self._system = http, settings, system

    @abstractmethod
    def call(self, model: str, method: str, ids: Sequence[int], given: Mapping[str, Any], *, write: bool) -> Any:
        """What a method gives back."""

    @abstractmethod
    def user(self) -> int:
        """Odoo's id of the user."""

    def _posted(self, path: str, value: Mapping[str, Any], *, write: bool) -> Answer:
        content, headers = dumps(value), {"X-Odoo-Database": name} if (name := self._settings.database) else {}
        if write:
            return self._http.send("POST", path, content=content, headers=headers, expect=_JUDGED)
        return self._http.read("POST", path, content=content, headers=headers, expect=_JUDGED, any_text=True)

    def _odd(self, *, write: bool) -> Unclear | TryLater:
        what = f"{self._system}: the answer is not one of Odoo's: a log-in page, a proxy?"
        return Unclear("not_json", what) if write else TryLater("not_json", what, offline=True)

    def _fault(self, error: Any, *, write: bool) -> Exception:
        """The fault for an exception of Odoo's, without what only we and Odoo should know."""
        told = error if isinstance(error, dict) else {}
        shown = {name: self._http.hidden(str(told.get(name) or "")) for name in ("name", "message")}
        return fault_of(shown, self._system, write=write)


class Json2(Door):
    """`POST /json/2/MODEL/METHOD` with named arguments and a key in the header."""

    def call(self, model: str, method: str, ids: Sequence[int], given: Mapping[str, Any], *, write: bool) -> Any:
        """What a method gives back."""
        own = {"ids": list(ids)} if ids else {}
        answer = self._posted(f"json/2/{model}/{method}", {**own, **given}, write=write)
        if answer.status < 400:
            return answer.value
        if not isinstance(answer.value, dict) or "name" not in answer.value:
            raise self._odd(write=write)
        raise self._fault(answer.value, write=write)

    def user(self) -> int:
        """Odoo's id of the user."""
        found = self.call("res.users", "context_get", (), {}, write=False)
        uid = found.get("uid") if isinstance(found, dict) else None
        if not isinstance(uid, int):
            raise self._odd(write=False)
        return uid


class JsonRpc(Door):
    """`POST /jsonrpc`: every answer has status 200, and every call the key in it."""

    def __init__(self, http: Client, settings: OdooSettings, system: str) -> None:
        super().__init__(http, settings, system)
        self._uid: int | None = None

    def call(self, model: str, method: str, ids: Sequence[int], given: Mapping[str, Any], *, write: bool) -> Any:
        """What a method gives back."""
        own = dict(given)
        first: list[Any] = [list(ids)] if ids else []
        if method == "create":  # before 19 its first argument has no name
            first = [own.pop("vals_list")]
        entry = [self._database(), self.user(), self._settings.api_key.get_secret_value()]
        return self._asked("object", "execute_kw", [*entry, model, method, first, own], write=write)

    def user(self) -> int:
        """Odoo's id of the user; logs in where that was not done yet."""
        if self._uid is None:
            if self._settings.user is None:
                raise Refused("not_set_up", f"{self._system}: name the user of the API key (`user`)")
            word = self._settings.api_key.get_secret_value()
            args = [self._database(), self._settings.user, word, {}]
            found = self._asked("common", "authenticate", args, write=False)
            if not isinstance(found, int) or not found:
                what = f"{self._system}: Odoo does not accept the log-in of {self._settings.user}: check user and key"
                raise TryLater("auth", what, offline=True)
            self._uid = found
        return self._uid

    def _database(self) -> str:
        if self._settings.database is None:
            raise Refused("not_set_up", f"{self._system}: before Odoo 19 the database has to be named (`database`)")
        return self._settings.database

    def _asked(self, service: str, method: str, args: Sequence[Any], *, write: bool) -> Any:
        params = {"service": service, "method": method, "args": args}
        answer = self._posted("jsonrpc", {"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}, write=write)
        value = answer.value
        if not isinstance(value, dict) or value.get("jsonrpc") != "2.0" or answer.status >= 400:
            raise self._odd(write=write)
        if "error" in value:
            error = value["error"]
            raise self._fault(error.get("data") if isinstance(error, dict) else {}, write=write)
        return value.get("result")


def version(http: Client, system: str) -> int:
    """Odoo's series, such as 19.  Raises `TryLater`, `Refused`."""
    asked = {"jsonrpc": "2.0", "method": "call", "params": {}, "id": 1}
    answer = http.read("POST", "web/webclient/version_info", content=dumps(asked), expect=_JUDGED)
    found = answer.value.get("result") if isinstance(answer.value, dict) else None
    series = (found.get("server_version_info") or [None])[0] if isinstance(found, dict) else None
    if not isinstance(series, int):
        raise TryLater("not_json", f"{system}: the server does not say which Odoo it is: is the address right?")
    return series


def opened(http: Client, settings: OdooSettings, system: str) -> tuple[Door, int | None]:
    """The door to take, and Odoo's series where it was asked for.  Raises `TryLater`, `Refused`."""
    if settings.protocol != "auto":
        return (Json2 if settings.protocol == "json2" else JsonRpc)(http, settings, system), None
    series = version(http, system)
    return (Json2 if series >= _JSON_2_SINCE else JsonRpc)(http, settings, system), series
