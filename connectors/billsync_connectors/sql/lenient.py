"""Dates and times of Postgres that Python cannot hold: each is one bad value, not the end of a page.  (pure)"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from psycopg.abc import Buffer
from psycopg.adapt import Loader

from billsync_connectors.sql.values import Unreadable


class _Stamp(Loader):
    def load(self, data: Buffer) -> Any:
        """The stamp, or what stands there instead."""
        text = bytes(data).decode()
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return Unreadable(text)


class _Day(Loader):
    def load(self, data: Buffer) -> Any:
        """The day, or what stands there instead."""
        text = bytes(data).decode()
        try:
            return date.fromisoformat(text)
        except ValueError:
            return Unreadable(text)


def register(connection: Any) -> None:
    """For one connection of psycopg."""
    for name in ("timestamp", "timestamptz"):
        connection.adapters.register_loader(name, _Stamp)
    connection.adapters.register_loader("date", _Day)
