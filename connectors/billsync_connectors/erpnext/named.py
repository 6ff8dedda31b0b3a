"""ERPNext's stand-in as a process in a folder.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from billsync.local import SealedStandIn
from billsync_connectors.erpnext.server.faults import CATALOGUE


class NamedERPNext(SealedStandIn):
    """One site (docs/reference/erpnext-stand-in.md)."""

    server: ClassVar = "billsync_connectors.erpnext.server"
    catalogue: ClassVar = CATALOGUE
    made: ClassVar = ("api_secret",)
    tells: ClassVar = ("api_key", "user", "time_zone")
    OPTIONS: ClassVar = "the settings of docs/reference/erpnext-stand-in.md"

    def furnish(self, own: Mapping[str, str]) -> None:
        """The same; the user's password is the key's secret.  Raises `NoSandbox`."""
        super().furnish(own)
        self.admin("PATCH", "settings", {"user_password": self.held("api_secret")})

    @staticmethod
    def told(answer: Any, status: int) -> str:
        """What its administration said no with."""
        return str(answer.get("message", status)) if isinstance(answer, dict) else str(status)
