"""How the stand-in is set up.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billsync_connectors.odoo.server.fields import models
from billsync_stand_in.settings import Options


@dataclass(frozen=True, slots=True)
class Settings(Options):
    """As docs/reference/odoo-stand-in.md lists them.

    Attributes:
        login, secret: of the one user, whose id is 2.
        fields: lines, `MODEL x_NAME TYPE [unique]`.
        forbidden: lines, `MODEL METHOD`: what the user may not do.
    """

    choices = {"lock": ("refuse", "move"), "version": (16, 17, 18, 19, 20, 21, 22)}
    secrets = ("password", "secret")

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

    def _check(self, name: str, found: Any) -> None:
        if name == "fields":
            models(found, 19)
