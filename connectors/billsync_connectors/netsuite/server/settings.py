"""How the account is set up, and its limits.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.netsuite.server.denied import Denied

_CHOICES: Final = {
    "nexus": ("US", "other"),
    "tax_rounding": ("line", "total"),
    "numbers": ("unique", "any", "assigned"),
    "language": ("en", "de"),
    "date_format": ("M/D/YYYY", "D.M.YYYY", "YYYY-MM-DD"),
}
_SECRETS: Final = ("password", "consumer_secret", "token_secret")


@dataclass(frozen=True, slots=True)
class Settings:
    """As docs/reference/netsuite-stand-in.md lists them; seconds and counts are not negative."""

    password: str = ""
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

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """With these values in place of its own.  Raises `Denied`."""
        kinds = {field.name: str(field.type) for field in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise Denied(422, "UNKNOWN_SETTING", f"there is no setting {unknown[0]}")
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
        raise Denied(422, "BAD_SETTING", f"the setting {name}: expected {wanted}, got {value!r}")
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
