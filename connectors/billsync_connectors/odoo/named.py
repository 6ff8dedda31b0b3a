"""Odoo's stand-in as a process in a folder.  (shell)"""

from __future__ import annotations

from typing import Any, ClassVar

from billsync.local import SealedStandIn
from billsync_connectors.odoo.server.faults import CATALOGUE


class NamedOdoo(SealedStandIn):
    """One database (docs/reference/odoo-stand-in.md)."""

    server: ClassVar = "billsync_connectors.odoo.server"
    catalogue: ClassVar = CATALOGUE
    made: ClassVar = ("secret",)
    tells: ClassVar = ("database", "login", "version")
    OPTIONS: ClassVar = "the settings of docs/reference/odoo-stand-in.md"

    @staticmethod
    def told(answer: Any, status: int) -> str:
        """What its administration said no with."""
        return str(answer.get("message", status)) if isinstance(answer, dict) else str(status)
