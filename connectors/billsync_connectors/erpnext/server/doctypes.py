"""Which DocTypes there are: their fields, how they are named, which can be submitted.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

NUMBERS: Final = ("Currency", "Float", "Percent")


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `options` is the linked DocType, the child's, or the values of a Select."""

    type: str = "Data"
    options: str = ""
    required: bool = False
    unique: bool = False
    after_submit: bool = False

    def empty(self) -> Any:
        """What it has where nobody wrote it."""
        if self.type == "Table":
            return []
        return Decimal(0) if self.type in NUMBERS else 0 if self.type in ("Int", "Check") else None


@dataclass(frozen=True, slots=True)
class DocType:
    """One kind of document.

    Attributes:
        naming: `series:PREFIX`, `field:NAME`, `prompt`, `hash`, or `customer`: by name, numbered where it is taken.
    """

    fields: Mapping[str, Field]
    naming: str = "hash"
    submits: bool = False
    child: bool = False
    more: dict[str, Field] = field(default_factory=dict)


def _fields(text: str) -> dict[str, Field]:
    """Lines of `name Type[:options]`, with `*` after what is required and `+` after what may change when submitted."""
    found = {}
    for line in text.split("\n"):
        for part in filter(None, (each.strip() for each in line.split(","))):
            name, _, rest = part.partition(" ")
            marks = name[len(name.rstrip("*+")) :]
            type, _, options = (rest or "Data").partition(":")
            found[name.rstrip("*+")] = Field(type, options, "*" in marks, after_submit="+" in marks)
    return found


