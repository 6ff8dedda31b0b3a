"""The stand-in's own clock: the machine's, and as far ahead of it as it was told.  (shell)"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from billsync_stand_in.clock import machine


class Clock:
    """Never gives the same instant twice, so that changes have an order, unless it is told to stand still.

    Attributes:
        ahead: by how much it is ahead of the machine's.
        stands: whether it stands still.
    """

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead
        self.stands = False
        self._last = datetime.min.replace(tzinfo=UTC)

    def back(self) -> None:
        """To the machine's own time."""
        self.ahead, self.stands, self._last = timedelta(), False, datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """The instant now, in UTC."""
        if self.stands:
            return self._last
        self._last = max(machine() + self.ahead, self._last + timedelta(microseconds=1))
        return self._last


def text(instant: datetime) -> str:
    """As it is written, and sorted, everywhere: always with microseconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(written: str) -> datetime:
    """The instant of a text."""
    return datetime.fromisoformat(written).astimezone(UTC)
