"""Allocation, rounding and equal parts."""

from __future__ import annotations

from decimal import Decimal

from billsync.model.currency import exponent
from billsync.model.money import Rounding, allocate, round_amount, round_to
from tests.golden.reading import Answers, Inputs, dec, known, reads

METHODS = {"largest remainder, ties by order": allocate}
PARTS = {"largest remainder, first parts take the extra unit": allocate}


@reads("allocation", needs="amount weights places method")
def shares(inputs: Inputs) -> Answers:
    names = [name for name, _ in inputs["weights"]]
    weights = [dec(weight) for _, weight in inputs["weights"]]
    parts = known(METHODS, inputs["method"])(dec(inputs["amount"]), weights, inputs["places"])
    return {"shares": dict(zip(names, parts, strict=True))}


@reads("installments", needs="total parts places rule")
def equal_parts(inputs: Inputs) -> Answers:
    split = known(PARTS, inputs["rule"])
    return {"amounts": split(dec(inputs["total"]), [1] * inputs["parts"], inputs["places"])}


@reads("rounding", needs="amount currency mode")
def rounded(inputs: Inputs) -> Answers:
    return {"amount": round_amount(dec(inputs["amount"]), inputs["currency"], known(MODES, inputs["mode"]))}


@reads("rounding", needs="lines places rule")
@reads("rounding", needs="lines currency rule")
def rounded_lines(inputs: Inputs) -> Answers:
    known({"round each line, then sum": True}, inputs["rule"])
    given, places = inputs["lines"], inputs.get("places", exponent(inputs.get("currency", "USD")))
    values = [given["value"]] * given["times"] if isinstance(given, dict) else given
    return {"subtotal": sum((round_to(dec(value), places) for value in values), Decimal(0))}


@reads("rounding", needs="quantity unit_price", may="currency")
def rounded_product(inputs: Inputs) -> Answers:
    product = dec(inputs["quantity"]) * dec(inputs["unit_price"])
    return {"amount": round_to(product, exponent(inputs.get("currency", "USD")))}


MODES = {mode.value: mode for mode in Rounding}
