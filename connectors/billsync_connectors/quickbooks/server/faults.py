"""What can go wrong on request, and what the system itself says then.  (pure)"""

from __future__ import annotations

from typing import Final

from billsync_connectors.quickbooks.server.denied import Denied
from billsync_connectors.quickbooks.server.limits import throttled
from billsync_stand_in.faults import WHEN, Fault, Switch

_CODE: Final = {"code": 10000, "message": "An application error has occurred while processing your request"}
CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", WHEN),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late", "yes", {"milliseconds": 2000}),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "error": Fault("a SystemFault", "when", {"status": 500, **_CODE, "detail": "", **WHEN}),
    "fault-200": Fault(
        "HTTP 200 with a Fault: nothing was done", "no",
        {"code": 6000, "message": "A business validation error has occurred while processing your request",
         "detail": "Business Validation Error: Unexpected Internal Error. (-30000)"}, itself=True
    ),
    "unavailable": Fault("an HTML page of the gateway, such as 503", "when", {"status": 503, **WHEN}),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **WHEN}),
    "login-page": Fault("200 with an HTML page", "when", WHEN),
    "throttle": Fault("429", "no", {"retry_after": ""}),
    "expire": Fault("the access token has ended just before", "no", itself=True),
    "disconnect": Fault("a person has disconnected the app just before: no token is good any more", "no", itself=True),
    "in-flight": Fault("600: the first request of this requestid is still under way", "no", itself=True),
    "stale": Fault("5010: somebody was faster", "no", itself=True),
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
