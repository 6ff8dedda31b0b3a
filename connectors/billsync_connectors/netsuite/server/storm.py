"""What many people do at once, drawn by lot from a seed: edits, voids, deletes, payments, names.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from billsync_connectors.netsuite.server.account import Account
from billsync_connectors.netsuite.server.denied import Denied, not_found
from billsync_connectors.netsuite.server.human import done
from billsync_connectors.netsuite.server.shelf import Row


class Storm:
    """Does what it draws; what the account refuses is not done, and counts as refused."""

    def __init__(self, account: Account, seed: int) -> None:
        self._account = account
        self._chance = Random(seed)  # noqa: S311  repeatable on purpose
        self._acts: list[tuple[str, int, Callable[[], Any]]] = [
            ("memo", 30, self._memo),
            ("line", 12, self._line),
            ("payment", 20, self._payment),
            ("void", 4, lambda: self._do("void", "invoice", self._any("invoice"))),
            ("delete", 4, lambda: self._do("delete", "invoice", self._any("invoice"))),
            ("unpay", 4, lambda: self._do("delete", "customerPayment", self._any("customerPayment"))),
            ("phone", 10, self._phone),
            ("rename", 4, self._rename),
            ("deactivate", 2, lambda: self._do("deactivate", "customer", self._any("customer"))),
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
        rows = [row for row in self._account.ledger.every(kind) if not row.get("_void")]
        if not rows:
            raise not_found(kind, "any")
        return self._chance.choice(rows)

    def _do(self, do: str, kind: str, row: Row, **fields: Any) -> Row:
        return done(self._account, {"do": do, "object": kind, "id": row.get("id", ""), "fields": fields})

    def _memo(self) -> None:
        self._do("update", "invoice", self._any("invoice"), memo=f"called, {self._chance.randint(1, 999)} \U0001f4de")

    def _items(self) -> dict[str, Any]:
        line: dict[str, Any] = {"item": {"id": "98"}, "quantity": 1, "rate": self._chance.randint(1, 500)}
        if self._account.settings.nexus != "US":
            line["taxCode"] = {"id": "2"}
        return {"items": [line]}

    def _line(self) -> None:
        """Somebody changes the lines, so that the total is another one."""
        self._do("update", "invoice", self._any("invoice"), item=self._items())

    def _payment(self) -> None:
        row = self._any("invoice")
        apply = {"items": [{"doc": {"id": row["id"]}, "amount": row["amountRemaining"]}]}
        self._do("create", "customerPayment", {}, customer=row["entity"], payment=row["amountRemaining"], apply=apply)

    def _phone(self) -> None:
        self._do("update", "customer", self._any("customer"), phone=f"+1 555 {self._chance.randint(0, 9999)}")

    def _rename(self) -> None:
        row = self._any("customer")
        name = f"{row['companyName'][:60]} {self._chance.randint(1, 99)}"
        self._do("update", "customer", row, companyName=name, entityId=name)

    def _own(self) -> None:
        """An invoice that nobody but a person made."""
        self._do("create", "invoice", {}, entity={"id": self._any("customer")["id"]}, item=self._items())
