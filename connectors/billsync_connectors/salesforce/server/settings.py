"""How the org is set up, and its limits.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.kinds import lines

_CHOICES: Final = {"locator_rows": ("snapshot", "live"), "duplicate_rules": ("none", "block")}


@dataclass(frozen=True, slots=True)
class Settings:
    """As docs/reference/salesforce-stand-in.md lists them; seconds and counts are not negative.

    Attributes:
        password: of the administration's door; "": anyone on this machine.
        consumer_key, consumer_secret, certificate, user: of the one app; the certificate (or public key) in PEM.
        custom_fields, hidden_fields, readonly_fields: lines, `Object.Field`; custom ones with their type.
    """

    password: str = ""
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

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """With these values in place of its own.  Raises `Denied`."""
        kinds = {field.name: str(field.type) for field in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise Denied(422, "UNKNOWN_SETTING", f"there is no setting {unknown[0]}", [unknown[0]])
        return replace(self, **{name: _read(name, kinds[name], value) for name, value in values.items()})

    def plain(self) -> dict[str, Any]:
        """As JSON values; secrets only as a mark that there are some."""
        found = asdict(self)
        return {**found, **{name: "***" if found[name] else "" for name in ("password", "consumer_secret")}}


def _read(name: str, kind: str, value: Any) -> Any:
    """A setting's value, also from its text form, as it comes from a command line."""
    try:
        found = _as(kind, value)
        if name == "custom_fields":
            lines(listed(found))
        fits = found in _CHOICES.get(name, (found,))
    except (ValueError, TypeError, KeyError):
        fits = False
    if not fits:
        wanted = " or ".join(_CHOICES.get(name, (kind,)))
        raise Denied(422, "BAD_SETTING", f"the setting {name}: expected {wanted}, got {value!r}", [name])
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
