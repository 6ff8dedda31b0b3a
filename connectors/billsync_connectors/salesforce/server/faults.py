"""What can go wrong on request, and what the system itself says then.  (pure)"""

from __future__ import annotations

from typing import Final

from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.limits import CONCURRENT, DAILY
from billsync_stand_in.faults import WHEN, Fault, Switch

CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", WHEN),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late", "yes", {"milliseconds": 2000}),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "error": Fault(
        "an error in Salesforce's own words", "when",
        {"status": 500, "code": "UNKNOWN_EXCEPTION", "message": "An unexpected error occurred", **WHEN},
    ),
    "unavailable": Fault("an HTML page of the edge, such as 503", "when", {"status": 503, **WHEN}),
    "edge": Fault("420, 406 or 429 with an empty body", "no", {"status": 420}),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **WHEN}),
    "login-page": Fault("200 with an HTML page", "when", WHEN),
    "expire": Fault("the session has ended just before", "no", itself=True),
    "daily-limit": Fault("403: the day's requests are used up", "no"),
    "concurrent": Fault("403: too many long requests at once", "no"),
    "lock": Fault("the request, or that item of it, meets a locked row", "no", {"item": 1}, itself=True),
    "reject-item": Fault(
        "one item of a collection refused, counted from 1; or the request", "yes",
        {"item": 1, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "refused by a validation rule"},
    ),
    "short-page": Fault("a page with fewer records than it could have", "yes", {"rows": 3}),
    "locators": Fault("all query locators are gone", "yes"),
    "job-fails": Fault("the next bulk job that is looked at has failed", "yes", {"message": "InternalServerError"}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "drip": Fault("the reply comes byte by byte", "yes", {"milliseconds": 500}),
    "wrong-type": Fault("the right body as text/plain", "yes"),
    "bom": Fault("the body begins with a byte order mark", "yes"),
    "no-id": Fault("records and results without their id", "yes"),
    "text-numbers": Fault("numbers and booleans of records as text", "yes"),
    "batch-cut": Fault("only so many results of a collection, all of which is executed", "yes", {"items": 1}),
    "big-field": Fault(
        "a text of so many characters in that field of each record", "yes",
        {"field": "Description", "size": 10 * 1024 * 1024},
    ),
    "huge": Fault("a body of so many bytes", "yes", {"size": 64 * 1024 * 1024}),
}  # fmt: skip


def refusal(struck: Switch) -> Denied | None:
    """What the org itself says where a fault makes it refuse; None for other faults."""
    match struck.fault:
        case "daily-limit":
            return Denied(403, "REQUEST_LIMIT_EXCEEDED", DAILY)
        case "concurrent":
            return Denied(403, "REQUEST_LIMIT_EXCEEDED", CONCURRENT)
        case "lock":
            told = "unable to obtain exclusive access to this record or 1 records"
            return Denied(400, "UNABLE_TO_LOCK_ROW", told, [])
        case "reject-item":
            return Denied(400, struck.options["code"], struck.options["message"], [])
        case "error":
            return Denied(struck.options["status"], struck.options["code"], struck.options["message"])
    return None
