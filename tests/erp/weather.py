"""The stand-in under the storm: its faults, its clock, and its own books, all past the connector.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from billsync import assets
from billsync.local import write_secret
from billsync_connectors.sandbox.named import NamedSandbox
from billsync_connectors.tryton.sandbox import TrytonSandbox
from billsync_connectors.tryton.sandbox_rpc import Rpc
from tests.erp.books import Books, Doc
from tests.erp.proxy import Proxy

Rows = list[dict[str, Any]]

SHARES: Final = {
    "lost": "0.01",
    "dropped": "0.01",
    "late": "0.005",
    "truncated": "0.005",
    "cut": "0.005",
    "login-page": "0.005",
    "unavailable": "0.005",
    "error": "0.005",
    "throttle": "0.01",
    "too-many": "0.01",
    "busy": "0.01",
    "limit": "0.01",
    "expire": "0.005",
    "stale": "0.005",
    "changed": "0.005",
    "deadlock": "0.01",
    "serialize": "0.01",
    "half-job": "0.01",
    "half-batch": "0.01",
    "batch-cut": "0.01",
    "reset": "0.005",
}
"""How often each strikes a request, where the stand-in has it."""

BAD: Final = {
    "lost": 0.03,
    "dropped": 0.03,
    "unavailable": 0.02,
    "throttle": 0.02,
    "error": 0.02,
    "login-page": 0.01,
    "truncated": 0.02,
}
"""The same for a network before a real system."""

AFTER: Final = ("error", "unavailable", "reset", "login-page")
"""Faults that strike once before, and once after the request took effect."""


class Weather:
    """One system's stand-in, and the CRM's beside it."""

    def __init__(self, system: str, seed: int, *, erp: Any, crm: Any) -> None:
        self.system, self.seed, self.box, self._crm = system, seed, erp, crm

    def up(self) -> None:
        """Both begin."""
        for box in (self.box, self._crm):
            box.up(lambda _line: None)

    def down(self) -> None:
        """Both end; their data stays."""
        for box in (self.box, self._crm):
            box.down()

    def rise(self) -> None:
        """Every fault of it that hides nothing for good, each with its share of the requests."""
        there = {row["fault"]: row for row in self.box.faults()}
        for number, (name, share) in enumerate(SHARES.items()):
            if name not in there:
                continue
            moments = ("before", "after") if name in AFTER and there[name]["executed"] == "when" else ("",)
            for moment in moments:
                own: dict[str, Any] = {"when": moment} if moment else {}
                own |= {"seconds": 30} if name == "late" else {}
                self.box.fault(name, {"probability": share, "seed": self.seed * 1000 + number, **own})

    def end(self) -> None:
        """Fair weather."""
        self.box.admin("DELETE", "faults")

    def forward(self, seconds: float) -> None:
        """Its clock goes on."""
        self.box.admin("POST", "clock", {"advance_s": max(1, round(seconds))})

    def crm(self, door: str, what: Mapping[str, Any]) -> None:
        """A person in the CRM."""
        self._crm.admin("POST", door, what)

    def seen(self) -> Counter[str]:
        """How often each fault struck."""
        return Counter(str(row["fault"]) for row in self.box.admin("GET", "log")["requests"] if row.get("fault"))

    def books(self) -> Books:
        """What stands in its own books and counts."""
        books = Books()
        for kind, doc in READERS[self.system](self._documents):
            books.add(kind, doc)
        return books

    def _documents(self, object: str) -> Rows:
        found = self.box.admin("GET", f"documents?object={quote(object)}")
        rows = found.get("documents", found)
        return list(rows) if isinstance(rows, list) else list(rows.get(object) or rows.get("records") or [])


class TrytonWeather(Weather):
    """The real ERP behind a bad network; its clock is the machine's."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._tryton = TrytonSandbox(folder / "erp", cache=assets.cache())
        self._told = self._tryton.up()
        address = urlsplit(self._told["url"])
        self._proxy, self._path = Proxy(f"{address.scheme}://{address.netloc}", seed), address.path
        write_secret(folder / "erp-password", self._told["password"])
        super().__init__(
            "tryton", seed, erp=self._tryton, crm=NamedSandbox(folder / "crm", options={"seed": "crm_sales"})
        )

    @property
    def connection(self) -> str:
        """The connection to it, through the bad network, as the configuration has it."""
        lines = ("connector: tryton", f"url: {self._proxy.url}{self._path}", f"user: {self._told['user']}")
        return "\n    ".join((*lines, "password: file:erp-password"))

    def rise(self) -> None:
        """The network turns bad."""
        self._proxy.shares = BAD

    def end(self) -> None:
        """And good again."""
        self._proxy.shares = {}

    def forward(self, seconds: float) -> None:
        """What a lost request did is done when it is lost: nothing is left to pass there."""

    def seen(self) -> Counter[str]:
        """How often each fault struck."""
        return self._proxy.seen

    def down(self) -> None:
        """All ends."""
        super().down()
        self._proxy.down()

    def books(self) -> Books:
        """As a person sees them."""
        books = Books()
        with self._tryton.rpc() as rpc:
            for kind, doc in _tryton(rpc):
                books.add(kind, doc)
        return books


