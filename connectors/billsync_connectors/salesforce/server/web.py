"""The door of the stand-in.  (shell)"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from billsync_connectors.salesforce.server import admin, broken
from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.org import Org
from billsync_stand_in import web
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import Broken

_TLS: Final = 0x16
"""The first byte of a handshake, which no HTTP request begins with."""


class Door(web.Door):
    """HTTP and HTTPS on one port."""

    server: Server
    scheme = "http"

    def setup(self) -> None:
        """Take a handshake where one comes."""
        first = self.request.recv(1, socket.MSG_PEEK)
        if first and first[0] == _TLS:
            self.request = self.server.tls().wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        super().setup()


class Server(web.Server[Request, Reply]):
    """One thread a connection."""

    house: Org
    door = Door

    def __init__(self, address: tuple[str, int], house: Org) -> None:
        self._tls: ssl.SSLContext | None = None
        super().__init__(address, house)

    def asked(self, door: web.Door, headers: Mapping[str, str], body: bytes) -> Request:
        """A request as it came."""
        return Request(door.command, door.path, headers, body, getattr(door, "scheme", "http"))

    def too_large(self, status: int) -> Reply:
        """What is said to a request with too large a body or too long a target."""
        return Reply(status, Denied(status, "REQUEST_TOO_LARGE", "the request is too large").value())

    def administered(self, request: Request) -> Reply:
        """The reply to whoever runs the stand-in."""
        with self.house.turn():
            return admin.answer(self.house, request)

    def replied(self, struck: Switch, reply: Reply | None) -> Broken:
        """The reply as a fault has it; None where the request was not executed."""
        return broken.replied(struck, reply, self.house.now())

    def tls(self) -> ssl.SSLContext:
        """What connections are wrapped in that begin with a handshake."""
        with self.house.turn():
            if self._tls is None:
                certificate, key = self.house.certificate()
                self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._tls.load_cert_chain(certificate, key)
        return self._tls

    @contextmanager
    def under_way(self, request: Request) -> Iterator[None]:
        """As long as a request is being answered it counts for the limits."""
        house, key = self.house, id(request)
        with house.turn():
            house.limits.begin(key)
        try:
            yield
        finally:
            with house.turn():
                house.limits.end(key)
