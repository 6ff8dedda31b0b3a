"""What can go wrong on request, and which request it strikes.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from billsync_connectors.hubspot.server.refused import wrong


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


CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", {"when": "before"}),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late", "yes", {"seconds": 2, "when": "after"}),
    "error": Fault("an error status, its body JSON or HTML", "when", {"status": 500, "when": "before", "body": "json"}),
    "busy": Fault("429 of a policy: TEN_SECONDLY_ROLLING, SECONDLY or DAILY", "no",
                  {"policy": "TEN_SECONDLY_ROLLING", "retry_after": None}),
    "locked": Fault("423: the record is being written to by another", "no"),
    "migrating": Fault("477: the account moves between data centres", "no", {"retry_after": "60"}),
    "blocked": Fault("403 with an HTML page, as the edge answers bursts", "no"),
    "expired": Fault("401: the token is over", "no", {"ago": 7}),
    "drip": Fault("the reply comes byte by byte", "yes", {"pause_s": "0.5"}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "login-page": Fault("200 with an HTML page", "when", {"when": "before"}),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", "when": "before"}),
    "wrong-type": Fault("the right body as text/plain", "yes"),
    "wrong-values": Fault("values as numbers, lists and objects instead of text", "yes"),
    "bad-text": Fault("values with NUL and with half a surrogate pair", "yes"),
    "bad-json": Fault("the same field twice, and NaN", "yes"),
    "bom": Fault("the body begins with a byte order mark", "yes"),
    "latin-1": Fault("the body in Latin-1", "yes"),
    "no-id": Fault("records without their id", "yes"),
    "no-properties": Fault("records without their properties", "yes"),
    "short-page": Fault("a page without its last records, its cursor beyond them", "yes", {"items": 1}),
    "batch-cut": Fault("only so many results of a batch, all of which is executed", "yes", {"items": 1}),
    "reject-item": Fault("one input of a batch refused, counted from 1", "yes", {"item": 1}),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "huge": Fault("a body of so many bytes", "yes", {"size": 64 * 1024 * 1024}),
    "bomb": Fault("a packed body that unpacks to so many bytes", "yes", {"size": 300 * 1024 * 1024}),
}  # fmt: skip
_CHOICES: Final = {
    "when": ("before", "after"),
    "body": ("json", "html"),
    "policy": ("TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"),
}


@dataclass(slots=True)
class Switch:
    """One fault that is switched on.

    Attributes:
        path: what the request's path begins with; ends with `$` where that is all of it.
        left: requests that it will still strike, or None where it goes by probability.
    """

    fault: str
    options: dict[str, Any]
    method: str = ""
    path: str = ""
    left: int | None = 1
    probability: str = "0"
    chance: Random = field(default_factory=Random)

    def strikes(self, method: str, path: str) -> bool:
        """Whether it is for this request; then one less is left."""
        fits = path == self.path[:-1] if self.path.endswith("$") else path.startswith(self.path)
        if not fits or self.method not in ("", method) or self.left == 0:
            return False
        if self.left is None:
            return self.chance.random() * 1_000_000 < _millionths(self.probability)
        self.left -= 1
        return True

    @property
    def before(self) -> bool:
        """Whether the request must not be executed."""
        executed = CATALOGUE[self.fault].executed
        return executed in ("no", "later") or (executed == "when" and self.options["when"] == "before")

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        own = {"fault": self.fault, "method": self.method, "path": self.path, "next": self.left}
        return {**own, "probability": self.probability, **self.options}


def switch(given: Mapping[str, Any]) -> Switch:
    """A fault as it was asked for.  Raises `Refused`."""
    asked = dict(given)
    name = asked.pop("fault", None)
    if name not in CATALOGUE:
        raise wrong(f"there is no fault {name}: {', '.join(CATALOGUE)}")
    chance, left, seed = asked.pop("probability", None), asked.pop("next", None), asked.pop("seed", 0)
    method, path = str(asked.pop("method", "")).upper(), str(asked.pop("path", ""))
    options = dict(CATALOGUE[name].options)
    for option, value in asked.items():
        if option not in options:
            raise wrong(f"the fault {name} has no option {option}")
        options[option] = _like(options[option], value, option)
        if options[option] not in _CHOICES.get(option, (options[option],)):
            raise wrong(f"{option}: expected {' or '.join(_CHOICES[option])}")
    count = None if chance is not None else _like(1, 1 if left is None else left, "next")
    probability = str(chance or 0)
    _millionths(probability)
    return Switch(name, options, method, path, count, probability, Random(int(seed)))  # noqa: S311  repeatable on purpose


def _millionths(probability: str) -> int:
    whole, _, rest = probability.partition(".")
    if not (whole + rest).isdigit():
        raise wrong("probability: expected a number from 0 to 1")
    return int(whole + rest[:6].ljust(6, "0"))


def _like(default: Any, value: Any, name: str) -> Any:
    """A value of the type of its default, also from text; a text may be null."""
    if not isinstance(default, int):
        return None if value is None else str(value)
    try:
        return int(value)
    except (ValueError, TypeError):
        raise wrong(f"{name}: expected a whole number") from None
