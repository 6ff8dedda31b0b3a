"""What was agreed to change in a contract, and what a cancellation gives back.  (pure)"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from billsync.model.base import Day, Id, Noun, Number, ServiceDay, Text, Zone
from billsync.model.convention import When
from billsync.model.period import Period
from billsync.model.scheme import AnyScheme

RefundRule = Literal["none", "prorated", "full"]


class Rung(Noun):
    """A step of a ladder.

    Attributes:
        days: holds for cancellations within so many days of the period's start.
    """

    days: Annotated[int, Field(ge=0)]
    refund: RefundRule


class Cancellation(Noun):
    """What a cancellation gives back.

    Attributes:
        ladder: the first rung whose days are not over decides, such as full for 14 days, then prorated for 60.
        otherwise: what holds when no rung does.
    """

    ladder: tuple[Rung, ...] = ()
    otherwise: RefundRule = "none"

    @model_validator(mode="after")
    def _rising(self) -> Cancellation:
        days = [rung.days for rung in self.ladder]
        if days != sorted(set(days)):
            raise ValueError("the rungs of a cancellation ladder rise in days")
        return self

    def rule_on(self, ends_on: date, period: Period) -> RefundRule:
        """What holds for a service that ends on a day (the first without service) of a paid period."""
        passed = (ends_on - period.start).days
        return next((rung.refund for rung in self.ladder if passed <= rung.days), self.otherwise)


class Amendment(Noun):
    """One change of a contract.

    Attributes:
        effective: the first day on which it holds; may lie in periods that were billed already.
        agreed_on: the day from which billing knows it, or None for `effective`.
        line: id of the line that changes, or None for the whole contract (its end, or its zone).
        quantity, price, product, description: what holds from then on; None for no change.
        ends_on: the new end of the line or contract (first day without service), earlier or later than before.
        cancel: service ends on `effective`, and the contract's `cancellation` says what is given back.
        timezone: the customer's zone from then on.
        when: `now` or `period_end`, in place of the policy's upgrade and downgrade.
    """

    effective: ServiceDay
    agreed_on: ServiceDay | None = None
    line: Id | None = None
    quantity: Annotated[Number, Field(ge=0)] | None = None
    price: AnyScheme | None = None
    product: Id | None = None
    description: Text | None = None
    ends_on: Day | None = None
    cancel: bool = False
    timezone: Zone | None = None
    when: When | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Amendment:
        of_line = (self.quantity, self.price, self.product, self.description)
        if self.line is None and any(value is not None for value in of_line):
            raise ValueError("an amendment of quantity, price, product or description names its line")
        if self.ends_on is None and self.timezone is None and not self.cancel and all(v is None for v in of_line):
            raise ValueError("an amendment changes something: quantity, price, product, ends_on, cancel or timezone")
        if self.cancel and self.ends_on is not None:
            raise ValueError("an amendment either cancels or sets ends_on")
        return self

    @property
    def known_on(self) -> date:
        """The day from which billing knows it."""
        return self.agreed_on or self.effective
