"""A rule of writing: what is promised, how it is tried, what it costs where it is broken.  (pure)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Final

from billsync.conformance.rule import PAGE
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.subject import Skill, WriteSubject


@dataclass(frozen=True, slots=True)
class WriteRule:
    """One promise of a connector that writes.

    Attributes:
        name: for reports and addresses, such as `lost-reply`; no rule of reading has the same.
        promise: what is promised, in one sentence.
        how: how it is tried.
        costs: what it costs the user where it is broken.
        needs: skills of the system without which it cannot be tried.
        check: tries it.  Raises `Broken`.
    """

    name: str
    promise: str
    how: str
    costs: str
    needs: tuple[Skill, ...]
    check: Callable[[WriteBench], None]

    def inapplicable(self, subject: WriteSubject) -> str:
        """Why it cannot be tried, or ""."""
        return next((subject.lacks[skill] for skill in self.needs if skill in subject.lacks), "")

    def told(self, subject: WriteSubject, seen: str) -> str:
        """The whole message of a broken rule."""
        return (
            f"{subject.connector} breaks the rule `{self.name}` (tried on its writes)\n"
            f"  the rule:       {self.promise}\n"
            f"  what was seen:  {seen}\n"
            f"  what it costs:  {self.costs}\n"
            f"  read on:        {PAGE}#{self.name}"
        )


WRITE_RULES: Final[dict[str, WriteRule]] = {}
"""All rules of writing by name, in the order in which they are written down; `writes.rules` fills it."""


def rule(
    *, costs: str, needs: tuple[Skill, ...] = ()
) -> Callable[[Callable[[WriteBench], None]], Callable[[WriteBench], None]]:
    """Make a rule of a function; the first line of its docstring is the promise, the rest how it is tried."""

    def made(check: Callable[[WriteBench], None]) -> Callable[[WriteBench], None]:
        promise, _, how = cleandoc(check.__doc__ or "").partition("\n\n")
        name = check.__name__.replace("_", "-")
        WRITE_RULES[name] = WriteRule(name, promise.rstrip("."), how, costs, needs, check)
        return check

    return made
