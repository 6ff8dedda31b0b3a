"""Time as an ERPNext site has it.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from billsync_stand_in import clock
from billsync_stand_in.clock import read

__all__ = ["Clock", "read", "written"]


class Clock(clock.Clock):
    """The site's clock.

    Attributes:
        zone: of the site: stamps are in its time, without saying so.
    """

    def __init__(self, kept: Mapping[str, Any]) -> None:
        super().__init__(kept)
        self.zone: tzinfo = UTC

    def text(self, instant: datetime) -> str:
        """As the stand-in keeps it for itself."""
        return written(instant)

    def stamp(self) -> str:
        """The instant now as documents have it: in the site's time, without a zone."""
        return f"{self.now().astimezone(self.zone):%Y-%m-%d %H:%M:%S.%f}"

    def today(self) -> str:
        """The day now, by the site's time."""
        return self.stamp()[:10]


def written(instant: datetime) -> str:
    """To the microsecond, as MariaDB keeps it."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
