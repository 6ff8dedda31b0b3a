"""Payments, the wizard that registers them, and the wizard that reverses invoices.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from billsync_connectors.odoo.server.denied import UserError
from billsync_connectors.odoo.server.moves import Moves
from billsync_connectors.odoo.server.orm import Orm
from billsync_connectors.odoo.server.settings import Settings
from billsync_connectors.odoo.server.values import Row

_NOTHING = "You can't register a payment because there is nothing left to pay on the selected journal items."


class Payments:
    """What account.payment and the two wizards do."""

    def __init__(self, orm: Orm, moves: Moves, settings: Any) -> None:
        self._orm, self._moves, self._settings = orm, moves, settings
        orm.fill["account.payment"] = self._filled
        orm.gone["account.payment"] = self._deleted

    def _filled(self, values: Mapping[str, Any]) -> Row:
        company = self._orm.row("res.company", 1)
        bank = next(row["id"] for row in self._orm.all("account.journal") if row["type"] == "bank")
        return {"journal_id": bank, "currency_id": company["currency_id"], "date": self._orm.today()}

    def _deleted(self, row: Row) -> None:
        if row["state"] not in ("draft", "canceled"):
            raise UserError("You can only delete draft payments.")

    # ------------------------------------------------------------ one payment

    def post(self, ids: Sequence[int]) -> bool:
        """Book a payment; what it pays is not said yet."""
        for id in ids:
            row = self._orm.row("account.payment", id)
            if row["state"] != "draft":
                raise UserError("Only a draft payment can be posted.")
            if row["amount"] <= 0:
                raise UserError("The payment amount must be strictly positive.")
            move = self._entry(row)
            name = self._orm.row("account.move", move)["name"]
            self._orm.put("account.payment", id, {"move_id": move, "name": name, "state": self._state()})
        return False

    def _state(self) -> str:
        settings: Settings = self._settings()
        if settings.version < 18:
            return "posted"
        return "in_process" if settings.in_payment else "paid"

    def _entry(self, row: Row) -> int:
        """The journal entry of a payment, with the line that can be reconciled."""
        told = {
            "move_type": "entry",
            "journal_id": row["journal_id"],
            "date": row["date"],
            "partner_id": row["partner_id"],
        }
        reference = row.get("memo", row.get("ref"))
        move = self._orm.create("account.move", {**told, "currency_id": row["currency_id"], "ref": reference})
        account = self._orm.by("account.account", "account_type", "asset_receivable")[0]["id"]
        line = {"move_id": move, "display_type": "payment_term", "account_id": account, "name": reference or "Payment"}
        made = self._orm.create("account.move.line", line)
        partner = self._orm.get("res.partner", row["partner_id"])
        amount = {"amount_currency": row["amount"], "amount_residual": row["amount"], "currency_id": row["currency_id"]}
        own = {"partner_id": partner["commercial_partner_id"] if partner else False, "quantity": Decimal(0)}
        self._orm.put("account.move.line", made, {**amount, **own})
        self._orm.put("account.move", move, {"amount_total": row["amount"], "amount_untaxed": row["amount"]})
        self._moves.post([move])
        return move

    def draft(self, ids: Sequence[int]) -> bool:
        """Back to draft: it pays nothing any more."""
        for id in ids:
            row = self._orm.row("account.payment", id)
            if row["move_id"]:
                self._moves.draft([row["move_id"]])
                self._moves.cancel([row["move_id"]])
            told = {"state": "draft", "move_id": False, "reconciled_invoice_ids": [], "is_reconciled": False}
            self._orm.put("account.payment", id, told)
        return False

    def cancel(self, ids: Sequence[int]) -> bool:
        """Cancel, from any state."""
        for id in ids:
            if self._orm.row("account.payment", id)["state"] not in ("draft", "canceled"):
                self.draft([id])
            self._orm.put("account.payment", id, {"state": "canceled"})
        return False

    def match(self, ids: Sequence[int]) -> None:
        """The bank's statement has it, as people find out."""
        for id in ids:
            row = self._orm.put("account.payment", id, {"is_matched": True})
            if self._settings().version >= 18:
                self._orm.put("account.payment", id, {"state": "paid"})
            for invoice in row["reconciled_invoice_ids"]:
                self._moves.settle(invoice)

    # ------------------------------------------------------------ the wizard that pays

    def _asked(self, wizard: Row) -> list[int]:
        """The invoices of a wizard: in its lines, or in the context that it is called with."""
        lines = [self._orm.row("account.move.line", line)["move_id"] for line in wizard["line_ids"]]
        return list(dict.fromkeys(lines))

    def opened(self, context: Mapping[str, Any]) -> Row:
        """What a new wizard has by its context: lines, amount, day.  Raises `UserError`."""
        if context.get("active_model") == "account.move.line":
            lines = [int(id) for id in context.get("active_ids", [])]
        else:
            moves = [self._orm.row("account.move", id) for id in context.get("active_ids", [])]
            if any(move["state"] != "posted" for move in moves):
                raise UserError("You can only register payments for posted journal entries.")
            found = [self._moves.open_line(move["id"]) for move in moves]
            lines = [line["id"] for line in found if line is not None]
        rows = [self._orm.row("account.move.line", id) for id in lines]
        left = sum((row["amount_residual"] for row in rows), Decimal(0))
        if not rows or not left:
            raise UserError(_NOTHING)
        if len({row["currency_id"] for row in rows}) > 1:
            raise UserError("You can't register payments for entries of different currencies at once.")
        return {
            "line_ids": [[6, 0, lines]],
            "amount": left,
            "payment_date": self._orm.today(),
            "currency_id": rows[0]["currency_id"],
        }

    def register(self, ids: Sequence[int]) -> Row:
        """Pay what the wizard is about; gives the action that shows the payment, or the payments.

        Several invoices are paid one by one, each to the last cent, unless the wizard groups them.
        """
        wizard = self._orm.row("account.payment.register", ids[0])
        invoices = self._asked(wizard)
        self._moves.unlocked(wizard["payment_date"])
        if len(invoices) == 1 or wizard["group_payment"]:
            made = [self._paid(wizard, invoices, wizard["amount"])]
        else:
            made = [self._paid(wizard, [id], self._orm.row("account.move", id)["amount_residual"]) for id in invoices]
        if wizard["payment_difference_handling"] == "reconcile":
            self._written_off(invoices)
        action: Row = {"type": "ir.actions.act_window", "name": "Payments", "res_model": "account.payment"}
        return action | (
            {"res_id": made[0], "view_mode": "form"} if len(made) == 1 else {"domain": [["id", "in", made]]}
        )

    def _paid(self, wizard: Row, invoices: Sequence[int], amount: Decimal) -> int:
        """One payment, posted and applied."""
        first = self._orm.row("account.move", invoices[0])
        refund = first["move_type"] == "out_refund"
        memo = wizard["communication"] or first["payment_reference"] or first["name"]
        told: Row = {
            "payment_type": "outbound" if refund else "inbound", "partner_id": first["partner_id"],
            "date": wizard["payment_date"], "amount": amount, "currency_id": wizard["currency_id"],
            "memo" if self._settings().version >= 18 else "ref": memo,
        }  # fmt: skip
        told |= {"journal_id": wizard["journal_id"]} if wizard["journal_id"] else {}
        payment = self._orm.create("account.payment", told)
        self.post([payment])
        self._applied(payment, invoices, refund=refund)
        return payment

    def _applied(self, payment: int, invoices: Sequence[int], *, refund: bool) -> None:
        row = self._orm.row("account.payment", payment)
        own = self._moves.open_line(row["move_id"])
        assert own is not None
        for invoice in invoices:
            line = self._moves.open_line(invoice)
            if line is not None and not line["reconciled"]:
                pair = (own["id"], line["id"]) if refund else (line["id"], own["id"])
                self._moves._pair(*pair)  # noqa: SLF001  one accountant
        told = {"reconciled_invoice_ids": list(invoices), "is_reconciled": True}
        self._orm.put("account.payment", payment, told)
        for move in (*invoices, row["move_id"]):
            self._moves.settle(move)

    def _written_off(self, invoices: Sequence[int]) -> None:
        """What is left of each is taken as paid by an entry of its own."""
        for invoice in invoices:
            left = self._orm.row("account.move", invoice)["amount_residual"]
            if left > 0:
                journal = next(row["id"] for row in self._orm.all("account.journal") if row["type"] == "general")
                row: Row = {"journal_id": journal, "date": self._orm.today(), "amount": left, "memo": "Write-Off"}
                move = self._orm.row("account.move", invoice)
                entry = self._entry({**row, "partner_id": move["partner_id"], "currency_id": move["currency_id"]})
                own, line = self._moves.open_line(entry), self._moves.open_line(invoice)
                assert own is not None
                assert line is not None
                self._moves._pair(line["id"], own["id"])  # noqa: SLF001  one accountant
                self._moves.settle(invoice)

    def assign(self, invoice: int, line: int) -> bool:
        """An outstanding credit on an invoice."""
        own = self._moves.open_line(invoice)
        if own is None:
            raise UserError("There is nothing to pay on this entry.")
        return self._moves.reconcile([own["id"], line])

    # ------------------------------------------------------------ the wizard that reverses

    def reverse(self, ids: Sequence[int], *, cancels: bool) -> Row:
        """Credit notes for invoices, as drafts; or posted at once and reconciled with them."""
        wizard = self._orm.row("account.move.reversal", ids[0])
        made = [self._reversed(self._orm.row("account.move", move), wizard) for move in wizard["move_ids"]]
        self._orm.put("account.move.reversal", wizard["id"], {"new_move_ids": made})
        if cancels:
            self._moves.post(made)
            for old, new in zip(wizard["move_ids"], made, strict=True):
                lines = [self._moves.open_line(each) for each in (old, new)]
                self._moves.reconcile([line["id"] for line in lines if line is not None and not line["reconciled"]])
        action: Row = {"type": "ir.actions.act_window", "res_model": "account.move", "name": "Reverse Moves"}
        return action | (
            {"res_id": made[0], "view_mode": "form"} if len(made) == 1 else {"domain": [["id", "in", made]]}
        )

    def _reversed(self, move: Row, wizard: Row) -> int:
        if move["state"] != "posted":
            raise UserError("You can only reverse posted moves.")
        day = wizard["date"] or self._orm.today()
        lines = [
            self._copied(line)
            for line in self._moves.lines(move["id"])
            if line["display_type"] not in ("tax", "payment_term")
        ]
        reference = f"Reversal of: {move['name']}" + (f", {wizard['reason']}" if wizard["reason"] else "")
        told = {"move_type": "out_refund", "partner_id": move["partner_id"], "invoice_date": day, "ref": reference}
        told |= {"reversed_entry_id": move["id"], "currency_id": move["currency_id"], "invoice_line_ids": lines}
        made = self._orm.create("account.move", told)
        self._moves.completed([made])
        return made

    def _copied(self, line: Row) -> list[Any]:
        names = ("name", "sequence", "display_type", "product_id", "quantity", "price_unit", "discount", "account_id")
        return [0, 0, {**{name: line[name] for name in names}, "tax_ids": [[6, 0, line["tax_ids"]]]}]
