"""Attachments, and the PDF of an invoice.  (shell)"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.asked import Request
from billsync_connectors.quickbooks.server.books import Books
from billsync_connectors.quickbooks.server.denied import Denied, required, unsupported
from billsync_connectors.quickbooks.server.kinds import BY_PATH, known
from billsync_connectors.quickbooks.server.shelf import Row
from billsync_connectors.quickbooks.server.values import loads, plain

_BOUNDARY: Final = re.compile(r"""boundary=(?:"([^"]+)"|([^;\s]+))""")
_MOST: Final = 100 * 1024 * 1024


class Files:
    """What hangs on objects; every method raises `Denied`."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def upload(self, request: Request) -> list[Row]:
        """The attachments of a multipart body: pairs of metadata and content."""
        metas, contents = dict[str, Mapping[str, Any]](), dict[str, tuple[Mapping[str, str], bytes]]()
        for headers, content in _parts(request):
            name = re.search(r'name="?([^";]+)', headers.get("content-disposition", ""))
            label = name[1] if name else ""
            number = label.rpartition("_")[2]
            if label.startswith("file_metadata"):
                metas[number] = _meta(content)
            elif label.startswith("file_content"):
                contents[number] = headers, content
        if not contents:
            raise required("file_content_01")
        return [self._one(metas.get(number, {}), *each) for number, each in contents.items()]

    def _one(self, meta: Mapping[str, Any], headers: Mapping[str, str], content: bytes) -> Row:
        body = _decoded(headers, content)
        if len(body) > _MOST:
            raise Denied(6030, "Upload request size exceeds allowed limit", "The file is larger than 100 MB")
        named = re.search(r'filename="?([^";]+)', headers.get("content-disposition", ""))
        name = str(meta.get("FileName") or (named[1] if named else ""))
        if not name:
            raise required("FileName")
        type = str(meta.get("ContentType") or headers.get("content-type", "application/octet-stream"))
        size = Decimal(len(body))
        own = {"FileName": name, "ContentType": type, "Size": size, "_content": base64.b64encode(body).decode()}
        return self.create({**meta, **own})

    def create(self, sent: Mapping[str, Any]) -> Row:
        """One without a file is a note."""
        known("Attachable", {name: value for name, value in sent.items() if not name.startswith("_")})
        found = {name: value for name, value in sent.items() if value not in (None, "") and name != "Id"}
        for each in found.get("AttachableRef", []):
            leads = each.get("EntityRef") or {}
            kind = BY_PATH.get(str(leads.get("type", "")).lower())
            if kind is None:
                told = f"The entity reference type {leads.get('type')} is not supported"
                raise Denied(6050, "The entity reference type is unsupported for Attachable", told)
            self._books.need(kind, leads.get("value"))
        made = self._books.made("Attachable", found)
        if "_content" not in found:
            return made
        uri = {"FileAccessUri": f"/v3/company/{self._books.settings.realm}/download/{made['Id']}"}
        row = {**made, **uri, "TempDownloadUri": f"/files/{made['Id']}"}
        self._books.shelf.put("Attachable", row)
        return row

    def content(self, id: str) -> tuple[bytes, str]:
        """A file and its type."""
        row = self._books.need("Attachable", id)
        return base64.b64decode(row.get("_content", "")), str(row.get("ContentType", "text/plain"))


def pdf(row: Row) -> bytes:
    """A document as one page of PDF: its number, its day, its total."""
    told = f"{row.get('DocNumber', '')} {row['TxnDate']} {row['CurrencyRef']['value']} {plain(row['TotalAmt'])}"
    safe = re.sub(r"([()\\])", r"\\\1", told.encode("latin-1", "replace").decode("latin-1"))
    stream = f"BT /F1 14 Tf 72 720 Td ({safe}) Tj ET".encode("latin-1")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return body + b"xref\n0 6\n0000000000 65535 f \n" + table + tail


def _parts(request: Request) -> list[tuple[dict[str, str], bytes]]:
    """The parts of a multipart body; line ends may be bare, as the vendor's own client sends them."""
    match = _BOUNDARY.search(request.headers.get("content-type", ""))
    if match is None:
        raise Denied(1050, "Invalid Content Type", "multipart/form-data is expected")
    mark = b"--" + (match[1] or match[2]).encode()
    found = []
    for part in request.body.split(mark)[1:]:
        if part.startswith(b"--"):
            break
        whole = part.removeprefix(b"\r\n").removeprefix(b"\n")
        head, _, content = (whole.replace(b"\r\n", b"\n", 6) if b"\r\n\r\n" in whole else whole).partition(b"\n\n")
        lines = (line.partition(":") for line in head.decode("utf-8", "replace").splitlines())
        headers = {name.strip().lower(): value.strip() for name, _, value in lines}
        found.append((headers, content.removesuffix(b"\n").removesuffix(b"\r").removesuffix(b"\n")))
    return found


def _meta(content: bytes) -> Mapping[str, Any]:
    try:
        found = loads(content)
    except ValueError:
        raise unsupported("file_metadata") from None
    if not isinstance(found, Mapping):
        raise Denied(6040, "The file metadata must be of Attachable type", "an object is expected")
    return found


def _decoded(headers: Mapping[str, str], content: bytes) -> bytes:
    if headers.get("content-transfer-encoding", "").lower() != "base64":
        return content
    try:
        return base64.b64decode(content)
    except binascii.Error:
        raise Denied(6041, "Invalid Uploaded File", "The uploaded file is not valid") from None
