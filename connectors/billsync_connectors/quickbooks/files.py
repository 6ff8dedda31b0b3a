"""Files on documents: uploaded once, replaced where they changed.  (shell)"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from billsync.connector import Attachment, Refused, Unclear
from billsync_connectors.quickbooks.answers import GONE, Odd, meaning, record, ref, told
from billsync_connectors.quickbooks.encoding import dumps, quoted, request_key
from billsync_connectors.quickbooks.session import Session

_KIND: Final = "Attachable"
_MOST: Final = 20 * 1024 * 1024


class Files:
    """What hangs on the records of one company."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def attach(self, kind: str, id: str, file: Attachment) -> None:
        """Lay a file to a record.  Raises `TryLater`, `Refused`, `Unclear`."""
        if len(file.content) > _MOST:
            raise Refused("too_large", f"{file.name} has {len(file.content)} bytes, QuickBooks takes {_MOST}")
        there = list(self._named(kind, id, file.name))
        mark = _mark(file)
        if any(row.get("Note") == mark for row in there):
            return
        self._upload(kind, id, file, mark)
        for row in there:
            self._remove(row)

    def _named(self, kind: str, id: str, name: str) -> Iterator[Mapping[str, Any]]:
        """The record's files of that name."""
        for rows in self._session.every(_KIND, f"FileName = {quoted(name)}"):
            for row in rows:
                refs = [each for each in row.get("AttachableRef") or [] if isinstance(each, Mapping)]
                if any(ref(each, "EntityRef") == id and _type(each) == kind.lower() for each in refs):
                    yield row

    def _upload(self, kind: str, id: str, file: Attachment, mark: str) -> None:
        meta = {
            "AttachableRef": [{"EntityRef": {"type": kind, "value": id}, "IncludeOnSend": False}],
            "FileName": file.name,
            "ContentType": file.media_type,
            "Note": mark,
            "Category": "Document",
        }
        boundary = f"billsync-{hashlib.sha256(file.content).hexdigest()}"
        answer = self._session.post(
            "upload",
            _multipart(boundary, dumps(meta), file),
            key=request_key(f"{kind} {id} {file.name} {mark}", "attach"),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        rows = answer.get("AttachableResponse")
        first = rows[0] if isinstance(rows, list) and rows else None
        if (fault := told(first)) is not None:
            raise meaning(fault, self._session.system, write=True)
        try:
            record(first, _KIND)
        except Odd as odd:
            what = f"{self._session.system}: whether {file.name} was taken is not known: {odd}"
            raise Unclear("unreadable", what) from None

    def _remove(self, row: Mapping[str, Any]) -> None:
        """An older file of the same name."""
        try:
            sent = {"Id": row["Id"], "SyncToken": row.get("SyncToken")}
            self._session.do(_KIND, sent, operation="delete")
        except Refused as fault:
            if fault.reason != GONE:
                raise


def _multipart(boundary: str, meta: str, file: Attachment) -> str:
    """The two parts that QuickBooks takes; the file as base64."""
    name = file.name.replace('"', "'").replace("\r", " ").replace("\n", " ")
    return "\r\n".join(
        [
            f"--{boundary}",
            'Content-Disposition: form-data; name="file_metadata_01"; filename="attachment.json"',
            "Content-Type: application/json; charset=UTF-8",
            "",
            meta,
            f"--{boundary}",
            f'Content-Disposition: form-data; name="file_content_01"; filename="{name}"',
            f"Content-Type: {file.media_type}",
            "Content-Transfer-Encoding: base64",
            "",
            base64.b64encode(file.content).decode(),
            f"--{boundary}--",
            "",
        ]
    )


def _mark(file: Attachment) -> str:
    """Tells by a file's note whether it is the same as ours."""
    return f"billsync:{hashlib.sha256(file.content).hexdigest()[:32]}"


def _type(each: Mapping[str, Any]) -> str:
    found = each.get("EntityRef")
    return str(found.get("type") or "").lower() if isinstance(found, Mapping) else ""
