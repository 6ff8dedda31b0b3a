"""What was used, as price schemes take it.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billsync.model.period import Period


@dataclass(frozen=True, slots=True)
class Change:
    """The quantity changed.

    Attributes:
        on: the first day with the new quantity.
        by: units more, or fewer where it is negative.
    """

    on: date
    by: Decimal


@dataclass(frozen=True, slots=True)
class Consumption:
    """One period's usage.

    Attributes:
        quantity: units; for a graduated percentage, the sum of amounts in major units.
        transactions: amounts in major units in the order in which they happened, for percentage and dynamic prices.
        period: the days that changes are prorated over, for prorated graduated prices.
        changes: of the quantity, in order, for prorated graduated prices.
    """

    quantity: Decimal = Decimal(0)
    transactions: tuple[Decimal, ...] = ()
    period: Period | None = None
    changes: tuple[Change, ...] = ()
