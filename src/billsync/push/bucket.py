"""A token bucket: how long to wait before calls, so that a system is not asked more often than it bears.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class Bucket:
    """Tokens that come back at a steady rate; a call takes one.

    Attributes:
        rate: tokens a second; burst: how many may lie there at most, at least 1.
        tokens: how many lie there, below zero where calls were promised to later moments.
        at: the moment that `tokens` stands for, or None before the first call.
    """

    rate: float
    burst: int
    tokens: float = 0.0
    at: datetime | None = None

    def take(self, count: int, now: datetime) -> float:
        """Take tokens for some calls.  Gives the seconds to wait before they are made."""
        if self.at is None:
            self.tokens = float(self.burst)
        else:
            gone = max(0.0, (now - self.at).total_seconds())
            self.tokens = min(float(self.burst), self.tokens + gone * self.rate)
        self.at = now
        self.tokens -= count
        return max(0.0, -self.tokens / self.rate)
