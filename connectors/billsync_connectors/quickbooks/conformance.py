"""QuickBooks Online in the hands of the conformance kit.  (shell)

What the company's books show is read past the connector, by the stand-in's administration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final

import httpx

from billsync.conformance.writes.subject import Bill, Booked, Money, Role, Skill, WriteSubject
from billsync.connector import Connector, Context, Data
from billsync_connectors.quickbooks.connector import QuickBooks
from billsync_connectors.quickbooks.named import NamedQuickBooks
from billsync_connectors.quickbooks.settings import QuickBooksSettings

_KINDS: Final = {
    Role.CUSTOMER: "Customer",
    Role.ITEM: "Item",
    Role.INVOICE: "Invoice",
    Role.CREDIT_NOTE: "CreditMemo",
    Role.PAYMENT: "Payment",
}
_MARK: Final = "billsync:"
_STRIKES: Final[dict[Skill, dict[str, Any]]] = {
    Skill.LOST: {"fault": "lost"},
    Skill.DROPPED: {"fault": "dropped"},
    Skill.BUSY: {"fault": "throttle"},
    Skill.ERROR_BEFORE: {"fault": "error", "status": 500},
    Skill.ERROR_AFTER: {"fault": "error", "status": 500, "when": "after"},
    Skill.TRUNCATED: {"fault": "truncated"},
    Skill.HTML: {"fault": "login-page"},
    Skill.EXPIRED: {"fault": "expire"},
    Skill.STALE: {"fault": "stale"},
}


class QuickBooksWrites(WriteSubject):
    """One US company whose writers number their documents."""

    connector = "quickbooks"
    objects: ClassVar = {
        Role.CUSTOMER: "customer",
        Role.ITEM: "item",
        Role.INVOICE: "invoice",
        Role.CREDIT_NOTE: "credit_memo",
        Role.PAYMENT: "payment",
    }
    lacks: ClassVar = {
        Skill.YEN: "a customer of QuickBooks has one currency, and the kit's are in dollars",
        Skill.DINAR: "QuickBooks has two decimals in every currency: such an invoice is refused before it is sent",
    }
    currency = "USD"
    rate = Decimal("0.08")
    steps: ClassVar = {Role.CREDIT_NOTE: 2}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._system = NamedQuickBooks(folder)
        self._http = httpx.Client(trust_env=False, timeout=60)
        self._own: dict[str, str] = {}

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._own = self._system.up()

    def down(self) -> None:
        """Stop it."""
        self._http.close()
        self._system.down()

    def reset(self) -> None:
        """As new, without limits, and let in once more."""
        self._ask("POST", "reset")
        limits = {"minute_limit": 0, "second_limit": 0, "batch_minute_limit": 0}
        self._set(client_secret=self._own["client_secret"], custom_numbers=True, **limits)
        self._own["refresh_token"] = self._let_in()

    def open(self, context: Context) -> Connector:
        """A connector with the consent of this rule."""
        own = {**self._own, "revenue_account": "Services", "calls_per_s": 1000, "timeout": 10}
        return QuickBooks(context, QuickBooksSettings.model_validate(own))

    def secrets(self) -> Sequence[str]:
        """The app's secret and the consent's token."""
        return (self._own["client_secret"], self._own["refresh_token"])

    def pass_time(self, seconds: float) -> None:
        """Its clock goes forward."""
        self._ask("POST", "clock", {"advance_s": int(seconds)})

    # ------------------------------------------------------------ payloads

    def customer(self, name: str, *, city: str = "") -> Data:
        """A customer."""
        return {"DisplayName": name, **({"BillAddr": {"City": city}} if city else {})}

    def item(self, name: str) -> Data:
        """A service."""
        return {"Name": name}

    def invoice(self, bill: Bill) -> Data:
        """An invoice."""
        return {**_of_bill(bill), "DueDate": bill.due_on}

    def credit_note(self, bill: Bill) -> Data:
        """A credit memo for its invoice."""
        return {**_of_bill(bill), **({"InvoiceRef": {"value": bill.invoice}} if bill.invoice else {})}

    def payment(self, money: Money) -> Data:
        """A payment of its invoice."""
        line = {"Amount": money.amount, "LinkedTxn": [{"TxnId": money.invoice, "TxnType": "Invoice"}]}
        own = {"TotalAmt": money.amount, "CurrencyRef": {"value": money.currency}, "TxnDate": money.on}
        return {**own, "CustomerRef": {"value": money.customer}, "Line": [line]}

    # ------------------------------------------------------------ what is true, and what people do

    def truth(self, role: Role) -> Sequence[Booked]:
        """Its records; a payment of nothing that applies a credit is none."""
        payments, files = self._rows("Payment"), self._rows("Attachable")
        rows = self._rows(_KINDS[role])
        rows = [row for row in rows if role is not Role.PAYMENT or row["void"] or row["TotalAmt"]]
        return [_booked(role, row, payments, files) for row in rows]

    def edit(self, id: str) -> None:
        """Another price."""
        detail = {"ItemRef": {"value": "1"}, "Qty": "1", "UnitPrice": "7.77"}
        line = {"DetailType": "SalesItemLineDetail", "Description": "Edited", "SalesItemLineDetail": detail}
        self._human("update", "Invoice", id, Line=[line])

    def annotate(self, id: str, text: str) -> None:
        """A name of a person, which is not ours."""
        self._human("update", "Customer", id, FamilyName=text)

    def void(self, id: str) -> None:
        """Void."""
        self._human("void", "Invoice", id)

    def close_books(self, through: date) -> None:
        """Closed."""
        self._set(closed_through=through.isoformat())

    def deactivate(self, id: str) -> None:
        """Not active."""
        self._human("deactivate", "Customer", id)

    def take_number(self, number: str, customer: str) -> None:
        """Somebody's invoice."""
        detail = {"ItemRef": {"value": "1"}, "Qty": "1", "UnitPrice": "1"}
        line = {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        own = {"DocNumber": number, "CustomerRef": {"value": customer}, "TxnDate": self.on.isoformat()}
        self._human("create", "Invoice", "", **own, Line=[line])

    # ------------------------------------------------------------ what goes wrong

    def strike(self, fault: Skill, role: Role, *, after_s: int = 1, skip: int = 0) -> None:
        """One of its own faults where such a record is written; a credit memo's second request is a payment."""
        if fault is Skill.OTHER_TOTAL:
            self._set(tax_skew="0.01")
            return
        options = {"retry_after": str(after_s)} if fault is Skill.BUSY else {}
        second = role is Role.CREDIT_NOTE and skip > 0
        door = "payment" if second else _KINDS[role].lower()
        where = {"method": "POST", "path": f"/v3/company/{self._own['realm']}/{door}$", "skip": skip - int(second)}
        self._ask("POST", "faults", {**_STRIKES[fault], **options, **where})

    def calm(self) -> None:
        """No faults."""
        self._ask("DELETE", "faults")
        self._set(tax_skew="0")

    # ------------------------------------------------------------ administration

    def _rows(self, kind: str) -> list[dict[str, Any]]:
        found = self._ask("GET", f"documents?object={kind}")["documents"][kind]
        return [row for row in found if not row["deleted"]]

    def _human(self, do: str, object: str, id: str, **fields: Any) -> None:
        self._ask("POST", "human", {"do": do, "object": object, "id": id, "fields": fields})

    def _set(self, **values: Any) -> None:
        self._ask("PATCH", "settings", values)

    def _let_in(self) -> str:
        """A refresh token, by a code for which a person said yes."""
        form = {"grant_type": "authorization_code", "code": self._ask("POST", "consent")["code"], "redirect_uri": ""}
        client = self._own["client_id"], self._own["client_secret"]
        answer = self._http.post(f"{self._system.url}oauth2/v1/tokens/bearer", data=form, auth=client)
        answer.raise_for_status()
        return str(answer.json()["refresh_token"])

    def _ask(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A request to the administration, and its answer."""
        url = f"{self._system.url}admin/{path}"
        answer = self._http.request(method, url, json=value, headers=self._system.key())
        answer.raise_for_status()
        found: dict[str, Any] = json.loads(answer.content, parse_float=Decimal, parse_int=Decimal)
        return found


def _of_bill(bill: Bill) -> dict[str, Any]:
    lines = [
        {
            "Description": line.text,
            "SalesItemLineDetail": {
                "ItemRef": {"value": bill.item},
                "Qty": line.quantity,
                "UnitPrice": line.unit_price,
            },
            "tax_rate": line.rate,
        }
        for line in bill.lines
    ]
    own = {"CustomerRef": {"value": bill.customer}, "CurrencyRef": {"value": bill.currency}, "TxnDate": bill.on}
    return {**own, "Line": lines}


def _booked(role: Role, row: Mapping[str, Any], payments: Sequence[Any], files: Sequence[Any]) -> Booked:
    note = row.get("Notes") if role is Role.CUSTOMER else row.get("PrivateNote")
    marks = [line.removeprefix(_MARK) for line in str(note or "").split("\n") if line.startswith(_MARK)]
    reference = row.get("Sku", "") if role is Role.ITEM else "".join(marks[:1])
    own = {"id": row["Id"], "reference": reference, "name": row.get("DisplayName") or row.get("Name")}
    if role in (Role.CUSTOMER, Role.ITEM):
        return Booked(**own, note=row.get("FamilyName"))
    sold = [line for line in row["Line"] if line.get("DetailType") == "SalesItemLineDetail"]
    paper = role is not Role.PAYMENT
    left = {Role.INVOICE: "Balance", Role.CREDIT_NOTE: "RemainingCredit", Role.PAYMENT: "UnappliedAmt"}[role]
    return Booked(
        **own,
        number=row.get("DocNumber") if paper else None,
        customer=row["CustomerRef"]["value"],
        currency=row["CurrencyRef"]["value"],
        total=row["TotalAmt"],
        tax=row["TxnTaxDetail"]["TotalTax"] if paper else None,
        open=row[left],
        on=date.fromisoformat(row["TxnDate"]),
        lines=len(sold) if paper else None,
        texts=tuple(line.get("Description", "") for line in sold) if paper else None,
        applied=None if role is Role.INVOICE else _applied(role, row, payments),
        void=row["void"],
        files={file["FileName"]: int(file["Size"]) for file in files if _hangs_on(file, row["Id"])},
    )


def _applied(role: Role, row: Mapping[str, Any], payments: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Invoice -> how much of a credit or payment is on it."""
    mine = [row] if role is Role.PAYMENT else [each for each in payments if ("CreditMemo", row["Id"]) in _links(each)]
    found: dict[str, Decimal] = {}
    for line in (line for each in mine for line in each["Line"]):
        (link,) = line["LinkedTxn"]
        if link["TxnType"] == "Invoice":
            found[link["TxnId"]] = found.get(link["TxnId"], Decimal(0)) + line["Amount"]
    return found


def _links(payment: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(link["TxnType"], link["TxnId"]) for line in payment["Line"] for link in line["LinkedTxn"]}


def _hangs_on(file: Mapping[str, Any], id: str) -> bool:
    return any(each["EntityRef"]["value"] == id for each in file.get("AttachableRef", []))
