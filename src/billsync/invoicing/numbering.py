"""Numbers of invoices: which counter a draft draws from, and how the number is written.  (pure)

The caller keeps the counters, one per series, and draws the next value in the transaction that keeps the invoice: so
the numbers of a series have no gaps.
"""

from __future__ import annotations

from billsync.invoicing.draft import Draft
from billsync.invoicing.pattern import number, read, series
from billsync.invoicing.policy import InvoicingRules


def series_of(rules: InvoicingRules, draft: Draft) -> str:
    """The name of the counter: `INV-2017` for the pattern `INV-{year}-{seq:06}`."""
    return series(rules.pattern_of(draft.invoice), draft.invoice.issued_on)


def number_of(rules: InvoicingRules, draft: Draft, seq: int) -> str:
    """The number for the counter's value: `INV-2017-000001`.  Raises ValueError for a value below 1."""
    return number(rules.pattern_of(draft.invoice), draft.invoice.issued_on, seq)


def counted(rules: InvoicingRules, text: str) -> tuple[str, int] | None:
    """Series and counter of a number that these rules make: `("INV-2017", 1)`; None for any other text."""
    return next((found for pattern in rules.patterns if (found := read(pattern, text)) is not None), None)
