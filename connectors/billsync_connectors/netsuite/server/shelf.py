"""The account's records, which NetSuite keeps by `id`.  (shell)"""

from __future__ import annotations

from billsync_stand_in.shelf import NumberedShelf
from billsync_stand_in.turns import Row

__all__ = ["Row", "Shelf"]


class Shelf(NumberedShelf):
    """One turn at a time; a turn is a transaction."""

    key = "id"
