"""The door of the stand-in.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping

from billsync_connectors.erpnext.server import admin, broken
from billsync_connectors.erpnext.server.asked import Reply, Request
from billsync_connectors.erpnext.server.house import House
from billsync_stand_in import web
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import Broken


class Server(web.Server[Request, Reply]):
    """One thread a connection."""

    house: House

    def asked(self, door: web.Door, headers: Mapping[str, str], body: bytes) -> Request:
        """A request as it came."""
        return Request(door.command, door.path, headers, body)

    def too_large(self, status: int) -> Reply:
        """What is said to a request with too large a body or too long a target."""
        return Reply(status, b"the request is too large", {}, "text/plain")

    def administered(self, request: Request) -> Reply:
        """The reply to whoever runs the stand-in."""
        with self.house.turn():
            return admin.answer(self.house, request)

    def replied(self, struck: Switch, reply: Reply | None) -> Broken:
        """The reply as a fault has it; None where the request was not executed."""
        return broken.replied(struck, reply, self.house.now())
