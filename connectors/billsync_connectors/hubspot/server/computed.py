"""What HubSpot computes of what was written: closed deals, amounts of lines, balances of invoices.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.hubspot.server.refused import wrong

_CENT: Final = Decimal("0.01")
_STEPS: Final = {"draft": ("open",), "open": ("paid", "voided"), "paid": (), "voided": ()}


def _number(properties: Mapping[str, str], name: str) -> Decimal | None:
    try:
        return Decimal(properties[name])
    except (KeyError, InvalidOperation):
        return None


def deal(properties: Mapping[str, str], stage: Mapping[str, Any] | None) -> dict[str, str]:
    """A deal with what follows from its stage and amount."""
    metadata = stage["metadata"] if stage else {}
    closed, chance = metadata.get("isClosed") == "true", metadata.get("probability", "0")
    won = closed and Decimal(chance) == 1
    found = {
        **properties,
        "hs_is_closed": _bool(value=closed),
        "hs_is_closed_won": _bool(value=won),
        "hs_is_closed_lost": _bool(value=closed and not won),
        "hs_closed_amount": properties.get("amount") or "0" if won else "0",
        "hs_deal_stage_probability": chance,
    }
    amount = _number(properties, "amount")
    if amount is not None:
        rate = _number(properties, "hs_exchange_rate")
        found["amount_in_home_currency"] = (
            format((amount * rate).quantize(_CENT), "f") if rate else properties["amount"]
        )
    return {name: value for name, value in found.items() if name != "amount_in_home_currency" or amount is not None}


def _bool(*, value: bool) -> str:
    return "true" if value else "false"


def line(properties: Mapping[str, str]) -> dict[str, str]:
    """A line item with its amount: price x quantity less its discounts."""
    price, quantity = _number(properties, "price"), _number(properties, "quantity")
    rest = {name: value for name, value in properties.items() if name != "amount"}
    if price is None:
        return rest
    total = price * (Decimal(1) if quantity is None else quantity)
    percent, flat = _number(properties, "hs_discount_percentage"), _number(properties, "discount")
    if percent:
        total -= total * percent / 100
    elif flat:
        total -= flat * (Decimal(1) if quantity is None else quantity)
    return {**rest, "amount": format(total.normalize() if total == total.to_integral() else total, "f")}


def invoice(
    before: Mapping[str, str], after: Mapping[str, str], lines: Sequence[Mapping[str, str]], *, billed_to: bool
) -> dict[str, str]:
    """An invoice after a change: its steps, and what is billed, paid and open.  Raises `Refused`."""
    old, new = before.get("hs_invoice_status", "draft"), after.get("hs_invoice_status", "draft")
    if not before and new != "draft":
        raise wrong(f"An invoice begins as draft, not {new}")
    if new != old and new not in _STEPS[old]:
        raise wrong(f"An invoice of status {old} cannot become {new}")
    if new == "open" != old and (not lines or not billed_to):
        raise wrong("An invoice needs a contact or company and line items before it is open")
    billed = sum((_number(row, "amount") or Decimal(0) for row in lines), Decimal(0))
    if old in ("open", "paid", "voided"):  # what was billed is fixed from then on
        billed = _number(before, "hs_amount_billed") or billed
    paid = billed if new == "paid" else Decimal(0)
    sums = {"hs_amount_billed": billed, "hs_amount_paid": paid, "hs_balance_due": billed - paid}
    if new == "voided":
        sums["hs_balance_due"] = Decimal(0)
    return {**after, "hs_invoice_status": new, **{name: format(value, "f") for name, value in sums.items()}}


def total(amounts: Sequence[str]) -> str:
    """Their sum, as text."""
    return format(sum(map(Decimal, amounts), Decimal(0)), "f")
