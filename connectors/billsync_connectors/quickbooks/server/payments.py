"""Payments, and what they are applied to; one of nothing applies a credit memo.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.books import Books, merged
from billsync_connectors.quickbooks.server.clock import stamp
from billsync_connectors.quickbooks.server.denied import Denied, business, required, unsupported
from billsync_connectors.quickbooks.server.kinds import REFERENCES, SALES, known
from billsync_connectors.quickbooks.server.settle import Settle, free_amount
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_connectors.quickbooks.server.values import cents, day, number, short

_COMPUTED: Final = ("UnappliedAmt", "MetaData", "LinkedTxn")
_UNDEPOSITED: Final = "4"
_LENGTHS: Final = {"PaymentRefNum": 21, "PrivateNote": 4000}


class Payments:
    """Writes them; every method raises `Denied`."""

    def __init__(self, books: Books, settle: Settle) -> None:
        self._books, self._settle = books, settle

    def create(self, sent: Mapping[str, Any]) -> Row:
        """A new one."""
        row = self._whole(self._read(sent, {}), sent.get("Line") or [], "")
        self._books.opened(row["TxnDate"])
        return self._settled(self._books.made("Payment", row), set())

    def update(self, sent: Mapping[str, Any]) -> Row:
        """A changed one; the lines are replaced as a whole."""
        before = self._books.need("Payment", sent.get("Id"))
        self._books.stale(before, sent)
        row = merged(before, self._read(sent, before), ("TotalAmt", *_COMPUTED))
        sparse = sent.get("sparse") in (True, "true")
        lines = sent.get("Line") if "Line" in sent or not sparse else before["Line"]
        row = self._whole(row, lines or [], before["Id"])
        self._books.opened(before["TxnDate"], row["TxnDate"])
        return self._settled(self._books.kept("Payment", row), _links(before))

    def void(self, sent: Mapping[str, Any]) -> Row:
        """One that is kept, and worth nothing."""
        before = self._books.need("Payment", sent.get("Id"))
        self._books.stale(before, sent)
        self._books.opened(before["TxnDate"])
        note = "\n".join(text for text in ("Voided", before.get("PrivateNote")) if text)
        nothing = {"TotalAmt": Decimal(0), "UnappliedAmt": Decimal(0), "Line": [], "PrivateNote": note, "_void": True}
        return self._settled(self._books.kept("Payment", {**before, **nothing}), _links(before))

    def delete(self, sent: Mapping[str, Any]) -> Row:
        """Take one away."""
        before = self._books.need("Payment", sent.get("Id"))
        self._books.stale(before, sent)
        self._books.opened(before["TxnDate"])
        return self._settled(self._books.gone("Payment", before), _links(before))

    def _settled(self, row: Row, before: set[tuple[str, str]]) -> Row:
        self._settle.again(before | (set() if row.get("_deleted") else _links(row)))
        self._settle.customer(row["CustomerRef"]["value"])
        return row

    # ------------------------------------------------------------ what was sent

    def _read(self, sent: Mapping[str, Any], before: Row) -> Row:
        known("Payment", sent)
        found: Row = {}
        for name, value in sent.items():
            if value in (None, "") or name in _COMPUTED or name == "Line":
                continue
            found[name] = self._value(name, value, before)
        return found

    def _value(self, name: str, value: Any, before: Row) -> Any:
        if name in _LENGTHS:
            return short(name, value, _LENGTHS[name])
        if name in ("TotalAmt", "ExchangeRate"):
            return number(name, value)
        if name == "TxnDate":
            return day(name, value)
        if name in REFERENCES:
            same = isinstance(before.get(name), Mapping) and value.get("value") == before[name]["value"]
            return self._books.reference(REFERENCES[name], value, inactive=same)
        return value

    def _whole(self, row: Row, lines: Any, own: str) -> Row:
        if not row.get("CustomerRef"):
            raise required("CustomerRef")
        if row.get("TotalAmt") is None:
            raise required("TotalAmt")
        if row["TotalAmt"] < 0:
            raise Denied(2140, "Invalid Amount", "Invalid Amount : a payment is not negative", element="TotalAmt")
        today = stamp(self._books.clock.now(), self._books.settings.zone)[:10]
        customer = self._books.need("Customer", row["CustomerRef"]["value"])
        self._currency(row, customer)
        deposit = {"value": _UNDEPOSITED}
        first = {"TxnDate": today, "DepositToAccountRef": deposit, "ProcessPayment": False}
        applied = [self._line(line, customer["Id"], own) for line in lines]
        links = [line["LinkedTxn"][0]["TxnId"] for line in applied]
        if len(set(links)) < len(links):
            raise business("A transaction is linked to more than one line of the payment")
        total = cents(row["TotalAmt"])
        free = free_amount(total, applied)
        if free < 0:
            raise business("The amount applied is more than the payment and the credits on it")
        own_currency = {"CurrencyRef": dict(customer["CurrencyRef"])}
        return {**first, **row, **own_currency, "TotalAmt": total, "UnappliedAmt": free, "Line": applied}

    def _currency(self, row: Row, customer: Row) -> None:
        code = (row.get("CurrencyRef") or customer["CurrencyRef"]).get("value")
        if code != customer["CurrencyRef"]["value"]:
            raise business(f"The currency of the payment, {code}, is not the customer's")

    def _line(self, sent: Any, customer: str, own: str) -> dict[str, Any]:
        """One document that is paid, or one credit that is used."""
        if not isinstance(sent, Mapping):
            raise unsupported("Line")
        links = sent.get("LinkedTxn") or []
        if len(links) != 1:
            raise required("Line.LinkedTxn")
        kind, id = str(links[0].get("TxnType", "")), str(links[0].get("TxnId", ""))
        row = self._books.live(kind, id) if kind in SALES else None
        if row is None or row["CustomerRef"]["value"] != customer:
            told = f"The Txn ID {id} cannot be linked"
            raise Denied(620, "Txn ID Cannot Be Linked", told, element="LinkedTxn")
        amount = cents(number("Line.Amount", sent.get("Amount")))
        left = self._settle.open(row, but=own)
        if amount <= 0 or amount > left:
            raise business(f"The amount {amount} cannot be applied to {kind} {id}: {left} of it is open")
        return {"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": kind}]}


def _links(row: Row) -> set[tuple[str, str]]:
    return {(link["TxnType"], link["TxnId"]) for line in row.get("Line", []) for link in line["LinkedTxn"]}
