"""Lines, taxes and totals as ERPNext computes them.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.erpnext.server.denied import invalid
from billsync_connectors.erpnext.server.values import Row, loads

_HUNDRED: Final = Decimal(100)
Round = Callable[[Decimal], Decimal]


def computed(items: Sequence[Row], taxes: Sequence[Row], round_: Round, *, by_row: bool) -> Row:
    """Fill items and taxes in, and give the totals: `net_total`, `total_taxes_and_charges`, `grand_total`, ...

    Raises `Denied` for charges that cannot be computed.
    """
    for item in items:
        _priced(item, round_)
        _net(item, taxes, round_)
    net = sum((item["net_amount"] for item in items), Decimal(0))
    running = net
    for n, tax in enumerate(taxes):
        tax["tax_amount"] = _amount(tax, n, items, taxes, round_, by_row=by_row)
        running += tax["tax_amount"]
        tax["total"] = running
    added = sum((tax["tax_amount"] for tax in taxes), Decimal(0))
    total = sum((item["amount"] for item in items), Decimal(0))
    quantity = sum((item["qty"] for item in items), Decimal(0))
    told: Row = {"total_qty": quantity, "total": total, "net_total": net, "total_taxes_and_charges": added}
    return {**told, "grand_total": round_(net + added)}


def _priced(item: Row, round_: Round) -> None:
    listed, percent = item.get("price_list_rate") or Decimal(0), item.get("discount_percentage") or Decimal(0)
    if listed and percent:
        item["rate"] = round_(listed * (_HUNDRED - percent) / _HUNDRED)
        item["discount_amount"] = listed - item["rate"]
    item["rate"] = round_(item["rate"])
    item["amount"] = round_(item["rate"] * item["qty"])


def _net(item: Row, taxes: Sequence[Row], round_: Round) -> None:
    """The net amount: without the taxes that are in the price."""
    inside = sum((rate_of(item, tax) for tax in taxes if tax["included_in_print_rate"]), Decimal(0))
    item["net_amount"] = round_(item["amount"] * _HUNDRED / (_HUNDRED + inside)) if inside else item["amount"]
    item["net_rate"] = round_(item["net_amount"] / item["qty"]) if inside and item["qty"] else item["rate"]


def rate_of(item: Row, tax: Row) -> Decimal:
    """The rate of a tax for an item: its own where its template has one for that account."""
    own: Any = loads(item["item_tax_rate"]) if item.get("item_tax_rate") else {}
    return Decimal(str(own[tax["account_head"]])) if tax["account_head"] in own else Decimal(tax["rate"])


def _amount(tax: Row, n: int, items: Sequence[Row], taxes: Sequence[Row], round_: Round, *, by_row: bool) -> Decimal:
    match tax["charge_type"]:
        case "Actual":
            return round_(tax["tax_amount"])
        case "On Net Total":
            parts = [item["net_amount"] * rate_of(item, tax) / _HUNDRED for item in items]
        case "On Previous Row Amount" | "On Previous Row Total":
            row = int(tax.get("row_id") or n)
            if not 0 < row <= n:
                raise invalid(
                    "Cannot refer row number greater than or equal to current row number for this Charge type"
                )
            base = taxes[row - 1]["tax_amount" if tax["charge_type"].endswith("Amount") else "total"]
            parts = [base * tax["rate"] / _HUNDRED]
        case "On Item Quantity":
            parts = [item["qty"] * tax["rate"] for item in items]
        case other:
            raise invalid(f"Charge Type {other} is not valid")
    if tax["included_in_print_rate"]:
        return round_(sum((item["amount"] - item["net_amount"] for item in items), Decimal(0)))
    return sum((round_(part) for part in parts), Decimal(0)) if by_row else round_(sum(parts, Decimal(0)))


def rounded_total(total: Decimal, least: Decimal) -> Decimal:
    """To the smallest coin; a currency without one is rounded to whole units."""
    least = least or Decimal(1)
    return (total / least).quantize(Decimal(1)) * least
