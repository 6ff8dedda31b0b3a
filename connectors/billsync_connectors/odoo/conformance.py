"""Odoo's stand-in in the hands of the conformance kit.  (shell)"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from billsync.conformance.writes.subject import Bill, Booked, Line, Money, Role, Skill, WriteSubject
from billsync.connector import Connector, Context, Data
from billsync_connectors.odoo.connector import Odoo
from billsync_connectors.odoo.external import key_of
from billsync_connectors.odoo.named import NamedOdoo
from billsync_connectors.odoo.settings import OdooSettings

_DIGITS: Final = 3
_MODELS: Final = {
    Role.CUSTOMER: "res.partner",
    Role.ITEM: "product.product",
    Role.INVOICE: "account.move",
    Role.CREDIT_NOTE: "account.move",
    Role.PAYMENT: "account.payment",
}
_TYPES: Final = {Role.INVOICE: "out_invoice", Role.CREDIT_NOTE: "out_refund"}
_WRITES: Final = {
    "res.partner": ("load", "write"),
    "product.product": ("load", "write"),
    "account.move": ("load", "action_post", "js_assign_outstanding_line", "button_draft", "button_cancel"),
    "account.payment": ("load", "action_post", "action_draft", "action_cancel"),
}
"""Calls that write records of a model."""
_FAULTS: Final[dict[Skill, dict[str, Any]]] = {
    Skill.LOST: {"fault": "lost"},
    Skill.DROPPED: {"fault": "dropped"},
    Skill.BUSY: {"fault": "too-many"},
    Skill.ERROR_BEFORE: {"fault": "unavailable", "status": 502},
    Skill.ERROR_AFTER: {"fault": "unavailable", "status": 504, "when": "after"},
    Skill.TRUNCATED: {"fault": "truncated"},
    Skill.HTML: {"fault": "login-page"},
    Skill.OTHER_TOTAL: {"fault": "other-total", "by": "0.01"},
}


class OdooWrites(WriteSubject):
    """One stand-in, a process of its own; the connector comes in by JSON-2 with an API key."""

    connector = "odoo"
    objects = {
        Role.CUSTOMER: "partner",
        Role.ITEM: "product",
        Role.INVOICE: "invoice",
        Role.CREDIT_NOTE: "credit_note",
        Role.PAYMENT: "payment",
    }
    lacks = {
        Skill.EXPIRED: "an API key is not renewed by itself: a person makes the next one",
        Skill.STALE: "Odoo's records have no version to write against; a conflict is rolled back, and sent again",
    }
    steps = {
        Role.CUSTOMER: 1,
        Role.ITEM: 1,
        Role.INVOICE: 2,
        Role.CREDIT_NOTE: 3,
        Role.PAYMENT: 3,
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._system = NamedOdoo(folder)
        self._settings: dict[str, str] = {}
        self._key = ""

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._settings = self._system.up()

    def down(self) -> None:
        """Stop it."""
        self._system.down()

    def reset(self) -> None:
        """As new: all keys have ended, so that there is a new one."""
        self._system.admin("POST", "reset")
        self._system.admin("PATCH", "settings", {"price_digits": _DIGITS})
        self._key = str(self._system.admin("POST", "key", {})["key"])

    def open(self, context: Context) -> Connector:
        """A connector with the key, which does not really wait."""
        settings = OdooSettings(
            url=self._settings["url"],
            database=self._settings["database"],
            user=self._settings["user"],
            api_key=SecretStr(self._key),
            price_digits=_DIGITS,
            timeout=30,
        )
        return Odoo(context, settings, sleep=lambda _seconds: None)

    def secrets(self) -> Sequence[str]:
        """The key."""
        return (self._key,)

    def pass_time(self, seconds: float) -> None:
        """Let its clock go forward."""
        self._system.admin("POST", "clock", {"advance_s": int(seconds) + 1})

    # ------------------------------------------------------------ payloads

    def customer(self, name: str, *, city: str = "") -> Data:
        """A partner."""
        return {"name": name, "is_company": True, **({"city": city} if city else {})}

    def item(self, name: str) -> Data:
        """A product that is a service."""
        return {"name": name, "type": "service"}

    def invoice(self, bill: Bill) -> Data:
        """An invoice with our number."""
        return {**self._document(bill), "name": bill.number, "invoice_date_due": bill.due_on}

    def credit_note(self, bill: Bill) -> Data:
        """A credit note; Odoo numbers it."""
        return {**self._document(bill), "reversed_entry_id": bill.invoice or None}

    def payment(self, money: Money) -> Data:
        """A payment of one invoice."""
        amount = {"amount": money.amount, "currency_id": money.currency, "date": money.on}
        return {"invoice_ids": money.invoice, "partner_id": money.customer, **amount}

    @staticmethod
    def _document(bill: Bill) -> dict[str, Any]:
        lines = [_line(line, bill.item) for line in bill.lines]
        head = {"partner_id": bill.customer, "invoice_date": bill.on, "currency_id": bill.currency}
        return {**head, "payment_reference": bill.number, "invoice_line_ids": lines}

    # ------------------------------------------------------------ what is true

    def truth(self, role: Role) -> Sequence[Booked]:
        """Every record as the books have it, past all doors."""
        rows = [row for row in self._rows(_MODELS[role]) if _TYPES.get(role) in (None, row.get("move_type"))]
        if role in (Role.CUSTOMER, Role.ITEM):
            return [_master(row, self.objects[role]) for row in rows]
        books = _Books(self._rows("account.move"), self._rows("account.partial.reconcile"), self._rows("res.currency"))
        files: dict[int, dict[str, int]] = defaultdict(dict)
        for file in self._rows("ir.attachment"):
            files[file["res_id"]][str(file["name"])] = int(file["file_size"])
        if role is Role.PAYMENT:
            return [books.payment(row) for row in rows]
        return [books.document(row, self.objects[role], files[row["id"]]) for row in rows]

    def _rows(self, model: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._system.admin("GET", f"documents?object={model}")[model]
        return found

    # ------------------------------------------------------------ what people do

    def edit(self, id: str) -> None:
        """Another price of the first line."""
        line = next(line for row in self._rows("account.move") for line in row["lines"]
                    if str(row["id"]) == id and line["display_type"] == "product")  # fmt: skip
        self._human("account.move", "button_draft", ids=[int(id)])
        price = str(Decimal(str(line["price_unit"])) + 1)
        self._human(
            "account.move", "write", ids=[int(id)], vals={"invoice_line_ids": [[1, line["id"], {"price_unit": price}]]}
        )
        self._human("account.move", "action_post", ids=[int(id)])

    def annotate(self, id: str, text: str) -> None:
        """A telephone number."""
        self._human("res.partner", "write", ids=[int(id)], vals={"phone": text})

    def void(self, id: str) -> None:
        """Cancelled by a person."""
        self._human("account.move", "button_cancel", ids=[int(id)])

    def close_books(self, through: date) -> None:
        """The lock date of the fiscal year."""
        self._human("res.company", "write", ids=[1], vals={"fiscalyear_lock_date": through.isoformat()})

    def deactivate(self, id: str) -> None:
        """Archived."""
        self._human("res.partner", "action_archive", ids=[int(id)])

    def take_number(self, number: str, customer: str) -> None:
        """Somebody else's invoice, posted under this number."""
        line = [0, 0, {"name": "by hand", "price_unit": 1, "tax_ids": []}]
        values = {"move_type": "out_invoice", "partner_id": int(customer), "invoice_date": self.on.isoformat()}
        made = self._human("account.move", "create", vals_list=[{**values, "name": number, "invoice_line_ids": [line]}])
        self._human("account.move", "action_post", ids=made)

    def _human(self, model: str, method: str, **given: Any) -> Any:
        return self._system.admin("POST", "human", {"model": model, "method": method, "given": given})["result"]

    # ------------------------------------------------------------ what goes wrong

    def strike(self, fault: Skill, role: Role, *, after_s: int = 1, skip: int = 0) -> None:
        """The next call that writes such a record; a total is another one where it is read back."""
        model = _MODELS[role]
        methods = ("search_read",) if fault is Skill.OTHER_TOTAL else _WRITES[model]
        paths = [f"/json/2/{model}/{method}$" for method in methods]
        if role is Role.PAYMENT:
            paths.append("/json/2/account.move/js_assign_outstanding_line$")
        more = {"seconds": after_s} if fault is Skill.BUSY else {}
        self._system.admin("POST", "faults", {**_FAULTS[fault], **more, "path": "|".join(paths), "skip": skip})

    def calm(self) -> None:
        """No faults any more."""
        self._system.admin("DELETE", "faults")


