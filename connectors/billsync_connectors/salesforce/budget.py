"""How many of the org's daily calls are used, and how many are left to others.  (pure)"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from billsync.connector import TryLater

_USAGE: Final = re.compile(r"(?:^|[;, ])api-usage=([0-9]{1,12})/([0-9]{1,12})")
WAIT_S: Final = 3600


def usage(header: str) -> tuple[int, int] | None:
    """(calls that are used, calls that there are), or None where the header does not say."""
    found = _USAGE.search(header)
    return None if found is None else (int(found[1]), int(found[2]))


class Budget:
    """What the header `Sforce-Limit-Info` of each answer tells.

    Attributes:
        used, most: calls of the last 24 hours, and how many there may be; None until the org has said so.
    """

    def __init__(self, system: str, reserve: Decimal) -> None:
        self._system, self._reserve = system, reserve
        self.used: int | None = None
        self.most: int | None = None

    def heard(self, header: str) -> None:
        """Take note of what an answer tells."""
        found = usage(header)
        if found is not None:
            self.used, self.most = found

    @property
    def left(self) -> int | None:
        """Calls that reads may still make, or None where that is not known."""
        if self.used is None or self.most is None:
            return None
        return max(0, self.most - self.used - int(self.most * self._reserve))

    def spend(self) -> None:
        """One more read is meant to be made.  Raises `TryLater` where what is left is others'."""
        if self.left == 0:
            told = f"{self.used} of the org's {self.most} calls of the last 24 hours are used"
            share = f"{self._reserve * 100:f}".rstrip("0").rstrip(".")
            message = (
                f"{self._system}: {told}, and {share}% are left to others (reserve): "
                "reading goes on where it stopped, in an hour or when calls are free again"
            )
            raise TryLater("budget", message, after_s=WAIT_S, offline=True)
