"""What documents have used up: coupons and prepaid credits; and their lines, which may be given back.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from billsync.billing.prepaid import Grant
from billsync.model.discount import Coupon
from billsync.model.exchange import FxRate
from billsync.model.invoice import CreditNote, Invoice, InvoiceLine
from billsync.model.paying import PrepaidGrant


@dataclass(frozen=True, slots=True)
class Stood:
    """A charge's line as it stands on a document.

    Attributes:
        line: with the signs of an invoice.
        invoice: id of the invoice, "" where it stands on a credit note.
        number: of the invoice, "" for a draft and for a credit note.
        fx: the rate that its amount was made with, or None.
    """

    line: InvoiceLine
    invoice: str = ""
    number: str = ""
    fx: FxRate | None = None


def turned(line: InvoiceLine) -> InvoiceLine:
    """The line with other signs: an invoice's as a credit note has it, and the other way round."""
    amounts = {name: getattr(line, name) for name in ("unit_amount", "amount", "discount", "tax")}
    return line.model_copy(update={name: -value if value else value for name, value in amounts.items()})


@dataclass(slots=True)
class Used:
    """Collected over documents in the order of their dates.

    Attributes:
        times, given: by contract and coupon, on how many documents and how much in all.
        drawn: by contract and grant, how much in all.
        lines: by charge and product.
    """

    times: dict[tuple[str, str], int] = field(default_factory=dict)
    given: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    drawn: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    lines: dict[tuple[str, str], Stood] = field(default_factory=dict)

    def add(self, invoice: Invoice) -> None:
        """Note an invoice."""
        for discount in invoice.discounts:
            key = (discount.contract, discount.coupon)
            self.times[key] = self.times.get(key, 0) + 1
            self.given[key] = self.given.get(key, Decimal(0)) + discount.amount
        for draw in invoice.prepaid:
            key = (draw.contract, draw.grant)
            self.drawn[key] = self.drawn.get(key, Decimal(0)) + draw.amount
        for line in invoice.lines:
            self.lines[line.charge, line.product] = Stood(line, invoice.id, invoice.number, invoice.fx)

    def add_note(self, note: CreditNote) -> None:
        """Note a credit note: what was charged anew on it may be given back later, with its discount and tax."""
        for line in note.lines:
            if line.amount < 0:
                self.lines[line.charge, line.product] = Stood(turned(line), fx=note.fx)

    def coupons(self, contract: str, coupons: Iterable[Coupon], on: date) -> list[Coupon]:
        """Those that still hold on the day of issue, with what is left of them."""
        return [left for coupon in coupons if (left := self._left(contract, coupon, on)) is not None]

    def _left(self, contract: str, coupon: Coupon, on: date) -> Coupon | None:
        key = (contract, coupon.id)
        if not coupon.holds_on(on) or (coupon.times is not None and self.times.get(key, 0) >= coupon.times):
            return None
        if coupon.at_most_in_all is None:
            return coupon
        left = coupon.at_most_in_all - self.given.get(key, Decimal(0))
        if left <= 0:
            return None
        return coupon.model_copy(update={"at_most": left if coupon.at_most is None else min(left, coupon.at_most)})

    def grants(self, contract: str, grants: Iterable[PrepaidGrant]) -> list[Grant]:
        """The prepaid credits with what is left of them."""
        return [
            Grant(
                id=grant.id,
                left=grant.amount - self.drawn.get((contract, grant.id), Decimal(0)),
                granted_on=grant.granted_on,
                expires_on=grant.expires_on,
                priority=grant.priority,
            )
            for grant in grants
        ]

    def copy(self) -> Used:
        """The same, to go on from without changing this one."""
        return replace(
            self, times=dict(self.times), given=dict(self.given), drawn=dict(self.drawn), lines=dict(self.lines)
        )
