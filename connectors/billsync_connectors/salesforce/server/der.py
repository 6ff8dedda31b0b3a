"""ASN.1 in DER, as little of it as keys and certificates need.  (pure)"""

from __future__ import annotations

import base64
import re
from typing import Final

INTEGER: Final = 0x02
BITS: Final = 0x03
OCTETS: Final = 0x04
SEQUENCE: Final = 0x30
SET: Final = 0x31
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----\s*(.+?)\s*-----END \1-----", re.DOTALL)


def tlv(tag: int, *parts: bytes) -> bytes:
    """A value with its tag and its length."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(value: int) -> bytes:
    """A number that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text: str) -> bytes:
    """An object identifier such as `1.2.840.113549.1.1.11`."""
    first, second, *rest = map(int, text.split("."))
    body = [first * 40 + second]
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | arc & 0x7F)
        body += groups
    return tlv(0x06, bytes(body))


def bits(content: bytes) -> bytes:
    """A bit string of whole bytes."""
    return tlv(BITS, b"\0", content)


def parts(content: bytes) -> list[tuple[int, bytes]]:
    """The values inside of one: tag and content of each.  Raises ValueError."""
    found, at = [], 0
    while at < len(content):
        if at + 2 > len(content):
            raise ValueError("cut off")
        tag, size, at = content[at], content[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(content[at : at + count], "big"), at + count
        if at + size > len(content):
            raise ValueError("cut off")
        found.append((tag, content[at : at + size]))
        at += size
    return found


def unarmoured(text: str) -> tuple[str, bytes]:
    """What a PEM text is, and its content.  Raises ValueError."""
    match = _PEM.search(text)
    if match is None:
        raise ValueError("not PEM")
    return match[1], base64.b64decode(match[2])


def armoured(name: str, content: bytes) -> str:
    """A PEM text."""
    packed = base64.b64encode(content).decode()
    lines = [packed[start : start + 64] for start in range(0, len(packed), 64)]
    return "\n".join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----", ""])
