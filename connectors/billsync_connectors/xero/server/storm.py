"""What many people do at once, drawn by lot from a seed: edits, payments, voids, archived contacts.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from billsync_connectors.xero.server.denied import Invalid
from billsync_connectors.xero.server.values import Row

if TYPE_CHECKING:
    from billsync_connectors.xero.server.house import House


class Storm:
    """Does what it draws; what Xero refuses is not done, and counts as refused."""

    def __init__(self, house: House, tenant: str, seed: int) -> None:
        self._house, self._tenant = house, tenant
        self._chance = Random(seed)  # noqa: S311  repeatable on purpose
        self._acts: list[tuple[str, int, Callable[[], Any]]] = [
            ("reference edited", 30, lambda: self._edit({"Reference": f"see mail {self._draw(999)} \U0001f4ce"})),
            ("line edited", 10, self._line),
            ("paid", 20, self._pay),
            ("payment deleted", 5, lambda: self._do("delete", "Payment", self._any("Payment"))),
            ("voided", 5, lambda: self._do("void", "Invoice", self._any("Invoice"))),
            ("contact edited", 15, self._contact),
            ("contact archived", 3, lambda: self._do("archive", "Contact", self._any("Contact"))),
            ("invoice by hand", 10, self._invoice),
            ("touched", 2, lambda: self._do("touch", "Invoice", self._any("Invoice"))),
        ]

    def blow(self, edits: int) -> Counter[str]:
        """So many acts; how often each was done."""
        done: Counter[str] = Counter()
        for name, _weight, act in self._chance.choices(self._acts, [weight for _, weight, _ in self._acts], k=edits):
            try:
                act()
            except Invalid:
                done["refused"] += 1
            else:
                done[name] += 1
        return done

    def _draw(self, most: int) -> int:
        return self._chance.randint(1, most)

    def _any(self, object: str) -> Row:
        rows = list(self._house.companies[self._tenant].books.all(object))
        if not rows:
            raise Invalid(f"there is no {object}")
        return self._chance.choice(rows)

    def _do(self, do: str, object: str, row: Row, **fields: Any) -> str:
        id = row.get(f"{object}ID", "")
        return self._house.by_hand(self._tenant, do, object, str(id), fields)

    def _edit(self, fields: dict[str, Any]) -> None:
        self._do("update", "Invoice", self._any("Invoice"), **fields)

    def _line(self) -> None:
        row = self._any("Invoice")
        lines = [{**line, "LineAmount": None, "TaxAmount": None} for line in row["LineItems"]]
        if lines:
            lines[0]["Quantity"] = Decimal(self._draw(9))
        self._do("update", "Invoice", row, LineItems=lines)

    def _pay(self) -> None:
        row = self._any("Invoice")
        amount = max(Decimal("0.01"), (row["AmountDue"] * self._draw(4) / 4).quantize(Decimal("0.01")))
        told = {"Invoice": {"InvoiceID": row["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": amount}
        self._do("create", "Payment", {}, **told)

    def _contact(self) -> None:
        self._do("update", "Contact", self._any("Contact"), FirstName=f"Ann {self._draw(99)}")

    def _invoice(self) -> None:
        line = {"Description": "by hand", "Quantity": 1, "UnitAmount": self._draw(500), "AccountCode": "200"}
        contact = {"ContactID": self._any("Contact")["ContactID"]}
        own = {"Type": "ACCREC", "Contact": contact, "Status": "AUTHORISED", "LineItems": [line]}
        self._do("create", "Invoice", {}, **own)