DOCTYPES: Final[Mapping[str, DocType]] = {
    "Company": DocType(
        _fields("company_name*, abbr, default_currency, accounts_frozen_till_date Date"), "field:company_name"
    ),
    "Currency": DocType(
        _fields("currency_name*, enabled Check, smallest_currency_fraction_value Float"), "field:currency_name"
    ),
    "Account": DocType(
        _fields("account_name*, company, account_type, root_type, account_currency, is_group Check, disabled Check"),
        "prompt",
    ),
    "Cost Center": DocType(_fields("cost_center_name*, company"), "prompt"),
    "Mode of Payment": DocType(_fields("mode_of_payment*, type, enabled Check"), "field:mode_of_payment"),
    "Customer": DocType(
        _fields(
            """customer_name*, customer_type, customer_group, territory, tax_id, default_currency Link:Currency
            payment_terms, disabled Check, email_id, mobile_no, language, customer_details Small Text, website"""
        ),
        "customer",
    ),
    "Item": DocType(
        _fields(
            """item_code*, item_name, item_group, stock_uom, is_stock_item Check, standard_rate Currency
            description Text, disabled Check, taxes Table:Item Tax"""
        ),
        "field:item_code",
    ),
    "Item Tax": DocType(_fields("item_tax_template Link:Item Tax Template"), child=True),
    "Item Tax Template": DocType(_fields("title*, company, taxes Table:Item Tax Template Detail"), "field:title"),
    "Item Tax Template Detail": DocType(_fields("tax_type* Link:Account, tax_rate Float"), child=True),
    "Sales Taxes and Charges Template": DocType(
        _fields("title*, company, is_default Check, taxes Table:Sales Taxes and Charges"), "field:title"
    ),
    "Sales Invoice": DocType(
        _fields(
            """naming_series, customer* Link:Customer, customer_name, company Link:Company, posting_date Date
            posting_time, set_posting_time Check, due_date+ Date, currency Link:Currency, conversion_rate Float
            selling_price_list
            po_no+, po_date Date, remarks+ Small Text, is_return Check, return_against Link:Sales Invoice
            update_outstanding_for_self Check, debit_to Link:Account
            taxes_and_charges Link:Sales Taxes and Charges Template
            items* Table:Sales Invoice Item, taxes Table:Sales Taxes and Charges, amended_from Link:Sales Invoice
            total_qty Float, total Currency, net_total Currency, base_net_total Currency
            total_taxes_and_charges Currency
            grand_total Currency, base_grand_total Currency, rounding_adjustment Currency, rounded_total Currency
            disable_rounded_total Check, outstanding_amount+ Currency, status+, update_stock Check
            discount_amount Currency, apply_discount_on, additional_discount_percentage Percent, is_discounted Check"""
        ),
        "series:ACC-SINV-{year}-",
        submits=True,
    ),
    "Sales Invoice Item": DocType(
        _fields(
            """item_code Link:Item, item_name, description Text, qty Float, uom, price_list_rate Currency
            discount_percentage Percent, discount_amount Currency, rate Currency, amount Currency, net_rate Currency
            net_amount Currency, income_account Link:Account, cost_center Link:Cost Center
            item_tax_template Link:Item Tax Template, item_tax_rate Small Text
            service_start_date Date, service_end_date Date"""
        ),
        child=True,
    ),
    "Sales Taxes and Charges": DocType(
        _fields(
            """charge_type*, account_head* Link:Account, description Small Text, rate Float, tax_amount Currency
            total Currency
            included_in_print_rate Check, row_id, cost_center Link:Cost Center"""
        ),
        child=True,
    ),
    "Payment Entry": DocType(
        _fields(
            """naming_series, payment_type*, posting_date* Date, company Link:Company
            mode_of_payment Link:Mode of Payment
            party_type, party, party_name, paid_from Link:Account, paid_to Link:Account, paid_from_account_currency
            paid_to_account_currency, paid_amount Currency, received_amount Currency, source_exchange_rate Float
            target_exchange_rate Float, reference_no, reference_date Date, references Table:Payment Entry Reference
            deductions Table:Payment Entry Deduction, total_allocated_amount Currency, unallocated_amount Currency
            difference_amount Currency, remarks+ Small Text, status+, amended_from Link:Payment Entry"""
        ),
        "series:ACC-PAY-{year}-",
        submits=True,
    ),
    "Payment Entry Reference": DocType(
        _fields(
            """reference_doctype*, reference_name*, due_date Date, total_amount Currency, outstanding_amount Currency
            allocated_amount Currency"""
        ),
        child=True,
    ),
    "Payment Entry Deduction": DocType(_fields("account* Link:Account, cost_center, amount Currency"), child=True),
    "GL Entry": DocType(
        _fields(
            """posting_date Date, account Link:Account, party_type, party, debit Currency, credit Currency, voucher_type
            voucher_no, against_voucher_type, against_voucher, is_cancelled Check, company"""
        ),
        "hash",
    ),
    "Custom Field": DocType(
        _fields("dt*, fieldname*, label, fieldtype*, options, unique Check, reqd Check, allow_on_submit Check"),
        "custom",
    ),
    "Deleted Document": DocType(_fields("deleted_doctype, deleted_name, data Text, restored Check"), "hash"),
    "File": DocType(
        _fields(
            "file_name*, attached_to_doctype, attached_to_name, file_url, file_size Int, is_private Check, content Text"
        ),
        "hash",
    ),
    "Comment": DocType(_fields("comment_type, reference_doctype, reference_name, content Text"), "hash"),
}
COMMON: Final = {
    "name": Field(), "owner": Field(), "creation": Field("Datetime"), "modified": Field("Datetime"),
    "modified_by": Field(), "docstatus": Field("Int"), "idx": Field("Int"),
}  # fmt: skip
"""What every document has."""
FIRST: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    *(
        ("Currency", {"currency_name": code, "enabled": 1, "smallest_currency_fraction_value": Decimal(least)})
        for code, least in (
            ("EUR", "0.01"), ("USD", "0.01"), ("GBP", "0.01"), ("JPY", "1"), ("KWD", "0.001"), ("CHF", "0.05"),
        )
    ),
    ("Company", {"company_name": "Demo GmbH", "abbr": "D", "default_currency": "EUR"}),
    *(
        ("Account", {
            "name": f"{name} - D", "account_name": name, "company": "Demo GmbH", "account_type": type,
            "root_type": root,
        })
        for name, type, root in (
            ("Debtors", "Receivable", "Asset"), ("Bank", "Bank", "Asset"), ("Cash", "Cash", "Asset"),
            ("Sales", "Income Account", "Income"), ("Service", "Income Account", "Income"), ("VAT", "Tax", "Liability"),
            ("VAT 7", "Tax", "Liability"), ("Write Off", "Expense Account", "Expense"),
            ("Round Off", "Round Off", "Expense"),
        )
    ),
    ("Cost Center", {"name": "Main - D", "cost_center_name": "Main", "company": "Demo GmbH"}),
    ("Mode of Payment", {"mode_of_payment": "Bank Transfer", "type": "Bank", "enabled": 1}),
    ("Item Tax Template", {
        "title": "7% - D", "company": "Demo GmbH", "taxes": [{"tax_type": "VAT - D", "tax_rate": Decimal(7)}],
    }),
    ("Item Tax Template", {
        "title": "0% - D", "company": "Demo GmbH", "taxes": [{"tax_type": "VAT - D", "tax_rate": Decimal(0)}],
    }),
    ("Sales Taxes and Charges Template", {
        "title": "VAT 19% - D", "company": "Demo GmbH",
        "taxes": [
            {"charge_type": "On Net Total", "account_head": "VAT - D", "description": "VAT 19%", "rate": Decimal(19)},
        ],
    }),
)  # fmt: skip
"""What each site has from the first day."""
