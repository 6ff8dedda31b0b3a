"""Time as Odoo has it.  (shell)"""

from __future__ import annotations

from datetime import UTC, datetime

from billsync_stand_in import clock
from billsync_stand_in.clock import read

__all__ = ["Clock", "read", "written"]


class Clock(clock.Clock):
    """The database's clock."""

    def text(self, instant: datetime) -> str:
        """As rows keep it."""
        return written(instant)


def written(instant: datetime) -> str:
    """To the microsecond, as PostgreSQL keeps it; such texts sort as instants do."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
