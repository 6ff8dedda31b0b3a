"""Invoices and credit notes: sums, numbers, posting, back to draft, cancelled; what is open on each.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.odoo.server.denied import UserError, ValidationError
from billsync_connectors.odoo.server.orm import Orm
from billsync_connectors.odoo.server.settings import Settings
from billsync_connectors.odoo.server.taxes import Line, Tax, computed
from billsync_connectors.odoo.server.values import Row

SALES: Final = ("out_invoice", "out_refund")
_LEGAL: Final = {
    "invoice_line_ids", "line_ids", "partner_id", "invoice_date", "date", "currency_id", "journal_id", "move_type",
    "name", "invoice_payment_term_id", "company_id",
}  # fmt: skip
_STRICT: Final = (
    "You cannot do this modification on a posted journal entry, you can just change some non legal fields. "
    "You must reset the journal entry to draft to change it."
)
_NEGATIVE: Final = (
    "You cannot validate an invoice with a negative total amount. You should create a credit note instead. "
    "Use the action menu to transform it into a credit note or refund."
)
_KEPT: Final = (
    "You can't delete a posted journal item. Don’t play games with your accounting records; "
    "reset the journal entry to draft before deleting it."
)
_AUTO: Final = ("tax", "payment_term")


class Moves:
    """What account.move does beyond keeping records."""

    def __init__(self, orm: Orm, settings: Any) -> None:
        self._orm, self._settings = orm, settings
        self.force = False
        orm.before["account.move"] = self._before
        orm.before["account.move.line"] = self._before_line
        orm.fill["account.move.line"] = self._filled
        orm.gone["account.move"] = self._deleted
        orm.gone["account.move.line"] = self._line_deleted

    # ------------------------------------------------------------ rules

    def _before(self, row: Row, values: Mapping[str, Any]) -> None:
        if row["state"] == "posted" and set(values) & _LEGAL:
            raise UserError(_STRICT)

    def _before_line(self, row: Row, values: Mapping[str, Any]) -> None:
        if self._orm.row("account.move", row["move_id"])["state"] == "posted" and set(values) - {"name", "sequence"}:
            raise UserError(_STRICT)

    def _line_deleted(self, row: Row) -> None:
        move = self._orm.get("account.move", row["move_id"])
        if move is not None and move["state"] == "posted":
            raise UserError("You cannot delete an item linked to a posted entry.")

    def _deleted(self, row: Row) -> None:
        if row["state"] == "posted" or (row["name"] and row["state"] != "cancel"):
            raise UserError(_KEPT)

    def lock_date(self) -> str:
        """The last locked day, or ""."""
        company = self._orm.row("res.company", 1)
        names = ("fiscalyear_lock_date", "tax_lock_date", "sale_lock_date", "hard_lock_date")
        return max((company[name] or "" for name in names), default="")

    def unlocked(self, day: str) -> None:
        """Whether a day is open.  Raises `UserError`."""
        last = self.lock_date()
        if last and day <= last and not self.force:
            raise UserError(f"You cannot add/modify entries prior to and inclusive of: lock date ({last}).")

    # ------------------------------------------------------------ sums

    def completed(self, ids: Sequence[int]) -> None:
        """What was left open is filled in, and all is computed anew; of posted ones nothing."""
        for id in ids:
            move = self._orm.row("account.move", id)
            if move["state"] == "draft" and move["move_type"] != "entry":
                self._complete(move)
                self.compute(id)

    def _complete(self, move: Row) -> None:
        orm, partner = self._orm, self._orm.get("res.partner", move["partner_id"])
        told: Row = {"commercial_partner_id": partner["commercial_partner_id"] if partner else False}
        kind = "sale" if move["move_type"] in SALES else "purchase"
        if not move["journal_id"]:
            told["journal_id"] = next(row["id"] for row in orm.all("account.journal") if row["type"] == kind)
        if not move["currency_id"]:
            told["currency_id"] = orm.row("res.company", 1)["currency_id"]
        if not move["invoice_payment_term_id"] and partner and not move["invoice_date_due"]:
            told["invoice_payment_term_id"] = partner["property_payment_term_id"]
        if not move["date"]:
            told["date"] = move["invoice_date"] or orm.today()
        orm.put("account.move", move["id"], told)

    def _tax(self, id: int) -> list[Tax]:
        """A tax, or those of its group."""
        row = self._orm.row("account.tax", id)
        if row["amount_type"] == "group":
            return [tax for child in row["children_tax_ids"] for tax in self._tax(child)]
        return [Tax(id, row["amount_type"] != "fixed", Decimal(row["amount"]), row["price_include"])]

    def _filled(self, values: Mapping[str, Any]) -> Row:
        """What a new line has where nothing is said: its product's, and the company's usual tax."""
        if values.get("display_type", "product") != "product":
            return {}
        product, company = self._orm.get("product.product", values.get("product_id")), self._orm.row("res.company", 1)
        usual = [company["account_sale_tax_id"]] if company["account_sale_tax_id"] else []
        income = self._orm.by("account.account", "account_type", "income")[0]["id"]
        if product is None:
            return {"tax_ids": [[6, 0, usual]], "account_id": income}
        name = product["description_sale"] or self._orm.name("product.product", product["id"])
        told: Row = {"name": name, "price_unit": product["list_price"], "account_id": income}
        return {**told, "tax_ids": [[6, 0, product["taxes_id"]]]}

    def compute(self, id: int) -> None:
        """Sums of lines, the lines of taxes and of what is to be paid."""
        orm, move = self._orm, self._orm.row("account.move", id)
        rows = [row for row in self.lines(id) if row["display_type"] == "product"]
        said = [
            Line(
                row["quantity"],
                row["price_unit"],
                row["discount"],
                [t for tax in row["tax_ids"] for t in self._tax(tax)],
            )
            for row in rows
        ]
        places = orm.row("res.currency", move["currency_id"])["decimal_places"]
        by_line = orm.row("res.company", 1)["tax_calculation_rounding_method"] == "round_per_line"
        sums = computed(said, places, by_line=by_line)
        common = {"partner_id": move["commercial_partner_id"], "currency_id": move["currency_id"]}
        for row, (net, gross) in zip(rows, sums.lines, strict=True):
            own = {"price_subtotal": net, "price_total": gross, **common}
            orm.put("account.move.line", row["id"], own)
        for row in self.lines(id):
            if row["display_type"] in _AUTO:
                orm.unlink("account.move.line", [row["id"]])
        for tax, amount in sums.taxes.items():
            self._auto(id, "tax", amount, {**common, "tax_line_id": tax, "name": orm.name("account.tax", tax)})
        total = sums.untaxed + sums.tax
        due = self._due(move)
        self._auto(id, "payment_term", total, {**common, "date_maturity": due, "amount_residual": total})
        told = {"amount_untaxed": sums.untaxed, "amount_tax": sums.tax, "amount_total": total, "amount_residual": total}
        orm.put("account.move", id, {**told, "invoice_date_due": due})

    def _auto(self, id: int, type: str, amount: Decimal, values: Row) -> None:
        account = self._orm.by(
            "account.account", "account_type", "asset_receivable" if type == "payment_term" else "liability_current"
        )
        made = self._orm.create(
            "account.move.line", {"move_id": id, "display_type": type, "account_id": account[0]["id"]}
        )
        self._orm.put("account.move.line", made, {"quantity": Decimal(0), "amount_currency": amount, **values})

    def _due(self, move: Row) -> Any:
        on, term = move["invoice_date"] or move["date"], move["invoice_payment_term_id"]
        if not term:
            return move["invoice_date_due"] or on
        days = max(
            (line["nb_days"] for line in self._orm.by("account.payment.term.line", "payment_id", term)), default=0
        )
        return (date.fromisoformat(on) + timedelta(days=days)).isoformat()

    def lines(self, id: int) -> list[Row]:
        """All lines of a move."""
        rows = self._orm.by("account.move.line", "move_id", id)
        return sorted(rows, key=lambda row: (row["sequence"], row["id"]))

    # ------------------------------------------------------------ states

    def post(self, ids: Sequence[int]) -> bool:
        """Approve; each gets its number."""
        for id in ids:
            move = self._orm.row("account.move", id)
            if move["state"] != "draft":
                raise UserError(f"The entry {move['name']} (id {id}) must be in draft.")
            if move["move_type"] != "entry":
                self._check(move)
            self._number(self._dated(move))
            for line in self.lines(id):
                self._orm.put("account.move.line", line["id"], {"parent_state": "posted"})
            self._orm.put("account.move", id, {"state": "posted"})
            self.settle(id)
        return False

    def _check(self, move: Row) -> None:
        if not any(row["display_type"] == "product" for row in self.lines(move["id"])):
            raise UserError("You need to add a line before posting.")
        if not move["partner_id"]:
            raise UserError("The field 'Customer' is required, please complete it to validate the Customer Invoice.")
        if move["amount_total"] < 0:
            raise UserError(_NEGATIVE)

    def _dated(self, move: Row) -> Row:
        """With its days; one in a locked period is refused, or booked on the first open day, as it is set up."""
        settings: Settings = self._settings()
        on = move["invoice_date"] or self._orm.today()
        booked = on if move["move_type"] != "entry" else move["date"] or on
        if settings.lock == "move" and self.lock_date() and booked <= self.lock_date() and not self.force:
            booked = (date.fromisoformat(self.lock_date()) + timedelta(days=1)).isoformat()
        self.unlocked(booked)
        told: Row = {"date": booked}
        if move["move_type"] != "entry":
            told["invoice_date"] = on
        row = self._orm.put("account.move", move["id"], told)
        if move["move_type"] != "entry" and not move["invoice_date"]:
            self.compute(move["id"])
        return row

    def _number(self, move: Row) -> None:
        """Without a gap, by journal and year; one that was posted before keeps its own."""
        journal = self._orm.row("account.journal", move["journal_id"])
        prefix = f"{'R' if move['move_type'] == 'out_refund' else ''}{journal['code']}/{move['date'][:4]}/"
        others = [row for row in self._orm.by("account.move", "journal_id", journal["id"]) if row["id"] != move["id"]]
        if move["name"] and move["name"] != "/":
            if any(row["name"] == move["name"] and row["state"] == "posted" for row in others):
                raise ValidationError("Posted journal entry must have an unique sequence number per company.")
            return
        taken = [int(row["name"][len(prefix) :]) for row in others if _counts(row["name"], prefix)]
        name = f"{prefix}{max(taken, default=0) + 1:05}"
        reference = move["payment_reference"] or (name if move["move_type"] == "out_invoice" else False)
        self._orm.put("account.move", move["id"], {"name": name, "payment_reference": reference})

    def draft(self, ids: Sequence[int]) -> bool:
        """Back to draft: what was reconciled comes apart, the number stays."""
        for id in ids:
            move = self._orm.row("account.move", id)
            if move["state"] not in ("posted", "cancel"):
                raise UserError("Only posted/cancelled journal entries can be reset to draft.")
            if move["state"] == "posted":
                self.unlocked(move["date"])
            self.unreconcile([row["id"] for row in self.lines(id)])
            self._state(id, "draft")
        return True

    def cancel(self, ids: Sequence[int]) -> bool:
        """Cancel, from draft or posted."""
        for id in ids:
            if self._orm.row("account.move", id)["state"] == "posted":
                self.draft([id])
            if self._orm.row("account.move", id)["state"] != "draft":
                raise UserError("Only draft journal entries can be cancelled.")
            self._state(id, "cancel")
            self._orm.put("account.move", id, {"amount_residual": Decimal(0), "payment_state": "not_paid"})
        return True

    def _state(self, id: int, state: str) -> None:
        for line in self.lines(id):
            self._orm.put("account.move.line", line["id"], {"parent_state": state})
        self._orm.put("account.move", id, {"state": state})
        if state == "draft":
            self.settle(id)

    # ------------------------------------------------------------ what is open

    def open_line(self, id: int) -> Row | None:
        """The line of a move that stands for what is to be paid."""
        return next((row for row in self.lines(id) if row["display_type"] == "payment_term"), None)

    def partials(self, line: int) -> list[Row]:
        """What is reconciled with a line."""
        orm = self._orm
        return orm.by("account.partial.reconcile", "debit_move_id", line) + orm.by(
            "account.partial.reconcile", "credit_move_id", line
        )

    def settle(self, id: int) -> None:
        """What is open on a move, and whether it is paid, anew."""
        move, line = self._orm.row("account.move", id), self.open_line(id)
        if line is None:
            return
        partials = self.partials(line["id"])
        left = line["amount_currency"] - sum((row["amount"] for row in partials), Decimal(0))
        self._orm.put(
            "account.move.line", line["id"], {"amount_residual": left, "reconciled": bool(partials) and not left}
        )
        self._orm.put(
            "account.move", id, {"amount_residual": left, "payment_state": self._paid(move, line, left, partials)}
        )
        self._told_payments(id, line, partials)

    def _told_payments(self, id: int, line: Row, partials: Sequence[Row]) -> None:
        """The payment of an entry knows what it pays, whoever reconciled it."""
        for payment in self._orm.by("account.payment", "move_id", id):
            pairs = [(row["debit_move_id"], row["credit_move_id"]) for row in partials]
            others = [self._orm.row("account.move.line", b if a == line["id"] else a)["move_id"] for a, b in pairs]
            told = {"reconciled_invoice_ids": list(dict.fromkeys(others)), "is_reconciled": bool(others)}
            if told != {name: payment[name] for name in told}:
                self._orm.put("account.payment", payment["id"], told)

    def _paid(self, move: Row, line: Row, left: Decimal, partials: Sequence[Row]) -> str:
        if move["state"] != "posted" or (partials == [] and left):
            return "not_paid"
        if left:
            return "partial"
        others = [
            row["debit_move_id"] if row["credit_move_id"] == line["id"] else row["credit_move_id"] for row in partials
        ]
        moves = [
            self._orm.row("account.move", self._orm.row("account.move.line", other)["move_id"]) for other in others
        ]
        if moves and all(each["move_type"] == "out_refund" for each in moves):
            return "reversed"
        waits = [
            pay
            for each in moves
            for pay in self._orm.by("account.payment", "move_id", each["id"])
            if not pay["is_matched"]
        ]
        return "in_payment" if waits and self._settings().in_payment else "paid"

    def reconcile(self, ids: Sequence[int]) -> bool:
        """Lines of invoices with lines of payments and credit notes, oldest first."""
        rows = [self._orm.row("account.move.line", id) for id in ids]
        if any(row["parent_state"] != "posted" for row in rows):
            raise UserError("You can only reconcile posted entries.")
        if any(row["reconciled"] for row in rows):
            raise UserError("You are trying to reconcile some entries that are already reconciled.")
        if len({row["account_id"] for row in rows}) > 1:
            raise UserError("Entries are not from the same account.")
        debits = [row["id"] for row in rows if self._is_debit(row)]
        credits = [row["id"] for row in rows if not self._is_debit(row)]
        for debit in debits:
            for credit in credits:
                self._pair(debit, credit)
        for row in rows:
            self.settle(row["move_id"])
        return True

    def _is_debit(self, row: Row) -> bool:
        return bool(self._orm.row("account.move", row["move_id"])["move_type"] in ("out_invoice", "in_refund"))

    def _pair(self, debit: int, credit: int) -> None:
        left = [self._left(each) for each in (debit, credit)]
        if min(left) > 0:
            told = {
                "debit_move_id": debit,
                "credit_move_id": credit,
                "amount": min(left),
                "max_date": self._orm.today(),
            }
            self._orm.create("account.partial.reconcile", told)

    def _left(self, id: int) -> Decimal:
        row = self._orm.row("account.move.line", id)
        return Decimal(row["amount_currency"] - sum((each["amount"] for each in self.partials(id)), Decimal(0)))

    def unreconcile(self, ids: Sequence[int]) -> bool:
        """What was reconciled comes apart."""
        for id in ids:
            for row in self.partials(id):
                others = (row["debit_move_id"], row["credit_move_id"])
                self._orm.unlink("account.partial.reconcile", [row["id"]])
                for other in others:
                    self.settle(self._orm.row("account.move.line", other)["move_id"])
        return True


def _counts(name: Any, prefix: str) -> bool:
    return bool(name) and str(name).startswith(prefix) and str(name)[len(prefix) :].isdigit()
