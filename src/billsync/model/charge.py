"""One contract line in one period: what is owed, and why.  (pure)"""

from __future__ import annotations

from typing import Literal

from billsync.model.base import Currency, Day, Id, Noun, Number, Text
from billsync.model.period import Period


class Why(Noun):
    """How an amount came about.

    Attributes:
        rule: the convention in a few words: `one-time`, `every month in advance`.
        formula: the arithmetic with its numbers: `3 x 10.00 = 30.00`.
        inputs: what went in, by name.
        source: place of the record that it came from, as text: `crm/sales_pipeline.csv:2 (crm/opportunities/1C1I7A6R)`.
    """

    rule: Text
    formula: Text
    inputs: dict[str, Text] = {}
    source: Text = ""


class Charge(Noun):
    """An amount that is owed for one line and period.

    Attributes:
        key: business key, the same however often billing runs: contract / line / first day.
        kind: `charge`; `credit` gives back (part of) the charge `corrects`, its amount is negative; `true_up` is what a
            commitment misses; `late` is usage that came after its period was billed.
        corrects: key of the charge that a credit or late usage belongs to, else None.
        period: the days of service, or None for a one-time charge.
        due_on: the day from which it may stand on an invoice: the period's start in advance, its end in arrears.
        amount: quantity times rate, rounded to the currency, before tax.
    """

    key: Id
    kind: Literal["charge", "credit", "true_up", "late"] = "charge"
    corrects: Id | None = None
    contract: Id
    line: Id
    deal: Id
    customer: Id
    product: Id
    description: Text = ""
    period: Period | None = None
    due_on: Day
    quantity: Number
    unit_amount: Number
    amount: Number
    currency: Currency
    tax_code: Text | None = None
    why: Why
