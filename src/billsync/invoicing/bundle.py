"""A bundle has one price: on documents it stands as its parts, by what each sells for alone.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from billsync.billing.price import UNIT_PLACES
from billsync.model.charge import Charge, Why
from billsync.model.currency import exponent
from billsync.model.exact import EXACT, round_ratio
from billsync.model.money import allocate
from billsync.model.product import Product
from billsync.model.scalar import plain


def unbundled(charge: Charge, products: Mapping[str, Product]) -> list[Charge]:
    """The charge, or one for each part of its bundle; they keep its key and sum to its amount."""
    sold = products.get(charge.product)
    if sold is None or not sold.parts:
        return [charge]
    weights = [EXACT.multiply(part.quantity, part.selling_price) for part in sold.parts]
    amounts = allocate(charge.amount, weights, exponent(charge.currency))
    whole = sum(weights, Decimal(0))
    return [
        charge.model_copy(
            update={
                "product": part.product,
                "description": part.description or (products[part.product].name if part.product in products else ""),
                "quantity": EXACT.multiply(charge.quantity, part.quantity),
                "unit_amount": _unit(amount, charge.quantity * part.quantity),
                "amount": amount,
                "tax_code": None,
                "why": _why(charge, sold, weight, whole, amount),
            }
        )
        for part, weight, amount in zip(sold.parts, weights, amounts, strict=True)
    ]


def _unit(amount: Decimal, quantity: Decimal) -> Decimal:
    return round_ratio(amount / quantity, UNIT_PLACES) if quantity else amount


def _why(charge: Charge, bundle: Product, weight: Decimal, whole: Decimal, amount: Decimal) -> Why:
    why = charge.why
    share = f"{plain(charge.amount)} x {plain(weight)}/{plain(whole)} = {plain(amount)}"
    rule = f"{why.rule}; part of the bundle {bundle.name} by what it sells for alone"
    return Why(
        rule=rule, formula=f"{why.formula}; {share}", inputs=why.inputs | {"bundle": bundle.id}, source=why.source
    )
