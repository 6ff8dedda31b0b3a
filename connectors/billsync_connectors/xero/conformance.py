"""Xero's stand-in in the hands of the conformance kit.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync.conformance.writes.subject import Bill, Booked, Line, Money, Role, Skill, WriteSubject
from billsync.connector import Connector, Context, Data
from billsync_connectors.xero.connector import Xero
from billsync_connectors.xero.named import NamedXero
from billsync_connectors.xero.settings import XeroSettings
from billsync_connectors.xero.values import day

_PLURALS: Final = {
    Role.CUSTOMER: "Contacts",
    Role.ITEM: "Items",
    Role.INVOICE: "Invoices",
    Role.CREDIT_NOTE: "CreditNotes",
    Role.PAYMENT: "Payments",
}
_FAULTS: Final[dict[Skill, dict[str, Any]]] = {
    Skill.LOST: {"fault": "lost"},
    Skill.DROPPED: {"fault": "dropped"},
    Skill.BUSY: {"fault": "limit"},
    Skill.ERROR_BEFORE: {"fault": "error", "status": 502},
    Skill.ERROR_AFTER: {"fault": "error", "status": 504, "when": "after"},
    Skill.TRUNCATED: {"fault": "truncated"},
    Skill.HTML: {"fault": "login-page"},
    Skill.EXPIRED: {"fault": "expire"},
    Skill.OTHER_TOTAL: {"fault": "other-total", "by": "0.01"},
}
_FREE: Final = {"minute_limit": 0, "day_limit": 0, "app_limit": 0}


class XeroWrites(WriteSubject):
    """One stand-in, a process of its own; the connector comes in as a custom connection."""

    connector = "xero"
    objects = {
        Role.CUSTOMER: "contact",
        Role.ITEM: "item",
        Role.INVOICE: "invoice",
        Role.CREDIT_NOTE: "credit_note",
        Role.PAYMENT: "payment",
    }
    lacks = {
        Skill.STALE: "Xero's records have no version to write against: the last write wins",
        Skill.DINAR: "Xero keeps two decimals of every currency: what has three is refused before it is sent",
        Skill.OVERPAY: "Xero takes no payment above what is due; the rest is an overpayment of its own, made by hand",
    }
    steps = {Role.CUSTOMER: 1, Role.ITEM: 1, Role.INVOICE: 2, Role.CREDIT_NOTE: 3, Role.PAYMENT: 1}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._system = NamedXero(folder)
        self._settings: dict[str, str] = {}

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._settings = self._system.up()

    def down(self) -> None:
        """Stop it."""
        self._system.down()

    def reset(self) -> None:
        """As new, without limits of the minute and the day."""
        self._system.admin("POST", "reset")
        self._system.admin("PATCH", "settings", {**_FREE, "client_secret": self._settings["client_secret"]})

    def open(self, context: Context) -> Connector:
        """A connector, which does not really wait."""
        own = {"revenue_account": "200", "bank_account": "090", "timeout": 30}
        settings = XeroSettings.model_validate({**self._settings, **own})
        return Xero(context, settings, sleep=lambda _seconds: None)

    def secrets(self) -> Sequence[str]:
        """The app's."""
        return (self._settings["client_secret"],)

    def pass_time(self, seconds: float) -> None:
        """Let its clock go forward."""
        self._system.admin("POST", "clock", {"advance_s": int(seconds) + 1})

    # ------------------------------------------------------------ payloads

    def customer(self, name: str, *, city: str = "") -> Data:
        """A contact."""
        return {"Name": name, **({"Addresses": [{"AddressType": "POBOX", "City": city}]} if city else {})}

    def item(self, name: str) -> Data:
        """An item."""
        return {"Name": name}

    def invoice(self, bill: Bill) -> Data:
        """An invoice."""
        return {**_document(bill), "DueDate": bill.due_on}

    def credit_note(self, bill: Bill) -> Data:
        """A credit note, for its invoice."""
        return {**_document(bill), "Invoice": {"InvoiceID": bill.invoice or None}}

    def payment(self, money: Money) -> Data:
        """A payment of one invoice."""
        return {"Invoice": {"InvoiceID": money.invoice}, "Amount": money.amount, "Date": money.on}

    # ------------------------------------------------------------ what is true

    def truth(self, role: Role) -> Sequence[Booked]:
        """Every record as the books have it; drafts that were deleted are no records any more."""
        rows = self._rows(_PLURALS[role])
        if role in (Role.CUSTOMER, Role.ITEM):
            return [_master(row, role) for row in rows]
        if role is Role.PAYMENT:
            return [_payment(row) for row in rows]
        return [_bill(row, role) for row in rows if row["Status"] != "DELETED"]

    def _rows(self, plural: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._system.admin("GET", f"documents?object={plural}")[plural]
        return found

    # ------------------------------------------------------------ what people do

    def edit(self, id: str) -> None:
        """Another quantity."""
        row = {"Description": "Edited", "Quantity": 7, "UnitAmount": "7.77", "AccountCode": "200"}
        self._human("update", "Invoice", id, LineItems=[row])

    def annotate(self, id: str, text: str) -> None:
        """A first name."""
        self._human("update", "Contact", id, FirstName=text)

    def void(self, id: str) -> None:
        """Voided by a person."""
        self._human("void", "Invoice", id)

    def close_books(self, through: date) -> None:
        """The lock date."""
        self._system.admin("PATCH", "settings", {"period_lock_date": through.isoformat()})

    def deactivate(self, id: str) -> None:
        """Archived."""
        self._human("archive", "Contact", id)

    def take_number(self, number: str, customer: str) -> None:
        """Somebody else's invoice with this number."""
        row = {"Description": "By hand", "Quantity": 1, "UnitAmount": 1, "AccountCode": "200"}
        own = {
            "Type": "ACCREC",
            "Contact": {"ContactID": customer},
            "Date": self.on.isoformat(),
            "InvoiceNumber": number,
        }
        self._human("create", "Invoice", "", **own, Status="AUTHORISED", LineItems=[row])

    def _human(self, do: str, object: str, id: str, **fields: Any) -> None:
        self._system.admin("POST", "human", {"do": do, "object": object, "id": id, "fields": fields})

    # ------------------------------------------------------------ what goes wrong

    def strike(self, fault: Skill, role: Role, *, after_s: int = 1, skip: int = 0) -> None:
        """The next request that writes such a record."""
        more = {"seconds": after_s} if fault is Skill.BUSY else {}
        where = {"path": f"/api.xro/2.0/{_PLURALS[role]}", "method": "PUT|POST|DELETE", "skip": skip}
        self._system.admin("POST", "faults", {**_FAULTS[fault], **more, **where})

    def calm(self) -> None:
        """No faults any more."""
        self._system.admin("DELETE", "faults")


def _document(bill: Bill) -> dict[str, Any]:
    head = {"Contact": {"ContactID": bill.customer}, "Date": bill.on, "CurrencyCode": bill.currency}
    return {**head, "LineItems": [_line(line, bill.item) for line in bill.lines]}


def _line(line: Line, item: str) -> dict[str, Any]:
    own = {"Description": line.text, "Quantity": line.quantity, "UnitAmount": line.unit_price}
    return {**own, "Item": {"ItemID": item}, "tax_rate": line.rate}


def _master(row: Mapping[str, Any], role: Role) -> Booked:
    id, reference = ("ContactID", "ContactNumber") if role is Role.CUSTOMER else ("ItemID", "Code")
    return Booked(row[id], str(row.get(reference) or ""), name=row.get("Name"), note=str(row.get("FirstName") or ""))


def _bill(row: Mapping[str, Any], role: Role) -> Booked:
    invoice = role is Role.INVOICE
    number = str(row["InvoiceNumber" if invoice else "CreditNoteNumber"])
    applied = {each["Invoice"]["InvoiceID"]: _amount(each["Amount"]) for each in row.get("Allocations", ())}
    void = row["Status"] == "VOIDED"
    return Booked(
        id=str(row["InvoiceID" if invoice else "CreditNoteID"]),
        reference=number if row["by"] == "app" else "",  # a number that a person gave is no reference of ours
        number=number,
        customer=row["Contact"]["ContactID"],
        currency=row["CurrencyCode"],
        total=_amount(row["Total"]),
        tax=_amount(row["TotalTax"]),
        open=Decimal(0) if void else _amount(row["AmountDue" if invoice else "RemainingCredit"]),
        on=day(row["Date"]),
        lines=len(row["LineItems"]),
        texts=tuple(str(line.get("Description")) for line in row["LineItems"]),
        applied=None if invoice else applied,
        draft=row["Status"] in ("DRAFT", "SUBMITTED"),
        void=void,
        files={file["FileName"]: int(file["ContentLength"]) for file in row.get("Attachments", ())},
    )


def _payment(row: Mapping[str, Any]) -> Booked:
    invoice, void = row["Invoice"], row["Status"] == "DELETED"
    return Booked(
        id=row["PaymentID"],
        reference=row["Reference"],
        customer=invoice["Contact"]["ContactID"],
        currency=invoice["CurrencyCode"],
        total=_amount(row["Amount"]),
        open=Decimal(0),
        on=day(row["Date"]),
        applied={} if void else {invoice["InvoiceID"]: _amount(row["Amount"])},
        void=void,
    )


def _amount(value: Any) -> Decimal:
    return Decimal(str(value))
