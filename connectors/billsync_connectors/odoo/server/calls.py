"""Calls of model methods, from whichever door: which there are, and what each takes.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from billsync_connectors.odoo.server.denied import AccessError, Broken, bad_arguments, no_such_method
from billsync_connectors.odoo.server.external import External, Rejected
from billsync_connectors.odoo.server.moves import Moves
from billsync_connectors.odoo.server.orm import Orm
from billsync_connectors.odoo.server.payments import Payments
from billsync_connectors.odoo.server.settings import Settings
from billsync_connectors.odoo.server.users import Users
from billsync_connectors.odoo.server.values import Row, seconds
from billsync_stand_in.shelf import Shelf

_MODEL_METHODS: Final[dict[str, tuple[str, ...]]] = {
    "create": ("vals_list",),
    "search": ("domain", "offset", "limit", "order"),
    "search_count": ("domain", "limit"),
    "search_read": ("domain", "fields", "offset", "limit", "order", "load"),
    "fields_get": ("allfields", "attributes"),
    "default_get": ("fields_list",),
    "name_search": ("name", "domain", "operator", "limit"),
    "load": ("fields", "data"),
    "context_get": (),
    "check_object_reference": ("module", "xml_id", "raise_on_access_error"),
    "has_access": ("operation",),
    "generate": ("key", "scope", "name", "expiration_date"),
    "revoke": ("key",),
}
"""Methods of models, with the names of what they take; all others are of records, and take ids first."""
_RECORD_METHODS: Final[dict[str, tuple[str, ...]]] = {
    "read": ("fields", "load"),
    "write": ("vals",),
    "unlink": (),
    "exists": (),
    "get_external_id": (),
    "get_metadata": (),
    "copy": ("default",),
    "action_archive": (),
    "action_unarchive": (),
    "message_post": ("body",),
    "action_post": (),
    "button_draft": (),
    "button_cancel": (),
    "js_assign_outstanding_line": ("line_id",),
    "reconcile": (),
    "remove_move_reconcile": (),
    "action_draft": (),
    "action_cancel": (),
    "action_create_payments": (),
    "refund_moves": (),
    "reverse_moves": (),
    "modify_moves": (),
}
_OF: Final[dict[str, tuple[str, ...]]] = {
    "action_post": ("account.move", "account.payment"),
    "button_draft": ("account.move",),
    "button_cancel": ("account.move",),
    "js_assign_outstanding_line": ("account.move",),
    "reconcile": ("account.move.line",),
    "remove_move_reconcile": ("account.move.line",),
    "action_draft": ("account.payment",),
    "action_cancel": ("account.payment",),
    "action_create_payments": ("account.payment.register",),
    "refund_moves": ("account.move.reversal",),
    "reverse_moves": ("account.move.reversal",),
    "modify_moves": ("account.move.reversal",),
    "context_get": ("res.users",),
    "check_object_reference": ("ir.model.data",),
    "generate": ("res.users.apikeys",),
    "revoke": ("res.users.apikeys",),
}
"""Methods that only some models have."""


class Calls:
    """Carries calls out; each is one transaction, which is taken back where it raises `Denied`."""

    def __init__(self, shelf: Shelf, orm: Orm, users: Users, settings: Callable[[], Settings]) -> None:
        self._shelf, self.orm, self._users, self._settings = shelf, orm, users, settings
        self.moves = Moves(orm, settings)
        self.payments = Payments(orm, self.moves, settings)
        self.external = External(orm)
        self.short = 0
        """A list has no more records than that; 0: as many as are asked for."""

    # ------------------------------------------------------------ which method

    def named(self, model: str, method: str, given: Mapping[str, Any]) -> Any:
        """As JSON-2 calls: `ids`, `context`, and all else by name."""
        self._there(model, method)
        kwargs = dict(given)
        ids, context = kwargs.pop("ids", None), kwargs.pop("context", {}) or {}
        if method in _MODEL_METHODS and ids:
            raise bad_arguments(f"cannot call {model}.{method} with ids")
        names = _MODEL_METHODS.get(method, _RECORD_METHODS.get(method, ()))
        unknown = sorted(set(kwargs) - set(names))
        if unknown:
            raise bad_arguments(f"{model}.{method}() got an unexpected keyword argument {unknown[0]!r}")
        if method == "create" and "vals_list" not in kwargs:
            raise bad_arguments(f"missing a required argument: 'vals_list' ({model}.create)")
        return self._called(model, method, _ids(ids), kwargs, context)

    def positional(self, model: str, method: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """As RPC calls: ids first where the method is one of records, then what it takes."""
        self._there(model, method)
        rest, own = list(args), dict(kwargs)
        context, ids = own.pop("context", {}) or {}, list[int]()
        if method not in _MODEL_METHODS:
            first = rest.pop(0) if rest else own.pop("ids", [])
            ids = _ids(first)
        names = _MODEL_METHODS.get(method, _RECORD_METHODS.get(method, ()))
        if len(rest) > len(names):
            told = f"{method}() takes from 1 to {len(names) + 1} positional arguments but {len(rest) + 1} were given"
            raise Broken(told, name="builtins.TypeError")
        named = {**dict(zip(names, rest, strict=False)), **own}
        found = self._called(model, method, ids, named, context)
        single = method == "create" and isinstance(named.get("vals_list"), Mapping)
        return found[0] if single else found

    def _there(self, model: str, method: str) -> None:
        if model != "res.users.apikeys":
            self.orm.fields(model)
        if method.startswith("_"):
            told = f"Private methods (such as {model!r}.{method!r}) cannot be called remotely."
            raise AccessError(told)
        known = method in _MODEL_METHODS or method in _RECORD_METHODS
        if (
            not known
            or model not in _OF.get(method, (model,))
            or (model == "res.users.apikeys" and method not in ("generate", "revoke"))
        ):
            raise no_such_method(model, method)
        if f"{model} {method}" in self._settings().forbidden.splitlines():
            raise AccessError(f"You are not allowed to modify '{model}' records. ({method})")

    def _called(
        self, model: str, method: str, ids: list[int], given: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Any:
        self.orm.context = context
        try:
            if method in _MODEL_METHODS:
                return getattr(self, f"do_{method}")(model, given)
            for id in ids:
                if method != "exists":
                    self.orm.row(model, id)
            return getattr(self, f"on_{method}", self._business)(model, ids, {**given, "_method": method})
        finally:
            self.orm.context = {}

    # ------------------------------------------------------------ methods of models

    def do_create(self, model: str, given: Mapping[str, Any]) -> list[int]:
        """All of them, or none."""
        values = given["vals_list"]
        return [self.save(model, None, each) for each in ([values] if isinstance(values, Mapping) else values)]

    def save(self, model: str, id: int | None, values: Mapping[str, Any]) -> int:
        """Make a record, or change one, with all that follows from it."""
        if model == "ir.model.data":
            self.external.check(values, id)
        if id is None:
            id = self.orm.create(model, {**self._opened(model), **values})
        else:
            self.orm.write(model, [id], values)
        self._after(model, id)
        return id

    def _opened(self, model: str) -> Row:
        """What wizards take from the context that they are made with."""
        if model == "account.payment.register":
            return self.payments.opened(self.orm.context)
        if model == "account.move.reversal" and self.orm.context.get("active_model") == "account.move":
            return {"move_ids": [[6, 0, self.orm.context.get("active_ids", [])]]}
        return {}

    def _after(self, model: str, id: int) -> None:
        row = self.orm.row(model, id)
        if model == "account.move":
            self.moves.completed([id])
        if model == "account.move.line":
            self.moves.completed([row["move_id"]])
        if model == "res.partner":
            parent = self.orm.get(model, row["parent_id"])
            commercial = parent["commercial_partner_id"] if parent and not row["is_company"] else id
            self.orm.put(model, id, {"commercial_partner_id": commercial})
        if model == "ir.attachment":
            self.orm.put(model, id, {"file_size": len((row["datas"] or "").rstrip("=")) * 3 // 4})

    def do_search(self, model: str, given: Mapping[str, Any]) -> list[int]:
        """Ids."""
        limit = given.get("limit")
        found = self.orm.search(model, given.get("domain"), given.get("order") or "", limit, given.get("offset"))
        return found[: self.short] if self.short else found

    def do_search_count(self, model: str, given: Mapping[str, Any]) -> int:
        """How many."""
        return len(self.orm.search(model, given.get("domain")))

    def do_search_read(self, model: str, given: Mapping[str, Any]) -> list[Row]:
        """Records."""
        return self.on_read(model, self.do_search(model, given), given)

    def do_fields_get(self, model: str, given: Mapping[str, Any]) -> Row:
        """What fields there are."""
        asked, wanted = given.get("allfields"), given.get("attributes")
        told = {
            name: each.described(name) for name, each in self.orm.fields(model).items() if not asked or name in asked
        }
        return {name: {k: v for k, v in each.items() if not wanted or k in wanted} for name, each in told.items()}

    def do_default_get(self, model: str, given: Mapping[str, Any]) -> Row:
        """What new records have."""
        fields = self.orm.fields(model)
        return {
            name: fields[name].default
            for name in given.get("fields_list", [])
            if name in fields and fields[name].default
        }

    def do_name_search(self, model: str, given: Mapping[str, Any]) -> list[list[Any]]:
        """Ids and names."""
        word, operator = given.get("name", ""), given.get("operator", "ilike")
        ids = self.orm.search(
            model, [*(given.get("domain") or []), ["name", operator, word]], "", given.get("limit", 100)
        )
        return [[id, self.orm.name(model, id)] for id in ids]

    def do_load(self, model: str, given: Mapping[str, Any]) -> Row:
        """Rows by external id; nothing of them is kept where one is wrong, which is no error of the call."""
        mark = self._shelf.mark()
        try:
            return self.external.load(model, given["fields"], given["data"], self.save)
        except Rejected as rejected:
            self._shelf.withdraw(mark)
            return {"ids": False, "messages": rejected.messages, "nextrow": 0}

    def do_context_get(self, _model: str, _given: Mapping[str, Any]) -> Row:
        """Of the user."""
        return {"lang": "en_US", "tz": "Europe/Berlin", "uid": self.orm.uid}

    def do_check_object_reference(self, _model: str, given: Mapping[str, Any]) -> list[Any]:
        """Model and id of an external id."""
        return self.external.reference(given["module"], given["xml_id"])

    def do_has_access(self, _model: str, _given: Mapping[str, Any]) -> bool:
        """Whether the user may."""
        return True

    def do_generate(self, _model: str, given: Mapping[str, Any]) -> str:
        """A new API key."""
        return self._users.generate(str(given.get("key", "")), str(given.get("name", "")), given.get("expiration_date"))

    def do_revoke(self, _model: str, given: Mapping[str, Any]) -> bool:
        """An API key's end."""
        return self._users.revoke(str(given.get("key", "")))

    # ------------------------------------------------------------ methods of records

    def on_read(self, model: str, ids: list[int], given: Mapping[str, Any]) -> list[Row]:
        """Records."""
        named = given.get("load", "_classic_read") == "_classic_read"
        return self.orm.read(model, ids, given.get("fields"), named=named)

    def on_write(self, model: str, ids: list[int], given: Mapping[str, Any]) -> bool:
        """Change them."""
        for id in ids:
            self.save(model, id, given.get("vals") or {})
        return True

    def on_unlink(self, model: str, ids: list[int], _given: Mapping[str, Any]) -> bool:
        """Take them away."""
        parents = {self.orm.row(model, id)["move_id"] for id in ids} if model == "account.move.line" else set()
        self.orm.unlink(model, ids)
        self.moves.completed(sorted(parents))
        return True

    def on_exists(self, model: str, ids: list[int], _given: Mapping[str, Any]) -> list[int]:
        """Those that are there."""
        return [id for id in ids if self.orm.get(model, id) is not None]

    def on_get_external_id(self, model: str, ids: list[int], _given: Mapping[str, Any]) -> dict[str, str]:
        """Their external ids."""
        return self.external.of(model, ids)

    def on_get_metadata(self, model: str, ids: list[int], _given: Mapping[str, Any]) -> list[Row]:
        """Who made them, and when."""
        names, told = self.external.of(model, ids), list[Row]()
        for id in ids:
            row = self.orm.row(model, id)
            who = [row["write_uid"], "billsync"]
            stamps = {name: seconds(row[name]) for name in ("create_date", "write_date")}
            told.append({"id": id, "write_uid": who, "create_uid": who, **stamps, "xmlid": names[str(id)] or False})
        return told

    def on_copy(self, model: str, ids: list[int], given: Mapping[str, Any]) -> list[int]:
        """The same again; what was posted becomes a draft."""
        fields = self.orm.fields(model)
        kept = [name for name, each in fields.items() if not each.own and each.type != "one2many" and not each.unique]
        if model == "account.move":
            kept = [
                name
                for name in kept
                if name not in ("name", "date", "invoice_date", "invoice_date_due", "payment_reference")
            ]
        return [
            self.save(
                model,
                None,
                {
                    **{name: self._again(fields[name].type, self.orm.row(model, id)[name]) for name in kept},
                    **(given.get("default") or {}),
                },
            )
            for id in ids
        ]

    @staticmethod
    def _again(type: str, value: Any) -> Any:
        return [[6, 0, value]] if type == "many2many" else value

    def on_action_archive(self, model: str, ids: list[int], _given: Mapping[str, Any]) -> bool:
        """Hide them."""
        self.orm.write(model, ids, {"active": False})
        return True

    def on_action_unarchive(self, model: str, ids: list[int], _given: Mapping[str, Any]) -> bool:
        """Show them again."""
        self.orm.write(model, ids, {"active": True})
        return True

    def on_message_post(self, model: str, ids: list[int], given: Mapping[str, Any]) -> int:
        """A note on a record."""
        told = {"model": model, "res_id": ids[0], "body": given.get("body", "")}
        return self.orm.create("mail.message", told)

    def _business(self, model: str, ids: list[int], given: Mapping[str, Any]) -> Any:
        """What invoices, payments and wizards do."""
        moves, payments = self.moves, self.payments
        acts: dict[str, Callable[[], Any]] = {
            "action_post": lambda: (moves if model == "account.move" else payments).post(ids),
            "button_draft": lambda: moves.draft(ids),
            "button_cancel": lambda: moves.cancel(ids),
            "js_assign_outstanding_line": lambda: payments.assign(ids[0], int(given["line_id"])),
            "reconcile": lambda: moves.reconcile(ids),
            "remove_move_reconcile": lambda: moves.unreconcile(ids),
            "action_draft": lambda: payments.draft(ids),
            "action_cancel": lambda: payments.cancel(ids),
            "action_create_payments": lambda: payments.register(ids),
            "refund_moves": lambda: payments.reverse(ids, cancels=False),
            "reverse_moves": lambda: payments.reverse(ids, cancels=False),
            "modify_moves": lambda: payments.reverse(ids, cancels=True),
        }
        return acts[given["_method"]]()


def _ids(first: Any) -> list[int]:
    """Ids of records, from one or a list.  Raises `Broken`."""
    found = first if isinstance(first, list) else [first] if first else []
    if not all(isinstance(id, int) for id in found):
        raise Broken(f"invalid ids: {first!r}", name="builtins.TypeError")
    return list(found)
