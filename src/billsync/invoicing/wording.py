"""The conventions of a document in words, and how amounts and rates are written.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from billsync.model.convention import Policy
from billsync.model.discount import Coupon
from billsync.model.paying import DueRule, Instalment
from billsync.model.scalar import plain

_GROUPINGS: Final = {
    "deal": "one invoice per deal and due day",
    "customer-month": "one invoice per customer, currency and month",
    "customer-quarter": "one invoice per customer, currency and quarter",
}
_WHEN: Final = {"now": "at once", "period_end": "from the next period"}
_COUPONS: Final = {
    "as_given": "in the order in which they were agreed",
    "percentage_first": "percentages first, then fixed amounts; those of some lines before those of all",
    "fixed_first": "fixed amounts first, then percentages; those of some lines before those of all",
}
_TAXES: Final = {
    "line": "rounded on each line, then summed",
    "rate": "rounded once for each rate",
    "document": "rounded once for the whole document",
}
_LATE: Final = {
    "true_up_line": "a line of its own, priced by itself",
    "next_invoice": "counts in the period in which it came",
    "rerate": "its period is rated again and the difference billed",
}


def conventions(policy: Policy) -> Iterator[str]:
    """What a document was made by, a line each; those that can make no difference to it as well."""
    if policy.preset:
        yield f"preset: {policy.preset}"
    yield f"grouping: {_GROUPINGS.get(policy.grouping, policy.grouping)}"
    yield f"amounts: rounded {rounding(policy)} to the currency's decimals"
    yield f"part of a cycle: {_proration(policy)}"
    yield f"the day on which service ends: {policy.end_day}"
    yield f"changes: dearer {_WHEN[policy.upgrade]}, cheaper {_WHEN[policy.downgrade]}"
    legs = "what is given back and what is charged are rounded each"
    yield f"repairs: {legs if policy.round_on == 'legs' else 'their net is rounded once'}"
    back = "lines on the next invoice" if policy.credits == "lines" else "credit notes only"
    yield f"what is given back: {back}"
    yield f"coupons: {_COUPONS[policy.coupon_order]}"
    inside = "is in the prices" if policy.prices_include_tax else "comes on top of the prices, after discounts"
    yield f"tax: {inside}; {_TAXES[policy.tax_rounding]}"
    each = policy.commitment_rounding == "each"
    yield f"commitments: {'commitment and fees are rounded each' if each else 'their difference is rounded once'}"
    yield f"late usage: {_LATE[policy.late_usage]}"
    yield f"documents over nothing: {'kept' if policy.zero_invoices == 'keep' else 'not made'}"


def rounding(policy: Policy) -> str:
    """The mode of rounding: `half up`."""
    return policy.rounding.value.replace("_", " ")


def _proration(policy: Policy) -> str:
    if policy.proration == "none":
        return "in full"
    if policy.proration_unit == "second":
        words = "in proportion to its seconds"
    else:
        basis = policy.proration_basis
        words = "in proportion to its days" + ("" if basis == "actual/actual" else f", counted {basis}")
    return words if policy.factor_places is None else f"{words}, the factor kept with {policy.factor_places} decimals"


def coupon(item: Coupon) -> str:
    """What a coupon gives: `10 % of what is left of the lines a, b, at most 50.00`."""
    base = "all lines" if item.lines is None else f"the lines {', '.join(item.lines)}"
    given = f"{percent(item.percent)} of" if item.percent is not None else f"{money(item.amount or Decimal(0))} off"
    words = [f"{given} what is left of {base}"]
    if item.at_most is not None:
        words.append(f"at most {money(item.at_most)} a document")
    if item.at_most_in_all is not None:
        words.append(f"at most {money(item.at_most_in_all)} in all")
    if item.times is not None:
        words.append(f"on {item.times} document{'' if item.times == 1 else 's'} at most")
    return ", ".join(words)


def instalment(item: Instalment) -> str:
    """How a part of a total is found: `30 % of the total, due 30 days later`."""
    if item.amount is not None:
        part = f"the fixed amount {money(item.amount)}"
    elif item.percent is None:
        part = "all that is left"
    else:
        part = f"{percent(item.percent)} of {'the total' if item.of == 'total' else 'what is left'}"
    reached = f", owed when {item.milestone} is reached" if item.milestone else ""
    return f"{part}{reached}, due {due(item.due)}"


def due(rule: DueRule) -> str:
    """When something is due, in words: `1 month and 10 days later`, `at once`."""
    steps = [f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in ((rule.months, "month"), (rule.days, "day")) if n]
    words = f"{' and '.join(steps)} later" if steps else ""
    if rule.on_day is not None:
        words += f", on day {rule.on_day} of the month reached"
    if rule.next_day is not None:
        words += f", on the next day {rule.next_day} of a month"
    if rule.payment_days:
        words += f", on the next of the payment days {', '.join(map(str, rule.payment_days))}"
    return words.removeprefix(", ") or "at once"


def percent(rate: Decimal) -> str:
    """A fraction as a percentage: `9.975 %`."""
    text = plain(rate * 100)
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def money(amount: Decimal) -> str:
    """An amount with its thousands separated."""
    return f"{amount:,f}"
