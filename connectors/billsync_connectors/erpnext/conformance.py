"""ERPNext's stand-in in the hands of the conformance kit.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync.conformance.writes.subject import Bill, Booked, Line, Money, Role, Skill, WriteSubject
from billsync.connector import Connector, Context, Data
from billsync_connectors.erpnext.connector import ERPNext
from billsync_connectors.erpnext.named import NamedERPNext
from billsync_connectors.erpnext.settings import ERPNextSettings

_DOCTYPES: Final = {
    Role.CUSTOMER: "Customer",
    Role.ITEM: "Item",
    Role.INVOICE: "Sales Invoice",
    Role.CREDIT_NOTE: "Sales Invoice",
    Role.PAYMENT: "Payment Entry",
}
_FIELD: Final = "custom_billsync"
_FAULTS: Final[dict[Skill, dict[str, Any]]] = {
    Skill.LOST: {"fault": "lost"},
    Skill.DROPPED: {"fault": "dropped"},
    Skill.BUSY: {"fault": "too-many"},
    Skill.ERROR_BEFORE: {"fault": "unavailable", "when": "before"},
    Skill.ERROR_AFTER: {"fault": "unavailable", "when": "after"},
    Skill.TRUNCATED: {"fault": "truncated"},
    Skill.HTML: {"fault": "login-page", "when": "before"},
    Skill.STALE: {"fault": "stale", "method": "PUT"},
    Skill.OTHER_TOTAL: {"fault": "other-total", "by": "0.01"},
}
_TWO: Final = "ERPNext keeps two decimals unless the whole site is set up otherwise; what differs stays a draft"


class ERPNextWrites(WriteSubject):
    """One site, a process of its own."""

    connector = "erpnext"
    objects = {
        Role.CUSTOMER: "customer",
        Role.ITEM: "item",
        Role.INVOICE: "invoice",
        Role.CREDIT_NOTE: "credit_note",
        Role.PAYMENT: "payment",
    }
    lacks = {
        Skill.EXPIRED: "ERPNext's keys do not expire",
        Skill.EDIT: "a submitted invoice cannot come to something else: it is cancelled, and amended as another one",
        Skill.TAKE_NUMBER: "ERPNext numbers documents by itself; ours stands in a field of its own",
        Skill.DINAR: _TWO,
        Skill.FINE_PRICE: _TWO,
    }
    rate = Decimal("0.19")
    steps = {Role.CUSTOMER: 1, Role.ITEM: 1, Role.INVOICE: 2, Role.CREDIT_NOTE: 2, Role.PAYMENT: 2}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._system = NamedERPNext(folder)
        self._settings: dict[str, str] = {}

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._settings = self._system.up()

    def down(self) -> None:
        """Stop it."""
        self._system.down()

    def reset(self) -> None:
        """As new, with the key that it was started with."""
        self._system.admin("POST", "reset")
        self._system.admin("PATCH", "settings", {"api_secret": self._settings["api_secret"]})

    def open(self, context: Context) -> Connector:
        """A connector, which does not really wait."""
        settings = ERPNextSettings.model_validate({**self._settings, "create_fields": True})
        return ERPNext(context, settings, sleep=lambda _seconds: None)

    def secrets(self) -> Sequence[str]:
        """The key's."""
        return (self._settings["api_secret"],)

    def pass_time(self, seconds: float) -> None:
        """Let its clock go forward."""
        self._system.admin("POST", "clock", {"advance_s": int(seconds) + 1})

    # ------------------------------------------------------------ payloads

    def customer(self, name: str, *, city: str = "") -> Data:
        """A customer; addresses are not written."""
        return {"customer_name": name}

    def item(self, name: str) -> Data:
        """An item."""
        return {"item_code": name, "item_name": name}

    def invoice(self, bill: Bill) -> Data:
        """An invoice."""
        return {**_document(bill), "due_date": bill.due_on}

    def credit_note(self, bill: Bill) -> Data:
        """A return against its invoice."""
        return {**_document(bill), "return_against": bill.invoice or None}

    def payment(self, money: Money) -> Data:
        """A payment of one invoice."""
        own = {"invoice": money.invoice, "paid_amount": money.amount, "currency": money.currency}
        return {**own, "posting_date": money.on}

    # ------------------------------------------------------------ what is true

    def truth(self, role: Role) -> Sequence[Booked]:
        """Every document as the books have it."""
        doctype = _DOCTYPES[role]
        rows = self._rows(doctype)
        if role in (Role.CUSTOMER, Role.ITEM):
            return [_master(row, role) for row in rows]
        files = self._files(doctype)
        if role is Role.PAYMENT:
            return [_payment(row) for row in rows]
        returns = role is Role.CREDIT_NOTE
        return [_bill(row, files.get(row["name"], {})) for row in rows if bool(row["is_return"]) == returns]

    def _rows(self, doctype: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._system.admin("GET", f"documents?object={doctype}")[doctype]
        return found

    def _files(self, doctype: str) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for row in self._rows("File"):
            if row["attached_to_doctype"] == doctype:
                found.setdefault(row["attached_to_name"], {})[row["file_name"]] = row["file_size"]
        return found

    # ------------------------------------------------------------ what people do

    def annotate(self, id: str, text: str) -> None:
        """A web site."""
        self._human("update", "Customer", id, website=text)

    def void(self, id: str) -> None:
        """Cancelled by a person."""
        self._human("cancel", "Sales Invoice", id)

    def close_books(self, through: date) -> None:
        """Accounts are frozen."""
        self._system.admin("PATCH", "settings", {"frozen_until": through.isoformat()})

    def deactivate(self, id: str) -> None:
        """Disabled."""
        self._human("update", "Customer", id, disabled=1)

    def _human(self, do: str, doctype: str, id: str, **fields: Any) -> None:
        self._system.admin("POST", "human", {"do": do, "doctype": doctype, "name": id, "fields": fields})

    # ------------------------------------------------------------ what goes wrong

    def strike(self, fault: Skill, role: Role, *, after_s: int = 1, skip: int = 0) -> None:
        """The next request that makes or changes such a record."""
        more = {"seconds": after_s} if fault is Skill.BUSY else {}
        where = {"path": f"/api/resource/{_DOCTYPES[role].replace(' ', '%20')}", "skip": skip}
        self._system.admin("POST", "faults", {"method": "POST|PUT", **_FAULTS[fault], **more, **where})

    def calm(self) -> None:
        """No faults any more."""
        self._system.admin("DELETE", "faults")


def _document(bill: Bill) -> dict[str, Any]:
    head = {"customer": bill.customer, "posting_date": bill.on, "currency": bill.currency}
    return {**head, "items": [_line(line, bill.item) for line in bill.lines]}


def _line(line: Line, item: str) -> dict[str, Any]:
    own = {"description": line.text, "qty": line.quantity, "rate": line.unit_price}
    return {**own, "item_code": item, "tax_rate": line.rate}


def _master(row: Mapping[str, Any], role: Role) -> Booked:
    name = row["customer_name" if role is Role.CUSTOMER else "item_name"]
    return Booked(row["name"], row.get(_FIELD) or "", name=name, note=row.get("website") or "")


def _bill(row: Mapping[str, Any], files: Mapping[str, int]) -> Booked:
    void, total = row["docstatus"] == 2, abs(_amount(row["grand_total"]))
    counts = row["docstatus"] == 1 and row["return_against"] and not row["update_outstanding_for_self"]
    return Booked(
        id=row["name"],
        reference=row.get(_FIELD) or "",
        number=row["name"],
        customer=row["customer"],
        currency=row["currency"],
        total=total,
        tax=abs(_amount(row["total_taxes_and_charges"])),
        open=Decimal(0) if void else abs(_amount(row["outstanding_amount"])),
        on=date.fromisoformat(row["posting_date"]),
        lines=len(row["items"]),
        texts=tuple(str(line["description"] or "") for line in row["items"]),
        applied=({row["return_against"]: total} if counts else {}) if row["is_return"] else None,
        draft=row["docstatus"] == 0,
        void=void,
        files=files,
    )


def _payment(row: Mapping[str, Any]) -> Booked:
    void = row["docstatus"] == 2
    parts = {part["reference_name"]: _amount(part["allocated_amount"]) for part in row["references"]}
    return Booked(
        id=row["name"],
        reference=row.get(_FIELD) or "",
        number=row["name"],
        customer=row["party"],
        currency=row["paid_from_account_currency"],
        total=_amount(row["paid_amount"]),
        open=_amount(row["unallocated_amount"]),
        on=date.fromisoformat(row["posting_date"]),
        applied={} if void else parts,
        draft=row["docstatus"] == 0,
        void=void,
    )


def _amount(value: Any) -> Decimal:
    return Decimal(str(value))