# ---------------------------------------------------------------- each system's own books

Ask = Callable[[str], Rows]
Found = Iterator[tuple[str, Doc]]
INVOICES, NOTES, PAYMENTS = "invoices", "credit_notes", "payments"


def _doc(reference: object, customer: object, currency: object, total: object, on: object, open: object = None) -> Doc:
    left = None if open is None else Decimal(str(open))
    return Doc(
        str(reference), str(customer), str(currency), Decimal(str(total)), date.fromisoformat(str(on)[:10]), left
    )


def _sandbox(ask: Ask) -> Found:
    for kind, object in ((INVOICES, "invoice"), (NOTES, "credit_note"), (PAYMENTS, "payment")):
        for row in ask(object):
            if row.get("state") in ("void", "draft") or row.get("deleted"):
                continue
            of = "" if kind == PAYMENTS else row["customer"]
            total = row["amount"] if kind == PAYMENTS else row["total"]
            open = row["open"] if kind == INVOICES else None
            yield kind, _doc(row["reference"], of, row["currency"], total, row["date"], open)


def _xero(ask: Ask) -> Found:
    counts = ("AUTHORISED", "PAID", "DRAFT", "SUBMITTED")
    for row in ask("Invoices"):
        if row["Status"] in counts:
            of, open = row["Contact"]["ContactID"], row["AmountDue"]
            yield INVOICES, _doc(row["InvoiceNumber"], of, row["CurrencyCode"], row["Total"], row["DateString"], open)
    for row in ask("CreditNotes"):
        if row["Status"] in counts:
            of = row["Contact"]["ContactID"]
            yield NOTES, _doc(row["CreditNoteNumber"], of, row["CurrencyCode"], row["Total"], row["DateString"])
    for row in ask("Payments"):
        if row["Status"] in counts:
            on = datetime.fromtimestamp(int(row["Date"][6:-7]) // 1000, UTC).date()
            yield PAYMENTS, _doc(row["Reference"], "", row["Invoice"]["CurrencyCode"], row["Amount"], on)


def _netsuite(ask: Ask) -> Found:
    for kind, object in ((INVOICES, "invoice"), (NOTES, "creditMemo")):
        for row in ask(object):
            if not row["void"] and not row["deleted"]:
                open = row["amountRemaining"] if kind == INVOICES else None
                of, currency = row["entity"]["id"], row["currency"]["refName"]
                yield kind, _doc(row["tranId"], of, currency, row["total"], row["tranDate"], open)
    for row in ask("customerPayment"):
        if not row["void"] and not row["deleted"]:
            id = row["externalId"].partition("--")[2]
            yield PAYMENTS, _doc(id, "", row["currency"]["refName"], row["total"], row["tranDate"])


def _quickbooks(ask: Ask) -> Found:
    for kind, object in ((INVOICES, "Invoice"), (NOTES, "CreditMemo")):
        for row in ask(object):
            if not row["void"] and not row["deleted"]:
                open = row["Balance"] if kind == INVOICES else None
                of, currency = row["CustomerRef"]["value"], row["CurrencyRef"]["value"]
                yield kind, _doc(row["DocNumber"], of, currency, row["TotalAmt"], row["TxnDate"], open)
    for row in ask("Payment"):
        if not row["void"] and not row["deleted"] and Decimal(str(row["TotalAmt"])):
            currency = row["CurrencyRef"]["value"]
            yield PAYMENTS, _doc(row["PaymentRefNum"], "", currency, row["TotalAmt"], row["TxnDate"])


def _odoo(ask: Ask) -> Found:
    currencies = {row["id"]: row["name"] for row in ask("res.currency")}
    for row in ask("account.move"):
        kind = {"out_invoice": INVOICES, "out_refund": NOTES}.get(row["move_type"])
        if kind is not None and row["state"] != "cancel":
            open = row["amount_residual"] if kind == INVOICES else None
            id, currency = row["xmlid"].partition("-")[2], currencies[row["currency_id"]]
            yield kind, _doc(id, row["partner_id"], currency, row["amount_total"], row["invoice_date"], open)
    for row in ask("account.payment"):
        if row["state"] not in ("canceled", "cancelled"):
            id, currency = row["xmlid"].partition("-")[2], currencies[row["currency_id"]]
            yield PAYMENTS, _doc(id, "", currency, row["amount"], row["date"])


def _erpnext(ask: Ask) -> Found:
    for row in ask("Sales Invoice"):
        if row["docstatus"] != 2:
            kind, sign = (NOTES, -1) if row["is_return"] else (INVOICES, 1)
            open = None if row["is_return"] else row["outstanding_amount"]
            total = sign * Decimal(str(row["grand_total"]))
            yield kind, _doc(row["custom_billsync"], row["customer"], row["currency"], total, row["posting_date"], open)
    for row in ask("Payment Entry"):
        if row["docstatus"] != 2:
            currency, amount = row["paid_from_account_currency"], row["paid_amount"]
            yield PAYMENTS, _doc(row["custom_billsync"], "", currency, amount, row["posting_date"])


def _tryton(rpc: Rpc) -> Found:
    fields = ("reference", "state", "invoice_date", "total_amount", "amount_to_pay", "party", "currency.code")
    for row in rpc.find("account.invoice", [["type", "=", "out"]], *fields):
        if row["state"] != "cancelled":
            kind, sign = (NOTES, -1) if row["total_amount"] < 0 else (INVOICES, 1)
            open = row["amount_to_pay"] if kind == INVOICES else None
            total, currency = sign * row["total_amount"], row["currency."]["code"]
            yield kind, _doc(row["reference"], row["party"], currency, total, row["invoice_date"], open)
    for line in rpc.find("account.move.line", [["move.description", "like", "PAY-%"], ["credit", ">", 0]], "credit",
                         "date", "move.description", "move"):  # fmt: skip
        if not rpc.find("account.move.line", [["move.origin", "=", f"account.move,{line['move']}"]]):
            yield PAYMENTS, _doc(line["move."]["description"], "", "USD", line["credit"], line["date"])


READERS: Final[Mapping[str, Callable[[Ask], Found]]] = {
    "erpnext": _erpnext,
    "netsuite": _netsuite,
    "odoo": _odoo,
    "quickbooks": _quickbooks,
    "sandbox": _sandbox,
    "xero": _xero,
}
"""A draft or a half-made document counts too: it must not be left there."""
