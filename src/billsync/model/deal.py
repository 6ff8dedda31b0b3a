"""What the CRM says was agreed: raw commercial intent.  (pure)"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from pydantic import model_validator

from billsync.model.base import Currency, Day, Id, Noun, Number, Text
from billsync.model.period import Every, Unit

_UNITS: Final[tuple[Unit, ...]] = ("days", "weeks", "months", "quarters", "half_years", "years")


class Cycle(Noun):
    """How often a recurring line is billed: exactly one of the six, a whole number of 1 or more."""

    days: int | None = None
    weeks: int | None = None
    months: int | None = None
    quarters: int | None = None
    half_years: int | None = None
    years: int | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> Cycle:
        given = [count for count in self.__dict__.values() if count is not None]
        if len(given) != 1 or given[0] < 1:
            raise ValueError(f"expected exactly one of {', '.join(_UNITS)}, with a number of 1 or more")
        return self

    @property
    def unit(self) -> Unit:
        """The unit that is given."""
        given = self.__dict__
        return next(unit for unit in _UNITS if given[unit] is not None)

    @property
    def count(self) -> int:
        """How many of the unit."""
        count: int = getattr(self, self.unit)
        return count

    @property
    def length(self) -> Every:
        """The cycle as a length that can be counted with."""
        return _length(tuple([self.__dict__[unit] for unit in _UNITS]))


@lru_cache(maxsize=256)
def _length(counts: tuple[int | None, ...]) -> Every:
    return next(Every(count, unit) for count, unit in zip(counts, _UNITS, strict=True) if count is not None)


class DealLine(Noun):
    """One thing that was agreed.

    Attributes:
        id: unique in the deal.
        quantity: how many; not negative.
        unit_amount: price of one, in the deal's currency, before tax; not negative.
        model: `one_time` is billed once, `recurring` every cycle.
        every: the cycle of a recurring line, else None.
        billed: `advance` at the start of each period, `arrears` at its end.
        aligned: `anchored` cycles run from the line's start, `calendar` ones from 1 January (weeks: Monday).
        starts_on: first day of service, or None for the deal's.
        ends_on: first day without service (half-open), or None for the deal's term.
        tax_code: or None for the product's.
    """

    id: Id
    product: Id
    description: Text = ""
    quantity: Number
    unit_amount: Number
    model: Literal["one_time", "recurring"] = "one_time"
    every: Cycle | None = None
    billed: Literal["advance", "arrears"] = "advance"
    aligned: Literal["anchored", "calendar"] = "anchored"
    starts_on: Day | None = None
    ends_on: Day | None = None
    tax_code: Text | None = None


class Deal(Noun):
    """An agreement as the CRM tells it.

    Attributes:
        customer: id of the customer.
        stage: the CRM's own name of the stage.
        signed_on: the day on which it was won; also the start of service where `starts_on` is None.
        ends_on: first day after the term (half-open), or None where it runs until it is cancelled.
        effective_on: the day from which its last change holds, or None where the pipeline's policy says it.
        split_from: id of the deal that its lines were taken out of, or None.
        renews: id of the deal whose service goes on in this one, or None.
    """

    id: Id
    name: Text = ""
    customer: Id
    currency: Currency
    stage: Text = ""
    signed_on: Day
    starts_on: Day | None = None
    ends_on: Day | None = None
    effective_on: Day | None = None
    split_from: Id | None = None
    renews: Id | None = None
    lines: tuple[DealLine, ...]
    owner: Text = ""
    properties: dict[str, Text] = {}
