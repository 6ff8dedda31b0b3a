"""Starts a stand-in as a process of its own.  (shell)"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path


def serve(name: str, about: str, opened: Callable[[tuple[str, int], Path], ThreadingHTTPServer]) -> int:
    """Serve until killed; says the port on stdout once it listens.

    Args:
        name: of the program, for its help.
        about: what it is, for its help.
        opened: the server on an address, with its data in a folder.
    """
    parser = argparse.ArgumentParser(prog=name, description=about)
    parser.add_argument("--folder", type=Path, required=True, help="where it keeps its data")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    server = opened(("127.0.0.1", asked.port), asked.folder)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        server.server_close()
    return 0
