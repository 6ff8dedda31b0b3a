"""Starts the stand-in: `python -m billsync_connectors.netsuite.server --folder FOLDER --port N`.  (shell)"""

from __future__ import annotations

import sys

from billsync_connectors.netsuite.server.account import Account
from billsync_connectors.netsuite.server.web import Server
from billsync_stand_in.start import serve


def main() -> int:
    """Serve until killed."""
    about = "A NetSuite account to try things on."
    return serve("billsync-netsuite", about, lambda address, folder: Server(address, Account(folder)))


if __name__ == "__main__":
    sys.exit(main())
