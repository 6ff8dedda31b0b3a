"""A stand-in whose secrets are made once and kept as files, each readable by its owner only.  (shell)"""

from __future__ import annotations

import secrets
from abc import ABC
from collections.abc import Mapping
from typing import ClassVar, Final

from billsync.local.process import write_secret
from billsync.local.stand_in import StandIn

_PASSWORD: Final = "password"  # noqa: S105  a file's name


class SealedStandIn(StandIn, ABC):
    """One stand-in with a password on its administration.

    Class attributes:
        made: names of the settings that are secrets of its own; what `options` say of them counts.
        tells: names of the settings that whoever connects to it has to know too.
    """

    made: ClassVar[tuple[str, ...]]
    tells: ClassVar[tuple[str, ...]]

    def furnish(self, own: Mapping[str, str]) -> None:
        """Secrets of its own, made once, and the settings that its options name.  Raises `NoSandbox`."""
        if (self.folder / _PASSWORD).exists():
            if own:
                self.admin("PATCH", "settings", own)
            return
        made = {name: own.get(name) or secrets.token_urlsafe(24) for name in (*self.made, _PASSWORD)}
        self.admin("PATCH", "settings", {**own, **made})
        for name, secret in made.items():
            write_secret(self.folder / name, secret)

    def settings(self) -> dict[str, str]:
        """Its address, what it tells, and its secrets.  Raises `NoSandbox`."""
        there = self.admin("GET", "settings")
        told = {name: str(there[name]) for name in self.tells}
        return {**told, "url": self.url, **{name: self.held(name) for name in self.made}}

    def key(self) -> dict[str, str]:
        """The administration's password, where there is one yet."""
        return {"X-Admin-Password": self.held(_PASSWORD)} if (self.folder / _PASSWORD).exists() else {}

    def held(self, name: str) -> str:
        """A secret as it is kept."""
        return (self.folder / name).read_text(encoding="utf-8")
