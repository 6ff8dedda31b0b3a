"""Documents and money of each side, per currency.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from billsync.model.drift import Drift, DriftKind


@dataclass(slots=True)
class Sum:
    """Documents and money of one side; a doubled document counts twice where it is doubled.

    Attributes:
        net: before tax; open: still to be paid.  None where the side does not say it of all its documents.
    """

    documents: int = 0
    net: Decimal | None = Decimal(0)
    tax: Decimal | None = Decimal(0)
    total: Decimal | None = Decimal(0)
    open: Decimal | None = Decimal(0)

    def add(self, *, net: Decimal | None, tax: Decimal | None, total: Decimal | None, open: Decimal | None) -> None:
        """Count one document."""
        self.documents += 1
        self.net, self.tax = _plus(self.net, net), _plus(self.tax, tax)
        self.total, self.open = _plus(self.total, total), _plus(self.open, open)


def _plus(sum_: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return None if sum_ is None or amount is None else sum_ + amount


@dataclass(slots=True)
class Sides:
    """The sums of one currency.

    Attributes:
        crm: what the won deals come to; tax and what is open are not the CRM's to say.
    """

    crm: Sum = field(default_factory=Sum)
    ours: Sum = field(default_factory=Sum)
    erp: Sum = field(default_factory=Sum)


@dataclass(slots=True)
class Totals:
    """Sums by currency."""

    by_currency: dict[str, Sides] = field(default_factory=dict)

    def of(self, currency: str) -> Sides:
        """The sums of one currency."""
        if currency not in self.by_currency:
            self.by_currency[currency] = Sides()
        return self.by_currency[currency]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many drifts of one class and currency there are, and the money at stake in them."""

    kind: DriftKind
    currency: str
    count: int
    amount: Decimal


def by_class(drifts: Iterable[Drift]) -> list[Counted]:
    """Drifts counted by class and currency, in the order of the classes."""
    found: dict[tuple[DriftKind, str], tuple[int, Decimal]] = {}
    for drift in drifts:
        count, amount = found.get((drift.kind, drift.currency), (0, Decimal(0)))
        found[drift.kind, drift.currency] = count + 1, amount + drift.amount
    order = {kind: place for place, kind in enumerate(DriftKind)}
    rows = [Counted(kind, currency, *sums) for (kind, currency), sums in found.items()]
    return sorted(rows, key=lambda row: (order[row.kind], row.currency))
