"""The one user, its password and its API keys.  (shell)"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from billsync_connectors.odoo.server.clock import Clock, read, written
from billsync_connectors.odoo.server.denied import AccessDenied, AccessError, UserError
from billsync_connectors.odoo.server.settings import Settings
from billsync_stand_in.shelf import Shelf

UID = 2


class Users:
    """Who may come in; keys are remembered by what they come to, never as they are."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings

    def by_password(self, database: str, login: str, word: str) -> int | None:
        """The user of a password or an API key; None for nobody.  Raises `AccessDenied` for another database."""
        settings = self._settings()
        if database != settings.database:
            raise AccessDenied(
                f'FATAL:  database "{database}" does not exist', name="psycopg2.OperationalError", status=500
            )
        right = secrets.compare_digest(word.encode(), settings.secret.encode()) or self.by_key(word)
        return UID if login == settings.login and right else None

    def by_key(self, key: str) -> bool:
        """Whether an API key is alive."""
        kept = self._keys().get(_digest(key))
        return kept is not None and kept["until"] > self._clock.stamp()

    def make(self, days: int | None = None) -> str:
        """A key, as a person makes it on their own page: 40 hex digits, shown once."""
        key = secrets.token_hex(20)
        until = written(self._clock.now() + timedelta(days=self._settings().key_days if days is None else days))
        self._shelf.remember(
            "keys", {**self._keys(), _digest(key): {"until": until, "name": "by hand", "program": False}}
        )
        return key

    def generate(self, key: str, name: str, until: Any) -> str:
        """A further key, in exchange for one that is alive.  Raises `Denied`."""
        if not self.by_key(key):
            raise AccessError("The provided API key is invalid.")
        kept, settings = self._keys(), self._settings()
        if sum(1 for each in kept.values() if each["program"]) >= settings.keys_max:
            raise UserError("You have reached the maximum number of programmatic API keys.")
        last = written(self._clock.now() + timedelta(days=settings.key_days))
        asked = written(read(str(until))) if until else last
        if asked > last:
            raise UserError(f"The expiration date must not be more than {settings.key_days} days away.")
        made = secrets.token_hex(20)
        self._shelf.remember("keys", {**kept, _digest(made): {"until": asked, "name": name, "program": True}})
        return made

    def revoke(self, key: str) -> bool:
        """End a key.  Raises `AccessError`."""
        kept = self._keys()
        if kept.pop(_digest(key), None) is None:
            raise AccessError("The provided API key is invalid.")
        self._shelf.remember("keys", kept)
        return True

    def end(self) -> None:
        """All keys are over."""
        self._shelf.remember("keys", {})

    def _keys(self) -> dict[str, dict[str, Any]]:
        return dict(self._shelf.recall("keys", {}))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
