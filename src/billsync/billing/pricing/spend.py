"""The least and the most that a period costs, over as many bills as it has.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billsync.model.exact import Exact, exact_sum, negated


@dataclass(frozen=True, slots=True)
class Limited:
    """A charge within its limits.

    Attributes:
        charge: as it was priced.
        top_up: what is missing to the minimum, zero or more.
        discount: what is above the maximum, zero or more.
        net: charge plus top-up less discount.
    """

    charge: Exact
    top_up: Exact
    discount: Exact
    net: Exact


def limit(
    charge: Exact,
    *,
    minimum: Decimal | None = None,
    maximum: Decimal | None = None,
    already_billed: Exact = Decimal(0),
) -> Limited:
    """The charge within the limits of its period, of which `already_billed` was charged before.

    The minimum is made up for by the period's last bill only: give it then.  Limits never take back what was billed.
    """
    so_far = exact_sum((already_billed, charge))
    zero = Decimal(0)
    top_up = max(zero, exact_sum((minimum, negated(so_far)))) if minimum is not None else zero
    over = max(zero, exact_sum((so_far, negated(maximum)))) if maximum is not None else zero
    discount = min(over, max(zero, charge))
    return Limited(charge, top_up, discount, exact_sum((charge, top_up, negated(discount))))
