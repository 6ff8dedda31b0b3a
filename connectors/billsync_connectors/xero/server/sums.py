"""Lines and totals as Xero computes them: each line rounded, its tax rounded, totals the sums of lines.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.xero.server.denied import Invalid
from billsync_connectors.xero.server.values import CENT, Row, number, rounded, text

_HUNDRED: Final = Decimal(100)
_QUANTITY_PLACES: Final = 4


def priced(given: Mapping[str, Any], unit_places: int) -> Row:
    """Quantity, price, discount and amount of a line that was sent; {} of one that is only a text.

    Raises:
        Invalid: where what was sent disagrees with itself.
    """
    quantity, unit, amount = (number(given, name) for name in ("Quantity", "UnitAmount", "LineAmount"))
    if quantity is None and unit is None and amount is None:
        return {}
    quantity = rounded(Decimal(1) if quantity is None else quantity, _QUANTITY_PLACES)
    rate, discount = number(given, "DiscountRate"), number(given, "DiscountAmount")
    if rate is not None and not 0 <= rate <= _HUNDRED:
        raise Invalid("The discount rate must be between 0 and 100.")
    if unit is None:
        if not quantity:
            raise Invalid("The quantity of a line with an amount must not be 0.")
        unit = (amount or Decimal(0)) / quantity
    unit = rounded(unit, unit_places)
    expected = discounted(quantity * unit, rate, discount)
    if amount is not None and abs(rounded(amount) - expected) >= CENT:
        raise Invalid(f"The line total {rounded(amount)} does not match the expected line total {expected}")
    told = {"Quantity": quantity, "UnitAmount": unit, "LineAmount": expected}
    told |= {"DiscountRate": rate} if rate is not None else {}
    return told | ({"DiscountAmount": discount} if discount is not None else {})


def discounted(whole: Decimal, rate: Decimal | None, discount: Decimal | None) -> Decimal:
    """The amount of a line; a rate wins over an amount."""
    if rate is not None:
        return rounded(whole * (_HUNDRED - rate) / _HUNDRED)
    return rounded(whole - (discount or 0))


def tax(amount: Decimal, percent: Decimal, mode: str) -> Decimal:
    """The tax of one line."""
    if mode == "Inclusive":
        return rounded(amount * percent / (_HUNDRED + percent))
    return rounded(amount * percent / _HUNDRED) if mode == "Exclusive" else Decimal(0)


def line_tax(given: Mapping[str, Any], line: Row, percent: Callable[[str], Decimal], mode: str) -> Decimal:
    """A line's tax: as it was sent, or computed."""
    own = number(given, "TaxAmount") if mode != "NoTax" else None
    return rounded(own) if own is not None else tax(line["LineAmount"], percent(line.get("TaxType", "NONE")), mode)


def totals(lines: Iterable[Row], mode: str) -> Row:
    """SubTotal, TotalTax, Total, TotalDiscount."""
    counted = [line for line in lines if "LineAmount" in line]
    amounts = sum((line["LineAmount"] for line in counted), Decimal(0))
    taxes = sum((line["TaxAmount"] for line in counted), Decimal(0))
    before = sum((rounded(line["Quantity"] * line["UnitAmount"]) for line in counted), Decimal(0))
    net = amounts - taxes if mode == "Inclusive" else amounts
    return {"SubTotal": net, "TotalTax": taxes, "Total": net + taxes, "TotalDiscount": before - amounts}


def agree(given: Mapping[str, Any], sums: Row) -> None:
    """Totals that were sent must be those of the lines.  Raises `Invalid`."""
    for name in ("SubTotal", "TotalTax", "Total"):
        sent = number(given, name)
        if sent is not None and sent != sums[name]:
            raise Invalid("The document total does not equal the sum of the lines.")


def described(given: Mapping[str, Any]) -> dict[str, str]:
    """A line's description.  Raises `Invalid`."""
    found = text(given, "Description", 4000)
    if not found and not given.get("ItemCode"):
        raise Invalid("The description field is mandatory for each line item.")
    return {"Description": found} if found else {}
