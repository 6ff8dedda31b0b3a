"""How the stand-in is set up, and its limits.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_stand_in.settings import Options

_TAXES: Final = """
OUTPUT2 20 VAT on Income
OUTPUT 19 19% VAT on Income
RROUTPUT 7 Reduced VAT on Income
TAX001 8.875 City Sales Tax
ZERORATED 0 Zero Rated
NONE 0 Tax Exempt
"""


@dataclass(frozen=True, slots=True)
class Settings(Options):
    """As docs/reference/xero-stand-in.md lists them; seconds and counts are not negative, 0 is often no limit.

    Attributes:
        tenants: lines, one organisation each.
        tax_rates: lines, `TYPE PERCENT NAME`.
        currencies: codes with spaces between them; the first is the base currency.
        period_lock_date, year_lock_date: `YYYY-MM-DD` or "".
    """

    choices = {"siblings": ("none", "valid"), "modified_since": ("after", "from"), "forbidden_status": (401, 403)}
    secrets = ("password", "client_secret", "webhook_key")

    client_id: str = "BILLSYNC0STAND0IN00000000000000X"
    client_secret: str = "stand-in"  # noqa: S105  of a stand-in
    tenants: str = "Demo Company (Global)\nSecond Ltd"
    currencies: str = "EUR USD GBP JPY KWD CHF"
    tax_rates: str = _TAXES
    period_lock_date: str = ""
    year_lock_date: str = ""
    access_s: int = 1800
    refresh_s: int = 60 * 86400
    grace_s: int = 1800
    broad_scopes: bool = False
    forbidden_status: int = 403
    minute_limit: int = 60
    day_limit: int = 5000
    concurrent_limit: int = 5
    app_limit: int = 10_000
    idempotency_s: int = 360
    body_max: int = 3_500_000
    page_max: int = 1000
    unpaged_max: int = 0
    list_lag_s: int = 0
    modified_since: str = "after"
    siblings: str = "none"
    voided_frees_number: bool = False
    webhook_key: str = ""

    def rates(self) -> list[tuple[str, Decimal, str]]:
        """The tax rates: type, percent, name."""
        return _rates(self.tax_rates)

    def _check(self, name: str, found: Any) -> None:
        if name == "tax_rates":
            _rates(found)


def _rates(text: str) -> list[tuple[str, Decimal, str]]:
    """Raises ValueError."""
    found = []
    for line in listed(text):
        type, percent, *name = line.split(None, 2)
        try:
            found.append((type, Decimal(percent), name[0] if name else type))
        except InvalidOperation:
            raise ValueError(line) from None
    return found


def listed(text: str) -> list[str]:
    """Lines of a setting, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
