"""Starts the stand-in: `python -m billsync_connectors.salesforce.server --folder FOLDER --port N`.  (shell)"""

from __future__ import annotations

import sys

from billsync_connectors.salesforce.server.org import Org
from billsync_connectors.salesforce.server.web import Server
from billsync_stand_in.start import serve


def main() -> int:
    """Serve until killed."""
    about = "A Salesforce org to try things on."
    return serve("billsync-salesforce", about, lambda address, folder: Server(address, Org(folder)))


if __name__ == "__main__":
    sys.exit(main())
