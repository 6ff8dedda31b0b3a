"""The sandbox as a process in a folder.  (shell)"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import ClassVar, Final

from billsync.local import StandIn, write_secret
from billsync_connectors.sandbox.server.faults import CATALOGUE

_TOLD: Final = ("kind", "publish_lag_s", "key_lifetime_s", "batch_max")
"""Settings of the stand-in that the connector has to know too."""


class NamedSandbox(StandIn):
    """One sandbox (docs/reference/sandbox-protocol.md)."""

    server: ClassVar = "billsync_connectors.sandbox.server"
    catalogue: ClassVar = CATALOGUE
    OPTIONS: ClassVar = "seed, and the settings of docs/reference/sandbox-protocol.md"

    def furnish(self, own: Mapping[str, str]) -> None:
        """A password of its own."""
        secret = self.folder / "password"
        if not secret.exists():
            write_secret(secret, secrets.token_urlsafe(24))
        self.admin("PATCH", "settings", {"password": secret.read_text(), **own})

    def settings(self) -> dict[str, str]:
        """Address, user and password, and what the connector has to know of it."""
        there = self.admin("GET", "settings")
        told = {name: str(there[name]).partition(".")[0] for name in _TOLD}
        if there["batch"] == "none":
            told["batch_max"] = "1"
        return {
            **told,
            "url": self.url,
            "user": str(there["user"]),
            "password": (self.folder / "password").read_text(),
        }
