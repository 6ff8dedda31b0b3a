"""The door of the stand-in.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from billsync_connectors.sandbox.server import admin, broken
from billsync_connectors.sandbox.server.api import Reply, Request
from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.state import State
from billsync_stand_in import web
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import Broken


class Server(web.Server[Request, Reply]):
    """One thread a connection."""

    house: State
    max_body = 32 * 1024 * 1024
    max_target = 64 * 1024

    def asked(self, door: web.Door, headers: Mapping[str, str], body: bytes) -> Request:
        """A request as it came."""
        return Request(door.command, door.path, headers, body)

    def too_large(self, status: int) -> Reply:
        """What is said to a request with too large a body."""
        return Reply(status, Denied(status, "bad_request", "the body is too large").value())

    def administered(self, request: Request) -> Reply:
        """The reply to whoever runs the stand-in."""
        try:
            with self.house.turn():
                return admin.answer(self.house, request)
        except Denied as denied:
            return Reply(denied.status, denied.value())

    def replied(self, struck: Switch, reply: Reply | None) -> Broken:
        """The reply as a fault has it; None where the request was not executed."""
        return broken.replied(struck, reply, self.house.now())

    @contextmanager
    def under_way(self, request: Request) -> Iterator[None]:
        """As long as a request is being answered it is one of those at work."""
        with self.house.turn():
            self.house.at_work += 1
        try:
            yield
        finally:
            with self.house.turn():
                self.house.at_work -= 1

    def unexecuted(self, request: Request, struck: Switch) -> None:
        """What a fault does in place of a request; in a turn."""
        super().unexecuted(request, struck)
        if struck.fault == "expired":
            self.house.shelf.do("delete from session")

    def executed(self, request: Request, struck: Switch | None) -> Reply:
        """The reply, in a turn; what is too much is not executed."""
        try:
            self.house.admit()
            if struck is not None and struck.fault == "stale" and len(request.parts) > 2:
                self.house.books.touch(request.parts[1], request.parts[2])
        except Denied as denied:
            return Reply(denied.status, denied.value(), denied.headers)
        return self.house.execute(request, struck)
