"""The company's objects, which QuickBooks keeps by `Id`.  (shell)"""

from __future__ import annotations

from billsync_stand_in.shelf import NumberedShelf
from billsync_stand_in.turns import Row

__all__ = ["Row", "Shelf"]


class Shelf(NumberedShelf):
    """One turn at a time; a turn is a transaction."""

    key = "Id"
