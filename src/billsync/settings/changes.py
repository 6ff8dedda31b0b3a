"""What a pipeline does where a deal is won or told otherwise: agreed at once, or proposed to a person.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from billsync.model.base import Currency, Day, Noun, Number
from billsync.model.scalar import read_decimal, show

Effective = Literal["today", "next_period", "from_start"]
Named = Literal["mrr_down", "credit", "back_dated", "closed_period", "ended", "split"]

PRESETS: Final[dict[str, dict[str, Any]]] = {
    "at_once": {"apply": "at_once"},
    "careful": {"apply": "at_once", "approve_when": ["mrr_down", "credit", "back_dated", "ended", "split"]},
    "approval": {"apply": "approval"},
}
"""Known policies by name; what stands beside `preset:` counts in its place."""


class Above(Noun):
    """An amount of documents in one currency."""

    amount: Annotated[Number, Field(ge=0)]
    currency: Currency


def _above(value: object) -> object:
    """`10000 EUR`."""
    if not isinstance(value, str):
        return value
    number, _, currency = value.partition(" ")
    try:
        if currency:
            return {"amount": read_decimal(number), "currency": currency.strip()}
    except ValueError:
        pass
    raise ValueError(f"expected an amount with its currency, such as 10000 EUR, got {show(value)}")


_WRITTEN: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? [A-Z]{3}$", "examples": ["10000 EUR"]}


class Larger(Noun):
    """A change whose documents of now, invoices or credit notes, come to more than an amount."""

    above: Annotated[Above, BeforeValidator(_above), WithJsonSchema(_WRITTEN)]


Condition = Annotated[
    Annotated[Named, Tag("condition")] | Annotated[Larger, Tag("larger")],
    Discriminator(lambda value: "larger" if isinstance(value, dict | Larger) else "condition"),
]
"""One of the words, or `above: AMOUNT CURRENCY`."""


class Changes(Noun):
    """When a deal's change is agreed, and from when it holds.

    Attributes:
        preset: the policy to begin with: at_once, careful or approval.
        apply: `at_once` agrees to every change that nothing of `approve_when` holds for, `approval` to none.
        approve_when: what a person decides: `mrr_down`, `credit` (something is given back), `back_dated`,
            `closed_period`, `ended` (the deal is no longer won, or gone), `split`, or `above: 10000 EUR`.
        effective: the day from which a change holds that names none itself: the day on which it is seen, the next
            period of each line, or each line's start.  What is billed once always changes from its start.
        ended: the same for a deal that is no longer won, or gone; None as `effective`.
        closed_through: the last day of the books that are closed; `closed_period` needs it.
    """

    preset: Literal["at_once", "careful", "approval"] = "at_once"
    apply: Literal["at_once", "approval"] = "at_once"
    approve_when: tuple[Condition, ...] = ()
    effective: Effective = "today"
    ended: Effective | None = None
    closed_through: Day | None = None

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, value: Any) -> Any:
        named = value.get("preset") if isinstance(value, dict) else None
        return {**PRESETS[named], **value} if isinstance(named, str) and named in PRESETS else value

    @model_validator(mode="after")
    def _closed(self) -> Changes:
        if "closed_period" in self.approve_when and self.closed_through is None:
            raise ValueError("`closed_period` needs `closed_through`: the last day of the closed books")
        return self

    def above(self, currency: str) -> Decimal | None:
        """The least bound for one currency, or None."""
        bounds = [
            each.above.amount
            for each in self.approve_when
            if isinstance(each, Larger) and each.above.currency == currency
        ]
        return min(bounds, default=None)
