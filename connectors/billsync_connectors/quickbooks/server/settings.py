"""How the company is set up, and its limits.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billsync_stand_in.settings import Options


@dataclass(frozen=True, slots=True)
class Settings(Options):
    """As docs/reference/quickbooks-stand-in.md lists them; seconds and counts are not negative."""

    choices = {
        "country": ("US", "CA", "GB", "AU", "DE"),
        "tax_rounding": ("country", "rate", "line"),
        "missing_tax_code": ("refuse", "zero"),
        "void_paid": ("refuse", "free"),
    }
    secrets = ("password", "client_secret")

    client_id: str = "ABstandin"
    client_secret: str = "stand-in"  # noqa: S105  of a stand-in
    realm: str = "9341450000000001"
    redirects: str = ""
    access_s: int = 3600
    refresh_s: int = 8_640_000
    refresh_hard_s: int = 157_680_000
    rotate_after_s: int = 86_400
    refresh_grace_s: int = 0
    code_s: int = 600
    country: str = "US"
    home_currency: str = "USD"
    multi_currency: bool = True
    zone: str = "America/Los_Angeles"
    tax_rate: Decimal = Decimal(8)
    tax_rounding: str = "country"
    tax_skew: Decimal = Decimal(0)
    tax_override: bool = False
    missing_tax_code: str = "refuse"
    custom_numbers: bool = False
    first_number: int = 1001
    warn_duplicates: bool = True
    duplicate_code: int = 6140
    closed_through: str = ""
    closing_password: bool = True
    auto_apply_credits: bool = False
    void_paid: str = "refuse"
    minute_limit: int = 500
    second_limit: int = 10
    batch_minute_limit: int = 40
    monthly_reads: int = 500_000
    retry_after: str = ""
    batch_max: int = 30
    shuffle_batch: bool = True
    page_max: int = 1000
    cdc_days: int = 30
    cdc_max: int = 1000
    index_lag_s: int = 0
    request_s: int = 2_592_000
    replay_faults: bool = False
    subscription: bool = True

    def _check(self, name: str, found: Any) -> None:
        if name == "closed_through" and found:
            date.fromisoformat(found)
