"""What many people do at once, drawn by lot from a seed: edits, payments, cancellations.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from billsync_connectors.erpnext.server.denied import Denied, invalid
from billsync_connectors.erpnext.server.values import Row

if TYPE_CHECKING:
    from billsync_connectors.erpnext.server.house import House


class Storm:
    """Does what it draws; what the site refuses is not done, and counts as refused."""

    def __init__(self, house: House, seed: int) -> None:
        self._house, self._chance = house, Random(seed)  # noqa: S311  repeatable on purpose
        self._acts: list[tuple[str, int, Callable[[], Any]]] = [
            (
                "remarks edited",
                25,
                lambda: self._do("update", "Sales Invoice", remarks=f"see mail {self._draw(999)} \U0001f4ce"),
            ),
            ("paid", 25, self._pay),
            ("payment cancelled", 5, lambda: self._do("cancel", "Payment Entry")),
            ("invoice cancelled", 5, lambda: self._do("cancel", "Sales Invoice")),
            ("customer edited", 15, lambda: self._do("update", "Customer", mobile_no=f"+49 30 {self._draw(9999)}")),
            ("customer disabled", 3, lambda: self._do("update", "Customer", disabled=1)),
            ("invoice by hand", 12, self._invoice),
            ("draft deleted", 3, lambda: self._do("delete", "Sales Invoice")),
        ]

    def blow(self, edits: int) -> Counter[str]:
        """So many acts; how often each was done."""
        done: Counter[str] = Counter()
        for name, _weight, act in self._chance.choices(self._acts, [weight for _, weight, _ in self._acts], k=edits):
            try:
                with self._house.shelf.turn():
                    act()
            except Denied:
                done["refused"] += 1
            else:
                done[name] += 1
        return done

    def _draw(self, most: int) -> int:
        return self._chance.randint(1, most)

    def _any(self, doctype: str) -> Row:
        rows = list(self._house.documents.all(doctype))
        if not rows:
            raise invalid(f"there is no {doctype}")
        return self._chance.choice(rows)

    def _do(self, do: str, doctype: str, **fields: Any) -> str:
        return self._house.by_hand(do, doctype, str(self._any(doctype)["name"]), fields)

    def _pay(self) -> None:
        told = self._house.selling.payment_for({"dt": "Sales Invoice", "dn": self._any("Sales Invoice")["name"]})
        part = max(1, int(told["paid_amount"] * self._draw(4) / 4))
        told["references"][0]["allocated_amount"] = told["paid_amount"] = told["received_amount"] = part
        name = self._house.by_hand(
            "create", "Payment Entry", "", {**told, "reference_no": "x", "reference_date": "2026-01-01"}
        )
        self._house.by_hand("submit", "Payment Entry", name, {})

    def _invoice(self) -> None:
        item = {"item_name": "by hand", "qty": 1, "rate": self._draw(500)}
        told = {"customer": self._any("Customer")["name"], "items": [item], "docstatus": 1}
        self._house.by_hand("create", "Sales Invoice", "", told)
