"""Many requests under one watch: each is cut off at its own time, and none that has ended."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from billsync.wire.deadline import Deadline, Line


class Wire:
    """A line whose other end says nothing."""

    def __init__(self, left: ExitStack) -> None:
        self.here, self.there = (left.enter_context(end) for end in socket.socketpair())
        self.here.settimeout(3)
        self.line = Line()
        self.line.trace("connection.connect_tcp.complete", {"return_value": self})

    def get_extra_info(self, _name: str) -> socket.socket:
        return self.here

    def wait(self, seconds: float, tell: Callable[[Any], None] = lambda _: None) -> bool:
        """Read for so many seconds.  Whether the deadline ended it."""
        with Deadline(seconds, self.line) as deadline:
            assert self.here.recv(1) == b""
        tell(deadline.expired)
        return deadline.expired


def test_a_request_with_less_time_is_cut_off_before_one_that_began_earlier() -> None:
    ended: list[str] = []
    with ExitStack() as left:
        slow, quick = Wire(left), Wire(left)
        waits = threading.Thread(target=slow.wait, args=(0.3, lambda _: ended.append("slow")))
        waits.start()
        assert quick.wait(0.05)
        ended.append("quick")
        waits.join()
    assert ended == ["quick", "slow"]


def test_what_has_ended_is_not_cut_off() -> None:
    with ExitStack() as left:
        wire, other = Wire(left), Wire(left)
        with Deadline(0.05, wire.line):
            pass
        assert other.wait(0.1)
        wire.there.send(b"x")
        assert wire.here.recv(1) == b"x"
        assert not wire.line.over


def test_a_process_that_was_forked_has_a_watch_of_its_own() -> None:
    with ExitStack() as left:
        wire = Wire(left)
        assert wire.wait(0.01)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if Wire(ExitStack()).wait(0.05) else 1
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
