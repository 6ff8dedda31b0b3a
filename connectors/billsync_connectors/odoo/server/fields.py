"""Which models there are, and which fields each has.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from billsync_connectors.odoo.server.denied import Broken


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        type: char, text, boolean, integer, float, monetary, date, datetime, selection, binary, many2one, one2many,
            many2many.
        relation: the other model of a link; inverse: its field that leads back, of a one2many.
        own: people don't write it, the model does.
        unique: no two records may have the same value.
    """

    type: str
    relation: str = ""
    inverse: str = ""
    required: bool = False
    own: bool = False
    default: Any = False
    selection: tuple[str, ...] = ()
    unique: bool = False

    def described(self, name: str) -> dict[str, Any]:
        """As `fields_get` has it."""
        label = name.removesuffix("_ids").removesuffix("_id").replace("_", " ").capitalize()
        told: dict[str, Any] = {"name": name, "type": self.type, "string": label, "required": self.required}
        told |= {"readonly": self.own, "store": self.type != "one2many", "searchable": True, "sortable": True}
        told |= {"relation": self.relation, "domain": [], "context": {}} if self.relation else {}
        told |= {"relation_field": self.inverse} if self.inverse else {}
        return told | (
            {"selection": [[each, each.replace("_", " ").title()] for each in self.selection]} if self.selection else {}
        )


def _char(**more: Any) -> Field:
    return Field("char", **more)


def _to(relation: str, **more: Any) -> Field:
    return Field("many2one", relation, **more)


_ACTIVE: Final = Field("boolean", default=True)
_NAME: Final = _char(required=True)
_AMOUNT: Final = Field("monetary", own=True, default=0)
_FLOAT: Final = Field("float", default=0)
_COMPANY: Final = _to("res.company", default=1)
_DAY: Final = Field("date")
_STATES: Final = ("draft", "posted", "cancel")
_PAID: Final = ("not_paid", "in_payment", "paid", "partial", "reversed", "blocked", "invoicing_legacy")
MOVE_TYPES: Final = ("entry", "out_invoice", "out_refund", "in_invoice", "in_refund")

