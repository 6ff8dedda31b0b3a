"""What an invoice or a credit memo amounts to, the way NetSuite computes it.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.netsuite.server.values import rounded

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rules:
    """How an account taxes.

    Attributes:
        rates: percentages of tax codes, by id.
        each_line: tax is rounded on each line, else once per code.
        skew: what the account's own rules add to the tax.
    """

    rates: Mapping[str, Decimal]
    each_line: bool
    skew: Decimal


def amounted(line: Mapping[str, Any], currency: str) -> Decimal | None:
    """A line's amount: the one that was sent wins, even over quantity x rate; None where there is neither."""
    if line.get("amount") is not None:
        return rounded(line["amount"], currency)
    if line.get("rate") is None:
        return None
    return rounded(line["rate"] * line.get("quantity", Decimal(1)), currency)


def summed(lines: Sequence[Mapping[str, Any]], codes: Sequence[str], discount: Decimal, currency: str, rules: Rules
           ) -> dict[str, Decimal]:  # fmt: skip
    """subtotal, discountTotal (not positive), taxTotal, total; `codes` has each line's tax code, or ""."""
    subtotal = sum((line["amount"] for line in lines), _ZERO)
    less = rounded(discount, currency)
    share = 1 + less / subtotal if subtotal else Decimal(1)
    taxes: dict[str, Decimal] = {}
    for line, code in zip(lines, codes, strict=True):
        if code:
            tax = line["amount"] * share * rules.rates.get(code, _ZERO) / 100
            taxes[code] = taxes.get(code, _ZERO) + (rounded(tax, currency) if rules.each_line else tax)
    tax_total = sum((rounded(tax, currency) for tax in taxes.values()), _ZERO)
    tax_total = rounded(tax_total + (rules.skew if taxes else _ZERO), currency)
    total = subtotal + less + tax_total
    return {"subtotal": subtotal, "discountTotal": less, "taxTotal": tax_total, "total": total}
