"""The door of the stand-in.  (shell)"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from billsync_connectors.netsuite.server import admin, broken
from billsync_connectors.netsuite.server.account import Account
from billsync_connectors.netsuite.server.asked import Reply, Request
from billsync_connectors.netsuite.server.denied import Denied
from billsync_stand_in import web
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import Broken


class Server(web.Server[Request, Reply]):
    """One thread a connection."""

    house: Account

    def asked(self, door: web.Door, headers: Mapping[str, str], body: bytes) -> Request:
        """A request as it came."""
        return Request(door.command, door.path, headers, body)

    def too_large(self, status: int) -> Reply:
        """What is said to a request with too large a body or too long a target."""
        return self.house.refused(Denied(status, "REQUEST_TOO_LARGE", "The request is too large."))

    def administered(self, request: Request) -> Reply:
        """The reply to whoever runs the stand-in."""
        with self.house.turn():
            return admin.answer(self.house, request)

    def replied(self, struck: Switch, reply: Reply | None) -> Broken:
        """The reply as a fault has it; None where the request was not executed."""
        return broken.replied(struck, reply, self.house.now())

    @contextmanager
    def under_way(self, request: Request) -> Iterator[None]:
        """As long as a request is being answered it counts for the account's governance."""
        with self.house.turn():
            think_s = self.house.begin(request)
        try:
            time.sleep(float(think_s))
            yield
        finally:
            with self.house.turn():
                self.house.end(request)
