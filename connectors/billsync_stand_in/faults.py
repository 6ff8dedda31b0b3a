"""Faults that are switched on, and which request one strikes.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any, Final

from billsync_stand_in.turned import Turned, bad

WHEN: Final = {"when": "before"}
"""Options of a fault that strikes before the request is executed, or after it."""
_CHOICES: Final = {"when": ("before", "after")}


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of a system's catalogue.

    Attributes:
        what: what is seen, for people.
        executed: `yes`, `no`, `later`, `twice`, or `when`: as the option of that name says.
        options: name -> default.
        itself: not executed because the system itself says no, which it has to be asked for.
        lasting: changes what there is until it is switched off, and strikes no request.
    """

    what: str
    executed: str
    options: Mapping[str, Any] = field(default_factory=dict)
    itself: bool = False
    lasting: bool = False


@dataclass(slots=True)
class Switch:
    """One fault that is switched on.

    Attributes:
        method: of the request, or several with `|` between; "" for any.
        path: what the request's path begins with; ends with `$` where that is all of it; several with `|` between.
        left: requests that it will still strike, or None where it goes by probability.
        skip: requests that it lets pass first.
    """

    fault: str
    kind: Fault
    options: dict[str, Any]
    method: str = ""
    path: str = ""
    left: int | None = 1
    skip: int = 0
    probability: Decimal = Decimal(0)
    chance: Random = field(default_factory=Random)

    def strikes(self, method: str, target: str) -> bool:
        """Whether it is for this request; then one less is left."""
        if self.kind.lasting or self.left == 0 or (self.method and method not in self.method.split("|")):
            return False
        if not any(_fits(target, begin) for begin in self.path.split("|")):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.left is None:
            return self.chance.random() < self.probability
        self.left -= 1
        return True

    @property
    def before(self) -> bool:
        """Whether the request must not be executed."""
        if self.kind.itself:
            return False
        executed = self.kind.executed
        return executed in ("no", "later") or (executed == "when" and self.options["when"] == "before")

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        own = {"fault": self.fault, "method": self.method, "path": self.path, "next": self.left, "skip": self.skip}
        return {**own, "probability": str(self.probability), **self.options}


def _fits(target: str, begin: str) -> bool:
    return target.partition("?")[0] == begin[:-1] if begin.endswith("$") else target.startswith(begin)


def switched_on(
    catalogue: Mapping[str, Fault], given: Mapping[str, Any], choices: Mapping[str, Sequence[str]] = _CHOICES
) -> Switch:
    """A fault as it was asked for.

    Args:
        catalogue: what a system's faults are, by name.
        given: `fault`, `method`, `path`, `next` or `probability`, `skip`, `seed`, and the fault's own options.
        choices: values that options may have, where not any is good.

    Raises:
        Turned: where one of them cannot be.
    """
    asked = dict(given)
    name = asked.pop("fault", None)
    if name not in catalogue:
        raise bad("FAULT", f"there is no fault {name}: {', '.join(catalogue)}", "fault")
    kind = catalogue[name]
    chance, left, seed = asked.pop("probability", None), asked.pop("next", None), asked.pop("seed", 0)
    method, path = str(asked.pop("method", "")).upper(), str(asked.pop("path", ""))
    skip = _like(0, asked.pop("skip", 0), "skip")
    options = dict(kind.options)
    for option, value in asked.items():
        if option not in options:
            raise Turned(422, "UNKNOWN_OPTION", f"the fault {name} has no option {option}", option)
        options[option] = _like(options[option], value, option)
        if options[option] not in choices.get(option, (options[option],)):
            raise bad("FAULT", f"{option}: expected {' or '.join(choices[option])}", option)
    count = None if chance is not None else _like(1, 1 if left is None else left, "next")
    return Switch(name, kind, options, method, path, count, skip, _probability(chance), Random(int(seed)))  # noqa: S311


def _probability(value: Any) -> Decimal:
    try:
        found = Decimal(str(value or 0))
        fits = 0 <= found <= 1
    except InvalidOperation:
        fits = False
    if not fits:
        raise bad("FAULT", "probability: expected a number from 0 to 1", "probability")
    return found


def _like(default: Any, value: Any, name: str) -> Any:
    """A value of the type of its default, also from text; a text may be null."""
    if not isinstance(default, int):
        return None if value is None else str(value)
    try:
        return int(value)
    except (ValueError, TypeError):
        raise bad("FAULT", f"{name}: expected a whole number", name) from None
