"""Starts the stand-in: `python -m billsync_connectors.erpnext.server --folder FOLDER --port N`.  (shell)"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from billsync_connectors.erpnext.server.house import House
from billsync_connectors.erpnext.server.web import Server


def main() -> int:
    """Serve until killed; says the port on stdout once it listens."""
    parser = argparse.ArgumentParser(prog="billsync-erpnext", description="An ERPNext site to try things on.")
    parser.add_argument("--folder", type=Path, required=True, help="where it keeps its data")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    server = Server(("127.0.0.1", asked.port), House(asked.folder))
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
