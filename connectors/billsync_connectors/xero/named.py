"""Xero's stand-in as a process in a folder.  (shell)"""

from __future__ import annotations

from typing import Any, ClassVar

from billsync.local import SealedStandIn
from billsync_connectors.xero.server.faults import CATALOGUE


class NamedXero(SealedStandIn):
    """Two organisations (docs/reference/xero-stand-in.md)."""

    server: ClassVar = "billsync_connectors.xero.server"
    catalogue: ClassVar = CATALOGUE
    made: ClassVar = ("client_secret",)
    tells: ClassVar = ("client_id",)
    OPTIONS: ClassVar = "the settings of docs/reference/xero-stand-in.md"

    def settings(self) -> dict[str, str]:
        """The same, and the first organisation's tenant id.  Raises `NoSandbox`."""
        tenant = next(iter(self.admin("GET", "tenants")["tenants"].values()))
        return {**super().settings(), "tenant": str(tenant)}

    @staticmethod
    def told(answer: Any, status: int) -> str:
        """What its administration said no with."""
        return str(answer.get("message", status)) if isinstance(answer, dict) else str(status)
