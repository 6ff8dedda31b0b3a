"""An invoice in words: every amount with its arithmetic, its rule and the record that it came from.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billsync.invoicing.policy import NO_TAX
from billsync.model.convention import Policy
from billsync.model.invoice import Invoice, InvoiceLine, TaxTotal
from billsync.model.scalar import plain

_GROUPINGS = {
    "deal": "one invoice per deal and due day",
    "customer-month": "one invoice per customer, currency and month",
    "customer-quarter": "one invoice per customer, currency and quarter",
}


def explain(invoice: Invoice, state: str, paid: Decimal) -> list[str]:
    """Lines of plain text for a person in finance: what, how, why and from where.  `paid` is what was paid so far."""
    return [
        *_head(invoice, state, paid),
        "",
        "Lines",
        *(text for line in invoice.lines for text in _line(line, invoice.currency)),
        "",
        "Tax",
        *_taxes(invoice),
        "",
        "Total",
        f"  {_total(invoice)}",
        "",
        "Made by",
        *_conventions(invoice.policy),
    ]


def _head(invoice: Invoice, state: str, paid: Decimal) -> Iterator[str]:
    name = invoice.number or f"draft {invoice.id}"
    yield f"Invoice {name} for {invoice.customer}: {_money(invoice.total)} {invoice.currency}"
    yield f"  state: {state}; {_money(paid)} {invoice.currency} paid, {_money(invoice.total - paid)} open"
    yield f"  issued on {invoice.issued_on}" + (f" for {invoice.window}" if invoice.window else "")
    days = (invoice.due_on - invoice.issued_on).days
    yield f"  due on {invoice.due_on}: {days} day{'' if days == 1 else 's'} after it was issued"
    yield f"  known here as {invoice.id}"


def _line(line: InvoiceLine, currency: str) -> Iterator[str]:
    period = f", {line.period}" if line.period else ""
    yield f"  {line.id}. {line.description or line.product}{period}: {_money(line.amount)} {currency}"
    yield f"     how:  {line.why.formula}"
    yield f"     rule: {line.why.rule}"
    tax = "no tax" if line.tax_code == NO_TAX else f"{line.tax_code}, {_percent(line.tax_rate)}"
    yield f"     tax:  {tax}"
    stub = [f"{name} {line.why.inputs[name]}" for name in ("cycle",) if name in line.why.inputs]
    yield "     from: " + ", ".join([line.why.source or f"deal {line.deal}", *stub])


def _taxes(invoice: Invoice) -> Iterator[str]:
    if not invoice.taxes:
        yield "  none"
    for tax in invoice.taxes:
        yield f"  {_tax(tax)} {invoice.currency}, {_tax_rounding(invoice.policy)}"


def _tax(tax: TaxTotal) -> str:
    return f"{tax.name}: {_money(tax.base)} x {_percent(tax.rate)} = {_money(tax.amount)}"


def _tax_rounding(policy: Policy) -> str:
    mode = policy.rounding.value.replace("_", " ")
    if policy.tax_rounding == "line":
        return f"each line's tax rounded {mode}, then summed"
    return f"rounded {mode} once, on the sum of its lines"


def _total(invoice: Invoice) -> str:
    parts = f"{_money(invoice.subtotal)} before tax + {_money(invoice.tax_total)} tax"
    return f"{parts} = {_money(invoice.total)} {invoice.currency}"


def _conventions(policy: Policy) -> Iterator[str]:
    yield f"  grouping: {_GROUPINGS.get(policy.grouping, policy.grouping)}"
    yield f"  amounts: rounded {policy.rounding.value.replace('_', ' ')} to the currency's decimals"
    by_days = policy.proration == "days"
    yield f"  part of a cycle: {'in proportion to its days' if by_days else 'in full'}"


def _percent(rate: Decimal) -> str:
    text = plain(rate * 100)
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def _money(amount: Decimal) -> str:
    return f"{amount:,f}"
