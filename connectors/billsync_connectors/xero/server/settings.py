"""How the stand-in is set up, and its limits.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.xero.server.denied import Denied

_CHOICES: Final = {"siblings": ("none", "valid"), "modified_since": ("after", "from"), "forbidden_status": (401, 403)}
_TAXES: Final = """
OUTPUT2 20 VAT on Income
OUTPUT 19 19% VAT on Income
RROUTPUT 7 Reduced VAT on Income
TAX001 8.875 City Sales Tax
ZERORATED 0 Zero Rated
NONE 0 Tax Exempt
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """As docs/reference/xero-stand-in.md lists them; seconds and counts are not negative, 0 is often no limit.

    Attributes:
        password: of the administration's door; "": anyone on this machine.
        tenants: lines, one organisation each.
        tax_rates: lines, `TYPE PERCENT NAME`.
        currencies: codes with spaces between them; the first is the base currency.
        period_lock_date, year_lock_date: `YYYY-MM-DD` or "".
    """

    password: str = ""
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

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """With these values in place of its own.  Raises `Denied`."""
        kinds = {field.name: str(field.type) for field in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise Denied(422, {"message": f"there is no setting {unknown[0]}"})
        return replace(self, **{name: _read(name, kinds[name], value) for name, value in values.items()})

    def plain(self) -> dict[str, Any]:
        """As JSON values; secrets only as a mark that there are some."""
        found = asdict(self)
        hidden = ("password", "client_secret", "webhook_key")
        return {**found, **{name: "***" if found[name] else "" for name in hidden}}

    def rates(self) -> list[tuple[str, Decimal, str]]:
        """The tax rates: type, percent, name."""
        return _rates(self.tax_rates)


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


def _read(name: str, kind: str, value: Any) -> Any:
    """A setting's value, also from its text form, as it comes from a command line."""
    try:
        found = _as(kind, value)
        if name == "tax_rates":
            _rates(found)
        fits = found in _CHOICES.get(name, (found,))
    except (ValueError, TypeError, KeyError):
        fits = False
    if not fits:
        wanted = " or ".join(str(each) for each in _CHOICES.get(name, (kind,)))
        raise Denied(422, {"message": f"the setting {name}: expected {wanted}, got {value!r}"})
    return found


def _as(kind: str, value: Any) -> Any:
    if kind == "bool":
        return {"true": True, "false": False}[str(value).lower()]
    if kind == "str":
        if not isinstance(value, str):
            raise TypeError
        return value
    number = int(value)
    if number < 0 or isinstance(value, bool):
        raise ValueError
    return number


def listed(text: str) -> list[str]:
    """Lines of a setting, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
