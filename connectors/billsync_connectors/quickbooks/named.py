"""QuickBooks Online's stand-in as a process in a folder.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import httpx

from billsync.connector import NoSandbox
from billsync.local import SealedStandIn, write_secret
from billsync_connectors.quickbooks.server.faults import CATALOGUE


class NamedQuickBooks(SealedStandIn):
    """One company (docs/reference/quickbooks-stand-in.md)."""

    server: ClassVar = "billsync_connectors.quickbooks.server"
    catalogue: ClassVar = CATALOGUE
    made: ClassVar = ("client_secret",)
    tells: ClassVar = ("client_id", "realm", "country", "home_currency")
    OPTIONS: ClassVar = "the settings of docs/reference/quickbooks-stand-in.md"

    def furnish(self, own: Mapping[str, str]) -> None:
        """The same; and, once, the consent that a person would give.  Raises `NoSandbox`."""
        super().furnish(own)
        if not (self.folder / "refresh_token").exists():
            write_secret(self.folder / "refresh_token", self._consented())

    def settings(self) -> dict[str, str]:
        """The same, and the first refresh token.  Raises `NoSandbox`."""
        return {**super().settings(), "refresh_token": self.held("refresh_token")}

    def _consented(self) -> str:
        """A refresh token, got as an app gets it: by a code for which a person said yes.  Raises `NoSandbox`."""
        code = str(self.admin("POST", "consent")["code"])
        client = str(self.admin("GET", "settings")["client_id"]), self.held("client_secret")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ""}
        url = f"{self.url}oauth2/v1/tokens/bearer"
        try:
            answer = httpx.post(url, data=form, auth=client, timeout=30, trust_env=False)
            return str(answer.json()["refresh_token"])
        except (httpx.HTTPError, ValueError, KeyError):
            raise NoSandbox("no_sandbox", f"the sandbox in {self.folder} gives no token") from None

    @staticmethod
    def told(answer: Any, status: int) -> str:
        """What its administration said no with."""
        errors = answer.get("Fault", {}).get("Error", []) if isinstance(answer, dict) else []
        return str(errors[0].get("Detail") or errors[0].get("Message")) if errors else str(status)
