"""How readers of cases are found, and the small things they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from billsync.model.money import Rounding

T = TypeVar("T")

Inputs = Mapping[str, Any]
Answers = Mapping[str, Any]
Reader = Callable[[Inputs], Answers]

PROSE = frozenset({"note"})
"""Inputs that only tell a person something."""


class NotCovered(Exception):
    """No reader knows the case's form, or a convention that it names."""


@dataclass(frozen=True)
class Form:
    """The inputs that a reader takes: all of `needs`, any of `may`, no others."""

    needs: frozenset[str]
    may: frozenset[str]
    read: Reader

    def fits(self, inputs: Inputs) -> bool:
        given = set(inputs) - PROSE
        return self.needs <= given <= self.needs | self.may


FORMS: dict[str, list[Form]] = {}


def reads(topics: str, needs: str, may: str = "") -> Callable[[Reader], Reader]:
    """Registers a reader for topics and a form of inputs, each named by words."""

    def register(read: Reader) -> Reader:
        for topic in topics.split():
            FORMS.setdefault(topic, []).append(Form(frozenset(needs.split()), frozenset(may.split()), read))
        return read

    return register


def answer(topic: str, inputs: Inputs) -> Answers:
    """What the engine says to the inputs of a topic.  Raises NotCovered."""
    for form in FORMS.get(topic, []):
        if form.fits(inputs):
            return form.read(inputs)
    raise NotCovered(f"no reader takes the inputs {', '.join(sorted(inputs))}")


def dec(value: Any) -> Decimal:
    return Decimal(str(value))


def day(text: str) -> date:
    return date.fromisoformat(text)


def known(phrases: Mapping[str, T], text: str) -> T:
    """What a phrase of the cases means to the engine.  Raises NotCovered for a phrase that is not known."""
    try:
        return phrases[text]
    except KeyError:
        raise NotCovered(f"the convention {text!r} is not known") from None


def places_of(inputs: Inputs) -> int:
    """Decimals of the case's amounts: none in minor units, else two."""
    return 0 if inputs.get("unit") == "minor" else 2


def rounding_of(inputs: Inputs) -> tuple[Rounding, int]:
    """`half_up@2` as mode and decimals; without it half up at the unit's decimals."""
    if "rounding" not in inputs:
        return Rounding.HALF_UP, places_of(inputs)
    mode, at, places = str(inputs["rounding"]).partition("@")
    if not at or mode not in set(Rounding) or not places.isdecimal():
        raise NotCovered(f"the rounding {inputs['rounding']!r} is not known")
    return Rounding(mode), int(places)
