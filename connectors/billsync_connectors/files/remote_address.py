"""The address of a folder on another machine, and the fingerprints that its key may have.  (pure)"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from billsync.model.scalar import show
from billsync.wire.address import Kind, kind_of, written

REMOTE: Final = "sftp://"
_ADDRESS: Final = re.compile(r"sftp://(\[[0-9A-Fa-f:.]+\]|[^/@:\[\]\s?#]+)(?::([0-9]{1,5}))?(/[^?#\x00]*)?")
_FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


@dataclass(frozen=True, slots=True)
class Address:
    """A folder of a machine that speaks SFTP; `path` begins with a slash."""

    host: str
    port: int
    path: str

    @classmethod
    def read(cls, text: str) -> Self:
        """The address that a person wrote.  Raises ValueError; the message holds no password."""
        match = _ADDRESS.fullmatch(text)
        if match is None or not 0 < int(match[2] or 22) < 1 << 16:
            raise ValueError("expected sftp://host/path or sftp://host:port/path, without a user or a password in it")
        host = match[1].strip("[]")
        literal = written(host)
        if literal is not None and kind_of(literal) is Kind.NEVER:
            raise ValueError(f"{host} is {Kind.NEVER}")
        path = match[3] or "/"
        if ".." in path.split("/"):
            raise ValueError("the path of sftp:// must not go up (..)")
        return cls(host, int(match[2] or 22), path.rstrip("/") or "/")


def fingerprints(value: tuple[str, ...] | str) -> tuple[str, ...]:
    """The fingerprints of a setting.  Raises ValueError for what is none."""
    found = (value,) if isinstance(value, str) else tuple(value)
    for one in found:
        if not _FINGERPRINT.fullmatch(one.removesuffix("=")):
            raise ValueError(
                f"expected a fingerprint such as SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpJrD1q8qGd1iQTJ0c, got {show(one)}"
            )
    return tuple(one.removesuffix("=") for one in found)
