"""Starts the stand-in: `python -m billsync_connectors.odoo.server --folder FOLDER --port N`.  (shell)"""

from __future__ import annotations

import sys

from billsync_connectors.odoo.server.house import House
from billsync_connectors.odoo.server.web import Server
from billsync_stand_in.start import serve


def main() -> int:
    """Serve until killed."""
    about = "An Odoo database to try things on."
    return serve("billsync-odoo", about, lambda address, folder: Server(address, House(folder)))


if __name__ == "__main__":
    sys.exit(main())
