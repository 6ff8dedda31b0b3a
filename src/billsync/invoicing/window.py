"""Which charges share an invoice, and when its window is over.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billsync.billing.key import business_key
from billsync.model.charge import Charge
from billsync.model.period import Period, month_of, quarter_of


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """The place of a charge: charges with equal slots share a document.

    Attributes:
        last_day: the last day whose charges belong to it; the invoice is made from that day on.
        payer: id of the customer that is billed.
        base: its documents' id without the count: `deal:<deal>` or `<customer>:2017-Q1:<currency>`.
        currency: that of the document.
        window: the days that it groups, or None for one deal's due day.
        entity: the company that bills, "" for the only one.
    """

    last_day: date
    payer: str
    base: str
    currency: str
    window: Period | None = None
    entity: str = ""


def slot_of(charge: Charge, payer: str, grouping: str, *, currency: str | None = None, entity: str = "") -> Slot:
    """The slot of a charge by the grouping `deal`, `customer-month` or `customer-quarter`.

    `currency` is that of the document, None for the charge's own.
    """
    currency = currency or charge.currency
    companies = (entity,) if entity else ()
    if grouping == "deal":
        return Slot(charge.due_on, payer, business_key("deal", charge.deal, by=":"), currency, None, entity)
    window = month_of(charge.due_on) if grouping == "customer-month" else quarter_of(charge.due_on)
    base = business_key(payer, _label(window), currency, *companies, by=":")
    return Slot(window.last_day, payer, base, currency, window, entity)


def _label(window: Period) -> str:
    begin = window.start
    if window.days > 31:
        return f"{begin.year:04}-Q{(begin.month + 2) // 3}"
    return f"{begin.year:04}-{begin.month:02}"
