"""Contract -> charges through a day: always from the beginning, always the same keys.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billsync.billing.calendar import Portion, portions
from billsync.billing.key import business_key
from billsync.billing.price import rate
from billsync.billing.rule import rule_of
from billsync.model.charge import Charge, Why
from billsync.model.contract import Contract, ContractLine
from billsync.model.invoice import Policy
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class Due:
    """What a contract owes.

    Attributes:
        charges: all with `due_on` up to the day asked for, oldest first, in the order of the lines.
        next_on: `due_on` of the charge that comes next, or None where none will ever come.
    """

    charges: tuple[Charge, ...]
    next_on: date | None


def due(contract: Contract, *, through: date, policy: Policy, source: str = "") -> Due:
    """Every charge of the contract that is owed on the day `through` or before it.

    The charges through a day are the first ones of those through any later day.  `source` is the place of the record
    that the contract came from, as text.
    """
    found: list[tuple[date, Charge]] = []
    ahead: list[date] = []
    for line in contract.lines:
        for portion in portions(line):
            if portion.due_on > through:
                ahead.append(portion.due_on)
                break
            found.append((portion.due_on, _charge(contract, line, portion, policy, source)))
    found.sort(key=lambda item: item[0])
    return Due(tuple(charge for _, charge in found), min(ahead, default=None))


def charge_key(contract: str, line: str, first_day: date) -> str:
    """`contract/line/2026-01-31`."""
    return business_key(contract, line, first_day.isoformat(), by="/")


def _charge(contract: Contract, line: ContractLine, portion: Portion, policy: Policy, source: str) -> Charge:
    rated = rate(line, portion, contract.currency, policy)
    return Charge(
        key=charge_key(contract.id, line.id, portion.first_day),
        contract=contract.id,
        line=line.id,
        deal=contract.deal,
        customer=contract.customer,
        product=line.product,
        description=line.description,
        period=portion.period,
        due_on=portion.due_on,
        quantity=line.quantity,
        unit_amount=line.price.unit_amount,
        amount=rated.amount,
        currency=contract.currency,
        tax_code=line.tax_code,
        why=Why(
            rule=rule_of(line, portion, policy),
            formula=rated.formula,
            inputs=_inputs(contract, line, portion, policy),
            source=source,
        ),
    )


def _inputs(contract: Contract, line: ContractLine, portion: Portion, policy: Policy) -> dict[str, str]:
    inputs = {
        "deal": contract.deal,
        "line": line.id,
        "quantity": plain(line.quantity),
        "unit_amount": plain(line.price.unit_amount),
        "currency": contract.currency,
        "scheme": line.price.scheme,
        "rounding": policy.rounding.value,
    }
    if portion.period is not None:
        inputs["period"] = str(portion.period)
    if portion.is_stub:
        inputs |= {"cycle": str(portion.cycle), "proration": policy.proration}
    return inputs