MODELS: Final[Mapping[str, Mapping[str, Field]]] = {
    "res.company": {
        "name": _NAME, "currency_id": _to("res.currency"), "fiscalyear_lock_date": _DAY, "tax_lock_date": _DAY,
        "sale_lock_date": _DAY, "hard_lock_date": _DAY, "account_sale_tax_id": _to("account.tax"),
        "tax_calculation_rounding_method": Field(
            "selection", default="round_per_line", selection=("round_per_line", "round_globally")
        ),
    },
    "res.currency": {
        "name": _NAME, "symbol": _char(), "decimal_places": Field("integer", default=2), "active": _ACTIVE,
        "rounding": _FLOAT, "rate": Field("float", default=1),
    },
    "res.country": {"name": _NAME, "code": _char()},
    "res.users": {
        "name": _NAME, "login": _char(required=True, unique=True), "partner_id": _to("res.partner"), "active": _ACTIVE,
        "company_id": _COMPANY,
    },
    "res.partner": {
        "name": _NAME, "is_company": Field("boolean"), "parent_id": _to("res.partner"), "email": _char(),
        "phone": _char(), "vat": _char(), "street": _char(), "street2": _char(), "city": _char(), "zip": _char(),
        "country_id": _to("res.country"), "lang": _char(default="en_US"), "ref": _char(), "comment": Field("text"),
        "property_payment_term_id": _to("account.payment.term"), "company_id": _to("res.company"),
        "customer_rank": Field("integer", default=0), "commercial_partner_id": _to("res.partner", own=True),
        "active": _ACTIVE,
    },
    "product.product": {
        "name": _NAME, "default_code": _char(), "list_price": _FLOAT, "taxes_id": Field("many2many", "account.tax"),
        "type": Field("selection", default="service", selection=("consu", "service", "combo")), "active": _ACTIVE,
        "description_sale": Field("text"),
    },
    "account.account": {"code": _char(required=True), "name": _NAME, "account_type": _char(), "active": _ACTIVE},
    "account.journal": {
        "name": _NAME, "code": _char(required=True), "currency_id": _to("res.currency"), "active": _ACTIVE,
        "type": Field("selection", required=True, selection=("sale", "purchase", "cash", "bank", "general")),
        "company_id": _COMPANY,
    },
    "account.tax": {
        "name": _NAME, "amount": _FLOAT, "company_id": _COMPANY, "active": _ACTIVE,
        "amount_type": Field("selection", default="percent", selection=("percent", "fixed", "group", "division")),
        "price_include": Field("boolean"), "children_tax_ids": Field("many2many", "account.tax"),
        "type_tax_use": Field("selection", default="sale", selection=("sale", "purchase", "none")),
    },
    "account.payment.term": {
        "name": _NAME, "active": _ACTIVE, "line_ids": Field("one2many", "account.payment.term.line", "payment_id"),
    },
    "account.payment.term.line": {
        "payment_id": _to("account.payment.term"), "value": _char(default="percent"),
        "value_amount": Field("float", default=100), "nb_days": Field("integer", default=0),
    },
    "account.move": {
        "name": _char(), "move_type": Field("selection", required=True, default="entry", selection=MOVE_TYPES),
        "state": Field("selection", own=True, default="draft", selection=_STATES), "ref": _char(),
        "partner_id": _to("res.partner"), "commercial_partner_id": _to("res.partner", own=True), "date": _DAY,
        "invoice_date": _DAY, "invoice_date_due": _DAY, "invoice_payment_term_id": _to("account.payment.term"),
        "journal_id": _to("account.journal"), "currency_id": _to("res.currency"), "company_id": _COMPANY,
        "payment_reference": _char(), "invoice_origin": _char(), "narration": Field("text"),
        "payment_state": Field("selection", own=True, default="not_paid", selection=_PAID),
        "amount_untaxed": _AMOUNT, "amount_tax": _AMOUNT, "amount_total": _AMOUNT, "amount_residual": _AMOUNT,
        "invoice_line_ids": Field("one2many", "account.move.line", "move_id"),
        "line_ids": Field("one2many", "account.move.line", "move_id"),
        "reversed_entry_id": _to("account.move"), "is_move_sent": Field("boolean"),
    },
    "account.move.line": {
        "move_id": _to("account.move", required=True), "name": Field("text"), "sequence": Field("integer", default=10),
        "display_type": Field(
            "selection", default="product",
            selection=("product", "tax", "payment_term", "line_section", "line_note"),
        ),
        "product_id": _to("product.product"), "quantity": Field("float", default=1), "price_unit": _FLOAT,
        "discount": _FLOAT, "tax_ids": Field("many2many", "account.tax"), "tax_line_id": _to("account.tax", own=True),
        "account_id": _to("account.account"), "partner_id": _to("res.partner", own=True),
        "price_subtotal": _AMOUNT, "price_total": _AMOUNT, "amount_currency": _AMOUNT, "debit": _AMOUNT,
        "credit": _AMOUNT, "amount_residual": _AMOUNT, "reconciled": Field("boolean", own=True),
        "parent_state": Field("selection", own=True, default="draft", selection=_STATES), "date_maturity": _DAY,
        "currency_id": _to("res.currency", own=True),
    },
    "account.partial.reconcile": {
        "debit_move_id": _to("account.move.line", required=True),
        "credit_move_id": _to("account.move.line", required=True),
        "amount": Field("monetary", default=0), "max_date": _DAY,
    },
    "account.payment": {
        "name": _char(own=True),
        "payment_type": Field("selection", default="inbound", selection=("inbound", "outbound")),
        "partner_type": Field("selection", default="customer", selection=("customer", "supplier")),
        "partner_id": _to("res.partner"), "amount": Field("monetary", default=0), "date": _DAY, "memo": _char(),
        "journal_id": _to("account.journal"), "currency_id": _to("res.currency"),
        "move_id": _to("account.move", own=True),
        "state": Field(
            "selection", own=True, default="draft",
            selection=("draft", "in_process", "posted", "paid", "canceled", "rejected"),
        ),
        "is_reconciled": Field("boolean", own=True), "is_matched": Field("boolean", own=True),
        "reconciled_invoice_ids": Field("many2many", "account.move", own=True), "company_id": _COMPANY,
    },
    "account.payment.register": {
        "amount": Field("monetary"), "payment_date": _DAY, "journal_id": _to("account.journal"),
        "communication": _char(), "currency_id": _to("res.currency"), "writeoff_account_id": _to("account.account"),
        "payment_difference_handling": Field("selection", default="open", selection=("open", "reconcile")),
        "line_ids": Field("many2many", "account.move.line"), "group_payment": Field("boolean"),
    },
    "account.move.reversal": {
        "move_ids": Field("many2many", "account.move"), "date": _DAY, "reason": _char(),
        "journal_id": _to("account.journal"), "new_move_ids": Field("many2many", "account.move", own=True),
    },
    "ir.model": {"model": _char(required=True), "name": _NAME},
    "ir.model.data": {
        "module": _char(required=True), "name": _NAME, "model": _char(required=True), "res_id": Field("integer"),
        "noupdate": Field("boolean"),
    },
    "ir.attachment": {
        "name": _NAME, "res_model": _char(), "res_id": Field("integer", default=0), "datas": Field("binary"),
        "mimetype": _char(), "type": _char(default="binary"), "file_size": Field("integer", own=True, default=0),
    },
    "mail.message": {
        "body": Field("text"), "model": _char(), "res_id": Field("integer"), "author_id": _to("res.partner"),
        "message_type": _char(default="comment"),
    },
}  # fmt: skip
LOG: Final[Mapping[str, Field]] = {
    "id": Field("integer", own=True),
    "display_name": _char(own=True),
    "create_date": Field("datetime", own=True),
    "create_uid": _to("res.users", own=True),
    "write_date": Field("datetime", own=True),
    "write_uid": _to("res.users", own=True),
}
"""What every model has."""


def models(custom: str, version: int) -> dict[str, dict[str, Field]]:
    """All models with fields of one's own: lines `MODEL NAME TYPE [unique]`.  Raises ValueError."""
    found = {model: {**LOG, **fields} for model, fields in MODELS.items()}
    if version < 18:
        found["account.payment"]["ref"] = found["account.payment"].pop("memo")
    for line in custom.splitlines():
        if not line.strip():
            continue
        model, name, type, *marks = line.split()
        if model not in found or not name.startswith("x_"):
            raise ValueError(line)
        found[model][name] = replace(Field(type), unique="unique" in marks)
    return found


def field(fields: Mapping[str, Field], model: str, name: str) -> Field:
    """One field.  Raises `Broken`."""
    found = fields.get(name)
    if found is None:
        raise Broken(f"Invalid field {name!r} on model {model!r}")
    return found
