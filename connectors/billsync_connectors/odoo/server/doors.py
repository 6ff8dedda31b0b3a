"""The three doors for calls: JSON-2, JSON-RPC, XML-RPC.  (shell)"""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from xml.parsers.expat import ExpatError

from billsync_connectors.odoo.server.asked import Reply, Request
from billsync_connectors.odoo.server.calls import Calls
from billsync_connectors.odoo.server.denied import (
    AccessDenied,
    AccessError,
    Broken,
    Denied,
    no_such_method,
    unauthorised,
)
from billsync_connectors.odoo.server.settings import Settings
from billsync_connectors.odoo.server.users import UID, Users

_XML: Final = "text/xml; charset=utf-8"
_NONE_SINCE, _JSON_2_SINCE, _NO_DB_SINCE, _NO_RPC_SINCE = 17, 19, 20, 22


class Doors:
    """Takes calls in; a call that is refused is taken back by whoever runs the turn."""

    def __init__(self, calls: Calls, users: Users, settings: Callable[[], Settings]) -> None:
        self._calls, self._users, self._settings = calls, users, settings

    def answer(self, request: Request) -> Reply:
        """Execute a request.  Raises `Denied` where it belongs to JSON-2 or to no door."""
        version = self._settings().version
        match request.parts:
            case ["json", "2", model, method] if version >= _JSON_2_SINCE and request.method == "POST":
                return self._json_2(request, model, method)
            case ["jsonrpc"] if version < _NO_RPC_SINCE:
                return self._json_rpc(request, self._service)
            case ["xmlrpc", "2", service] if version < _NO_RPC_SINCE:
                return self._xml_rpc(request, service)
            case ["web", "webclient", "version_info"]:
                return self._json_rpc(request, lambda _params: self.version())
            case ["web", "session", "authenticate"]:
                return self._json_rpc(request, self._session)
            case ["web", "session", "destroy"]:
                return self._json_rpc(request, lambda _params: None)
            case ["json", "2", *_] if version >= _JSON_2_SINCE:
                told = "Did you mean POST /json/2/<model>/<method>?"
                raise Denied(told, name="werkzeug.exceptions.NotFound", status=404)
        page = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
        return Reply(404, page, {}, "text/html; charset=utf-8")

    # ------------------------------------------------------------ JSON-2

    def _json_2(self, request: Request, model: str, method: str) -> Reply:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._users.by_key(key.strip()):
            raise unauthorised()
        database = request.headers.get("x-odoo-database")
        if database and database != self._settings().database:
            raise Denied(f"database {database!r} not found", name="werkzeug.exceptions.NotFound", status=404)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise Denied(
                "the request is not of type application/json",
                name="werkzeug.exceptions.UnsupportedMediaType",
                status=415,
            )
        return Reply(200, self._calls.named(model, method, request.mapping()))

    # ------------------------------------------------------------ JSON-RPC

    def _json_rpc(self, request: Request, act: Callable[[Mapping[str, Any]], Any]) -> Reply:
        """Always HTTP 200.  Raises `Refused` with the reply, so that the turn is taken back."""
        asked = request.mapping()
        head = {"jsonrpc": "2.0", "id": asked.get("id")}
        try:
            return Reply(200, {**head, "result": act(asked.get("params") or {})})
        except Denied as denied:
            data = _named(denied)
            error = {"code": 200, "message": "Odoo Server Error", "data": data}
            raise Refused(Reply(200, {**head, "error": error})) from None

    def _service(self, params: Mapping[str, Any]) -> Any:
        return self._dispatched(str(params.get("service")), str(params.get("method")), list(params.get("args") or []))

    def _session(self, params: Mapping[str, Any]) -> dict[str, Any]:
        uid = self._users.by_password(str(params.get("db")), str(params.get("login")), str(params.get("password")))
        if uid is None:
            raise AccessDenied("Access Denied")
        version = self.version()
        told = {"uid": uid, "db": self._settings().database, "username": self._settings().login, "is_admin": False}
        return {**told, "user_context": {"lang": "en_US", "tz": "Europe/Berlin", "uid": uid}, **version}

    def version(self) -> dict[str, Any]:
        """What the server says of itself."""
        number = self._settings().version
        told = {"server_version": f"{number}.0", "server_version_info": [number, 0, 0, "final", 0, ""]}
        return {**told, "server_serie": f"{number}.0", "protocol_version": 1}

    def _dispatched(self, service: str, method: str, args: Sequence[Any]) -> Any:
        settings = self._settings()
        match service, method:
            case "common", "version":
                return self.version()
            case "common", "login" | "authenticate":
                database, login, word = (str(each) for each in args[:3])
                return self._users.by_password(database, login, word) or False
            case "object", "execute" | "execute_kw":
                return self._executed(method, args)
            case "db", "list" if settings.version < _NO_DB_SINCE:
                return [settings.database]
        raise no_such_method(service, method)

    def _executed(self, method: str, args: Sequence[Any]) -> Any:
        if len(args) < 5:
            raise Broken("execute_kw() missing required arguments", name="builtins.TypeError")
        database, uid, word, model, name, *rest = args
        if uid != UID or self._users.by_password(str(database), self._settings().login, str(word)) is None:
            raise AccessDenied("Access Denied")
        if method == "execute":
            return self._calls.positional(str(model), str(name), rest, {})
        given = rest[1] if len(rest) > 1 and rest[1] else {}
        return self._calls.positional(str(model), str(name), rest[0] if rest else [], given)

    # ------------------------------------------------------------ XML-RPC

    def _xml_rpc(self, request: Request, service: str) -> Reply:
        """Raises `Refused` with the fault, so that the turn is taken back."""
        try:
            args, method = xmlrpc.client.loads(request.body, use_builtin_types=True)
        except (ExpatError, xmlrpc.client.Error, ValueError):
            return Reply(400, b"bad request", {}, "text/plain")
        try:
            found = self._dispatched(service, str(method), [_exact(each) for each in args])
            packed = _packed(found, allow_none=self._settings().version >= _NONE_SINCE)
        except Denied as denied:
            fault = xmlrpc.client.Fault(_code(denied), _traceback(denied))
            raise Refused(Reply(200, xmlrpc.client.dumps(fault, allow_none=False).encode(), {}, _XML)) from None
        return Reply(200, packed, {}, _XML)


