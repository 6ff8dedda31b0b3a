"""What kind of system the stand-in plays, and its limits.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.sandbox.server.denied import Denied

_CHOICES: Final = {
    "kind": ("A", "B", "C", "D"),
    "batch": ("items", "atomic", "none"),
    "tax_rounding": ("rate", "line"),
    "consent": ("granted", "denied"),
}

_SECRET: Final = ("password", "client_secret")


@dataclass(frozen=True, slots=True)
class Settings:
    """As docs/reference/sandbox-protocol.md lists them; seconds and counts are not negative."""

    kind: str = "C"
    user: str = "billsync"
    password: str = ""
    token_lifetime_s: Decimal = Decimal(3600)
    single_session: bool = False
    key_lifetime_s: Decimal = Decimal(86400)
    index_lag_s: Decimal = Decimal(0)
    publish_lag_s: Decimal = Decimal(0)
    rate_per_s: Decimal = Decimal(0)
    burst: int = 10
    concurrency: int = 0
    batch: str = "items"
    batch_max: int = 100
    unique_numbers: bool = False
    closed_through: str = ""
    tax_rounding: str = "rate"
    tax_skew: Decimal = Decimal(0)
    reply_decimals: int | None = None
    client_id: str = ""
    client_secret: str = ""
    consent: str = "granted"
    refresh_grace_s: Decimal = Decimal(0)
    company: str = "Sandbox Ltd"
    currency: str = "EUR"
    taxes: str = "V20:0.20:VAT 20 %,V19:0.19:VAT 19 %,V7:0.07:VAT 7 %,V0:0:Zero rated"
    check_taxes: bool = False

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """With these values in place of its own.  Raises `Denied`."""
        kinds = {field.name: str(field.type) for field in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise Denied(422, "unknown_field", f"there is no setting {unknown[0]}", unknown[0])
        return replace(self, **{name: _read(name, kinds[name], value) for name, value in values.items()})

    def plain(self) -> dict[str, Any]:
        """As JSON values; secrets only as a mark that there is one."""
        found = {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(self).items()}
        return {**found, **{name: "***" if found[name] else "" for name in _SECRET}}


def taxes(told: str) -> dict[str, tuple[Decimal, str]]:
    """`ID:RATE:NAME,...` as id -> rate and name.  Raises ValueError and InvalidOperation."""
    rows = [entry.split(":") for entry in told.split(",") if entry]
    if any(len(row) != 3 for row in rows):
        raise ValueError("expected ID:RATE:NAME, with commas between them")
    return {id: (Decimal(rate), name) for id, rate, name in rows}


def _read(name: str, kind: str, value: Any) -> Any:
    """A setting's value, also from its text form, as it comes from a command line."""
    try:
        found = _as(kind, value)
        fits = found in _CHOICES.get(name, (found,))
        if name == "closed_through" and found:
            date.fromisoformat(found)
        if name == "taxes":
            taxes(found)
    except (ValueError, TypeError, InvalidOperation):
        fits = False
    if not fits:
        wanted = " or ".join(_CHOICES.get(name, (kind,)))
        raise Denied(422, "bad_value", f"the setting {name}: expected {wanted}, got {value!r}", name)
    return found


def _as(kind: str, value: Any) -> Any:
    if kind == "bool":
        return {"true": True, "false": False}[str(value).lower()] if str(value).lower() in ("true", "false") else _no()
    if kind == "str":
        return value if isinstance(value, str) else _no()
    if kind == "int | None" and value in (None, "", "null"):
        return None
    number = Decimal(str(value)) if not isinstance(value, bool) else _no()
    if not number.is_finite() or (number < 0 and kind != "Decimal"):
        _no()
    return number if kind == "Decimal" else int(number) if number == int(number) else _no()


def _no() -> Any:
    raise ValueError
