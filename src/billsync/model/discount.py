"""Discounts as they were agreed.  (pure)"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from billsync.model.base import Day, Id, Noun, Number, Text


class Coupon(Noun):
    """A discount.

    Attributes:
        percent: a fraction of what is left of its lines, 0.1 for 10 %; or
        amount: a fixed amount in major units, never more than what is left of its lines.
        lines: ids of the lines that it holds for, or None for all.
        at_most: the most that it gives on one document, or None.
        at_most_in_all: the most that it gives on all documents together, or None.
        times: on how many documents it is applied at most, or None for no limit.
        starts_on, ends_on: the days of issue that it holds for, half-open, or None for no bound.
    """

    id: Id
    name: Text = ""
    percent: Annotated[Number, Field(ge=0, le=1)] | None = None
    amount: Annotated[Number, Field(ge=0)] | None = None
    lines: tuple[Id, ...] | None = None
    at_most: Annotated[Number, Field(ge=0)] | None = None
    at_most_in_all: Annotated[Number, Field(ge=0)] | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Coupon:
        if (self.percent is None) == (self.amount is None):
            raise ValueError(f"the coupon {self.id} has either a percent or an amount")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether it holds for documents issued on the day."""
        return (self.starts_on is None or self.starts_on <= day) and (self.ends_on is None or day < self.ends_on)
