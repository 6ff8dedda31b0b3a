"""What the stories about Tryton share: intents as the engine makes them, and a relay that loses answers."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from billsync.connector import Applied, Expectation, Intent, Outcome
from billsync_connectors.tryton import Tryton
from tests.wire.server import Handler, Server


class Relay(Server):
    """Passes calls on to Tryton; `lose` names methods whose answer is thrown away after Tryton did the work.

    `fail` names methods that are answered with 503 without reaching Tryton.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__(self.relayed)
        self._host = urlsplit(upstream).netloc
        self.url = f"http://127.0.0.1:{self.server_address[1]}{urlsplit(upstream).path}"
        self.lose: set[str] = set()
        self.fail: set[str] = set()

    def calls(self, method: str) -> int:
        return sum(f'"{method}"'.encode() in body for _, _, body, _ in self.seen)

    def relayed(self, handler: Handler) -> None:
        _, path, body, headers = self.seen[-1]
        if any(f'"{method}"'.encode() in body for method in self.fail):
            return handler.answer(503, b"busy")
        upstream = http.client.HTTPConnection(self._host, timeout=120)
        kept: dict[str, str | int] = {
            name: headers[name] for name in ("Content-Type", "Authorization", "Accept-Encoding") if name in headers
        }
        upstream.request("POST", path, body, kept)
        reply = upstream.getresponse()
        content, encoding = reply.read(), reply.headers.get("Content-Encoding")
        upstream.close()
        if any(f'"{method}"'.encode() in body for method in self.lose):
            handler.close_connection = True
            return None
        handler.answer(reply.status, content, **({"Content_Encoding": encoding} if encoding else {}))
        return None


def party(connector: Tryton, tag: str) -> str:
    """A customer in Tryton; its id there."""
    return applied(connector.write("party", [Intent(f"{tag}-C", "party", {"name": "Acme", "country": "DE"})]))[0]


def product(connector: Tryton, tag: str) -> str:
    return applied(connector.write("product", [Intent(f"{tag}-P", "product", {"name": "Seat", "code": f"{tag}-P"})]))[0]


def invoice(key: str, party: str, *, day: str = "2017-03-05", **changes: Any) -> Intent:
    """Three seats at 19.99 and 19 % tax: 59.97 + 11.39 = 71.36."""
    line = {"description": "Seats", "quantity": "3", "unit_price": "19.99", "tax_code": "DE19", "tax_rate": "0.19"}
    data = {
        "reference": key,
        "party": party,
        "invoice_date": day,
        "due_date": "2017-04-04",
        "currency": "USD",
        "description": "March",
        "lines": [line | changes.pop("line", {})],
    }
    total = changes.pop("total", "71.36")
    expect = Expectation(total=Decimal(total), tax=Decimal("11.39"), currency="USD", lines=1)
    return Intent(key, "invoice", data | changes, expect=expect)


def applied(outcomes: Sequence[Outcome]) -> list[str]:
    """The ids; every outcome must be `Applied`."""
    found = [outcome.remote_id for outcome in outcomes if isinstance(outcome, Applied)]
    assert len(found) == len(outcomes), outcomes
    return found
