"""An amount before rounding, with the steps that made it.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from billsync.model.exact import EXACT, Exact, exact_sum, ratio_text
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the arithmetic.

    Attributes:
        words: the step with its numbers, without its result: `5 x 10`.
        amount: its result.
    """

    words: str
    amount: Exact


@dataclass(frozen=True, slots=True)
class Priced:
    """What a scheme gives for a consumption.

    Attributes:
        amount: in major units, exact: nothing has been rounded.
        steps: they sum to the amount.
        rule: the scheme in a few words.
    """

    amount: Exact
    steps: tuple[Step, ...]
    rule: str

    @property
    def formula(self) -> str:
        """`100 flat + 5 x 5 + 7 x 1 = 132`."""
        words = " + ".join(step.words for step in self.steps) or "nothing"
        return f"{words} = {ratio_text(self.amount)}"


def priced(steps: Iterable[Step], rule: str) -> Priced:
    """The sum of decimal steps, exact."""
    made = tuple(steps)
    return Priced(exact_sum(step.amount for step in made), made, rule)


def units_step(units: Decimal, unit_amount: Decimal) -> Step:
    """`5 x 10`."""
    return Step(f"{plain(units)} x {plain(unit_amount)}", EXACT.multiply(units, unit_amount))


def flat_step(amount: Decimal) -> Step:
    """`100 flat`."""
    return Step(f"{plain(amount)} flat", amount)
