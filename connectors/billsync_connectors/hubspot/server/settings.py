"""What account the stand-in plays, how slow its index is, and its limits.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from billsync_connectors.hubspot.server.refused import wrong

_READ: Final = ("contacts", "companies", "deals", "line_items", "products", "invoices", "quotes", "owners")
_OWN: Final = ("commerce_payments", "subscriptions", "taxes", "tickets")
SCOPES: Final = " ".join(
    ["oauth"]
    + [f"crm.objects.{name}.{way}" for name in (*_READ, *_OWN) for way in ("read", "write")]
    + [f"crm.schemas.{name}.{way}" for name in (*_READ, *_OWN) for way in ("read", "write")]
)
_CHOICES: Final = {
    "ids": ("rising", "scattered"),
    "ties": ("stable", "shifting"),
    "multi_status": ("traced", "always", "never"),
    "created_status": (201, 200),
}
SECRETS: Final = ("token", "client_secret")


@dataclass(frozen=True, slots=True)
class Settings:
    """As docs/reference/hubspot-stand-in.md lists them; seconds and counts are not negative."""

    seed: int = 1
    portal: int = 62515
    app: int = 54321
    currency: str = "USD"
    time_zone: str = "UTC"
    token: str = ""
    scopes: str = SCOPES
    client_id: str = ""
    client_secret: str = ""
    access_s: int = 1800
    rotate_refresh: bool = False
    versions: str = "2026-03,2026-09"
    legacy: bool = True
    required: str = ""
    ids: str = "rising"
    lag_create_s: Decimal = Decimal(10)
    lag_update_s: Decimal = Decimal(60)
    lag_spread: bool = True
    ties: str = "stable"
    list_page: int = 100
    search_page: int = 200
    search_cap: int = 10_000
    search_cap_text: str = "The maximum number of results of a search is 10000"
    search_body: int = 3000
    filter_groups: int = 5
    filters_in_group: int = 6
    filters: int = 18
    batch_max: int = 100
    multi_status: str = "traced"
    created_status: int = 201
    association_page: int = 500
    association_inputs: int = 1000
    first_is_primary: bool = True
    lines_move_deal: bool = False
    merge_redirects: bool = True
    merge_mints: bool = False
    merged_in_archive: bool = False
    archive_days: int = 90
    burst_max: int = 190
    oauth_burst_max: int = 110
    search_per_s: int = 5
    daily_max: int = 650_000
    webhook_url: str = ""
    webhook_events: str = ""
    webhook_batch: int = 100
    webhook_tries: int = 11
    webhook_retry_s: int = 60
    webhook_timeout_s: int = 5
    webhook_shuffle: bool = False
    webhook_doubled: bool = False
    webhook_push: bool = True

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """With these values in place of its own.  Raises `Refused`."""
        kinds = {field.name: str(field.type) for field in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise wrong(f"there is no setting {unknown[0]}")
        return replace(self, **{name: _read(name, kinds[name], value) for name, value in values.items()})

    def plain(self) -> dict[str, Any]:
        """As JSON values; secrets only as a mark that there is one."""
        found = {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(self).items()}
        return {**found, **{name: "***" if found[name] else "" for name in SECRETS}}


def _read(name: str, kind: str, value: Any) -> Any:
    """A setting's value, also from its text form, as it comes from a command line.  Raises `Refused`."""
    try:
        found = _as(kind, value)
        fits = found in _CHOICES.get(name, (found,))
        if name == "time_zone":
            ZoneInfo(found)
    except (ValueError, TypeError, KeyError, InvalidOperation, OSError):
        fits = False
    if not fits:
        wanted = " or ".join(map(str, _CHOICES.get(name, (kind,))))
        raise wrong(f"the setting {name}: expected {wanted}, got {value!r}")
    return found


def _as(kind: str, value: Any) -> Any:
    if kind == "bool":
        return {"true": True, "false": False}[str(value).lower()]
    if kind == "str":
        return value if isinstance(value, str) else _no()
    number = Decimal(str(value)) if not isinstance(value, bool) else _no()
    if not number.is_finite() or number < 0:
        _no()
    return number if kind == "Decimal" else int(number) if number == int(number) else _no()


def _no() -> Any:
    raise ValueError
