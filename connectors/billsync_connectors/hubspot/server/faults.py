"""What can go wrong on request.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync_connectors.hubspot.server.refused import wrong
from billsync_stand_in.faults import WHEN, Fault, Switch, switched_on
from billsync_stand_in.turned import Turned

CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", WHEN),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late", "yes", {"seconds": 2, "when": "after"}),
    "error": Fault("an error status, its body JSON or HTML", "when", {"status": 500, **WHEN, "body": "json"}),
    "busy": Fault("429 of a policy: TEN_SECONDLY_ROLLING, SECONDLY or DAILY", "no",
                  {"policy": "TEN_SECONDLY_ROLLING", "retry_after": None}),
    "locked": Fault("423: the record is being written to by another", "no"),
    "migrating": Fault("477: the account moves between data centres", "no", {"retry_after": "60"}),
    "blocked": Fault("403 with an HTML page, as the edge answers bursts", "no"),
    "expired": Fault("401: the token is over", "no", {"ago": 7}),
    "drip": Fault("the reply comes byte by byte", "yes", {"pause_s": "0.5"}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "login-page": Fault("200 with an HTML page", "when", WHEN),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **WHEN}),
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


def switch(given: Mapping[str, Any]) -> Switch:
    """A fault as it was asked for.  Raises `Refused`."""
    try:
        return switched_on(CATALOGUE, given, _CHOICES)
    except Turned as turned:
        raise wrong(turned.message) from None
