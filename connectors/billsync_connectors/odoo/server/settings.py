"""How the stand-in is set up.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from billsync_connectors.odoo.server.denied import UserError
from billsync_connectors.odoo.server.fields import models

_CHOICES: Final = {"lock": ("refuse", "move"), "version": (16, 17, 18, 19, 20, 21, 22)}


@dataclass(frozen=True, slots=True)
class Settings:
    """As docs/reference/odoo-stand-in.md lists them.

    Attributes:
        password: of the administration's door; "": anyone on this machine.
        login, secret: of the one user, whose id is 2.
        fields: lines, `MODEL x_NAME TYPE [unique]`.
        forbidden: lines, `MODEL METHOD`: what the user may not do.
    """

    password: str = ""
    database: str = "prod"
    login: str = "billsync"
    secret: str = "stand-in"  # noqa: S105  of a stand-in
    version: int = 19
    key_days: int = 90
    keys_max: int = 10
    price_digits: int = 2
    lock: str = "refuse"
    in_payment: bool = False
    per_second: int = 0
    fields: str = ""
    forbidden: str = ""

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """With these values in place of its own.  Raises `UserError`."""
        kinds = {field.name: str(field.type) for field in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise UserError(f"there is no setting {unknown[0]}")
        return replace(self, **{name: _read(name, kinds[name], value) for name, value in values.items()})

    def plain(self) -> dict[str, Any]:
        """As JSON values; secrets only as a mark that there are some."""
        found = asdict(self)
        return {**found, **{name: "***" if found[name] else "" for name in ("password", "secret")}}


def _read(name: str, kind: str, value: Any) -> Any:
    """A setting's value, also from its text form, as it comes from a command line."""
    try:
        found = _as(kind, value)
        if name == "fields":
            models(found, 19)
        fits = found in _CHOICES.get(name, (found,))
    except (ValueError, TypeError, KeyError):
        fits = False
    if not fits:
        wanted = " or ".join(str(each) for each in _CHOICES.get(name, (kind,)))
        raise UserError(f"the setting {name}: expected {wanted}, got {value!r}")
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
