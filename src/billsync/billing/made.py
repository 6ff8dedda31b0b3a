"""What a line's arithmetic gives, and how it becomes a charge that says why.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal

from billsync.billing.amendment import Convention
from billsync.billing.line import Line, Terms
from billsync.model.charge import Charge, Why
from billsync.model.contract import Contract
from billsync.model.convention import Policy
from billsync.model.period import Period
from billsync.model.scalar import MAX_DIGITS, plain

_BOUND: Final = Decimal(10**MAX_DIGITS)

Kind = Literal["charge", "credit", "true_up", "late"]


@dataclass(frozen=True, slots=True)
class Making:
    """What all charges of a contract share.

    Attributes:
        convention: how parts of cycles are priced, by the policy.
        source: place of the record that the contract came from, as text.
    """

    contract: Contract
    policy: Policy
    convention: Convention
    source: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """One charge before it is put into words.

    Attributes:
        cycle: the whole cycle around the period, or None for a line without cycles.
        quantity, unit_amount: as they stand on the document.
        inputs: what went in, beside what every charge says.
    """

    key: str
    due_on: date
    line: Line
    terms: Terms
    quantity: Decimal
    unit_amount: Decimal
    amount: Decimal
    rule: str
    formula: str
    period: Period | None = None
    cycle: Period | None = None
    kind: Kind = "charge"
    corrects: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)


def charge_of(made: Made, by: Making) -> Charge:
    """The charge, with its explanation.  Raises ValueError for an amount that does not fit."""
    contract, period = by.contract, made.period
    deal = contract.deal or contract.id
    inputs = {
        "deal": deal,
        "line": made.line.id,
        "quantity": plain(made.quantity),
        "unit_amount": plain(made.unit_amount),
        "currency": contract.currency,
        "scheme": made.terms.price.scheme,
        "rounding": by.policy.rounding.value,
        **made.inputs,
    }
    if period is not None:
        inputs["period"] = _days(period)
    if made.cycle is not None and made.cycle is not period and made.cycle != period:
        inputs |= {"cycle": _days(made.cycle), "proration": by.policy.proration}
    if not _is_in_bounds(made):
        raise ValueError(f"the line {made.line.id} comes to more than can be billed: {made.formula}")
    return Charge.trusted(
        key=made.key,
        kind=made.kind,
        corrects=made.corrects,
        contract=contract.id,
        line=made.line.id,
        deal=deal,
        customer=contract.customer,
        product=made.terms.product,
        description=_described(made),
        period=period,
        due_on=made.due_on,
        quantity=made.quantity,
        unit_amount=made.unit_amount,
        amount=made.amount,
        currency=contract.currency,
        tax_code=made.line.tax_code,
        why=Why.trusted(rule=made.rule, formula=made.formula, inputs=inputs, source=by.source),
    )


@lru_cache(maxsize=4096)  # many contracts share their periods
def _days(period: Period) -> str:
    return str(period)


def _is_in_bounds(made: Made) -> bool:
    # spelled out: each charge asks
    return -_BOUND < made.quantity < _BOUND and -_BOUND < made.unit_amount < _BOUND and -_BOUND < made.amount < _BOUND


def _described(made: Made) -> str:
    words = made.terms.description
    return f"Credit: {words or made.terms.product}" if made.kind == "credit" else words
