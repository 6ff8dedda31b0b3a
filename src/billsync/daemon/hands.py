"""The hands that carry out what the bells ring: so many at once, and none that keeps a process from ending.  (shell)"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

Task = Callable[[], None]


class Hands:
    """At most `most` tasks at once, each in a thread; what raises is told to `troubled` and ends there."""

    def __init__(self, most: int, troubled: Callable[[Exception], None]) -> None:
        self._most, self._troubled = most, troubled
        self._tasks: deque[Task] = deque()
        self._busy = 0
        self._change = threading.Condition()

    def hand_out(self, task: Task) -> None:
        """Do this as soon as a hand is free."""
        with self._change:
            self._tasks.append(task)
            if self._busy < self._most:
                self._busy += 1
                threading.Thread(target=self._work, name="run", daemon=True).start()

    def drop(self) -> None:
        """What was not begun is not done any more."""
        with self._change:
            self._tasks.clear()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way, at most so long; whether that came about."""
        until = time.monotonic() + seconds
        with self._change:
            while self._busy and (left := until - time.monotonic()) > 0:
                self._change.wait(min(left, 0.5))  # in parts: a signal is heard in between
            return not self._busy

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception as error:  # noqa: BLE001  one pipeline's failure never stops another
                self._troubled(error)

    def _next(self) -> Task | None:
        with self._change:
            if self._tasks:
                return self._tasks.popleft()
            self._busy -= 1
            self._change.notify_all()
            return None
