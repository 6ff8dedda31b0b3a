"""Which charges share an invoice, and when its window is over.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billsync.billing.key import business_key
from billsync.model.charge import Charge
from billsync.model.period import Period, month_of, quarter_of


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """The place of a charge: charges with equal slots share an invoice.

    Attributes:
        last_day: the last day whose charges belong to it; the invoice is made from that day on.
        payer: id of the customer that is billed.
        base: its invoices' id without the count: `deal:<deal>` or `<customer>:2017-Q1:<currency>`.
        window: the days that it groups, or None for one deal's due day.
    """

    last_day: date
    payer: str
    base: str
    currency: str
    window: Period | None = None


def slot_of(charge: Charge, payer: str, grouping: str) -> Slot:
    """The slot of a charge by the grouping `deal`, `customer-month` or `customer-quarter`."""
    if grouping == "deal":
        return Slot(charge.due_on, payer, business_key("deal", charge.deal, by=":"), charge.currency)
    window = month_of(charge.due_on) if grouping == "customer-month" else quarter_of(charge.due_on)
    base = business_key(payer, _label(window), charge.currency, by=":")
    return Slot(window.last_day, payer, base, charge.currency, window)


def _label(window: Period) -> str:
    begin = window.start
    if window.days > 31:
        return f"{begin.year:04}-Q{(begin.month + 2) // 3}"
    return f"{begin.year:04}-{begin.month:02}"
