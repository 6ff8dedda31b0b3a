"""What systemd wants to hear of a service: that it is ready, lives, reloads, stops.  (shell)"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress


def notify(*lines: str) -> bool:
    """Tell the supervisor, `READY=1` and such; False where nobody listens (no `NOTIFY_SOCKET`)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as there:
        there.sendto("\n".join(lines).encode(), address.replace("@", "\0", 1))
        return True
    return False


def reloading() -> None:
    """The configuration is being read anew; systemd wants to know since when, on its own clock."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
