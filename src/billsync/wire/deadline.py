"""A deadline for a whole request: a server that sends one byte a second cannot hold us for ever.  (shell)

httpx times each read, not their sum.  Where the time is over, the socket is shut, and the blocked read ends.
One thread watches all requests of the process: one for each request would cost as much as half the request.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import socket
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

_LINGER_S: Final = 10.0
"""Seconds that the watching thread stays where there is nothing to watch."""


class Deadline:
    """Watches one request; `expired` tells afterwards whether it was cut off.

    Attributes:
        line: the connection in use, shared by the requests of one client.
    """

    def __init__(self, seconds: float, line: Line) -> None:
        self.expired = False
        self._seconds, self._line = seconds, line
        self._number = 0

    def end(self) -> None:
        """The time is over."""
        self.expired = True
        self._line.cut()

    def __enter__(self) -> Self:
        self._line.over = False
        self._number = _watch.begin(self, self._seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _watch.over(self._number)


class _Watch:
    """The thread that ends requests whose time is over; it is started when there is something to watch."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._open: dict[int, Deadline] = {}
        self._due: list[tuple[float, int]] = []
        self._wakes_at = 0.0
        self._thread: threading.Thread | None = None

    def begin(self, deadline: Deadline, seconds: float) -> int:
        """Watch a request that begins now.  Gives its number."""
        with self._changed:
            number, until = next(self._numbers), time.monotonic() + seconds
            self._open[number] = deadline
            heapq.heappush(self._due, (until, number))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="billsync-deadlines")
                self._thread.start()
            elif until < self._wakes_at:
                self._changed.notify()
            return number

    def over(self, number: int) -> None:
        """A request has ended: from here on it is not cut off any more."""
        with self._changed:
            self._open.pop(number, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                self._end_overdue()
                now = time.monotonic()
                self._wakes_at = self._due[0][0] if self._due else now + _LINGER_S
                if not self._changed.wait(self._wakes_at - now) and not self._due:
                    self._thread = None
                    return

    def _end_overdue(self) -> None:
        now = time.monotonic()
        while self._due and (self._due[0][0] <= now or self._due[0][1] not in self._open):
            _, number = heapq.heappop(self._due)
            if deadline := self._open.pop(number, None):
                deadline.end()


def _anew() -> None:
    global _watch  # noqa: PLW0603  a process that was forked has no thread of its parent's, and maybe its lock
    _watch = _Watch()


_watch = _Watch()
os.register_at_fork(after_in_child=_anew)


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
