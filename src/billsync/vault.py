"""What connectors keep between runs, sealed in the store by a key that is not in there.  (shell)

A refresh token that the system exchanges for a new one with each use is lost for good where two processes use it at
once, or one dies between the exchange and the writing down.  So the exchange stands inside of `alone`, in which a
connector looks again, exchanges and puts: one process at a time, and what it got is committed before it is used.

A process that is killed between the answer and `put` loses what it was given; no order of steps on this side can help.
The token of before stays kept: where the vendor honours it for a grace period (Xero: 30 minutes) the next exchange gets
new ones, else the vendor refuses it and the connector says that a person has to agree anew (`billsync connect erp`).

A key is 32 bytes as URL-safe base64, named in the configuration by reference.  Texts are sealed by AES-256-GCM, bound
to their connection and name: a row that is moved to another one does not open there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from billsync import observe
from billsync.connector import Refused, TryLater
from billsync.push import Clock
from billsync.store import Held, Store, StoredSeal

WAIT_S: Final = 60.0
"""Seconds that one process waits for another's exchange."""

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PAUSE_S: Final = 0.05
_NO_KEY: Final = (
    "has to keep a token between runs, and the configuration names no key to seal it by: make one with `billsync vault "
    "new-key FILE` and write `vault: file:FILE`"
)


class BadKey(ValueError):
    """A text is no key; the message does not show it."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key and its name, which tells nothing of it."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"<Key {self.id}>"


def new_key() -> str:
    """A key by chance, as a configuration refers to it."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def read_key(text: str) -> Key:
    """The key that a text is.  Raises `BadKey`."""
    try:
        secret = base64.b64decode(text.strip().encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        secret = b""
    if len(secret) != _KEY_BYTES:
        raise BadKey("expected a key of 32 bytes as URL-safe base64: `billsync vault new-key FILE` makes one")
    return Key(hashlib.sha256(b"billsync vault key" + secret).hexdigest()[:12], secret)


def seal(key: Key, connection: str, name: str, text: str) -> str:
    """The text, to be opened by this key under this connection and name only."""
    nonce = os.urandom(_NONCE_BYTES)
    body = AESGCM(key.secret).encrypt(nonce, text.encode(), _bound(connection, name))
    return base64.urlsafe_b64encode(nonce + body).decode()


def unseal(key: Key, stored: StoredSeal) -> str:
    """What was sealed.  Raises ValueError where it was not sealed by this key for this place, or was changed."""
    try:
        raw = base64.urlsafe_b64decode(stored.sealed)
        text = AESGCM(key.secret).decrypt(
            raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound(stored.connection, stored.name)
        )
    except (InvalidTag, ValueError):  # ValueError: too short, or no base64
        raise ValueError(f"what {stored.connection} keeps as {stored.name} was changed in the store") from None
    return text.decode()


def _bound(connection: str, name: str) -> bytes:
    return f"{len(connection)}:{connection}/{name}".encode()


# ---------------------------------------------------------------- for one connection


class Vault:
    """A `Keep` of one connection.

    Args:
        keys: gives the keys when they are needed: the first seals, all open.  Its errors are for people.
    """

    def __init__(
        self, store: Store, connection: str, keys: Callable[[], Sequence[Key]], clock: Clock, owner: str
    ) -> None:
        self._store, self._connection, self._keys = store, connection, keys
        self._clock, self._owner = clock, owner

    def get(self, name: str) -> str | None:
        """The text, or None where there is none yet.  Raises `Refused` where no key opens it."""
        with self._store.view() as tx:
            stored = tx.kept.get(self._connection, name)
        if stored is None:
            return None
        key = next((key for key in self._keys() if key.id == stored.key_id), None)
        if key is None:
            what = f"what it keeps as {name} was sealed by another key ({stored.key_id})"
            hint = f"name that key too, or forget the text: billsync vault forget {self._connection} {name}"
            raise Refused("wrong_vault_key", f"{self._connection}: {what}: {hint}")
        try:
            return unseal(key, stored)
        except ValueError as error:
            raise Refused("sealed_text_changed", f"{self._connection}: {error}") from None

    def put(self, name: str, value: str) -> None:
        """Keep a text; it is committed when this returns.  Raises `Refused` where the configuration names no key."""
        keys = self._keys()
        if not keys:
            raise Refused("no_vault_key", f"{self._connection} {_NO_KEY}")
        sealed = seal(keys[0], self._connection, name, value)
        found = StoredSeal(self._connection, name, sealed, keys[0].id, self._clock.now())
        self._store.run("keep", lambda tx: tx.kept.put(found))
        observe.hide(value)
        observe.count("billsync_secrets_exchanged_total", connection=self._connection)
        observe.event("secret_exchanged", connection=self._connection, kept=name)

    def alone(self, name: str) -> AbstractContextManager[None]:
        """No other process exchanges this text meanwhile.

        Raises `Refused` before anything is exchanged that could not be kept, `TryLater` where another one stays in it.
        """
        if not self._keys():
            raise Refused("no_vault_key", f"{self._connection} {_NO_KEY}")
        return self._alone(f"keep-{self._connection}-{name}")

    @contextmanager
    def _alone(self, lock: str) -> Iterator[None]:
        with ExitStack() as stack:
            self._enter(stack, lock)
            yield

    def _enter(self, stack: ExitStack, lock: str) -> None:
        """Hold the lock until the stack ends.  Raises `TryLater` where another process holds it too long."""
        holder = ""
        for _ in range(int(WAIT_S / _PAUSE_S)):
            try:
                stack.enter_context(self._store.lock(lock, self._owner))
            except Held as held:
                holder = held.owner
                self._clock.sleep(_PAUSE_S)
            else:
                return
        what = f"another process ({holder}) has been exchanging its token for {WAIT_S:.0f} seconds"
        raise TryLater("token_busy", f"{self._connection}: {what}", offline=True)


def sealed_anew(store: Store, keys: Sequence[Key]) -> int:
    """Seal everything by the first key that is not yet, in one transaction; gives how many texts.

    Raises ValueError for a text that no key opens; nothing is changed then.
    """
    by_id = {key.id: key for key in keys}
    with store.tx("vault-rotate") as tx:
        old = [stored for stored in tx.kept.list() if stored.key_id != keys[0].id]
        for stored in old:
            if stored.key_id not in by_id:
                raise ValueError(f"no key opens what {stored.connection} keeps as {stored.name} ({stored.key_id})")
            text = unseal(by_id[stored.key_id], stored)
            sealed = seal(keys[0], stored.connection, stored.name, text)
            tx.kept.put(StoredSeal(stored.connection, stored.name, sealed, keys[0].id, stored.at))
    return len(old)
