"""The door: replies out whole, or broken as it was asked for.  (shell)"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final, Generic

from billsync_stand_in.faults import Switch
from billsync_stand_in.house import Q, R, Served
from billsync_stand_in.packets import Broken, whole

_LOG: Final = logging.getLogger(__name__)


class Door(BaseHTTPRequestHandler):
    """Reads requests, and writes each reply at once: two small writes would wait for each other."""

    protocol_version = "HTTP/1.1"
    server: Server[Any, Any]
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
        server, length = self.server, int(self.headers.get("Content-Length") or 0)
        if length > server.max_body or len(self.path) > server.max_target:
            self.close_connection = True
            self._say(server.too_large(413 if length > server.max_body else 414))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = server.asked(self, headers, self.rfile.read(length))
        if request.path.startswith("/admin/"):
            self._say(server.administered(request))
        else:
            self._disturbed(request)

    # ------------------------------------------------------------ with faults

    def _disturbed(self, request: Any) -> None:
        """One request of a client, with the fault that strikes it."""
        server = self.server
        with server.house.turn():
            struck = server.arrived(request)
        if struck is not None and struck.options.get("when") == "before":
            _slow(struck)
        with server.under_way(request) as refused:
            if refused is not None:
                self._say(refused)
            else:
                self._told(server.carried_out(request, struck), struck)

    def _told(self, reply: Any, struck: Switch | None) -> None:
        """Send the reply as the fault has it."""
        if struck is None:
            self._say(reply)
        elif struck.fault in self.server.silent:
            self.close_connection = True
        elif struck.fault == "reset":
            self._reset()
        elif struck.fault == "drip" and reply is not None:
            self._drip(reply, _pause_s(struck))
        else:
            if struck.options.get("when") != "before":
                _slow(struck)
            found = self.server.replied(struck, reply)
            self.close_connection = self.close_connection or found.close
            self._write(*found.pieces)

    def _say(self, reply: Any) -> None:
        self._write(whole(reply, self.server.house.now()))

    def _write(self, *pieces: bytes) -> None:
        try:
            for piece in pieces:
                self.wfile.write(piece)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _drip(self, reply: Any, pause_s: float) -> None:
        for byte in whole(reply, self.server.house.now()):
            self._write(bytes([byte]))
            if self.close_connection:
                return
            time.sleep(pause_s)

    def _reset(self) -> None:
        """Close with a reset in place of a good-bye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


class Server(ThreadingHTTPServer, ABC, Generic[Q, R]):
    """One thread a connection.

    Attributes:
        max_body, max_target: bytes of a request's body, characters of its target.
        silent: faults that end the connection without a reply.
        door: what serves a connection.
    """

    daemon_threads = True
    request_queue_size = 128
    max_body: ClassVar[int] = 160 * 1024 * 1024
    max_target: ClassVar[int] = 16 * 1024
    silent: ClassVar[frozenset[str]] = frozenset({"lost", "dropped", "late"})
    door: ClassVar[type[Door]] = Door

    def __init__(self, address: tuple[str, int], house: Served[Q, R]) -> None:
        self.house = house
        super().__init__(address, self.door)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing; a defect stands in the log."""
        _LOG.exception("a connection of %s ended", client_address)

    # ------------------------------------------------------------ what is a system's own

    @abstractmethod
    def asked(self, door: Door, headers: Mapping[str, str], body: bytes) -> Q:
        """A request as it came."""

    @abstractmethod
    def too_large(self, status: int) -> R:
        """What is said to a request with too large a body (413) or too long a target (414)."""

    @abstractmethod
    def administered(self, request: Q) -> R:
        """The reply to whoever runs the stand-in."""

    @abstractmethod
    def replied(self, struck: Switch, reply: R | None) -> Broken:
        """The reply as a fault has it; None where the request was not executed."""

    def arrived(self, request: Q) -> Switch | None:
        """A request came: the fault that strikes it; in a turn."""
        self.house.ticked()
        self.house.arrive()
        return self.house.struck(request)

    @contextlib.contextmanager
    def under_way(self, request: Q) -> Iterator[R | None]:
        """As long as a request is being answered; gives a reply where it is refused before anything else."""
        yield None

    def unexecuted(self, request: Q, struck: Switch) -> None:
        """What a fault does in place of a request; in a turn."""
        if struck.fault == "late":
            self.house.delay(request, struck.options["seconds"])

    def executed(self, request: Q, struck: Switch | None) -> R:
        """The reply, in a turn."""
        return self.house.execute(request, struck)

    def carried_out(self, request: Q, struck: Switch | None) -> R | None:
        """The reply, or None where nothing was executed; the log is written in the same turn as the effect."""
        house, name = self.house, struck.fault if struck else ""
        with house.turn():
            if struck is not None and struck.before:
                self.unexecuted(request, struck)
                house.log(request, 0, name, executed=False)
                return None
            reply = self.executed(request, struck)
            if name == "doubled":
                house.execute(request)
            house.log(request, reply.status, name, executed=reply.status < HTTPStatus.BAD_REQUEST)
            return reply


def _slow(struck: Switch) -> None:
    if struck.fault == "slow":
        time.sleep(_pause_s(struck))


def _pause_s(struck: Switch) -> float:
    options = struck.options
    if "milliseconds" in options:
        return int(options["milliseconds"]) / 1000
    return float(options.get("pause_s", options.get("seconds", 0)))
