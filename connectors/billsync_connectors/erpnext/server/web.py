"""The door: replies out whole or broken as it was asked for.  (shell)"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final

from billsync_connectors.erpnext.server import admin, broken
from billsync_connectors.erpnext.server.asked import Reply, Request
from billsync_connectors.erpnext.server.faults import Switch
from billsync_connectors.erpnext.server.house import House

_MAX_BODY: Final = 160 * 1024 * 1024
_MAX_TARGET: Final = 16 * 1024
_LOG: Final = logging.getLogger(__name__)


class Server(ThreadingHTTPServer):
    """One thread a connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], house: House) -> None:
        self.house = house
        super().__init__(address, Door)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing; a defect stands in the log."""
        _LOG.exception("a connection of %s ended", client_address)


class Door(BaseHTTPRequestHandler):
    """Reads requests, and writes each reply at once: two small writes would wait for each other."""

    protocol_version = "HTTP/1.1"
    server: Server
    timeout: ClassVar[float] = 300

    def handle(self) -> None:
        """Serve until the client goes; one that goes away in the middle is nothing."""
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        """Serve it."""
        self._serve()

    def do_POST(self) -> None:
        """Serve it."""
        self._serve()

    def do_PUT(self) -> None:
        """Serve it."""
        self._serve()

    def do_PATCH(self) -> None:
        """Serve it."""
        self._serve()

    def do_DELETE(self) -> None:
        """Serve it."""
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """The log is kept by the house."""

    def _serve(self) -> None:
        house, length = self.server.house, int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY or len(self.path) > _MAX_TARGET:
            self.close_connection = True
            status = 413 if length > _MAX_BODY else 414
            self._say(Reply(status, b"the request is too large", {}, "text/plain"))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        if request.path.startswith("/admin/"):
            with house.shelf.turn():
                reply = admin.answer(house, request)
            self._say(reply)
            return
        self._disturbed(request)

    # ------------------------------------------------------------ with faults

    def _disturbed(self, request: Request) -> None:
        """One request of a client, with the fault that strikes it."""
        house = self.server.house
        with house.shelf.turn():
            house.clock.ticked()
            house.arrive()
            struck = house.struck(request)
        self._told(self._executed(request, struck), struck)

    def _executed(self, request: Request, struck: Switch | None) -> Reply | None:
        """The reply, or None where nothing was executed; the log is written in the same turn as the effect."""
        house, name = self.server.house, struck.fault if struck else ""
        with house.shelf.turn():
            if struck is not None and struck.before:
                if name == "late":
                    house.delay(request, struck.options["seconds"])
                house.log(request, 0, name, executed=False)
                return None
            reply = house.execute(request, struck)
            if name == "doubled":
                house.execute(request)
            house.log(request, reply.status, name, executed=reply.status < HTTPStatus.BAD_REQUEST)
            return reply

    def _told(self, reply: Reply | None, struck: Switch | None) -> None:
        """Send the reply as the fault has it."""
        if struck is None:
            assert reply is not None
            self._say(reply)
            return
        name, options = struck.fault, struck.options
        if name in ("lost", "dropped", "late"):
            self.close_connection = True
        elif name == "reset":
            self._reset()
        elif name == "drip" and reply is not None:
            self._drip(reply, options["milliseconds"] / 1000)
        else:
            if name == "slow":
                time.sleep(options["milliseconds"] / 1000)
            found = broken.replied(struck, reply, self.server.house.clock.now())
            self.close_connection = self.close_connection or found.close
            self._write(*found.pieces)

    def _say(self, reply: Reply) -> None:
        self._write(broken.whole(reply, self.server.house.clock.now()))

    def _write(self, *pieces: bytes) -> None:
        try:
            for piece in pieces:
                self.wfile.write(piece)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _drip(self, reply: Reply, pause_s: Any) -> None:
        for byte in broken.whole(reply, self.server.house.clock.now()):
            self._write(bytes([byte]))
            if self.close_connection:
                return
            time.sleep(pause_s)

    def _reset(self) -> None:
        """Close with a reset in place of a good-bye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
