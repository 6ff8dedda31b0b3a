"""Tax by rate: which rate holds, and tax that adds up whichever way it is rounded.  (pure)"""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from billsync.invoicing.policy import NO_TAX, InvoicingRules, TaxRule
from billsync.model.charge import Charge
from billsync.model.convention import Policy
from billsync.model.customer import Customer
from billsync.model.invoice import InvoiceLine, TaxTotal
from billsync.model.money import round_amount
from billsync.model.product import Product

UNTAXED: Final = TaxRule.model_construct(code=NO_TAX, name="no tax", rate=Decimal(0), country=None, valid_from=None)
"""What holds where no tax is due; the one rule with the reserved code."""


def tax_code_of(charge: Charge, product: Product | None, rules: InvoicingRules) -> str:
    """The line's own tax code, else the product's, else the default; `none` where no tax is due."""
    return charge.tax_code or (product.tax_code if product else None) or rules.default_tax_code or NO_TAX


def rule_on(rules: InvoicingRules, code: str, country: str | None, day: date) -> TaxRule | None:
    """The rule of a code for a payer's country on the day of issue, or None where none is known."""
    if code == NO_TAX:
        return UNTAXED
    valid = [
        rule
        for rule in rules.taxes
        if rule.code == code and rule.country in (None, country) and (rule.valid_from is None or rule.valid_from <= day)
    ]
    return max(valid, key=lambda rule: (rule.country is not None, rule.valid_from or date.min), default=None)


def country_of(payer: Customer) -> str | None:
    """The country whose rates hold for a payer: its own, else that of its billing address, else None."""
    return payer.country or (payer.billing_address.country if payer.billing_address else None)


def tax_totals(
    lines: Sequence[InvoiceLine], names: dict[str, str], currency: str, policy: Policy
) -> tuple[TaxTotal, ...]:
    """The tax of each code and rate, in that order; lines without tax make none.

    `rate` rounds once, on the base; `line` rounds on each line and sums.  `names` gives the name of each code.
    """
    groups: dict[tuple[str, Decimal], list[Decimal]] = {}
    for line in lines:
        if line.tax_code != NO_TAX:
            groups.setdefault((line.tax_code, line.tax_rate), []).append(line.amount)
    return tuple(
        TaxTotal(
            code=code,
            name=names.get(code) or code,
            rate=rate,
            base=sum(amounts, Decimal(0)),
            amount=_tax(amounts, rate, currency, policy),
        )
        for (code, rate), amounts in sorted(groups.items())
    )


def _tax(amounts: Sequence[Decimal], rate: Decimal, currency: str, policy: Policy) -> Decimal:
    bases = amounts if policy.tax_rounding == "line" else [sum(amounts, Decimal(0))]
    return sum((tax_on(base, rate, currency, policy) for base in bases), Decimal(0))


def tax_on(base: Decimal, rate: Decimal, currency: str, policy: Policy) -> Decimal:
    """Base times rate, rounded once by the policy."""
    with decimal.localcontext(prec=60):
        exact = base * rate
    return round_amount(exact, currency, policy.rounding)
