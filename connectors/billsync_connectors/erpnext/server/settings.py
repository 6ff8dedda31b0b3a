"""How the site is set up.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from billsync_stand_in.settings import Options


@dataclass(frozen=True, slots=True)
class Settings(Options):
    """As docs/reference/erpnext-stand-in.md lists them.

    Attributes:
        api_key, api_secret, user, user_password: of the one user.
        naming: lines, `DOCTYPE = RULE`: how documents are named otherwise, such as `Sales Invoice = prompt`.
    """

    choices = {"rounding": ("bankers", "commercial")}
    secrets = ("password", "api_secret", "user_password")

    api_key: str = "billsync0key000"
    api_secret: str = "stand-in"  # noqa: S105  of a stand-in
    user: str = "billsync@example.com"
    user_password: str = "stand-in"  # noqa: S105  of a stand-in
    time_zone: str = "Europe/Berlin"
    rounding: str = "bankers"
    precision: int = 2
    tax_by_row: bool = False
    disable_rounded_total: bool = False
    unlink_payment: bool = True
    frozen_until: str = ""
    naming: str = ""
    rate_limit_ms: int = 0
    rate_window_s: int = 3600
    request_cost_ms: int = 20

    def named(self) -> dict[str, str]:
        """How documents are named otherwise: DocType -> rule."""
        pairs = (line.partition("=") for line in self.naming.splitlines() if line.strip())
        return {doctype.strip(): rule.strip() for doctype, _, rule in pairs}

    def _check(self, name: str, found: Any) -> None:
        if name == "time_zone":
            ZoneInfo(found)
