"""Which tax rule holds for a line: by its code, the payer's country, region and registration, and the day.  (pure)"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from billsync.invoicing.policy import NO_TAX, InvoicingRules, TaxRule
from billsync.model.charge import Charge
from billsync.model.customer import Customer
from billsync.model.product import Product

UNTAXED: Final = TaxRule.model_construct(code=NO_TAX, name="no tax", rate=Decimal(0), country=None, valid_from=None)
"""What holds where no tax is due; the one rule with the reserved code."""


def tax_code_of(charge: Charge, product: Product | None, rules: InvoicingRules) -> str:
    """The line's own tax code, else the product's, else the default; `none` where no tax is due."""
    return charge.tax_code or (product.tax_code if product else None) or rules.default_tax_code or NO_TAX


def rule_on(rules: InvoicingRules, code: str, payer: Customer, day: date) -> TaxRule | None:
    """The rule of a code for a payer on the day of issue, or None where none is known.

    A rule that asks for the payer's registration, country or region comes before one that does not; then the latest.
    """
    if code == NO_TAX:
        return UNTAXED
    country, region = country_of(payer), region_of(payer)
    registered = {tax_id.kind for tax_id in payer.tax_ids}
    valid = [
        rule
        for rule in rules.taxes
        if rule.code == code
        and rule.country in (None, country)
        and rule.region in (None, region)
        and (rule.needs_tax_id is None or rule.needs_tax_id in registered)
        and (rule.valid_from is None or rule.valid_from <= day)
    ]
    return max(valid, key=_precedence, default=None)


def _precedence(rule: TaxRule) -> tuple[bool, bool, bool, date]:
    asked = (rule.needs_tax_id is not None, rule.region is not None, rule.country is not None)
    return (*asked, rule.valid_from or date.min)


def country_of(payer: Customer) -> str | None:
    """The country whose rates hold for a payer: its own, else that of its billing address, else None."""
    return payer.country or (payer.billing_address.country if payer.billing_address else None)


def region_of(payer: Customer) -> str | None:
    """The region of the payer's billing address, or None."""
    return (payer.billing_address.region or None) if payer.billing_address else None
