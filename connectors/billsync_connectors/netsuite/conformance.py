"""NetSuite's stand-in in the hands of the conformance kit.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from billsync.conformance.writes.subject import Bill, Booked, Line, Money, Role, Skill, WriteSubject
from billsync.connector import Connector, Context, Data
from billsync_connectors.netsuite.connector import NetSuite
from billsync_connectors.netsuite.external import key_of
from billsync_connectors.netsuite.named import NamedNetSuite
from billsync_connectors.netsuite.settings import NetSuiteSettings

_RECORDS: Final = {
    Role.CUSTOMER: "customer",
    Role.ITEM: "serviceSaleItem",
    Role.INVOICE: "invoice",
    Role.CREDIT_NOTE: "creditMemo",
    Role.PAYMENT: "customerPayment",
}
_FAULTS: Final[dict[Skill, dict[str, Any]]] = {
    Skill.LOST: {"fault": "lost"},
    Skill.DROPPED: {"fault": "dropped"},
    Skill.BUSY: {"fault": "throttle"},
    Skill.ERROR_BEFORE: {"fault": "error", "status": 500},
    Skill.ERROR_AFTER: {"fault": "error", "status": 500, "when": "after"},
    Skill.TRUNCATED: {"fault": "truncated"},
    Skill.HTML: {"fault": "login-page"},
    Skill.EXPIRED: {"fault": "expire"},
    Skill.STALE: {"fault": "changed"},
    Skill.OTHER_TOTAL: {"fault": "other-content"},
}
_SETTINGS: Final = {"nexus": "other", "language": "de"}


class NetSuiteWrites(WriteSubject):
    """One stand-in, a process of its own; the connector comes in by OAuth 2.0, and hears German."""

    connector = "netsuite"
    objects = {
        Role.CUSTOMER: "customer",
        Role.ITEM: "item",
        Role.INVOICE: "invoice",
        Role.CREDIT_NOTE: "credit_memo",
        Role.PAYMENT: "payment",
    }
    lacks = {
        Skill.DINAR: "NetSuite keeps two decimals of dinars: an invoice that has three is refused before it is sent",
        Skill.ATTACH: "REST has no file cabinet",
    }
    steps = {Role.CUSTOMER: 1, Role.ITEM: 1, Role.INVOICE: 1, Role.CREDIT_NOTE: 2, Role.PAYMENT: 1}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._system, self._url = NamedNetSuite(folder), ""
        self._key = ec.generate_private_key(ec.SECP256R1())

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._url = self._system.up()["url"]

    def down(self) -> None:
        """Stop it."""
        self._system.down()

    def reset(self) -> None:
        """As new, with the certificate of our key."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        public = self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
        self._system.admin("POST", "reset")
        self._system.admin("PATCH", "settings", {**_SETTINGS, "certificate": public})

    def open(self, context: Context) -> Connector:
        """A connector with the key, which does not really wait."""
        settings = NetSuiteSettings(
            url=self._url,
            account="1234567_SB1",
            client_id="standin-client",
            certificate_id="standin-cert",
            private_key=SecretStr(self.secrets()[0]),
            algorithm="ES256",
            subsidiary="1",
            timeout=30,
        )
        made = NetSuite(context, settings)
        made.session.sleep = lambda _seconds: None
        return made

    def secrets(self) -> Sequence[str]:
        """The private key."""
        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return (self._key.private_bytes(serialization.Encoding.PEM, form, none).decode(),)

    def pass_time(self, seconds: float) -> None:
        """Let its clock go forward."""
        self._system.admin("POST", "clock", {"advance_s": int(seconds) + 1})

    # ------------------------------------------------------------ payloads

    def customer(self, name: str, *, city: str = "") -> Data:
        """A company."""
        address = {"defaultBilling": True, "addressBookAddress": {"city": city, "country": {"id": "DE"}}}
        own = {"companyName": name, "currency": {"id": self.currency}}
        return {**own, "addressBook": {"items": [address]}} if city else own

    def item(self, name: str) -> Data:
        """A service."""
        return {"itemId": name}

    def invoice(self, bill: Bill) -> Data:
        """An invoice with our number."""
        return {**self._document(bill), "dueDate": bill.due_on}

    def credit_note(self, bill: Bill) -> Data:
        """A credit memo for its invoice."""
        return {**self._document(bill), "invoice": bill.invoice or None}

    def payment(self, money: Money) -> Data:
        """A payment of one invoice."""
        own = {"customer": {"id": money.customer}, "currency": {"id": money.currency}, "tranDate": money.on}
        return {**own, "payment": money.amount, "invoice": money.invoice}

    def _document(self, bill: Bill) -> dict[str, Any]:
        if bill.currency != self.currency:  # a customer here has one currency: a person sets it
            codes = {row["symbol"]: row["id"] for row in self._rows("currency")}
            self._human("update", "customer", bill.customer, currency={"id": codes[bill.currency]})
        head = {"entity": {"id": bill.customer}, "tranId": bill.number, "tranDate": bill.on}
        lines = [_line(line, bill.item) for line in bill.lines]
        return {**head, "currency": {"id": bill.currency}, "item": {"items": lines}}

    # ------------------------------------------------------------ what is true

    def truth(self, role: Role) -> Sequence[Booked]:
        """Every record as the books have it, past all doors."""
        rows = [row for row in self._rows(_RECORDS[role]) if not row["deleted"]]
        if role in (Role.CUSTOMER, Role.ITEM):
            return [_master(row, self.objects[role]) for row in rows]
        codes = {row["id"]: str(row["symbol"]) for row in self._rows("currency")}
        return [_booked(row, self.objects[role], codes) for row in rows]

    def _rows(self, record: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._system.admin("GET", f"documents?object={record}")["documents"][record]
        return found

    # ------------------------------------------------------------ what people do

    def edit(self, id: str) -> None:
        """Another price of the first line."""
        (row,) = [row for row in self._rows("invoice") if row["id"] == id]
        first, *others = [_resent(line) for line in row["item"]]
        first["rate"] = str(_amount(first["rate"]) + 1)
        self._human("update", "invoice", id, item={"items": [{**first, "amount": None}, *others]})

    def annotate(self, id: str, text: str) -> None:
        """A telephone number."""
        self._human("update", "customer", id, phone=text)

    def void(self, id: str) -> None:
        """Voided by a person."""
        self._human("void", "invoice", id)

    def close_books(self, through: date) -> None:
        """Periods up to this day are closed."""
        self._system.admin("PATCH", "settings", {"closed_through": through.isoformat()})

    def deactivate(self, id: str) -> None:
        """Made inactive."""
        self._human("deactivate", "customer", id)

    def take_number(self, number: str, customer: str) -> None:
        """Somebody else's invoice of this number."""
        line = {"item": {"id": "98"}, "rate": "1", "taxCode": {"id": "4"}}
        own = {"tranId": number, "tranDate": self.on.isoformat(), "item": {"items": [line]}}
        self._human("create", "invoice", "", entity={"id": customer}, **own)

    def _human(self, do: str, object: str, id: str, **fields: Any) -> None:
        self._system.admin("POST", "human", {"do": do, "object": object, "id": id, "fields": fields})

    # ------------------------------------------------------------ what goes wrong

    def strike(self, fault: Skill, role: Role, *, after_s: int = 1, skip: int = 0) -> None:
        """The next request that writes such a record; a total is another one where it is read back."""
        method = "GET" if fault is Skill.OTHER_TOTAL else "PUT|PATCH"
        where = {"method": method, "path": f"/services/rest/record/v1/{_RECORDS[role]}/", "skip": skip}
        more = {"retry_after": str(after_s)} if fault is Skill.BUSY else {}
        self._system.admin("POST", "faults", {**_FAULTS[fault], **more, **where})

    def calm(self) -> None:
        """No faults any more."""
        self._system.admin("DELETE", "faults")


def _line(line: Line, item: str) -> dict[str, Any]:
    own = {"description": line.text, "quantity": line.quantity, "rate": line.unit_price}
    return {**own, "item": {"id": item}, "tax_rate": line.rate}


def _resent(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line as people send it again."""
    return {name: value for name, value in line.items() if name not in ("line", "links")}


def _master(row: Mapping[str, Any], object: str) -> Booked:
    name = row.get("companyName") or row.get("itemId")
    return Booked(id=row["id"], reference=key_of(object, row.get("externalId")), name=name, note=row.get("phone") or "")


def _booked(row: Mapping[str, Any], object: str, codes: Mapping[str, str]) -> Booked:
    """A document with what is open on it, or left of it."""
    lines = row.get("item")
    left = row.get("amountRemaining") if object == "invoice" else row.get("unapplied")
    applied = {line["doc"]["id"]: _amount(line["amount"]) for line in row.get("apply", [])}
    return Booked(
        id=row["id"],
        reference=key_of(object, row.get("externalId")),
        number=row["tranId"],
        customer=(row.get("entity") or row.get("customer") or {}).get("id"),
        currency=codes[row["currency"]["id"]],
        total=_amount(row["total"]),
        tax=None if lines is None else _amount(row["taxTotal"]),
        open=_amount(left or 0),
        on=date.fromisoformat(row["tranDate"]),
        lines=None if lines is None else len(lines),
        texts=None if lines is None else tuple(str(line.get("description", "")) for line in lines),
        applied=None if object == "invoice" else applied,
        void=row["void"],
    )


def _amount(value: Any) -> Decimal:
    return Decimal(str(value))
