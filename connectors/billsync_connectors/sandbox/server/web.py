"""The door: HTTP in, replies out, whole or broken as it was asked for.  (shell)"""

from __future__ import annotations

import logging
import socket
import struct
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final

from billsync_connectors.sandbox.server import admin, broken
from billsync_connectors.sandbox.server.api import Reply, Request
from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.faults import Switch
from billsync_connectors.sandbox.server.state import State

_MAX_BODY: Final = 32 * 1024 * 1024
_LOG: Final = logging.getLogger(__name__)


class Server(ThreadingHTTPServer):
    """One thread a connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], state: State) -> None:
        self.state = state
        super().__init__(address, Door)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing; a defect stands in the log."""
        _LOG.debug("a connection of %s ended", client_address, exc_info=True)


class Door(BaseHTTPRequestHandler):
    """Reads requests, and writes each reply at once: two small writes would wait for each other."""

    protocol_version = "HTTP/1.1"
    server: Server
    timeout: ClassVar[float] = 300

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
        """The log is kept by the state."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY:
            self.close_connection = True
            self._say(Reply(413, Denied(413, "bad_request", "the body is too large").value()))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        if request.path.startswith("/admin/"):
            self._say(self._administered(request))
            return
        self._disturbed(request)

    def _administered(self, request: Request) -> Reply:
        state = self.server.state
        try:
            with state.shelf.turn():
                return admin.answer(state, request)
        except Denied as denied:
            return Reply(denied.status, denied.value())

    # ------------------------------------------------------------ with faults

    def _disturbed(self, request: Request) -> None:
        """One request of a client, with the fault that strikes it."""
        state = self.server.state
        with state.shelf.turn():
            state.arrive()
            state.at_work += 1
            struck = state.struck(request)
        try:
            if struck is not None and struck.fault == "slow" and struck.options["when"] == "before":
                time.sleep(struck.options["seconds"])
            reply = self._executed(request, struck)
            self._told(reply, struck)
        finally:
            with state.shelf.turn():
                state.at_work -= 1

    def _executed(self, request: Request, struck: Switch | None) -> Reply | None:
        """The reply, or None where nothing was executed; the log is written in the same turn as the effect."""
        state, name = self.server.state, struck.fault if struck else ""
        with state.shelf.turn():
            if struck is not None and struck.before:
                if name == "late":
                    state.delay(request, struck.options["seconds"])
                if name == "expired":
                    state.shelf.do("delete from session")
                state.log(request, 0, name, executed=False)
                return None
            try:
                state.admit()
                if name == "stale" and len(request.parts) > 2:
                    state.books.touch(request.parts[1], request.parts[2])
            except Denied as denied:
                reply = Reply(denied.status, denied.value(), denied.headers)
            else:
                reject = struck.options["item"] if struck is not None and name == "reject-item" else 0
                reply = state.execute(request, reject=reject)
            if name == "doubled":
                state.execute(request)
            state.log(request, reply.status, name, executed=reply.status < HTTPStatus.BAD_REQUEST)
            return reply

    def _told(self, reply: Reply | None, struck: Switch | None) -> None:
        """Send the reply as the fault has it."""
        if struck is None and reply is not None:
            self._say(reply)
            return
        assert struck is not None
        name, options = struck.fault, struck.options
        if name in ("lost", "dropped", "late"):
            self.close_connection = True
        elif name == "reset":
            self._reset()
        elif name == "drip" and reply is not None:
            self._drip(reply, float(options["pause_s"]))
        else:
            if name == "slow" and options["when"] == "after":
                time.sleep(options["seconds"])
            found = broken.replied(name, options, reply)
            self.close_connection = self.close_connection or found.close
            self._write(*found.pieces)

    def _say(self, reply: Reply) -> None:
        self._write(broken.whole(reply))

    def _write(self, *pieces: bytes) -> None:
        try:
            for piece in pieces:
                self.wfile.write(piece)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _drip(self, reply: Reply, pause_s: float) -> None:
        for byte in broken.whole(reply):
            self._write(bytes([byte]))
            if self.close_connection:
                return
            time.sleep(pause_s)

    def _reset(self) -> None:
        """Close with a reset in place of a good-bye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
