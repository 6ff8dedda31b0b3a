"""Starts the stand-in: `python -m billsync_connectors.sandbox.server --folder FOLDER --port N`.  (shell)"""

from __future__ import annotations

import sys

from billsync_connectors.sandbox.server.state import State
from billsync_connectors.sandbox.server.web import Server
from billsync_stand_in.start import serve


def main() -> int:
    """Serve until killed."""
    about = "A CRM and ERP to try things on."
    return serve("billsync-sandbox", about, lambda address, folder: Server(address, State(folder / "sandbox.db")))


if __name__ == "__main__":
    sys.exit(main())
