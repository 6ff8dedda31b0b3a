"""A rule: what is promised, how it is tried, what it costs where it is broken.  (pure)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Final

from billsync.conformance.bench import Bench
from billsync.conformance.subject import Ability, Kind, Subject

PAGE: Final = "docs/reference/conformance.md"
NO_NUMBER: Final = "the kind has no field of exact decimals"


@dataclass(frozen=True, slots=True)
class Rule:
    """One promise of a connector that reads.

    Attributes:
        name: for reports and addresses, such as `same-instant`.
        promise: what is promised, in one sentence.
        how: how it is tried.
        costs: what it costs the user where it is broken.
        needs: abilities of the system without which it cannot be tried.
        every: True where it is tried on every kind of record, False where on the first that can.
        check: tries it.  Raises `Broken`.
    """

    name: str
    promise: str
    how: str
    costs: str
    needs: tuple[Ability, ...]
    every: bool
    check: Callable[[Bench], None]

    def kinds(self, subject: Subject) -> tuple[Kind, ...]:
        """The kinds of record that it is tried on."""
        able = tuple(kind for kind in subject.kinds if not self._lacking(subject, kind))
        return able if self.every else able[:1]

    def inapplicable(self, subject: Subject) -> str:
        """Why it cannot be tried on any kind of record, or ""."""
        return "" if self.kinds(subject) else self._lacking(subject, subject.kinds[0])

    def _lacking(self, subject: Subject, kind: Kind) -> str:
        lacks = {**subject.lacks, **kind.lacks}
        if not kind.number:
            lacks.setdefault(Ability.NUMBER, NO_NUMBER)
        return next((lacks[ability] for ability in self.needs if ability in lacks), "")

    def told(self, subject: Subject, kind: Kind, seen: str) -> str:
        """The whole message of a broken rule."""
        return (
            f"{subject.connector} breaks the rule `{self.name}` (tried on {kind.object})\n"
            f"  the rule:       {self.promise}\n"
            f"  what was seen:  {seen}\n"
            f"  what it costs:  {self.costs}\n"
            f"  read on:        {PAGE}#{self.name}"
        )


RULES: Final[dict[str, Rule]] = {}
"""All rules by name, in the order in which they are written down; `billsync.conformance.rules` fills it."""


def rule(
    *, costs: str, needs: tuple[Ability, ...] = (), every: bool = False
) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Make a rule of a function; the first line of its docstring is the promise, the rest how it is tried."""

    def made(check: Callable[[Bench], None]) -> Callable[[Bench], None]:
        promise, _, how = cleandoc(check.__doc__ or "").partition("\n\n")
        name = check.__name__.replace("_", "-")
        RULES[name] = Rule(name, promise.rstrip("."), how, costs, needs, every, check)
        return check

    return made
