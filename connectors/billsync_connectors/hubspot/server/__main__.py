"""Starts the stand-in: `python -m billsync_connectors.hubspot.server --folder FOLDER --port N`.  (shell)"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

from billsync_connectors.hubspot.server.state import State
from billsync_connectors.hubspot.server.web import Server


def main() -> int:
    """Serve until killed; says the port on stdout once it listens."""
    parser = argparse.ArgumentParser(prog="billsync-hubspot", description="A HubSpot account to try things on.")
    parser.add_argument("--folder", type=Path, required=True, help="where it keeps its data")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    asked = parser.parse_args()
    os.umask(0o077)  # its data holds tokens
    asked.folder.mkdir(parents=True, exist_ok=True)
    state = State(asked.folder / "hubspot.db")
    server = Server(("127.0.0.1", asked.port), state, _password(asked.folder / "admin-password"))
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        server.server_close()
    return 0


def _password(file: Path) -> str:
    """Of the administration; made once, and readable for the owner of the folder only."""
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_urlsafe(24))
    return file.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
