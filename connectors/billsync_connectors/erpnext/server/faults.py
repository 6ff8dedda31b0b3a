"""What can go wrong on request, and which request it strikes.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any, Final

from billsync_connectors.erpnext.server.denied import Denied


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the catalogue.

    Attributes:
        what: what is seen, for people.
        executed: `yes`, `no`, `later`, `twice`, or `when`: as the option of that name says.
        options: name -> default.
    """

    what: str
    executed: str
    options: Mapping[str, Any] = field(default_factory=dict)


_WHEN: Final = {"when": "before"}
CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", _WHEN),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late", "yes", {"milliseconds": 2000}),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "deadlock": Fault("500 QueryDeadlockError: what was begun is taken back", "no"),
    "stale": Fault("417 TimestampMismatchError: somebody saved it since it was read", "no"),
    "unavailable": Fault("an HTML page of the proxy, such as 502, 503, 504", "when", {"status": 502, **_WHEN}),
    "too-many": Fault("429, an HTML page of the proxy", "no", {"seconds": 1}),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **_WHEN}),
    "login-page": Fault("200 with an HTML page", "when", _WHEN),
    "short-page": Fault("a page with fewer records than it could have", "yes", {"rows": 3}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "drip": Fault("the reply comes byte by byte", "yes", {"milliseconds": 500}),
    "wrong-type": Fault("the right body as text/plain", "yes"),
    "bom": Fault("the body begins with a byte order mark", "yes"),
    "no-name": Fault("documents without their name", "yes"),
    "text-numbers": Fault("numbers and booleans as text", "yes"),
    "batch-cut": Fault("a list with only so many of its elements", "yes", {"items": 1}),
    "other-total": Fault("documents with another total", "yes", {"by": "0.01"}),
    "huge": Fault("a body of so many bytes", "yes", {"size": 64 * 1024 * 1024}),
}  # fmt: skip


TOLD: Final = {
    "deadlock": ("QueryDeadlockError", "(1213, 'Deadlock found when trying to get lock; try restarting transaction')"),
    "stale": ("TimestampMismatchError", "Document has been modified after you have opened it. Please refresh."),
}
"""Faults that are the site's own exceptions: what was begun is taken back."""


@dataclass(slots=True)
class Switch:
    """One fault that is switched on.

    Attributes:
        path: what the request's path begins with; ends with `$` where that is all of it.
        left: requests that it will still strike, or None where it goes by probability.
        skip: requests that it lets pass first.
    """

    fault: str
    options: dict[str, Any]
    method: str = ""
    path: str = ""
    left: int | None = 1
    skip: int = 0
    probability: Decimal = Decimal(0)
    chance: Random = field(default_factory=Random)

    def strikes(self, method: str, path: str) -> bool:
        """Whether it is for this request; then one less is left."""
        fits = path == self.path[:-1] if self.path.endswith("$") else path.startswith(self.path)
        if not fits or (self.method and method not in self.method.split("|")) or self.left == 0:
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
        executed = CATALOGUE[self.fault].executed
        if self.fault in TOLD:
            return False
        return executed in ("no", "later") or (executed == "when" and self.options["when"] == "before")

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        own = {"fault": self.fault, "method": self.method, "path": self.path, "next": self.left, "skip": self.skip}
        return {**own, "probability": str(self.probability), **self.options}


def switch(given: Mapping[str, Any]) -> Switch:
    """A fault as it was asked for.  Raises `Denied`."""
    asked = dict(given)
    name = asked.pop("fault", None)
    if name not in CATALOGUE:
        raise _bad(f"there is no fault {name}: {', '.join(CATALOGUE)}")
    chance, left, seed = asked.pop("probability", None), asked.pop("next", None), asked.pop("seed", 0)
    method, path = str(asked.pop("method", "")).upper(), str(asked.pop("path", ""))
    skip = _like(0, asked.pop("skip", 0), "skip")
    options = dict(CATALOGUE[name].options)
    for option, value in asked.items():
        if option not in options:
            raise _bad(f"the fault {name} has no option {option}")
        options[option] = _like(options[option], value, option)
    if options.get("when", "after") not in ("before", "after"):
        raise _bad("when: expected before or after")
    count = None if chance is not None else _like(1, 1 if left is None else left, "next")
    return Switch(name, options, method, path, count, skip, _probability(chance), Random(int(seed)))  # noqa: S311


def _bad(message: str) -> Denied:
    return Denied("ValidationError", message)


def _probability(value: Any) -> Decimal:
    try:
        return Decimal(str(value or 0))
    except InvalidOperation:
        raise _bad("probability: expected a number from 0 to 1") from None


def _like(default: Any, value: Any, name: str) -> Any:
    """A value of the type of its default, also from text."""
    if not isinstance(default, int):
        return str(value)
    try:
        return int(value)
    except (ValueError, TypeError):
        raise _bad(f"{name}: expected a whole number") from None