class _Books:
    """What the general ledger says of documents: what is open, and what is reconciled with what."""

    def __init__(
        self, moves: Sequence[Data], partials: Sequence[Mapping[str, Any]], currencies: Sequence[Mapping[str, Any]]
    ) -> None:
        self._moves = {move["id"]: move for move in moves}
        self._of = {line["id"]: move["id"] for move in moves for line in move["lines"]}
        self._currencies = {row["id"]: str(row["name"]) for row in currencies}
        self._partials = partials

    def document(self, row: Mapping[str, Any], object: str, files: Mapping[str, int]) -> Booked:
        """An invoice or a credit note."""
        lines = [line for line in row["lines"] if line["display_type"] == "product"]
        return Booked(
            id=str(row["id"]),
            reference=_reference(row, object),
            number=row["name"] or None,
            customer=str(row["partner_id"]),
            currency=self._currencies[row["currency_id"]],
            total=_amount(row["amount_total"]),
            tax=_amount(row["amount_tax"]),
            open=_amount(row["amount_residual"]),
            on=date.fromisoformat(row["invoice_date"]) if row["invoice_date"] else None,
            lines=len(lines),
            texts=tuple(str(line["name"]) for line in lines),
            applied=self._applied(row["id"]) if object == "credit_note" else None,
            draft=row["state"] == "draft",
            void=row["state"] == "cancel",
            files=files,
        )

    def payment(self, row: Mapping[str, Any]) -> Booked:
        """A payment, and what of it is applied to nothing."""
        applied = self._applied(row["move_id"]) if row["move_id"] else {}
        return Booked(
            id=str(row["id"]),
            reference=_reference(row, "payment"),
            number=row["name"] or None,
            customer=str(row["partner_id"]),
            currency=self._currencies[row["currency_id"]],
            total=_amount(row["amount"]),
            open=_amount(row["amount"]) - sum(applied.values(), Decimal(0)),
            on=date.fromisoformat(row["date"]),
            applied=applied,
            draft=row["state"] == "draft",
            void=row["state"] == "canceled",
        )

    def _applied(self, move: int) -> dict[str, Decimal]:
        """Invoice -> how much of this entry is reconciled with it."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in self._partials:
            if self._of.get(row["credit_move_id"]) == move:
                found[str(self._of[row["debit_move_id"]])] += _amount(row["amount"])
        return dict(found)


def _line(line: Line, item: str) -> dict[str, Any]:
    own = {"name": line.text, "quantity": line.quantity, "price_unit": line.unit_price}
    return {**own, "product_id": item, "tax_rate": line.rate}


def _master(row: Mapping[str, Any], object: str) -> Booked:
    return Booked(id=str(row["id"]), reference=_reference(row, object), name=row["name"], note=row.get("phone") or "")


def _reference(row: Mapping[str, Any], object: str) -> str:
    """Our key, of the external id."""
    return key_of(object, str(row["xmlid"]).partition(".")[2]) or ""


def _amount(value: Any) -> Decimal:
    return Decimal(str(value))
