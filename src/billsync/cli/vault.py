"""`vault new-key/list/rotate/forget`: what connections keep between runs, never what it says.  (shell)"""

from __future__ import annotations

import os
from pathlib import Path

from billsync import schedule, settings, workspace
from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.vault import new_key as made
from billsync.vault import sealed_anew


def new_key(file: Path) -> int:
    """Make a key in a new file of mode 0600."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise guard.Wrong(f"there is a file '{show.visible(str(file))}' already: no key is ever written over") from None
    except OSError as error:
        raise guard.Wrong(f"the file '{show.visible(str(file))}' cannot be made: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(f"{made()}\n")
    show.line(f"made {file}: write `vault: file:{file}` into the configuration, and keep a copy in a safe place")
    return guard.OK


def listing(config: Path, format: show.Format) -> int:
    """By connection and name: by which key it is sealed, and whether the configuration names that key."""
    known = {key.id for key in workspace.vault_keys(settings.load(config))}
    with view(config) as tx:
        rows = [
            {
                "connection": stored.connection,
                "name": stored.name,
                "key": stored.key_id,
                "opens": stored.key_id in known,
                "since": stored.at.isoformat(timespec="seconds"),
            }
            for stored in tx.kept.list()
        ]
    show.rows("Vault", ["connection", "name", "key", "opens", "since"], rows, format=format, empty="nothing is kept")
    return guard.OK


def rotate(config: Path) -> int:
    """Seal everything by the first key."""
    loaded = settings.load(config)
    keys = workspace.vault_keys(loaded)
    if not keys:
        raise guard.Wrong("the configuration names no key: `billsync vault new-key FILE` makes one")
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened:
        try:
            count = sealed_anew(opened.store, keys)
        except ValueError as error:
            raise guard.Wrong(f"nothing was changed: {error}") from None
    show.line(f"{count} sealed anew by the key {keys[0].id}; no other is needed now")
    return guard.OK


def forget(config: Path, connection: str, name: str, reason: str) -> int:
    """Forget one."""
    loaded, clock = settings.load(config), schedule.SystemClock()
    with workspace.opened(loaded, clock, create=False) as opened, opened.store.tx("vault-forget") as tx:
        if not tx.kept.forget(connection, name, why=reason, at=clock.now()):
            what = f"'{show.visible(connection)}' keeps nothing called '{show.visible(name)}'"
            raise guard.Wrong(f"{what}: `billsync vault list` shows what there is")
    show.line(f"forgotten: what {connection} kept as {name}")
    return guard.OK
