"""Odoo's stand-in as a process in a folder.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from billsync.local import SealedStandIn, write_secret
from billsync_connectors.odoo.server.faults import CATALOGUE

_KEY: Final = "api_key"
_KEY_DAYS: Final = 3650
_JSON_2_SINCE: Final = 19


class NamedOdoo(SealedStandIn):
    """One database (docs/reference/odoo-stand-in.md)."""

    server: ClassVar = "billsync_connectors.odoo.server"
    catalogue: ClassVar = CATALOGUE
    made: ClassVar = ("secret",)
    tells: ClassVar = ("database",)
    OPTIONS: ClassVar = "the settings of docs/reference/odoo-stand-in.md"

    def furnish(self, own: Mapping[str, str]) -> None:
        """The same; and, once, an API key that outlives all tries.  Raises `NoSandbox`."""
        super().furnish(own)
        if not (self.folder / _KEY).exists():
            write_secret(self.folder / _KEY, str(self.admin("POST", "key", {"days": _KEY_DAYS})["key"]))

    def settings(self) -> dict[str, str]:
        """Its address, the database, the way in, the user and its API key, and its digits.  Raises `NoSandbox`."""
        there = self.admin("GET", "settings")
        door = "json2" if int(there["version"]) >= _JSON_2_SINCE else "jsonrpc"
        own = {"database": str(there["database"]), "user": str(there["login"]), _KEY: self.held(_KEY)}
        return {"url": self.url, "protocol": door, "price_digits": str(there["price_digits"]), **own}

    @staticmethod
    def told(answer: Any, status: int) -> str:
        """What its administration said no with."""
        return str(answer.get("message", status)) if isinstance(answer, dict) else str(status)
