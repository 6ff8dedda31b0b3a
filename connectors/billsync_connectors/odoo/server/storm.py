"""What many people do at once, drawn by lot from a seed: edits, payments, back to draft, archived partners.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from billsync_connectors.odoo.server.denied import Denied, UserError
from billsync_connectors.odoo.server.values import Row

if TYPE_CHECKING:
    from billsync_connectors.odoo.server.house import House


class Storm:
    """Does what it draws; what Odoo refuses is not done, and counts as refused."""

    def __init__(self, house: House, seed: int) -> None:
        self._house, self._chance = house, Random(seed)  # noqa: S311  repeatable on purpose
        self._acts: list[tuple[str, int, Callable[[], Any]]] = [
            (
                "reference edited",
                25,
                lambda: self._write("account.move", {"ref": f"see mail {self._draw(999)} \U0001f4ce"}),
            ),
            ("line edited", 10, self._line),
            ("paid", 20, self._pay),
            ("payment cancelled", 5, lambda: self._do("account.payment", "action_cancel")),
            ("back to draft", 5, lambda: self._do("account.move", "button_draft")),
            ("cancelled", 4, lambda: self._do("account.move", "button_cancel")),
            ("partner edited", 15, lambda: self._write("res.partner", {"phone": f"+49 30 {self._draw(9999)}"})),
            ("partner archived", 3, lambda: self._do("res.partner", "action_archive")),
            ("invoice by hand", 10, self._invoice),
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

    def _any(self, model: str) -> Row:
        rows = [
            row for row in self._house.orm.all(model) if model != "account.move" or row["move_type"] == "out_invoice"
        ]
        if not rows:
            raise UserError(f"there is no {model}")
        return self._chance.choice(rows)

    def _do(self, model: str, method: str, **given: Any) -> Any:
        return self._house.by_hand(model, method, {"ids": [self._any(model)["id"]], **given})

    def _write(self, model: str, values: Row) -> None:
        self._do(model, "write", vals=values)

    def _line(self) -> None:
        rows = [row for row in self._house.orm.all("account.move.line") if row["display_type"] == "product"]
        if rows:
            id = self._chance.choice(rows)["id"]
            self._house.by_hand("account.move.line", "write", {"ids": [id], "vals": {"quantity": self._draw(9)}})

    def _pay(self) -> None:
        move = self._any("account.move")
        context = {"active_model": "account.move", "active_ids": [move["id"]]}
        part = {"amount": max(1, int(move["amount_residual"] * self._draw(4) / 4))} if self._draw(3) > 1 else {}
        made = self._house.by_hand("account.payment.register", "create", {"vals_list": [part], "context": context})
        self._house.by_hand("account.payment.register", "action_create_payments", {"ids": made})

    def _invoice(self) -> None:
        line = [0, 0, {"name": "by hand", "quantity": 1, "price_unit": self._draw(500)}]
        told = {"move_type": "out_invoice", "partner_id": self._any("res.partner")["id"], "invoice_line_ids": [line]}
        made = self._house.by_hand("account.move", "create", {"vals_list": [told]})
        self._house.by_hand("account.move", "action_post", {"ids": made})
