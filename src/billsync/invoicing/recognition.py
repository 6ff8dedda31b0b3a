"""When the lines of documents are earned, and the deferred revenue that ties to the documents.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billsync.invoicing.revenue import Deferred, Earned, roll_forward, straight_line
from billsync.model.currency import exponent
from billsync.model.invoice import CreditNote, Invoice, InvoiceLine
from billsync.model.period import Period, add_months, month_of


@dataclass(frozen=True, slots=True)
class Recognised:
    """A line's revenue.

    Attributes:
        document: number of the invoice or credit note.
        amount: of the line, less its discount, without tax; negative on a credit note.
        rule: how it is earned, in words.
        parts: by month, or at once; they sum to the amount.
    """

    document: str
    line: str
    product: str
    amount: Decimal
    rule: str
    parts: tuple[Earned, ...]


def recognised(document: Invoice | CreditNote) -> Iterator[Recognised]:
    """The revenue of each line by the policy that the document pins.

    A line with days of service is earned over them, by day or by month; one without, on the document's date.
    """
    sign = -1 if isinstance(document, CreditNote) else 1
    policy, places = document.policy, exponent(document.currency)
    for line in document.lines:
        amount = sign * _net(line, inclusive=policy.prices_include_tax)
        parts: tuple[Earned, ...] = (Earned(document.issued_on, amount),)
        rule = f"at once, on {document.issued_on}"
        if line.period is not None and amount:
            rule = f"evenly by {policy.revenue_method} over {line.period}"
            parts = straight_line(
                amount,
                line.period,
                places,
                policy.rounding,
                method=policy.revenue_method,
                remainder=policy.revenue_remainder,
            )
        yield Recognised(document.number or document.id, line.id, line.product, amount, rule, parts)


def deferred(documents: Sequence[Invoice | CreditNote], through: date) -> tuple[Deferred, ...]:
    """The roll-forward of deferred revenue by month, from the first document's or service's month through a day's.

    What is earned before it is invoiced makes it negative: a contract asset.
    """
    found = [(document, item) for document in documents for item in recognised(document)]
    invoiced = [(document.issued_on, item.amount) for document, item in found]
    earned = [part for _, item in found for part in item.parts]
    days = [on for on, _ in invoiced] + [part.on for part in earned]
    return roll_forward(invoiced, earned, _months(days, through)) if days else ()


def _months(days: Iterable[date], through: date) -> list[Period]:
    months, begin = [], min(days).replace(day=1)
    while begin <= through:
        months.append(month_of(begin))
        begin = add_months(begin, 1)
    return months


def _net(line: InvoiceLine, *, inclusive: bool) -> Decimal:
    tax = line.tax if inclusive and line.tax is not None else Decimal(0)
    return line.amount - line.discount - tax
