"""When money is due: rules for due dates, and one total in several instalments, as they were agreed.  (pure)"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from billsync.model.base import Day, Id, Noun, Number, Text

DayOfMonth = Annotated[int, Field(ge=1, le=31)]
"""A day of the month; in a shorter month, its last."""


class DueRule(Noun):
    """When an amount is due, counted from a date; the steps hold in the order in which they stand here.

    Attributes:
        months: later by so many months.
        days: later by so many days.
        on_day: that day of the month which is then reached, earlier or later; 31 for its end.
        next_day: the next such day of a month, that day itself included.
        payment_days: the next of these days of a month, that day itself included.
    """

    months: Annotated[int, Field(ge=0, le=1200)] = 0
    days: Annotated[int, Field(ge=0, le=36500)] = 0
    on_day: DayOfMonth | None = None
    next_day: DayOfMonth | None = None
    payment_days: tuple[DayOfMonth, ...] = ()


class Instalment(Noun):
    """A part of a total.

    Attributes:
        percent: a fraction of the total, or of what is left where `of` says `rest`; or
        amount: a fixed amount in major units; with neither, all that is left.
        due: when it is due.
        milestone: name of what has to be reached before it is owed, or None; `due` then counts from that day.
    """

    percent: Annotated[Number, Field(ge=0, le=1)] | None = None
    of: Annotated[str, Field(pattern="^(total|rest)$")] = "total"
    amount: Annotated[Number, Field(ge=0)] | None = None
    due: DueRule = DueRule()
    milestone: Id | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Instalment:
        if self.percent is not None and self.amount is not None:
            raise ValueError("an instalment has a percent or an amount, not both")
        return self


class Payable(Noun):
    """An amount of a document and its due date; each ages by itself."""

    due_on: Day
    amount: Number


class PrepaidGrant(Noun):
    """Credits that a customer has paid for before.

    Attributes:
        amount: in major units of the contract's currency, zero or more.
        granted_on: the first day on which they can be used.
        expires_on: the first day on which they cannot, or None.
        priority: lower ones are used first.
    """

    id: Id
    name: Text = ""
    amount: Annotated[Number, Field(ge=0)]
    granted_on: Day
    expires_on: Day | None = None
    priority: int = 50
