"""What hangs on documents: attachments, history, the PDF.  (shell)"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from billsync_connectors.xero.server.asked import Reply, Request
from billsync_connectors.xero.server.books import IDS, Books
from billsync_connectors.xero.server.denied import broken_body, failed, missing
from billsync_connectors.xero.server.showing import Showing, pdf
from billsync_connectors.xero.server.values import Row, net, text

_TYPES: Final = {".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpg", ".txt": "text/plain"}


class Papers:
    """Answers below one document."""

    def __init__(self, books: Books, showing: Showing) -> None:
        self._books, self._showing = books, showing

    def answer(self, request: Request, object: str, row: Row, parts: list[str]) -> Reply | Mapping[str, Any]:
        """A reply of its own, or what is told under its name.  Raises `Denied`."""
        match request.method, parts:
            case "GET", ["pdf"]:
                return Reply(200, pdf(object, row), {}, "application/pdf")
            case "GET", ["History"]:
                return {"HistoryRecords": [_noted(each) for each in self._history(object, row)]}
            case "PUT", ["History"]:
                return {"HistoryRecords": [self._note(object, row, each) for each in _notes(request)]}
            case "GET", ["Attachments"]:
                return {"Attachments": [self._showing.one("Attachment", each) for each in self._files(object, row)]}
            case "GET", ["Attachments", name]:
                return self._file(object, row, name)
            case (("PUT" | "POST"), ["Attachments", name]):
                return {"Attachments": [self._attach(request, object, row, name)]}
            case "POST", ["Email"] if object == "Invoice":
                self._email(row)
                return Reply(204)
            case "GET", ["OnlineInvoice"] if object == "Invoice":
                return {"OnlineInvoices": [{"OnlineInvoiceUrl": f"https://in.xero.com/{row['InvoiceID'][:8]}"}]}
        raise missing()

    # ------------------------------------------------------------ history

    def _history(self, object: str, row: Row) -> list[Row]:
        return list(reversed(self._books.by_field("History", "DocumentID", row[IDS[object]])))

    def _note(self, object: str, row: Row, given: Mapping[str, Any]) -> dict[str, Any]:
        details = text(given, "Details")
        if not details:
            raise failed([{**given, "ValidationErrors": [{"Message": "Details must be specified."}]}])
        self._books.note(row[IDS[object]], "Note", details)
        told = _noted(self._history(object, row)[0])
        return {name: told[name] for name in ("Details", "DateUTC")}

    # ------------------------------------------------------------ attachments

    def _files(self, object: str, row: Row) -> list[Row]:
        return self._books.by_field("Attachment", "DocumentID", row[IDS[object]])

    def _file(self, object: str, row: Row, name: str) -> Reply:
        """By file name or by id."""
        for each in self._files(object, row):
            if name in (each["FileName"], each["AttachmentID"]):
                return Reply(200, base64.b64decode(each["_data"]), {}, each["MimeType"])
        raise missing()

    def _attach(self, request: Request, object: str, row: Row, name: str) -> dict[str, Any]:
        """A file of the same name takes the place of the one that was there."""
        if not request.body:
            raise broken_body("The attachment is empty")
        own = request.headers.get("content-type", "")
        type = own if own not in ("", "application/octet-stream") else _TYPES.get(name[name.rfind(".") :].lower(), own)
        id = row[IDS[object]]
        url = f"https://api.xero.com/api.xro/2.0/{object}s/{id}/Attachments/{name}"
        told = {"DocumentID": id, "FileName": name, "Url": url, "MimeType": type or "application/octet-stream"}
        told |= {"ContentLength": len(request.body), "_data": base64.b64encode(request.body).decode()}
        same = next((each for each in self._files(object, row) if each["FileName"] == name), None)
        kept = self._books.put("Attachment", {**(same or {}), **told})
        self._books.note(id, "Attached a file", f"Attached the file {name}")
        self._books.put(object, row)
        return self._showing.one("Attachment", kept)

    def _email(self, row: Row) -> None:
        contact = self._books.get("Contact", row["ContactID"])
        if row["Status"] not in ("SUBMITTED", "AUTHORISED", "PAID") or not (contact or {}).get("EmailAddress"):
            raise failed(
                [{"InvoiceID": row["InvoiceID"], "ValidationErrors": [{"Message": "The invoice cannot be sent"}]}]
            )
        self._books.note(row["InvoiceID"], "Invoice sent", f"This invoice has been sent to {contact['EmailAddress']}")  # type: ignore[index]
        self._books.put("Invoice", {**row, "SentToContact": True})


def _notes(request: Request) -> list[Mapping[str, Any]]:
    sent = request.mapping().get("HistoryRecords")
    if not isinstance(sent, list) or not sent or not all(isinstance(each, Mapping) for each in sent):
        raise broken_body("JSON for post data was invalid: HistoryRecords are expected")
    return sent


def _noted(row: Row) -> dict[str, Any]:
    told = {name: row[name] for name in ("Changes", "Details", "User")}
    return {**told, "DateUTC": net(row["DateUTC"]), "DateUTCString": row["DateUTC"][:19]}
