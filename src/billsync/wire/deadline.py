"""A deadline for a whole request: a server that sends one byte a second cannot hold us for ever.  (shell)

httpx times each read, not their sum.  Where the time is over, the socket is shut, and the blocked read ends.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self


class Deadline:
    """Watches one request; `expired` tells afterwards whether it was cut off.

    Attributes:
        line: the connection in use, shared by the requests of one client.
    """

    def __init__(self, seconds: float, line: Line) -> None:
        self.expired = False
        self._line = line
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def _end(self) -> None:
        self.expired = True
        self._line.cut()

    def __enter__(self) -> Self:
        self._line.over = False
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()


class Line:
    """The one connection that a client keeps open, learned from httpx's trace events.

    Attributes:
        over: True once the request's time is over: a connection that comes about later is cut at once.
    """

    def __init__(self) -> None:
        self.over = False
        self._socket: socket.socket | None = None

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """To be given to httpx as the request extension `trace`."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")
            if self.over:
                self.cut()

    def cut(self) -> None:
        """Shut the connection below TLS: the reading thread sees the end of the stream."""
        self.over = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
