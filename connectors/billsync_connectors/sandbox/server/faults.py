"""What can go wrong on request.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.reshape import of
from billsync_stand_in.faults import WHEN, Fault, Switch, switched_on
from billsync_stand_in.turned import Turned

CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", WHEN),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late", "yes", {"seconds": 2, "when": "after"}),
    "error": Fault("an error status", "when", {"status": 500, **WHEN}),
    "busy": Fault("429 with any Retry-After", "no", {"retry_after": "1"}),
    "drip": Fault("the reply comes byte by byte", "yes", {"pause_s": "0.5"}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "login-page": Fault("200 with an HTML page", "when", WHEN),
    "wrong-type": Fault("the right body as text/plain", "yes"),
    "bom": Fault("the body begins with a byte order mark", "yes"),
    "latin-1": Fault("the body in Latin-1", "yes"),
    "no-id": Fault("records without their id", "yes"),
    "other-content": Fault("records with another reference and higher amounts", "yes"),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **WHEN}),
    "batch-cut": Fault("only so many results of a batch, all of which is executed", "yes", {"items": 1}),
    "reject-item": Fault("one item of a batch refused, counted from 1", "yes", {"item": 1}),
    "expired": Fault("401, and every log-in is over", "no"),
    "stale": Fault("the record was touched by somebody just before the request", "yes"),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "schema": Fault(
        "a field of an object is gone or another one, until the faults are switched off",
        "yes",
        {"object": "", "do": "remove", "field": "", "to": ""},
        lasting=True,
    ),
    "huge": Fault("a body of so many bytes", "yes", {"size": 64 * 1024 * 1024}),
    "bomb": Fault("a packed body that unpacks to so many bytes", "yes", {"size": 300 * 1024 * 1024}),
}


def switch(given: Mapping[str, Any]) -> Switch:
    """A fault as it was asked for.  Raises `Denied`."""
    try:
        found = switched_on(CATALOGUE, given)
    except Turned as turned:
        code = "unknown_field" if turned.code == "UNKNOWN_OPTION" else "bad_value"
        raise Denied(turned.status, code, turned.message, turned.name) from None
    if found.fault == "schema":
        of(found.options)
    return found
