"""How the company is set up, and its limits.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.denied import Denied

_CHOICES: Final = {
    "country": ("US", "CA", "GB", "AU", "DE"),
    "tax_rounding": ("country", "rate", "line"),
    "missing_tax_code": ("refuse", "zero"),
    "void_paid": ("refuse", "free"),
}
_SECRETS: Final = ("password", "client_secret")


@dataclass(frozen=True, slots=True)
class Settings:
    """As docs/reference/quickbooks-stand-in.md lists them; seconds and counts are not negative."""

    password: str = ""
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

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """With these values in place of its own.  Raises `Denied`."""
        kinds = {field.name: str(field.type) for field in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise Denied(2010, "Unknown setting", f"there is no setting {unknown[0]}", status=422)
        return replace(self, **{name: _read(name, kinds[name], value) for name, value in values.items()})

    def plain(self) -> dict[str, Any]:
        """As JSON values; secrets only as a mark that there are some."""
        found = asdict(self)
        return {**found, **{name: "***" if found[name] else "" for name in _SECRETS}}


def _read(name: str, kind: str, value: Any) -> Any:
    """A setting's value, also from its text form, as it comes from a command line."""
    try:
        found = _as(kind, value)
        if name == "closed_through" and found:
            date.fromisoformat(found)
        fits = found in _CHOICES.get(name, (found,))
    except (ValueError, TypeError, KeyError, ArithmeticError):
        fits = False
    if not fits:
        wanted = " or ".join(_CHOICES.get(name, (kind,)))
        raise Denied(2010, "Bad setting", f"the setting {name}: expected {wanted}, got {value!r}", status=422)
    return found


def _as(kind: str, value: Any) -> Any:
    if kind == "bool":
        return {"true": True, "false": False}[str(value).lower()]
    if kind == "Decimal":
        return Decimal(str(value))
    if kind == "str":
        if not isinstance(value, str):
            raise TypeError
        return value
    number = int(value)
    if number < 0 or isinstance(value, bool):
        raise ValueError
    return number
