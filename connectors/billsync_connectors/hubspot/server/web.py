"""The door: HTTP in, replies out, whole or broken as it was asked for.  (shell)"""

from __future__ import annotations

import hmac
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final

from billsync_connectors.hubspot.server import admin, broken
from billsync_connectors.hubspot.server.faults import Switch
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.refused import Refused
from billsync_connectors.hubspot.server.state import State

_MAX_BODY: Final = 64 * 1024 * 1024
_PUSH_S: Final = 0.1
_ADMIN: Final = "x-admin-password"


class Server(ThreadingHTTPServer):
    """One thread a connection, and one that sends webhooks."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], state: State, password: str) -> None:
        self.state, self.password = state, password
        super().__init__(address, Door)
        threading.Thread(target=self._push, daemon=True).start()

    def _push(self) -> None:
        while True:
            time.sleep(_PUSH_S)
            settings = self.state.settings
            if settings.webhook_push and settings.webhook_url and self.state.hooks.waiting:
                self.state.hooks.deliver()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing; a defect stands in the log, which is stderr."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


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
        headers = {name.lower(): value for name, value in self.headers.items()}
        if length > _MAX_BODY:
            self.close_connection = True
            self._say(Reply(413, Refused(413, "The request body is too large").body("")))
            return
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        if len(self.path) > 16_000:
            self._write(broken.page(414))
        elif request.path.startswith("/admin/"):
            self._say(self._administered(request))
        else:
            self._disturbed(request)

    def _administered(self, request: Request) -> Reply:
        state = self.server.state
        if request.path != "/admin/health" and not self._may(request.headers.get(_ADMIN, "")):
            return Reply(401, Refused(401, "the administration wants its password in X-Admin-Password").body(""))
        if request.path == "/admin/webhooks/deliver":
            return Reply(200, {"batches": state.hooks.deliver()})
        try:
            with state.shelf.turn():
                return admin.answer(state, request)
        except Refused as fault:
            return Reply(fault.status, fault.body(""))

    def _may(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.server.password.encode())

    # ------------------------------------------------------------ with faults

    def _disturbed(self, request: Request) -> None:
        """One request of a client, with the fault that strikes it."""
        state = self.server.state
        with state.shelf.turn():
            state.arrive()
            struck = state.struck(request)
        if struck is not None and struck.fault == "slow" and struck.options["when"] == "before":
            time.sleep(struck.options["seconds"])
        self._told(self._executed(request, struck), struck)

    def _executed(self, request: Request, struck: Switch | None) -> Reply | None:
        """The reply, or None where nothing was executed; the log is written in the same turn as the effect."""
        state, name = self.server.state, struck.fault if struck else ""
        with state.shelf.turn():
            if struck is not None and struck.before:
                if name == "late":
                    state.delay(request, struck.options["seconds"])
                state.log(request, 0, name, executed=False)
                return None
            reject = struck.options["item"] if struck is not None and name == "reject-item" else 0
            reply = state.execute(request, reject=reject)
            if name == "doubled":
                state.execute(request)
            state.log(request, reply.status, name, executed=reply.status < 400)
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
            self._drip(reply, options["pause_s"])
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

    def _drip(self, reply: Reply, pause_s: str) -> None:
        for byte in broken.whole(reply):
            self._write(bytes([byte]))
            if self.close_connection:
                return
            time.sleep(float(pause_s))

    def _reset(self) -> None:
        """Close with a reset in place of a good-bye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
