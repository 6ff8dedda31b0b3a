"""What can go wrong on request, and which request it strikes.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any, Final

from billsync_connectors.netsuite.server.denied import Denied, governed, user


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
_CODE: Final = {"code": "UNEXPECTED_ERROR", "message": "An unexpected error occurred. Error ID: standin"}
CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", _WHEN),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late; so long it counts as under way", "yes", {"milliseconds": 2000}),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "error": Fault("an error in NetSuite's own words", "when", {"status": 500, **_CODE, **_WHEN}),
    "unavailable": Fault("an HTML page of maintenance, such as 503", "when", {"status": 503, **_WHEN}),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **_WHEN}),
    "login-page": Fault("200 with an HTML page", "when", _WHEN),
    "throttle": Fault("429: too many at once", "no", {"retry_after": ""}),
    "expire": Fault("the token has ended just before", "no"),
    "changed": Fault("RCRD_HAS_BEEN_CHANGED: somebody saved at the same time", "no"),
    "locked": Fault("USER_ERROR: a workflow has locked the record", "no"),
    "reject-task": Fault("one task of a job refused, counted from 1", "yes", {"task": 1, "detail": "by a rule"}),
    "half-job": Fault("only the first tasks of a job are ever executed", "yes", {"tasks": 1}),
    "short-page": Fault("a page of SuiteQL with fewer rows than it could have", "yes", {"rows": 3}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "drip": Fault("the reply comes byte by byte", "yes", {"milliseconds": 500}),
    "wrong-type": Fault("the right body as text/plain", "yes"),
    "bom": Fault("the body begins with a byte order mark", "yes"),
    "no-location": Fault("a write's reply without its Location", "yes"),
    "other-content": Fault("records with another number, and a further digit before their totals", "yes"),
    "huge": Fault("a body of so many bytes", "yes", {"size": 64 * 1024 * 1024}),
}  # fmt: skip
ITSELF: Final = ("expire", "changed", "locked")
"""They are not executed because the account itself says no."""


@dataclass(slots=True)
class Switch:
    """One fault that is switched on.

    Attributes:
        method: of the request, several as `PUT|PATCH`; "" for any.
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

    def strikes(self, method: str, target: str) -> bool:
        """Whether it is for this request; then one less is left."""
        path = target.partition("?")[0]
        fits = path == self.path[:-1] if self.path.endswith("$") else target.startswith(self.path)
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
        if self.fault in ITSELF:
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
        raise bad(f"there is no fault {name}: {', '.join(CATALOGUE)}")
    chance, left, seed = asked.pop("probability", None), asked.pop("next", None), asked.pop("seed", 0)
    method, path = str(asked.pop("method", "")).upper(), str(asked.pop("path", ""))
    skip = _like(0, asked.pop("skip", 0), "skip")
    options = dict(CATALOGUE[name].options)
    for option, value in asked.items():
        if option not in options:
            raise bad(f"the fault {name} has no option {option}")
        options[option] = _like(options[option], value, option)
    if options.get("when", "after") not in ("before", "after"):
        raise bad("when: expected before or after")
    count = None if chance is not None else _like(1, 1 if left is None else left, "next")
    return Switch(name, options, method, path, count, skip, _probability(chance), Random(int(seed)))  # noqa: S311


def _probability(value: Any) -> Decimal:
    try:
        return Decimal(str(value or 0))
    except InvalidOperation:
        raise bad("probability: expected a number from 0 to 1") from None


def _like(default: Any, value: Any, name: str) -> Any:
    """A value of the type of its default, also from text."""
    if not isinstance(default, int):
        return str(value)
    try:
        return int(value)
    except (ValueError, TypeError):
        raise bad(f"{name}: expected a whole number") from None


def bad(told: str) -> Denied:
    """A fault that cannot be switched on."""
    return Denied(422, "BAD_FAULT", told)


def refusal(struck: Switch) -> Denied | None:
    """What the account itself says where a fault makes it refuse; None for other faults."""
    options = struck.options
    match struck.fault:
        case "throttle":
            return governed(options["retry_after"])
        case "changed":
            return Denied(400, "RCRD_HAS_BEEN_CHANGED", "Error while accessing a resource. Record has been changed.")
        case "locked":
            return user("This record has been locked by a user defined workflow.")
        case "reject-task":
            return user(options["detail"])
        case "error":
            return Denied(options["status"], options["code"], options["message"])
    return None
