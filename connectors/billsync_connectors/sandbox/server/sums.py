"""What an invoice amounts to, and where it stands.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from billsync_connectors.sandbox.server.settings import Settings

_DECIMALS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""ISO 4217 currencies whose minor unit is not the hundredth."""


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units of its currency."""
    return amount.quantize(Decimal(1).scaleb(-_DECIMALS.get(currency, 2)), ROUND_HALF_UP)


def summed(data: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The invoice with its computed fields, apart from what was paid."""
    currency = data["currency"]
    lines, bases, tax = [], dict[Decimal, Decimal](), Decimal(0)
    for line in data["lines"]:
        amount = rounded(Decimal(line["quantity"]) * Decimal(line["unit_price"]), currency)
        rate = Decimal(line.get("tax_rate") or 0)
        bases[rate] = bases.get(rate, Decimal(0)) + amount
        tax += rounded(amount * rate, currency)
        lines.append({**line, "amount": str(amount)})
    if settings.tax_rounding == "rate":
        tax = sum((rounded(base * rate, currency) for rate, base in bases.items()), Decimal(0))
    tax = rounded(tax + settings.tax_skew, currency)
    subtotal = rounded(sum(bases.values(), Decimal(0)), currency)
    return {**data, "lines": lines, "subtotal": str(subtotal), "tax": str(tax), "total": str(subtotal + tax)}


def settled(invoice: Mapping[str, Any], paid: Sequence[str], refunded: Sequence[str]) -> dict[str, Any]:
    """The invoice with what is open after these payments and refunds, and the state that follows."""
    total = Decimal(invoice["total"])
    money = sum(map(Decimal, paid), Decimal(0)) - sum(map(Decimal, refunded), Decimal(0))
    state = invoice.get("state") or "sent"
    if state not in ("draft", "void"):
        state = "sent" if money <= 0 < total else "paid" if money >= total else "partly_paid"
    left = Decimal(0) if state == "void" else total - money
    return {**invoice, "open": str(rounded(left, invoice["currency"])), "state": state}
