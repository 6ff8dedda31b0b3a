"""Salesforce's stand-in as a process in a folder.  (shell)"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from billsync.local import StandIn, write_secret
from billsync_connectors.salesforce.server.faults import CATALOGUE


class SalesforceSandbox(StandIn):
    """One org (docs/reference/salesforce-stand-in.md)."""

    server: ClassVar = "billsync_connectors.salesforce.server"
    catalogue: ClassVar = CATALOGUE
    seed: ClassVar = "crm_sales"
    OPTIONS: ClassVar = "seed, and the settings of docs/reference/salesforce-stand-in.md"

    def furnish(self, own: Mapping[str, str]) -> None:
        """Passwords of its own, made once."""
        if (self.folder / "password").exists():
            self.admin("PATCH", "settings", own)
            return
        secret, password = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.admin("PATCH", "settings", {"consumer_secret": secret, "password": password, **own})
        write_secret(self.folder / "consumer_secret", secret)
        write_secret(self.folder / "password", password)

    def settings(self) -> dict[str, str]:
        """Its address, the app's key and secret, and the newest version that it knows."""
        there = self.admin("GET", "settings")
        secret = (self.folder / "consumer_secret").read_text()
        told = {"consumer_key": str(there["consumer_key"]), "api_version": f"{there['newest_version']}.0"}
        return {**told, "url": self.url, "consumer_secret": secret}

    def key(self) -> dict[str, str]:
        """The administration's password, where there is one."""
        secret = self.folder / "password"
        return {"X-Admin-Password": secret.read_text()} if secret.exists() else {}

    @staticmethod
    def told(answer: Any, status: int) -> str:
        """The first of its errors."""
        first = answer[0] if isinstance(answer, list) and answer else {}
        return str(first.get("message", status))
