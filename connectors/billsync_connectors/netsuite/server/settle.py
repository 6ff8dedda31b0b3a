"""What is open on an invoice, left of a credit or a payment, and owed by a customer.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.netsuite.server.denied import invalid, required, user
from billsync_connectors.netsuite.server.ledger import Ledger
from billsync_connectors.netsuite.server.shelf import Row
from billsync_connectors.netsuite.server.values import number, rounded

_ZERO: Final = Decimal(0)
_PAYING: Final = ("customerPayment", "creditMemo")


class Settle:
    """Keeps the balances; every method is called inside of a turn."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    # ------------------------------------------------------------ lines of `apply`

    def lines(self, sent: Sequence[Any], before: Sequence[Row], customer: str, own: str, *, replace: bool) -> list[Row]:
        """The lines, keyed by the document that they pay; one that is not applied any more goes.  Raises `Denied`."""
        found = {} if replace else {line["doc"]["id"]: line for line in before}
        for place, each in enumerate(sent):
            path = f"apply.items[{place}]"
            if not isinstance(each, Mapping) or not each.get("doc"):
                raise required("Doc", path)
            doc = self._doc(each["doc"], customer, f"{path}.doc")
            if each.get("apply") is False:
                found.pop(doc["id"], None)
                continue
            found[doc["id"]] = self._line(doc, each, own, path)
        return list(found.values())

    def _doc(self, sent: Any, customer: str, path: str) -> Row:
        id = str(sent.get("id", "")) if isinstance(sent, Mapping) else ""
        row = self._ledger.live("invoice", id)
        if row is None and isinstance(sent, Mapping) and sent.get("externalId"):
            row = self._ledger.by_external("invoice", str(sent["externalId"]))
        if row is None or row["entity"]["id"] != customer:
            raise invalid(id or sent, "doc", path)
        return row

    def _line(self, doc: Row, sent: Mapping[str, Any], own: str, path: str) -> Row:
        due = self.due(doc, but=own)
        amount = rounded(number("amount", sent.get("amount", due)), doc["_currency"])
        if amount <= 0 or amount > due:
            raise user(f"Apply amount cannot exceed the amount due ({due}).", path)
        reference = {"id": doc["id"], "refName": doc.get("tranId", "")}
        return {"doc": reference, "apply": True, "amount": amount, "line": Decimal(0), "total": doc["total"]}

    # ------------------------------------------------------------ balances

    def _on(self, id: str) -> Iterator[tuple[Row, Row]]:
        """Records that pay a document, with the line that does."""
        for kind in _PAYING:
            for row in self._ledger.every(kind):
                for line in row.get("apply", []):
                    if line["doc"]["id"] == id:
                        yield row, line

    def paid(self, id: str, *, but: str = "") -> Decimal:
        """How much is applied to a document, apart from one record."""
        return sum((line["amount"] for row, line in self._on(id) if row["id"] != but), _ZERO)

    def due(self, row: Row, *, but: str = "") -> Decimal:
        """What is open on it."""
        return _ZERO if row.get("_void") else row["total"] - self.paid(row["id"], but=but)

    def again(self, documents: set[str], customer: str) -> None:
        """Documents whose payments changed, and their customer."""
        for id in sorted(documents):
            row = self._ledger.live("invoice", id)
            if row is not None:
                self._ledger.touched(self.figured(row))
        self.customer(customer)

    def figured(self, row: Row) -> Row:
        """An invoice with what is open on it, and the state that follows."""
        left = self.due(row)
        status = "Voided" if row.get("_void") else "Open" if left else "Paid In Full"
        found = {**row, "amountRemaining": left, "amountPaid": row["total"] - left}
        return {**found, "status": {"id": status, "refName": status}}

    def let_go(self, id: str) -> None:
        """A document goes: what paid it is free again."""
        for row in {row["id"]: row for row, _ in self._on(id)}.values():
            lines = [line for line in row["apply"] if line["doc"]["id"] != id]
            self._ledger.kept(free({**row, "apply": lines}))

    def customer(self, id: str) -> None:
        """What a customer owes."""
        row = self._ledger.live("customer", id)
        if row is None:
            return
        invoices = (each["amountRemaining"] for each in self._of("invoice", "entity", id))
        credits = (each["unapplied"] for each in self._of("creditMemo", "entity", id))
        payments = (each["unapplied"] for each in self._of("customerPayment", "customer", id))
        balance = sum(invoices, _ZERO) - sum(credits, _ZERO) - sum(payments, _ZERO)
        if balance != row["balance"]:
            self._ledger.touched({**row, "balance": balance})

    def _of(self, kind: str, field: str, customer: str) -> Iterator[Row]:
        return (row for row in self._ledger.every(kind) if row[field]["id"] == customer)


def free(row: Row) -> Row:
    """A payment or a credit with what is left of it.  Raises `Denied`."""
    applied = sum((line["amount"] for line in row.get("apply", [])), _ZERO)
    if applied > row["total"]:
        raise user("The amount applied is more than the amount of this transaction.", "apply")
    left = row["total"] - applied
    found = {**row, "applied": applied, "unapplied": left}
    if row["_kind"] == "creditMemo":
        status = "Voided" if row.get("_void") else "Open" if left else "Fully Applied"
        return {**found, "amountRemaining": left, "status": {"id": status, "refName": status}}
    status = "Voided" if row.get("_void") else "Deposited"
    return {**found, "status": {"id": status, "refName": status}}
