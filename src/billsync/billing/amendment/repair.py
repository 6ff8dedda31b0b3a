"""Lines billed and lines wanted give repairs: charges, and credits that never exceed what was billed.  (pure)

Whatever changed (quantity, price, plan, term, from today or from long ago), the repair is found the same way: days that
were billed and are still wanted at the same price stay; billed days that are not wanted any more are given back; wanted
days that were not billed are charged.  Nothing that was billed is rewritten, and a second repair finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count

from billsync.billing.key import business_key
from billsync.billing.proration import Share, prorate, second_share, share
from billsync.billing.timeline import ZoneHistory
from billsync.model.convention import Basis, Conventions
from billsync.model.exact import Exact, ratio_text
from billsync.model.money import Rounding
from billsync.model.period import Every, Period
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class Convention:
    """How parts of cycles are priced.

    Attributes:
        places: decimals of the currency.
        seconds_in: the customer's zones where parts are counted in seconds, else None: in days, by the basis.
        factor_places: decimals that a factor is kept with, or None for all of it.
        in_full: a part costs what the whole does, and nothing of it is given back.
    """

    places: int = 2
    basis: Basis = Basis.ACTUAL_ACTUAL
    rounding: Rounding = Rounding.HALF_UP
    seconds_in: ZoneHistory | None = None
    factor_places: int | None = None
    in_full: bool = False

    @classmethod
    def by(cls, conventions: Conventions, places: int, zones: ZoneHistory) -> Convention:
        """For a customer in these zones, in a currency of so many decimals."""
        seconds_in = zones if conventions.proration_unit == "second" else None
        return cls(
            places,
            conventions.proration_basis,
            conventions.rounding,
            seconds_in,
            conventions.factor_places,
            in_full=conventions.proration == "none",
        )

    def share(self, part: Period, cycle: Period, every: Every) -> Share:
        """What part of the cycle the period is."""
        if self.seconds_in is not None:
            return second_share(part, cycle, self.seconds_in)
        return share(part, cycle, every, self.basis)

    def price(self, amount: Exact, part: Share) -> Decimal:
        """What the part of a cycle costs that costs `amount` as a whole."""
        return prorate(amount, part, self.places, self.rounding, factor_places=self.factor_places)


@dataclass(frozen=True, slots=True)
class Segment:
    """A line for some days of a cycle.  Raises ValueError for a negative rate.

    Attributes:
        line: id of the contract's line.
        period: the days; they lie in `cycle`.
        rate: price of the whole cycle, quantity included, in major units.
    """

    line: str
    period: Period
    cycle: Period
    every: Every
    rate: Exact

    def __post_init__(self) -> None:
        if self.rate < 0:
            raise ValueError(f"a rate is zero or more, got {ratio_text(self.rate)} for {self.line}")


@dataclass(frozen=True, slots=True)
class Credited:
    """What was given back of a billed item.

    Attributes:
        key: of the billed item.
        amount: zero or more.
        period: the days that are no longer billed, or None where only money was given back.
    """

    key: str
    amount: Decimal
    period: Period | None = None
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Billed:
    """An item that stands on an invoice.

    Attributes:
        key: names the item.
        amount: as it was billed, zero or more.
        credits: what was given back of it since.
    """

    key: str
    segment: Segment
    amount: Decimal
    credits: tuple[Credited, ...] = ()

    @property
    def left(self) -> Decimal:
        """What may still be given back."""
        return self.amount - sum((credit.amount for credit in self.credits), Decimal(0))

    @property
    def live(self) -> tuple[Period, ...]:
        """The days that are still billed."""
        return without((self.segment.period,), (credit.period for credit in self.credits if credit.period))


@dataclass(frozen=True, slots=True)
class Repairs:
    """What a change comes to.

    Attributes:
        credits: by billed item.
        charges: items to bill, with keys that name line and days.
        net: charges less credits.
    """

    credits: tuple[Credited, ...] = ()
    charges: tuple[Billed, ...] = ()
    net: Decimal = field(default=Decimal(0))


def repair(billed: Sequence[Billed], wanted: Sequence[Segment], convention: Convention) -> Repairs:
    """What makes good the difference between what was billed and what is wanted.

    Days that were billed twice are given back once.  The credits of an item never exceed what is left of it.
    """
    open_days: list[tuple[Segment, tuple[Period, ...]]] = [(segment, (segment.period,)) for segment in wanted]
    credits: list[Credited] = []
    for item in billed:
        kept: list[Period] = []
        for number, (segment, days) in enumerate(open_days):
            if _same_price(item.segment, segment):
                found = [part for live in item.live for day in days if (part := live.overlap(day))]
                open_days[number] = (segment, without(days, found))
                kept += found
        credits += _credits(item, kept, convention)
    charges = _charges(billed, [(segment, days) for segment, parts in open_days for days in parts], convention)
    given = sum((credit.amount for credit in credits), Decimal(0))
    return Repairs(tuple(credits), charges, sum((item.amount for item in charges), Decimal(0)) - given)


def apply(billed: Sequence[Billed], repairs: Repairs) -> tuple[Billed, ...]:
    """The billed items after the repairs stand on documents too."""
    credited = [
        replace(item, credits=(*item.credits, *(credit for credit in repairs.credits if credit.key == item.key)))
        for item in billed
    ]
    return (*credited, *repairs.charges)


def without(periods: Iterable[Period], taken: Iterable[Period]) -> tuple[Period, ...]:
    """The days of `periods` that no period of `taken` holds."""
    left = list(periods)
    for gone in taken:
        left = [part for period in left for part in _minus(period, gone)]
    return tuple(left)


def _minus(period: Period, gone: Period) -> Iterator[Period]:
    if period.overlap(gone) is None:
        yield period
        return
    if period.start < gone.start:
        yield Period(period.start, gone.start)
    if gone.end < period.end:
        yield Period(gone.end, period.end)


def _same_price(left: Segment, right: Segment) -> bool:
    return (left.line, left.cycle, left.every, left.rate) == (right.line, right.cycle, right.every, right.rate)


def _credits(item: Billed, kept: Sequence[Period], convention: Convention) -> Iterator[Credited]:
    """Parts of the item that are given back; all that is left where no day of it is kept."""
    parts, left = without(item.live, kept), item.left
    for number, part in enumerate(parts, start=1):
        if number == len(parts) and not kept:
            amount, words = left, f"all that is left of {plain(item.amount)} = {plain(left)}"
        else:
            amount, words = _part_of(item, part, left, convention)
        left -= amount
        yield Credited(item.key, amount, part, words)


def _part_of(item: Billed, part: Period, left: Decimal, convention: Convention) -> tuple[Decimal, str]:
    """What the part was billed with: by its share of the cycle, as its days are charged anew; else in proportion."""
    segment = item.segment
    whole = convention.share(segment.period, segment.cycle, segment.every)
    share, rate = convention.share(part, segment.cycle, segment.every), segment.rate
    if item.amount != convention.price(rate, whole):
        if not whole.counted:
            return Decimal(0), "it counts as no days"
        share, rate = Share(share.counted, whole.counted, whole.unit), item.amount
    amount = convention.price(rate, share)
    words = f"{ratio_text(rate)} x {share} = {plain(amount)}"
    return (amount, words) if amount <= left else (left, f"{words}, of which {plain(left)} is left")


def _charges(
    billed: Sequence[Billed], parts: Sequence[tuple[Segment, Period]], convention: Convention
) -> tuple[Billed, ...]:
    """Each with a key of its own, also where the same days at the same price were billed before and given back."""
    taken = {item.key for item in billed}
    made: list[Billed] = []
    for segment, days in parts:
        amount = convention.price(segment.rate, convention.share(days, segment.cycle, segment.every))
        base = business_key(
            segment.line, days.start.isoformat(), days.end.isoformat(), ratio_text(segment.rate), by="/"
        )
        key = next(key for key in _counted(base) if key not in taken)
        taken.add(key)
        made.append(Billed(key, replace(segment, period=days), amount))
    return tuple(made)


def _counted(base: str) -> Iterator[str]:
    yield base
    yield from (f"{base}/{number}" for number in count(2))
