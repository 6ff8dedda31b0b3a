"""What a billing document is worth month by month: recurring revenue, and what of its invoices is earned.  (pure)

Recurring revenue counts what is agreed at the month's end, without tax, usage and one-time charges, less percentages
off that last.  Revenue is earned over each line's days of service by the document's own method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billsync.insight.contract import recurring_lines
from billsync.insight.recurring import by_customer
from billsync.invoicing.book import BillingDocument
from billsync.invoicing.revenue import Deferred, Earned, roll_forward, straight_line
from billsync.model.currency import exponent
from billsync.model.exact import round_ratio
from billsync.model.invoice import CreditNote, Invoice, InvoiceLine
from billsync.model.period import Period


@dataclass(frozen=True, slots=True)
class Month:
    """A month's end.

    Attributes:
        recurring: monthly recurring revenue on its last day, rounded to the contract's currency.
        revenue: by currency of the documents, without tax: opening, invoiced, earned, closing.
    """

    month: Period
    recurring: Decimal
    revenue: dict[str, Deferred]


def outlook(
    document: BillingDocument, made: Sequence[Invoice | CreditNote], months: Sequence[Period]
) -> tuple[Month, ...]:
    """The months, in order.  `made` are all documents from the beginning, also those before the first month."""
    currencies = sorted({item.currency for item in made})
    tables = {
        currency: _revenue([item for item in made if item.currency == currency], months) for currency in currencies
    }
    places = exponent(document.contract.currency)
    return tuple(
        Month(
            month,
            round_ratio(recurring_on(document, month.last_day), places),
            {currency: table[index] for currency, table in tables.items()},
        )
        for index, month in enumerate(months)
    )


def recurring_on(document: BillingDocument, day: date) -> Fraction:
    """Monthly recurring revenue on a day, as it is known that day."""
    lines = recurring_lines(document.contract, document.invoicing.policy(), day)
    return sum(by_customer(lines, day).values(), Fraction(0))


def _revenue(made: Sequence[Invoice | CreditNote], months: Sequence[Period]) -> tuple[Deferred, ...]:
    invoiced = [(item.issued_on, _net(line, item)) for item in made for line in item.lines]
    earned = [part for item in made for line in item.lines for part in _earned(line, item)]
    return roll_forward(invoiced, earned, months)


def _net(line: InvoiceLine, document: Invoice | CreditNote) -> Decimal:
    """The line less discounts, without tax; below zero on a credit note."""
    inside = line.tax if document.policy.prices_include_tax and line.tax is not None else Decimal(0)
    net = line.amount - line.discount - inside
    return net if isinstance(document, Invoice) else -net


def _earned(line: InvoiceLine, document: Invoice | CreditNote) -> Sequence[Earned]:
    net = _net(line, document)
    if line.period is None:
        return (Earned(document.issued_on, net),)
    by = document.policy
    return straight_line(
        net,
        line.period,
        exponent(document.currency),
        by.rounding,
        method=by.revenue_method,
        remainder=by.revenue_remainder,
    )
