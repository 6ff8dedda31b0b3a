"""What can go wrong on request, and which request it strikes.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any, Final

from billsync_connectors.quickbooks.server.denied import Denied
from billsync_connectors.quickbooks.server.limits import throttled


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
_CODE: Final = {"code": 10000, "message": "An application error has occurred while processing your request"}
CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", _WHEN),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late", "yes", {"milliseconds": 2000}),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "error": Fault("a SystemFault", "when", {"status": 500, **_CODE, "detail": "", **_WHEN}),
    "fault-200": Fault(
        "HTTP 200 with a Fault: nothing was done", "no",
        {"code": 6000, "message": "A business validation error has occurred while processing your request",
         "detail": "Business Validation Error: Unexpected Internal Error. (-30000)"},
    ),
    "unavailable": Fault("an HTML page of the gateway, such as 503", "when", {"status": 503, **_WHEN}),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **_WHEN}),
    "login-page": Fault("200 with an HTML page", "when", _WHEN),
    "throttle": Fault("429", "no", {"retry_after": ""}),
    "expire": Fault("the access token has ended just before", "no"),
    "disconnect": Fault("a person has disconnected the app just before: no token is good any more", "no"),
    "in-flight": Fault("600: the first request of this requestid is still under way", "no"),
    "stale": Fault("5010: somebody was faster", "no"),
    "reject-item": Fault(
        "one item of a batch refused, counted from 1", "yes",
        {"item": 1, "code": 6000, "message": "A business validation error has occurred while processing your request",
         "detail": "Business Validation Error: refused"},
    ),
    "half-batch": Fault("only the first items of a batch are executed, then it is closed", "yes", {"items": 1}),
    "short-page": Fault("a page with fewer rows than it could have", "yes", {"rows": 3}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "drip": Fault("the reply comes byte by byte", "yes", {"milliseconds": 500}),
    "wrong-type": Fault("the right body as text/plain", "yes"),
    "bom": Fault("the body begins with a byte order mark", "yes"),
    "no-id": Fault("objects without their Id", "yes"),
    "other-content": Fault("objects with another number, and a further digit before their totals", "yes"),
    "batch-cut": Fault("only so many answers of a batch, all of which is executed", "yes", {"items": 1}),
    "huge": Fault("a body of so many bytes", "yes", {"size": 64 * 1024 * 1024}),
}  # fmt: skip
ITSELF: Final = ("expire", "disconnect", "in-flight", "stale", "fault-200")
"""They are not executed because the company itself says no."""


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

    def strikes(self, method: str, target: str) -> bool:
        """Whether it is for this request; then one less is left."""
        path = target.partition("?")[0]
        fits = path == self.path[:-1] if self.path.endswith("$") else target.startswith(self.path)
        if not fits or self.method not in ("", method) or self.left == 0:
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
    return Denied(2010, "Bad fault", told, status=422)


def refusal(struck: Switch) -> Denied | None:
    """What the company itself says where a fault makes it refuse; None for other faults."""
    options = struck.options
    match struck.fault:
        case "throttle":
            return throttled()
        case "stale":
            told = "Stale Object Error : You and root were working on this at the same time. "
            told += "Root finished before you did, so your work was not saved."
            return Denied(5010, "Stale Object Error", told)
        case "in-flight":
            return Denied(600, "Duplicate Request ID", "The request ID is already in use")
        case "reject-item":
            return Denied(options["code"], options["message"], options["detail"])
        case "fault-200":
            return Denied(options["code"], options["message"], options["detail"], status=200)
        case "error":
            told, status = options["message"], options["status"]
            return Denied(options["code"], told, options["detail"], status=status, kind="SystemFault")
    return None
