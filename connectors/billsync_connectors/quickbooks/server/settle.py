"""What is open on an invoice, left of a credit memo, and owed by a customer, as payments have it.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.books import Books
from billsync_connectors.quickbooks.server.denied import business
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_connectors.quickbooks.server.values import cents

_ZERO: Final = Decimal(0)


class Settle:
    """Keeps the balances; every method is called inside of a turn."""

    def __init__(self, books: Books) -> None:
        self._books = books

    # ------------------------------------------------------------ documents

    def fresh(self, kind: str, row: Row) -> Row:
        """A document that was just made: all of it is open."""
        found = {**row, **self._figures(kind, row, _ZERO)}
        self._books.shelf.put(kind, found)
        self.customer(row["CustomerRef"]["value"])
        if kind == "Invoice" and self._books.settings.auto_apply_credits:
            self._use_credits(found)
        return self._books.need(kind, row["Id"])

    def renewed(self, kind: str, row: Row) -> Row:
        """A document whose total or payments changed."""
        paid = self.applied(row["Id"])
        links = [{"TxnId": payment["Id"], "TxnType": "Payment"} for payment, _ in self._on(row["Id"])]
        found = {**row, **self._figures(kind, row, paid), "LinkedTxn": links}
        self._books.shelf.put(kind, found)
        self.customer(row["CustomerRef"]["value"])
        return found

    def fits(self, row: Row, before: Row) -> None:
        """Whether what is applied still has room.  Raises `Denied`."""
        if self.applied(row["Id"]) > row["TotalAmt"]:
            raise business("The amount applied to this transaction is more than its total")
        if row["CustomerRef"]["value"] != before["CustomerRef"]["value"] and self.applied(row["Id"]):
            raise business("You can't change the customer of a transaction with payments")

    def _figures(self, kind: str, row: Row, paid: Decimal) -> dict[str, Any]:
        left = cents(row["TotalAmt"] - paid)
        found: dict[str, Any] = {"Balance": left}
        if kind == "CreditMemo":
            found["RemainingCredit"] = left
        if row["CurrencyRef"]["value"] != self._books.settings.home_currency:
            rate = row.get("ExchangeRate") or Decimal(1)
            found.update(HomeTotalAmt=cents(row["TotalAmt"] * rate), HomeBalance=cents(left * rate))
        return found

    # ------------------------------------------------------------ payments

    def _on(self, id: str) -> Iterator[tuple[Row, Decimal]]:
        """Payments on a document, and how much of each."""
        for payment in self._books.every("Payment"):
            for line in payment.get("Line", []):
                if any(link["TxnId"] == id for link in line["LinkedTxn"]):
                    yield payment, line["Amount"]

    def applied(self, id: str, *, but: str = "") -> Decimal:
        """How much is applied to a document, apart from one payment."""
        return sum((amount for payment, amount in self._on(id) if payment["Id"] != but), _ZERO)

    def open(self, row: Row, *, but: str = "") -> Decimal:
        """What can still be applied to a document."""
        return cents(row["TotalAmt"] - self.applied(row["Id"], but=but))

    def again(self, links: set[tuple[str, str]]) -> None:
        """Documents whose payments changed: they are stamped anew, their SyncToken stays."""
        for kind, id in sorted(links):
            row = self._books.live(kind, id)
            if row is not None:
                self.renewed(kind, self._books.touched(kind, row))

    def let_go(self, id: str) -> None:
        """A document goes: what was paid on it is free again."""
        others: set[tuple[str, str]] = set()
        for payment in {payment["Id"]: payment for payment, _ in self._on(id)}.values():
            lines = [line for line in payment["Line"] if all(link["TxnId"] != id for link in line["LinkedTxn"])]
            lines = lines if payment["TotalAmt"] else []  # a credit that was applied is free too
            gone = [line for line in payment["Line"] if line not in lines]
            others |= {(link["TxnType"], link["TxnId"]) for line in gone for link in line["LinkedTxn"]}
            free = free_amount(payment["TotalAmt"], lines)
            self._books.kept("Payment", {**payment, "Line": lines, "UnappliedAmt": free})
        self.again({link for link in others if link[1] != id})

    def _use_credits(self, invoice: Row) -> None:
        """What a company may have QuickBooks do by itself: the customer's credit memos go onto the new invoice."""
        customer = invoice["CustomerRef"]["value"]
        for credit in list(self._books.every("CreditMemo")):
            amount = min(self.open(credit), self.open(self._books.need("Invoice", invoice["Id"])))
            if credit["CustomerRef"]["value"] != customer or amount <= 0:
                continue
            pairs = (("Invoice", invoice["Id"]), ("CreditMemo", credit["Id"]))
            lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": kind}]} for kind, id in pairs]
            row = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": _ZERO, "UnappliedAmt": _ZERO, "Line": lines,
                   "TxnDate": invoice["TxnDate"], "CurrencyRef": invoice["CurrencyRef"], "ProcessPayment": False,
                   "PrivateNote": "Created by QB Online to link credits to charges."}  # fmt: skip
            self._books.made("Payment", row)
            self.again(set(pairs))

    # ------------------------------------------------------------ customers

    def customer(self, id: str) -> None:
        """What a customer owes: open invoices less credits and payments that are not applied."""
        row = self._books.live("Customer", id)
        if row is None:
            return
        owed = self._sum("Invoice", "Balance", id) - self._sum("CreditMemo", "Balance", id)
        owed -= self._sum("Payment", "UnappliedAmt", id)
        if row["Balance"] != owed:
            changed = {**row, "Balance": owed, "BalanceWithJobs": owed}
            self._books.touched("Customer", changed)

    def _sum(self, kind: str, field: str, customer: str) -> Decimal:
        rows = (row for row in self._books.every(kind) if row["CustomerRef"]["value"] == customer)
        return sum((row.get(field, _ZERO) for row in rows), _ZERO)


def free_amount(total: Decimal, lines: list[dict[str, Any]]) -> Decimal:
    """What a payment has left: its total and the credits on it, less the invoices on it."""
    left = total
    for line in lines:
        sign = 1 if line["LinkedTxn"][0]["TxnType"] == "CreditMemo" else -1
        left += sign * line["Amount"]
    return cents(left)
