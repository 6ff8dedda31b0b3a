"""What can go wrong on request.  (pure)"""

from __future__ import annotations

from typing import Final

from billsync_stand_in.faults import WHEN, Fault

CATALOGUE: Final[dict[str, Fault]] = {
    "lost": Fault("executed, then the connection is closed without a reply", "yes"),
    "dropped": Fault("the connection is closed without a reply, nothing is executed", "no"),
    "reset": Fault("the connection is reset", "when", WHEN),
    "late": Fault("closed without a reply, executed so much later", "later", {"seconds": 30}),
    "slow": Fault("the reply comes late", "yes", {"milliseconds": 2000}),
    "doubled": Fault("executed twice, as a proxy may do; the first reply", "twice"),
    "error": Fault("an error of the API, such as 500", "when", {"status": 500, **WHEN}),
    "unavailable": Fault("503: offline for maintenance", "when", {"status": 503, **WHEN}),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **WHEN}),
    "login-page": Fault("200 with an HTML page", "when", WHEN),
    "expire": Fault("all access tokens have ended just before", "no", itself=True),
    "limit": Fault(
        "429: minute, day, concurrent or appminute", "no", {"problem": "minute", "seconds": 17}, itself=True
    ),
    "reject-item": Fault(
        "one element refused, counted from 1", "yes", {"item": 1, "message": "A validation exception occurred"}
    ),
    "short-page": Fault("a page with fewer records than it could have", "yes", {"rows": 3}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "drip": Fault("the reply comes byte by byte", "yes", {"milliseconds": 500}),
    "wrong-type": Fault("the right body as text/plain", "yes"),
    "bom": Fault("the body begins with a byte order mark", "yes"),
    "no-id": Fault("records without their id and number", "yes"),
    "text-numbers": Fault("numbers and booleans as text", "yes"),
    "batch-cut": Fault("only so many elements of those that were executed", "yes", {"items": 1}),
    "lines-cut": Fault("documents with so many lines only", "yes", {"items": 1}),
    "other-total": Fault("documents with another total", "yes", {"by": "0.01"}),
    "huge": Fault("a body of so many bytes", "yes", {"size": 64 * 1024 * 1024}),
}  # fmt: skip
