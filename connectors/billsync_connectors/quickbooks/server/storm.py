"""What many people do at once, drawn by lot from a seed: edits, voids, deletes, payments, names.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from billsync_connectors.quickbooks.server.company import Company
from billsync_connectors.quickbooks.server.denied import Denied, not_found
from billsync_connectors.quickbooks.server.human import done
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_connectors.quickbooks.server.values import plain


class Storm:
    """Does what it draws; what the company refuses is not done, and counts as refused."""

    def __init__(self, company: Company, seed: int) -> None:
        self._company = company
        self._chance = Random(seed)  # noqa: S311  repeatable on purpose
        self._acts: list[tuple[str, int, Callable[[], Any]]] = [
            ("note", 30, self._note),
            ("line", 12, self._line),
            ("payment", 20, self._payment),
            ("void", 4, lambda: self._do("void", "Invoice", self._any("Invoice"))),
            ("delete", 4, lambda: self._do("delete", "Invoice", self._any("Invoice"))),
            ("unpay", 4, lambda: self._do("delete", "Payment", self._any("Payment"))),
            ("address", 10, self._address),
            ("rename", 4, self._rename),
            ("deactivate", 2, lambda: self._do("deactivate", "Customer", self._any("Customer"))),
            ("own invoice", 10, self._own),
        ]

    def blow(self, edits: int) -> Counter[str]:
        """So many acts; how often each was done."""
        counts: Counter[str] = Counter()
        for name, _weight, act in self._chance.choices(self._acts, [weight for _, weight, _ in self._acts], k=edits):
            try:
                act()
            except Denied:
                counts["refused"] += 1
                continue
            counts[name] += 1
        return counts

    def _any(self, kind: str) -> Row:
        rows = [row for row in self._company.books.every(kind) if not row.get("_void")]
        if not rows:
            raise not_found()
        return self._chance.choice(rows)

    def _do(self, do: str, kind: str, row: Mapping[str, Any], **fields: Any) -> Row:
        return done(self._company, {"do": do, "object": kind, "id": row.get("Id", ""), "fields": fields})

    def _note(self) -> None:
        self._do(
            "update", "Invoice", self._any("Invoice"), PrivateNote=f"called, {self._chance.randint(1, 999)} \U0001f4de"
        )

    def _line(self) -> None:
        """Somebody changes a price, so that the total is another one."""
        row = self._any("Invoice")
        lines = [dict(line) for line in row["Line"] if line["DetailType"] != "SubTotalLineDetail"]
        detail = {**lines[0].get("SalesItemLineDetail", {}), "UnitPrice": self._chance.randint(1, 500), "Qty": 1}
        lines[0] = {**lines[0], "SalesItemLineDetail": detail, "Amount": detail["UnitPrice"]}
        self._do("update", "Invoice", row, Line=lines)

    def _payment(self) -> None:
        row = self._any("Invoice")
        amount = plain(row["Balance"])
        line = {"Amount": amount, "LinkedTxn": [{"TxnId": row["Id"], "TxnType": "Invoice"}]}
        self._do("create", "Payment", {}, CustomerRef=row["CustomerRef"], TotalAmt=amount, Line=[line])

    def _address(self) -> None:
        line = {"Line1": f"{self._chance.randint(1, 99)} Hill Street", "City": "Bayshore"}
        self._do("update", "Customer", self._any("Customer"), BillAddr=line)

    def _rename(self) -> None:
        row = self._any("Customer")
        self._do("update", "Customer", row, DisplayName=f"{row['DisplayName'][:400]} {self._chance.randint(1, 99)}")

    def _own(self) -> None:
        """An invoice that nobody but a person made."""
        detail = {"ItemRef": {"value": "1"}, "UnitPrice": self._chance.randint(1, 900), "Qty": 1}
        code = next((row["Id"] for row in self._company.books.every("TaxCode")), "")
        if self._company.settings.country != "US":
            detail["TaxCodeRef"] = {"value": code}
        line = {"DetailType": "SalesItemLineDetail", "Amount": detail["UnitPrice"], "SalesItemLineDetail": detail}
        customer = {"value": self._any("Customer")["Id"]}
        self._do("create", "Invoice", {}, CustomerRef=customer, Line=[line])
