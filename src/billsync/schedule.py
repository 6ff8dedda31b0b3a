"""The clock, and the signals that end a process; the only place that asks the machine for the time.  (shell)"""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A clock that can be waited by."""

    def now(self) -> datetime:
        """The instant now, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for the event, at most so long; whether it is set."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The instant now, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for the event, at most so long; whether it is set."""
        return event.wait(seconds)


class FastClock:
    """A clock that shows another time and goes faster than the machine's: a day of the daemon in a minute.

    Args:
        start: the instant that it shows first, in UTC.
        speed: seconds of its own in one second, at least 1.
    """

    def __init__(self, start: datetime, speed: int) -> None:
        self._start, self._speed, self._began = start, speed, time.monotonic()

    def now(self) -> datetime:
        """The instant now, in UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self._speed)

    def sleep(self, seconds: float) -> None:
        """Wait, as long as the seconds last on this clock."""
        time.sleep(seconds / self._speed)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for the event, at most so long on this clock; whether it is set."""
        return event.wait(seconds / self._speed)


def stop_on_signals(stop: threading.Event, *woken: threading.Event) -> None:
    """SIGTERM and SIGINT ask for a graceful stop; a second one ends the process at once.

    `woken` are set with `stop`, for those who wait for something else.
    """

    def handle(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise SystemExit(130)
        for event in (stop, *woken):
            event.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
