"""The disk of an SQLite store: a reserve for when it is full, and file systems that cannot be trusted.  (shell)

Between a write to another system and the note of its outcome the disk may fill up.  The outcome is then written in the
room of a reserve file, which is given up for it; the next claim finds no room before anything leaves.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

RESERVE: Final = 1 << 20
"""Bytes of the reserve: many outcomes."""

MOUNTS: Final = Path("/proc/self/mountinfo")

NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "afs", "fuse.sshfs", "fuse.glusterfs"}
)
"""File systems of which SQLite says that their locks and shared memory cannot be relied on."""


def keep_reserve(database: Path) -> None:
    """Make the reserve where there is none and room for it."""
    path = _reserve(database)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError:
        return  # it is there, or nothing can be written here
    try:
        os.posix_fallocate(handle, 0, RESERVE)
    except OSError:
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def give_up_reserve(database: Path) -> bool:
    """Free the room; False where there was none."""
    try:
        _reserve(database).unlink()
    except OSError:
        return False
    return True


def _reserve(database: Path) -> Path:
    return database.with_name(f"{database.name}.reserve")


def network_of(path: Path) -> str:
    """The kind of network file system that a path lies on; "" for a local one, and where that cannot be told."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    kind = mounted_as(str(path.absolute().resolve()), mounts)
    return kind if kind in NETWORK else ""


def mounted_as(path: str, mounts: str) -> str:
    """The kind of file system of a path, by the text of /proc/self/mountinfo; the innermost and last mount counts."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        mount, _, rest = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) < 5 or not rest:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, kind = len(point), rest.split(" ")[0]
    return kind
