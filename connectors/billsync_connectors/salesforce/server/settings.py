"""How the org is set up, and its limits.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billsync_connectors.salesforce.server.kinds import lines
from billsync_stand_in.settings import Options


@dataclass(frozen=True, slots=True)
class Settings(Options):
    """As docs/reference/salesforce-stand-in.md lists them; seconds and counts are not negative.

    Attributes:
        consumer_key, consumer_secret, certificate, user: of the one app; the certificate (or public key) in PEM.
        custom_fields, hidden_fields, readonly_fields: lines, `Object.Field`; custom ones with their type.
    """

    choices = {"locator_rows": ("snapshot", "live"), "duplicate_rules": ("none", "block")}
    secrets = ("password", "consumer_secret")

    consumer_key: str = "3MVG9.billsync.stand.in"
    consumer_secret: str = "stand-in"  # noqa: S105  of a stand-in
    certificate: str = ""
    user: str = "billsync@example.com"
    approved: bool = True
    audiences: str = "https://login.salesforce.com https://test.salesforce.com"
    session_s: int = 7200
    rotate_refresh: bool = True
    refresh_idle_s: int = 30 * 86400
    oldest_version: int = 31
    newest_version: int = 68
    multi_currency: bool = True
    corporate_currency: str = "USD"
    page_max: int = 2000
    child_page: int = 200
    locator_s: int = 900
    locators_max: int = 10
    locator_rows: str = "snapshot"
    daily_limit: int = 100_000
    concurrent_limit: int = 25
    long_request_s: int = 20
    others_long: int = 0
    deleted_days: int = 15
    updated_days: int = 30
    duplicate_rules: str = "none"
    bulk_polls: int = 1
    bulk_page: int = 50_000
    custom_fields: str = ""
    hidden_fields: str = ""
    readonly_fields: str = ""

    def _check(self, name: str, found: Any) -> None:
        if name == "custom_fields":
            lines(listed(found))


def listed(text: str) -> list[str]:
    """Lines of a setting, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
