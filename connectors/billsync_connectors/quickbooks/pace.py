"""Keeps within QuickBooks' limits by itself: a 429 costs a minute.  (shell)"""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Final

_NS: Final = 1_000_000_000


class Pace:
    """Requests of one connection, evenly spaced where they come too fast.

    Args:
        per_s: requests a second.
        sleep: waits for seconds; clock: nanoseconds that only rise.
    """

    def __init__(
        self,
        per_s: Decimal,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._gap, self._sleep, self._clock = int(_NS / per_s), sleep, clock
        self._free_at = 0

    def wait(self) -> None:
        """Wait until one more request may be sent, and count it."""
        now = self._clock()
        if self._free_at > now:
            self._sleep((self._free_at - now) / _NS)
        self._free_at = max(now, self._free_at) + self._gap
