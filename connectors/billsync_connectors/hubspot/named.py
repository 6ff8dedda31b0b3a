"""HubSpot's stand-in as a process in a folder.  (shell)"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from billsync.local import StandIn, write_secret
from billsync_connectors.hubspot.server.faults import CATALOGUE

_SECRETS: Final = ("token", "client_id", "client_secret")


class NamedHubSpot(StandIn):
    """One account (docs/reference/hubspot-stand-in.md)."""

    server: ClassVar = "billsync_connectors.hubspot.server"
    catalogue: ClassVar = CATALOGUE
    seed: ClassVar = "crm_sales"
    OPTIONS: ClassVar = "seed, and the settings of docs/reference/hubspot-stand-in.md"

    def furnish(self, own: Mapping[str, str]) -> None:
        """A token and an app of its own."""
        self.admin("PATCH", "settings", {**self._secrets(), **own})

    def settings(self) -> dict[str, str]:
        """Its address, the portal, the service key, and the OAuth app's id and secret."""
        portal = str(self.admin("GET", "settings")["portal"])
        return {"url": self.url.rstrip("/"), "portal": portal, **self._secrets()}

    def key(self) -> dict[str, str]:
        """The administration's password, which it made itself."""
        return {"X-Admin-Password": (self.folder / "admin-password").read_text(encoding="utf-8")}

    @staticmethod
    def told(answer: Any, status: int) -> str:
        """Its message."""
        return str(answer.get("message", status)) if isinstance(answer, dict) else str(status)

    def _secrets(self) -> dict[str, str]:
        """Made once; what the options say counts."""
        kept = self.folder / "secrets.json"
        if not kept.exists():
            made = {name: secrets.token_urlsafe(24) for name in _SECRETS}
            write_secret(kept, json.dumps({**made, "token": f"pat-na1-{made['token']}"}))
        found: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
        return {**found, **{name: self.options[name] for name in _SECRETS if name in self.options}}
