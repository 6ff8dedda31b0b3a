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
    "serialize": Fault("could not serialize access: what is left when the server's own tries are used up", "no"),
    "unavailable": Fault("an HTML page of the proxy, such as 502, 503, 504", "when", {"status": 502, **WHEN}),
    "too-many": Fault("429, an HTML page of the proxy", "no", {"seconds": 1}),
    "redirect": Fault("a redirect", "when", {"status": 302, "location": "/login", **WHEN}),
    "login-page": Fault("200 with an HTML page", "when", WHEN),
    "expire": Fault("all API keys have ended just before", "no", itself=True),
    "short-page": Fault("a page with fewer records than it could have", "yes", {"rows": 3}),
    "truncated": Fault("half of the body under the Content-Length of all of it", "yes"),
    "cut": Fault("half of the body, no Content-Length, then the end", "yes"),
    "drip": Fault("the reply comes byte by byte", "yes", {"milliseconds": 500}),
    "wrong-type": Fault("the right body as text/plain", "yes"),
    "bom": Fault("the body begins with a byte order mark", "yes"),
    "no-id": Fault("records without their id", "yes"),
    "text-numbers": Fault("numbers and booleans as text", "yes"),
    "batch-cut": Fault("a list with only so many of its elements", "yes", {"items": 1}),
    "other-total": Fault("documents with another total", "yes", {"by": "0.01"}),
    "huge": Fault("a body of so many bytes", "yes", {"size": 64 * 1024 * 1024}),
}  # fmt: skip
