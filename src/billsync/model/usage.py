"""What was used, with its evidence.  (pure)"""

from __future__ import annotations

from decimal import Decimal

from pydantic import model_validator

from billsync.model.base import Day, Id, Instant, Noun, Number, Text


class UsageEvent(Noun):
    """One event of a meter; the same id counts once.

    Attributes:
        customer: id of the customer, or None where the document around it says.
        at: the instant; its local day decides the period.  Or
        on: the day, where the source knows no more.
        value: how much; for percentage and dynamic prices, the transaction's amount in major units.
        received_on: the day from which billing knows it, or None for the day itself.  Later than its period was billed,
            it is late usage.
        properties: further facts by name, as text; the evidence.
    """

    id: Id
    customer: Id | None = None
    meter: Id
    at: Instant | None = None
    on: Day | None = None
    value: Number = Decimal(1)
    received_on: Day | None = None
    properties: dict[str, Text] = {}

    @model_validator(mode="after")
    def _has_a_time(self) -> UsageEvent:
        if (self.at is None) == (self.on is None):
            raise ValueError("a usage event has either its instant (at) or its day (on)")
        return self


class CustomerUsage(UsageEvent):
    """Usage as it is stored: it says whose it is."""

    customer: Id
