"""An answer's bytes, unpacked piece by piece and never more than agreed.  (pure)"""

from __future__ import annotations

import zlib
from collections.abc import Iterable


class TooLarge(ValueError):
    """The unpacked body is larger than the limit."""


class Damaged(ValueError):
    """The packed body ends early or is not what its header says."""


def unpack(chunks: Iterable[bytes], encoding: str, limit: int) -> bytes:
    """The body's bytes; a few kilobytes that unpack to gigabytes are noticed while they grow.

    Args:
        chunks: as they come from the network.
        encoding: value of Content-Encoding: "" or `identity`, `gzip`.
        limit: most bytes after unpacking.

    Raises:
        TooLarge, Damaged.
    """
    if encoding in {"", "identity"}:
        return _joined(chunks, limit)
    if encoding not in {"gzip", "x-gzip"}:
        raise Damaged(f"the content encoding {encoding[:40]!r} was not asked for")
    return _gunzipped(chunks, limit)


def _joined(chunks: Iterable[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        _within(body, limit)
    return bytes(body)


def _gunzipped(chunks: Iterable[bytes], limit: int) -> bytes:
    unpacker, body, seen = zlib.decompressobj(wbits=31), bytearray(), False
    for chunk in chunks:
        seen = True
        try:
            body += unpacker.decompress(chunk, limit + 1 - len(body))
        except zlib.error:
            raise Damaged("the packed body is damaged") from None
        _within(body, limit)
    if seen and not unpacker.eof:
        raise Damaged("the packed body ends early")
    return bytes(body)


def _within(body: bytearray, limit: int) -> None:
    if len(body) > limit:
        raise TooLarge(f"the answer is larger than {limit} bytes")
