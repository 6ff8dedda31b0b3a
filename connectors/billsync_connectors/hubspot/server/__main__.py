"""Starts the stand-in: `python -m billsync_connectors.hubspot.server --folder FOLDER --port N`.  (shell)"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from billsync_connectors.hubspot.server.state import State
from billsync_connectors.hubspot.server.web import Server
from billsync_stand_in.start import serve


def main() -> int:
    """Serve until killed."""
    os.umask(0o077)  # its data holds tokens
    return serve("billsync-hubspot", "A HubSpot account to try things on.", _opened)


def _opened(address: tuple[str, int], folder: Path) -> Server:
    return Server(address, State(folder / "hubspot.db"), _password(folder / "admin-password"))


def _password(file: Path) -> str:
    """Of the administration; made once, and readable for the owner of the folder only."""
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_urlsafe(24))
    return file.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