class Refused(Denied):
    """A call that is refused, in a door that says so with HTTP 200.

    Attributes:
        reply: what is said.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__("refused")
        self.reply = reply


def _named(denied: Denied) -> dict[str, Any]:
    """What JSON-RPC says of an exception: there, HTTP's own are Python's."""
    found = denied.value()
    names = {"werkzeug.exceptions.NotFound": "builtins.KeyError"}
    return {**found, "name": names.get(denied.name, denied.name)}


def _code(denied: Denied) -> int:
    if isinstance(denied, AccessDenied):
        return 3
    if isinstance(denied, AccessError):
        return 4
    return 2 if denied.name.startswith("odoo.exceptions") else 1


def _traceback(denied: Denied) -> str:
    return denied.message if denied.name.startswith("odoo.exceptions") else str(denied.value()["debug"])


def _exact(value: Any) -> Any:
    """What came by XML, as JSON would have it: numbers with a point are exact."""
    if isinstance(value, list | tuple):
        return [_exact(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _exact(each) for name, each in value.items()}
    return value if isinstance(value, bool | int | str) or value is None else Decimal(str(value))


class _Marshaller(xmlrpc.client.Marshaller):
    """Writes exact numbers, too."""

    def __init__(self, allow_none: bool) -> None:  # noqa: FBT001  as its base takes it
        super().__init__("utf-8", allow_none)
        known: dict[Any, Any] = {**self.dispatch, Decimal: _Marshaller.dump_decimal}
        self.dispatch = known

    def dump_decimal(self, value: Decimal, write: Callable[[str], Any]) -> None:
        """One number."""
        write(f"<value><double>{value}</double></value>\n")


def _packed(value: Any, *, allow_none: bool) -> bytes:
    """An answer.  Raises `Denied` for what older versions cannot say."""
    try:
        params = _Marshaller(allow_none).dumps((value,))
    except TypeError as error:
        raise Broken(str(error), name="builtins.TypeError") from None
    return f"<?xml version='1.0'?>\n<methodResponse>\n{params}</methodResponse>\n".encode()
