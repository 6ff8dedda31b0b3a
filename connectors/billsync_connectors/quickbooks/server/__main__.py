"""Starts the stand-in: `python -m billsync_connectors.quickbooks.server --folder FOLDER --port N`.  (shell)"""

from __future__ import annotations

import sys

from billsync_connectors.quickbooks.server.company import Company
from billsync_connectors.quickbooks.server.web import Server
from billsync_stand_in.start import serve


def main() -> int:
    """Serve until killed."""
    about = "A QuickBooks Online company to try things on."
    return serve("billsync-quickbooks", about, lambda address, folder: Server(address, Company(folder)))


if __name__ == "__main__":
    sys.exit(main())
