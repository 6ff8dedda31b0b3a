"""A file that is packed with gzip, unpacked into a private file: rows are looked at more than once.  (shell)"""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from billsync_connectors.files.rows import Bad
from billsync_connectors.files.sniff import GZIP

_CHUNK: Final = 1 << 18


@contextmanager
def unpacked(stream: BinaryIO, limit: int) -> Iterator[BinaryIO | Bad]:
    """What the packed stream holds, or why it cannot be read; no more than `limit` bytes are ever written."""
    with tempfile.TemporaryFile() as plain:
        yield _unpack(stream, plain, limit) or plain


def _unpack(stream: BinaryIO, plain: BinaryIO, limit: int) -> Bad | None:
    stream.seek(0)
    if stream.read(2) != GZIP:
        hint = "take .gz off its name, or pack it"
        return Bad(1, "READ-FILE-01", "the file is not packed with gzip, as its name says", hint, fatal=True)
    stream.seek(0)
    size = 0
    try:
        with gzip.GzipFile(fileobj=stream) as packed:
            while chunk := packed.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    message = f"unpacked the file is larger than {limit:,} bytes"
                    return Bad(1, "READ-SIZE-01", message, "split it, or raise max_file_bytes", fatal=True)
                plain.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        message = "the packed file is cut off or damaged"
        return Bad(1, "READ-FILE-01", message, "copy it again, and compare its size", fatal=True)
    plain.seek(0)
    return None
