"""Keeps within HubSpot's limits by itself, so that it is not told to: no more than so many requests a span.  (shell)"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

_SPAN_MS: Final = 10_000
_AT_FIRST: Final = 100
"""Requests in ten seconds that every account bears; more as soon as HubSpot says so."""
_MS: Final = 1_000_000


class Pace:
    """Requests of one connection.  What others use of the account's limits shows only as a 429.

    Args:
        share: percent of the ten-second limit that is ours; per_s: searches a second.
        sleep: waits for seconds; clock: nanoseconds that only rise.
    """

    def __init__(
        self,
        share: int,
        per_s: Decimal,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._share, self._gap_ms = share, int(1000 / per_s)
        self.sleep, self._clock = sleep, clock
        self._most = _AT_FIRST * share // 100 or 1
        self._sent: deque[int] = deque()
        self._searched = 0

    def wait(self, *, search: bool) -> None:
        """Wait until one more request may be sent, and count it."""
        now = self._clock() // _MS
        while self._sent and self._sent[0] <= now - _SPAN_MS:
            self._sent.popleft()
        until = self._searched + self._gap_ms if search else 0
        if not search and len(self._sent) >= self._most:
            until = self._sent[-self._most] + _SPAN_MS
        if until > now:
            self.sleep((until - now) / 1000)
            now = self._clock() // _MS
        if search:
            self._searched = now
        else:
            self._sent.append(now)

    def heard(self, headers: Mapping[str, str]) -> None:
        """Take the account's own limit from an answer."""
        told = headers.get("x-hubspot-ratelimit-max", "")
        if told.isascii() and told.isdigit() and int(told):
            self._most = max(1, int(told) * self._share // 100)
