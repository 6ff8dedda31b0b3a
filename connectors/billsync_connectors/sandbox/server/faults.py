"""What can go wrong on request, and which request it strikes.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.reshape import of


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
    "error": Fault("an error status", "when", {"status": 500, "when": "before"}),
    "busy": Fault("429 with any Retry-After", "no", {"retry_after": "1"}),
    "drip": Fault("the reply comes byte by byte", "yes", {"pause_s": "0.5"}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "login-page": Fault("200 with an HTML page", "when", {"when": "before"}),
    "wrong-type": Fault("the right body as text/plain", "yes"),
    "bom": Fault("the body begins with a byte order mark", "yes"),
    "latin-1": Fault("the body in Latin-1", "yes"),
    "no-id": Fault("records without their id", "yes"),
    "other-content": Fault("records with another reference and higher amounts", "yes"),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", "when": "before"}),
    "batch-cut": Fault("only so many results of a batch, all of which is executed", "yes", {"items": 1}),
    "reject-item": Fault("one item of a batch refused, counted from 1", "yes", {"item": 1}),
    "expired": Fault("401, and every log-in is over", "no"),
    "stale": Fault("the record was touched by somebody just before the request", "yes"),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "schema": Fault(
        "a field of an object is gone or another one, until the faults are switched off",
        "yes",
        {"object": "", "do": "remove", "field": "", "to": ""},
    ),
    "huge": Fault("a body of so many bytes", "yes", {"size": 64 * 1024 * 1024}),
    "bomb": Fault("a packed body that unpacks to so many bytes", "yes", {"size": 300 * 1024 * 1024}),
}


@dataclass(slots=True)
class Switch:
    """One fault that is switched on.

    Attributes:
        path: what the request's path begins with; ends with `$` where that is all of it.
        skip: requests that pass before the first that it strikes.
        left: requests that it will still strike, or None where it goes by probability.
    """

    fault: str
    options: dict[str, Any]
    method: str = ""
    path: str = ""
    left: int | None = 1
    skip: int = 0
    probability: float = 0
    chance: Random = field(default_factory=Random)

    def strikes(self, method: str, path: str) -> bool:
        """Whether it is for this request; then one less is left."""
        if self.fault == "schema":  # it changes what there is, not one request
            return False
        fits = path == self.path[:-1] if self.path.endswith("$") else path.startswith(self.path)
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
        return executed in ("no", "later") or (executed == "when" and self.options["when"] == "before")

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        own = {"fault": self.fault, "method": self.method, "path": self.path, "next": self.left}
        own["skip"] = self.skip
        return {**own, "probability": str(self.probability), **self.options}


def switch(given: Mapping[str, Any]) -> Switch:
    """A fault as it was asked for.  Raises `Denied`."""
    asked = dict(given)
    name = asked.pop("fault", None)
    if name not in CATALOGUE:
        raise Denied(422, "bad_value", f"there is no fault {name}: {', '.join(CATALOGUE)}", "fault")
    chance, left, seed = asked.pop("probability", None), asked.pop("next", None), asked.pop("seed", 0)
    method, path = str(asked.pop("method", "")).upper(), str(asked.pop("path", ""))
    skip = _like(0, asked.pop("skip", 0), "skip")
    options = dict(CATALOGUE[name].options)
    for option, value in asked.items():
        if option not in options:
            raise Denied(422, "unknown_field", f"the fault {name} has no option {option}", option)
        options[option] = _like(options[option], value, option)
    if options.get("when", "after") not in ("before", "after"):
        raise Denied(422, "bad_value", "when: expected before or after", "when")
    if name == "schema":
        of(options)
    count = None if chance is not None else _like(1, 1 if left is None else left, "next")
    probability = float(_like("", str(chance or 0), "probability"))
    return Switch(name, options, method, path, count, skip, probability, Random(int(seed)))  # noqa: S311  repeatable on purpose


def _like(default: Any, value: Any, name: str) -> Any:
    """A value of the type of its default, also from text; a text may be null."""
    if not isinstance(default, int):
        return None if value is None else str(value)
    try:
        return int(value)
    except (ValueError, TypeError):
        raise Denied(422, "bad_value", f"{name}: expected a whole number", name) from None
