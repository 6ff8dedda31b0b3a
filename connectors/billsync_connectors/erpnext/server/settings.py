"""How the site is set up.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billsync_connectors.erpnext.server.denied import Denied

_CHOICES: Final = {"rounding": ("bankers", "commercial")}


@dataclass(frozen=True, slots=True)
class Settings:
    """As docs/reference/erpnext-stand-in.md lists them.

    Attributes:
        password: of the administration's door; "": anyone on this machine.
        api_key, api_secret, user, user_password: of the one user.
        naming: lines, `DOCTYPE = RULE`: how documents are named otherwise, such as `Sales Invoice = prompt`.
    """

    password: str = ""
    api_key: str = "billsync0key000"
    api_secret: str = "stand-in"  # noqa: S105  of a stand-in
    user: str = "billsync@example.com"
    user_password: str = "stand-in"  # noqa: S105  of a stand-in
    time_zone: str = "Europe/Berlin"
    rounding: str = "bankers"
    precision: int = 2
    tax_by_row: bool = False
    disable_rounded_total: bool = False
    unlink_payment: bool = True
    frozen_until: str = ""
    naming: str = ""
    rate_limit_ms: int = 0
    rate_window_s: int = 3600
    request_cost_ms: int = 20

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """With these values in place of its own.  Raises `Denied`."""
        kinds = {field.name: str(field.type) for field in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise Denied("ValidationError", f"there is no setting {unknown[0]}")
        return replace(self, **{name: _read(name, kinds[name], value) for name, value in values.items()})

    def plain(self) -> dict[str, Any]:
        """As JSON values; secrets only as a mark that there are some."""
        found = asdict(self)
        return {**found, **{name: "***" if found[name] else "" for name in ("password", "api_secret", "user_password")}}

    def named(self) -> dict[str, str]:
        """How documents are named otherwise: DocType -> rule."""
        pairs = (line.partition("=") for line in self.naming.splitlines() if line.strip())
        return {doctype.strip(): rule.strip() for doctype, _, rule in pairs}


def _read(name: str, kind: str, value: Any) -> Any:
    """A setting's value, also from its text form, as it comes from a command line."""
    try:
        found = _as(kind, value)
        if name == "time_zone":
            ZoneInfo(found)
        fits = found in _CHOICES.get(name, (found,))
    except (ValueError, TypeError, KeyError, ZoneInfoNotFoundError):
        fits = False
    if not fits:
        wanted = " or ".join(str(each) for each in _CHOICES.get(name, (kind,)))
        raise Denied("ValidationError", f"the setting {name}: expected {wanted}, got {value!r}")
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
