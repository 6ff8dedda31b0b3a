"""What a file is by its first bytes, where its name promises something else.  (pure)"""

from __future__ import annotations

from typing import Final

ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PARQUET: Final = b"PAR1"
GZIP: Final = b"\x1f\x8b"
HEAD: Final = 4096

_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")


def kind(head: bytes) -> str:
    """What the bytes are, in words; "" for text of any other kind."""
    known = (
        (ZIP, "a ZIP archive (Excel workbooks are such)"),
        (OLE, "a workbook of Excel 97-2003 (.xls), or one with a password"),
        (PARQUET, "a Parquet file"),
        (b"PARE", "an encrypted Parquet file"),
        (GZIP, "packed with gzip"),
        (b"%PDF", "a PDF"),
    )
    for mark, words in known:
        if head.startswith(mark):
            return words
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<head")):
        return "a page of HTML: was the log-in page saved, or a report that only calls itself a workbook?"
    return "XML" if start.startswith(b"<?xml") else ""


def is_locked(content: bytes) -> bool:
    """Whether an OLE file is a workbook that is encrypted with a password."""
    return _ENCRYPTED in content
