"""What can go wrong on request, and what the system itself says then.  (pure)"""

from __future__ import annotations

from typing import Final

from billsync_connectors.netsuite.server.denied import Denied, governed, user
from billsync_stand_in.faults import WHEN, Fault, Switch

_CODE: Final = {"code": "UNEXPECTED_ERROR", "message": "An unexpected error occurred. Error ID: standin"}
CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", WHEN),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late; so long it counts as under way", "yes", {"milliseconds": 2000}),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "error": Fault("an error in NetSuite's own words", "when", {"status": 500, **_CODE, **WHEN}),
    "unavailable": Fault("an HTML page of maintenance, such as 503", "when", {"status": 503, **WHEN}),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **WHEN}),
    "login-page": Fault("200 with an HTML page", "when", WHEN),
    "throttle": Fault("429: too many at once", "no", {"retry_after": ""}),
    "expire": Fault("the token has ended just before", "no", itself=True),
    "changed": Fault("RCRD_HAS_BEEN_CHANGED: somebody saved at the same time", "no", itself=True),
    "locked": Fault("USER_ERROR: a workflow has locked the record", "no", itself=True),
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
