"""How the account is set up, and its limits.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billsync_stand_in.settings import Options


@dataclass(frozen=True, slots=True)
class Settings(Options):
    """As docs/reference/netsuite-stand-in.md lists them; seconds and counts are not negative."""

    choices = {
        "nexus": ("US", "other"),
        "tax_rounding": ("line", "total"),
        "numbers": ("unique", "any", "assigned"),
        "language": ("en", "de"),
        "date_format": ("M/D/YYYY", "D.M.YYYY", "YYYY-MM-DD"),
    }
    secrets = ("password", "consumer_secret", "token_secret")

    account: str = "1234567_SB1"
    client_id: str = "standin-client"
    certificate: str = ""
    certificate_id: str = "standin-cert"
    token_s: int = 3600
    assertion_s: int = 3600
    consumer_key: str = "standin-consumer"
    consumer_secret: str = "standin-consumer-secret"  # noqa: S105  of a stand-in
    token_id: str = "standin-token"  # noqa: S105  of a stand-in
    token_secret: str = "standin-token-secret"  # noqa: S105  of a stand-in
    tba: bool = True
    skew_s: int = 300
    zone: str = "America/Los_Angeles"
    date_format: str = "M/D/YYYY"
    language: str = "en"
    one_world: bool = True
    nexus: str = "US"
    tax_rate: Decimal = Decimal("8.25")
    tax_rounding: str = "total"
    tax_skew: Decimal = Decimal(0)
    numbers: str = "unique"
    first_number: int = 101
    closed_through: str = ""
    custom_fields: str = (
        "custentity_external_ref custbody_external_ref custbody_deal_id custcol_external_line custitem_external_ref"
    )
    duplicate_code: str = "USER_ERROR"
    concurrency: int = 5
    others: int = 0
    think_ms: int = 0
    page_max: int = 1000
    rows_max: int = 100_000
    batch_max: int = 100
    job_polls: int = 1
    job_s: int = 0
    key_s: int = 86_400
    index_lag_s: int = 0

    def _check(self, name: str, found: Any) -> None:
        if name == "closed_through" and found:
            date.fromisoformat(found)
