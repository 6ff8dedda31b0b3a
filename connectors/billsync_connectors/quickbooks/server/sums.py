"""What an invoice or a credit memo amounts to, the way QuickBooks computes it.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.denied import Denied, business
from billsync_connectors.quickbooks.server.values import cents, plain

Line = dict[str, Any]
NO_TAX: Final = "NON"
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate of a tax code: its id and its percentage."""

    id: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Rules:
    """How a company taxes.

    Attributes:
        rates: of a tax code, by its id; for the one of a US sale too.
        american: one tax for the whole sale, of its taxable lines; else each line has its own code.
        each_line: tax is rounded on each line, else once per rate.
        skew: what QuickBooks adds to the tax on its own account.
    """

    rates: Callable[[str], Sequence[Rate]]
    american: bool
    each_line: bool
    skew: Decimal


@dataclass(frozen=True, slots=True)
class Base:
    """What one line's tax is computed of; `gross` where its amount contains the tax."""

    code: str
    net: Decimal
    gross: Decimal | None = None


def amounted(line: Mapping[str, Any], *, inclusive: bool) -> Decimal:
    """A sales line's amount.  Raises `Denied` where it is not quantity x price."""
    detail = line.get("SalesItemLineDetail") or {}
    price, quantity, given = detail.get("UnitPrice"), detail.get("Qty"), line.get("Amount")
    computed = cents(price * (Decimal(1) if quantity is None else quantity)) if price is not None else None
    if given is None and computed is None:
        raise Denied(2020, "Required param missing, need to supply the required value for the API",
                     "Required parameter Line.Amount is missing in the request", element="Line.Amount")  # fmt: skip
    if given is None:
        assert computed is not None
        return computed
    if computed is None:
        return cents(given)
    if cents(given) != computed and not inclusive:
        told = f"Amount is not equal to UnitPrice * Qty. Supplied value:{plain(given)}"
        raise Denied(6070, "Amount calculation incorrect in the request", told, element="Line.Amount")
    return cents(given)


def summed(sale: Mapping[str, Any], lines: Sequence[Line], code: str, rules: Rules) -> dict[str, Any]:
    """The sale with its lines, its tax and its totals; `code` is the whole sale's tax code where it has one."""
    sold = [line for line in lines if line["DetailType"] == "SalesItemLineDetail"]
    subtotal = sum((line["Amount"] for line in sold), _ZERO)
    discounts = [_discount(line, subtotal) for line in lines if line["DetailType"] == "DiscountLineDetail"]
    discount = sum((line["Amount"] for line in discounts), _ZERO)
    bases = list(_bases(sale, sold, discount, subtotal, code, rules))
    inclusive = sale.get("GlobalTaxCalculation") == "TaxInclusive"
    tax = list(_tax_lines(bases, rules, inclusive=inclusive))
    total_tax = sum((line["Amount"] for line in tax), _ZERO)
    total_tax = cents(total_tax + rules.skew) if tax else _ZERO
    total = subtotal - discount + total_tax
    if total < 0:
        raise business("The transaction total must be 0 or greater")
    texts = [line for line in lines if line["DetailType"] == "DescriptionOnly"]
    whole: Line = {"Amount": subtotal, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    ordered = sorted([*sold, *texts], key=lambda line: line["LineNum"])
    detail = {"TotalTax": total_tax, **({"TaxLine": tax} if tax else {})}
    if rules.american and tax and code:
        detail = {"TxnTaxCodeRef": {"value": code}, **detail}
    return {**sale, "Line": [*ordered, whole, *discounts], "TxnTaxDetail": detail, "TotalAmt": total}


def _discount(line: Line, subtotal: Decimal) -> Line:
    detail = line.get("DiscountLineDetail") or {}
    if detail.get("PercentBased"):
        return {**line, "Amount": cents(subtotal * detail.get("DiscountPercent", _ZERO) / 100)}
    if line.get("Amount") is None:
        raise Denied(6090, "Discount Line missing required info", "A discount amount or percent is required")
    return {**line, "Amount": cents(line["Amount"])}


def _bases(
    sale: Mapping[str, Any], sold: Sequence[Line], discount: Decimal, subtotal: Decimal, code: str, rules: Rules
) -> Iterable[Base]:
    """What is taxed, line by line; a discount lessens all lines alike, where it comes before the tax."""
    before = sale.get("ApplyTaxAfterDiscount", False) if rules.american else True
    share = 1 - discount / subtotal if before and subtotal else Decimal(1)
    for line in sold:
        detail = line["SalesItemLineDetail"]
        own = (detail.get("TaxCodeRef") or {}).get("value", NO_TAX)
        if rules.american:
            own = NO_TAX if own == NO_TAX else code
        if own == NO_TAX or not own:
            continue
        yield Base(own, line["Amount"] * share, detail.get("TaxInclusiveAmt"))


def _tax_lines(bases: Sequence[Base], rules: Rules, *, inclusive: bool) -> Iterable[Line]:
    """One line for each rate, in the order in which they come."""
    taxed: dict[str, tuple[Rate, Decimal, Decimal]] = {}
    for base in bases:
        rates = rules.rates(base.code)
        whole = sum((rate.percent for rate in rates), _ZERO)
        for rate in rates:
            amount = _tax(base, rate.percent, whole, inclusive=inclusive)
            _, net, tax = taxed.get(rate.id, (rate, _ZERO, _ZERO))
            taxed[rate.id] = rate, net + base.net, tax + (cents(amount) if rules.each_line else amount)
    for rate, net, tax in taxed.values():
        detail = {
            "TaxRateRef": {"value": rate.id}, "PercentBased": True, "TaxPercent": rate.percent,
            "NetAmountTaxable": cents(net),
        }  # fmt: skip
        yield {"Amount": cents(tax), "DetailType": "TaxLineDetail", "TaxLineDetail": detail}


def _tax(base: Base, percent: Decimal, whole: Decimal, *, inclusive: bool) -> Decimal:
    """One rate's part; where the price contains the tax, it is what the net amount leaves of it."""
    if inclusive and base.gross is not None and whole:
        return (base.gross - base.net) * percent / whole
    return base.net * percent / 100
