"""Frappe's REST API: who is let in, documents, and methods by their dotted path.  (shell)"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.erpnext.server.asked import Reply, Request
from billsync_connectors.erpnext.server.clock import Clock, written
from billsync_connectors.erpnext.server.denied import Denied, invalid
from billsync_connectors.erpnext.server.documents import Documents
from billsync_connectors.erpnext.server.lists import Lists
from billsync_connectors.erpnext.server.selling import Selling
from billsync_connectors.erpnext.server.settings import Settings
from billsync_connectors.erpnext.server.values import Row, loads
from billsync_stand_in.shelf import Shelf

_SESSION: Final = timedelta(days=3)
_MANY: Final = 200
Given = Mapping[str, Any]


class Api:
    """All below /api; every method is called inside of a turn of the shelf, and raises `Denied`."""

    def __init__(
        self, *, shelf: Shelf, clock: Clock, documents: Documents, lists: Lists, selling: Selling,
        settings: Callable[[], Settings],
    ) -> None:  # fmt: skip
        self._shelf, self._clock, self._docs, self._lists = shelf, clock, documents, lists
        self._selling, self._settings = selling, settings

    def answer(self, request: Request) -> Reply:
        """Execute a request."""
        match request.parts:
            case ["api", "method", "login"] | ["api", "v2", "method", "login"]:
                return self._log_in(request.given())
            case ["api", "method", "ping"]:
                return Reply(200, {"message": "pong"})
        self._docs.user = self._admitted(request)
        match request.parts:
            case ["api", "resource" | "v2", *_] | ["api", "v1", "resource", *_] if "method" not in request.parts[:3]:
                return self._resource(request)
            case ["api", "method", path] | ["api", "v1" | "v2", "method", path]:
                return self._method(request, path)
        raise Denied("DoesNotExistError", f"{request.path} not found")

    # ------------------------------------------------------------ who

    def _admitted(self, request: Request) -> str:
        """The user of a key or a session."""
        settings, scheme, word = self._settings(), *request.headers.get("authorization", "").partition(" ")[::2]
        if scheme.lower() in ("token", "basic"):
            if scheme.lower() == "basic":
                try:
                    word = base64.b64decode(word, validate=True).decode()
                except ValueError:
                    raise Denied(
                        "AuthenticationError", "Failed to decode token, please provide a valid token"
                    ) from None
            if not secrets.compare_digest(word.encode(), f"{settings.api_key}:{settings.api_secret}".encode()):
                raise Denied("AuthenticationError", "Invalid API key or secret")
            return settings.user
        return self._session(request)

    def _session(self, request: Request) -> str:
        pairs = (pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";"))
        sid = next((value for name, _, value in pairs if name == "sid"), "")
        kept = self._shelf.recall("sessions", {}).get(sid)
        if kept is None or kept["until"] <= written(self._clock.now()):
            raise Denied("PermissionError", "Login to access")
        if request.method != "GET" and request.headers.get("x-frappe-csrf-token") != kept["csrf"]:
            raise Denied("CSRFTokenError", "Invalid Request")
        return self._settings().user

    def _log_in(self, given: Given) -> Reply:
        settings = self._settings()
        right = secrets.compare_digest(str(given.get("pwd", "")).encode(), settings.user_password.encode())
        if given.get("usr") != settings.user or not right:
            raise Denied("AuthenticationError", "Invalid login credentials")
        sid, csrf = secrets.token_hex(28), secrets.token_hex(28)
        kept = {"until": written(self._clock.now() + _SESSION), "csrf": csrf}
        self._shelf.remember("sessions", {**self._shelf.recall("sessions", {}), sid: kept})
        cookie = {"Set-Cookie": f"sid={sid}; Path=/; HttpOnly; SameSite=Lax"}
        return Reply(
            200, {"message": "Logged In", "home_page": "/app", "full_name": "billsync", "csrf_token": csrf}, cookie
        )

    # ------------------------------------------------------------ documents

    def _resource(self, request: Request) -> Reply:
        second = request.parts[1] == "v2"
        rest = request.parts[3:] if request.parts[1] in ("v1", "v2") else request.parts[2:]
        if second and request.parts[2] == "doctype":
            return self._meta(request, rest)
        docs, doctype = self._docs, rest[0] if rest else ""
        match request.method, rest:
            case "GET", [_]:
                return Reply(200, {"data": self._lists.answer(doctype, request.given())})
            case "GET", [_, name]:
                return self._shown(doctype, docs.get(doctype, name))
            case "POST", [_]:
                return self._shown(doctype, docs.insert(doctype, self._sent(request)))
            case (("PUT" | "PATCH"), [_, name]):
                return self._shown(doctype, docs.update(doctype, name, self._sent(request)))
            case "DELETE", [_, name]:
                docs.delete(doctype, name)
                return Reply(202, {"data": "ok"} if second else {"message": "ok"})
        raise Denied("DoesNotExistError", f"{request.path} not found")

    def _meta(self, request: Request, rest: list[str]) -> Reply:
        match rest:
            case [doctype, "count"]:
                return Reply(200, {"data": len(self._lists.rows(doctype, request.given()))})
            case [doctype, "meta"]:
                fields = [
                    {"fieldname": name, "fieldtype": each.type, "options": each.options, "reqd": int(each.required)}
                    for name, each in self._docs.fields(doctype).items()
                ]
                return Reply(200, {"data": {"name": doctype, "fields": fields}})
        raise Denied("DoesNotExistError", f"{request.path} not found")

    @staticmethod
    def _sent(request: Request) -> Row:
        """A document's fields: a body, or one inside of `data`, as old clients send it."""
        given = request.given()
        return dict(loads(given["data"])) if isinstance(given.get("data"), str) else given

    def _shown(self, doctype: str, row: Row) -> Reply:
        return Reply(200, {"data": self._docs.shown(doctype, row)})

    # ------------------------------------------------------------ methods

    def _method(self, request: Request, path: str) -> Reply:
        carry_out = _METHODS.get(path.removeprefix("frappe.client."))
        known = path.startswith("frappe.client.") or path in _METHODS
        if carry_out is None or not known:
            raise Denied(
                "ValidationError",
                f"Failed to get method for command {path} with No module named {path.partition('.')[0]!r}",
            )
        told = carry_out(self, request.given())
        return Reply(200, {"data" if request.parts[1] == "v2" else "message": told})

    def _whole(self, given: Given) -> Row:
        doc = given.get("doc")
        found = loads(doc) if isinstance(doc, str) else doc
        if not isinstance(found, dict) or "doctype" not in found:
            raise invalid("doc: a document with its doctype is expected")
        return found

    def _insert(self, given: Given) -> Row:
        doc = self._whole(given)
        return self._docs.shown(doc["doctype"], self._docs.insert(doc["doctype"], doc))

    def _insert_many(self, given: Given) -> list[str]:
        """All of them, or none."""
        docs = given.get("docs")
        found = loads(docs) if isinstance(docs, str) else docs or []
        if len(found) > _MANY:
            raise invalid("Only 200 inserts allowed in one request")
        return [str(self._docs.insert(doc["doctype"], doc)["name"]) for doc in found]

    def _save(self, given: Given) -> Row:
        doc = self._whole(given)
        return self._docs.shown(doc["doctype"], self._docs.update(doc["doctype"], str(doc.get("name")), doc))

    def _submit(self, given: Given) -> Row:
        """A document as it was read: its stamp is held against what is there; a new one is made first."""
        doc = self._whole(given)
        if not doc.get("name") or self._docs.find(doc["doctype"], doc["name"]) is None:
            doc["name"] = self._docs.insert(doc["doctype"], {**doc, "docstatus": 0})["name"]
            doc.pop("modified", None)
        return self._docs.shown(doc["doctype"], self._docs.update(doc["doctype"], doc["name"], {**doc, "docstatus": 1}))

    def _set_value(self, given: Given) -> Row:
        doctype, name, field = (str(given.get(each, "")) for each in ("doctype", "name", "fieldname"))
        values = given["fieldname"] if isinstance(given.get("fieldname"), Mapping) else {field: given.get("value")}
        return self._docs.shown(doctype, self._docs.update(doctype, name, values))

    def _get_value(self, given: Given) -> Row:
        names = given.get("fieldname", "name")
        fields = (
            names
            if isinstance(names, str) and names.startswith("[")
            else json.dumps([names] if isinstance(names, str) else names)
        )
        found = self._lists.answer(
            str(given.get("doctype")), {"fields": fields, "filters": given.get("filters"), "limit": 1}
        )
        return found[0] if found else {}

    def _attach(self, given: Given) -> Row:
        doctype, name, data = str(given.get("doctype")), str(given.get("docname")), str(given.get("filedata", ""))
        self._docs.get(doctype, name)
        told = {
            "file_name": given.get("filename"),
            "attached_to_doctype": doctype,
            "attached_to_name": name,
            "content": data,
        }
        more = {
            "file_url": f"/private/files/{given.get('filename')}",
            "file_size": len(base64.b64decode(data)),
            "is_private": 1,
        }
        return self._docs.shown("File", self._docs.insert("File", {**told, **more}))

    def _named(self, given: Given) -> tuple[str, str]:
        return str(given.get("doctype", "")), str(given.get("name", ""))

    def _cancel(self, given: Given) -> Row:
        doctype, name = self._named(given)
        return self._docs.shown(doctype, self._docs.cancel(doctype, name))

    def _delete(self, given: Given) -> None:
        self._docs.delete(*self._named(given))

    def _get(self, given: Given) -> Row:
        doctype, name = self._named(given)
        if not name and given.get("filters"):
            name = str((self._lists.rows(doctype, given) or [{"name": ""}])[0]["name"])
        return self._docs.shown(doctype, self._docs.get(doctype, name))

    def _get_list(self, given: Given) -> list[Row]:
        return self._lists.answer(str(given.get("doctype")), given)

    def _get_count(self, given: Given) -> int:
        return len(self._lists.rows(str(given.get("doctype")), given))

    def _rename(self, given: Given) -> str:
        names = (str(given.get(each, "")) for each in ("doctype", "old_name", "new_name"))
        return self._docs.rename(*names, merge=str(given.get("merge", "0")).lower() in ("1", "true"))

    def _payment_for(self, given: Given) -> Row:
        return self._selling.payment_for(given)

    def _who(self, _given: Given) -> str:
        return self._docs.user


_METHODS: Final[dict[str, Callable[[Api, Given], Any]]] = {
    "insert": Api._insert,  # noqa: SLF001  its own
    "insert_many": Api._insert_many,  # noqa: SLF001
    "save": Api._save,  # noqa: SLF001
    "submit": Api._submit,  # noqa: SLF001
    "cancel": Api._cancel,  # noqa: SLF001
    "delete": Api._delete,  # noqa: SLF001
    "get": Api._get,  # noqa: SLF001
    "get_list": Api._get_list,  # noqa: SLF001
    "get_count": Api._get_count,  # noqa: SLF001
    "get_value": Api._get_value,  # noqa: SLF001
    "set_value": Api._set_value,  # noqa: SLF001
    "rename_doc": Api._rename,  # noqa: SLF001
    "attach_file": Api._attach,  # noqa: SLF001
    "frappe.auth.get_logged_user": Api._who,  # noqa: SLF001
    "erpnext.accounts.doctype.payment_entry.payment_entry.get_payment_entry": Api._payment_for,  # noqa: SLF001
}
