"""What a person chooses from when a connection is set up, a draft to look at, and files.  (shell)"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from billsync.connector import Attachment, Books, Choice, Fault, Intent, Refused, Trial, TryLater, Unclear
from billsync.model.scalar import read_decimal
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.records import echo, id_of
from billsync_connectors.sandbox.session import Denial, Session
from billsync_connectors.sandbox.writing import Writing

_KINDS: Final = ("revenue", "receivable", "bank")
_SHOWN: Final = 50


class SettingUp:
    """Questions and tries of one connection.  Raises `TryLater`, `Refused` and, of what it writes, `Unclear`."""

    def __init__(self, session: Session, settings: SandboxSettings) -> None:
        self._session, self._settings = session, settings

    def books(self) -> Books:
        """What there is; of products and customers the first few."""
        there = self._session.ask("GET", "v1/books")
        try:
            return Books(
                accounts=tuple(_account(row) for row in there["accounts"]),
                taxes=tuple(_choice(row, rate=read_decimal(row["rate"])) for row in there["taxes"]),
                terms=tuple(_choice(row) for row in there["terms"]),
                items=self._first("product"),
                parties=self._first("customer"),
                currencies=tuple(
                    Choice(str(code), str(code), default=code == there["currency"]) for code in there["currencies"]
                ),
                settings={"revenue_account": "accounts:revenue", "tax_codes": "taxes"},
                facts=_facts(there),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TryLater("unreadable", f"{self._session.system}: its books cannot be read: {error}") from None

    def trial(self, writing: Writing, intent: Intent) -> Trial:
        """The document as a draft, as it shows itself, and away again."""
        body = {**writing.written(intent), "state": "draft"}
        try:
            made = id_of(self._session.do("POST", f"v1/{intent.object}", body))
            path = f"v1/{intent.object}/{quote(made, safe='')}"
        except Denial as denial:
            raise denial.fault from None
        except ValueError as error:
            raise Unclear("no_id", f"{self._session.system}: the answer cannot be used: {error}") from None
        try:
            shown = echo(self._session.ask("GET", path))
        except (Fault, ValueError) as error:
            shown, why = {}, f"{error}; "
        else:
            why = ""
        return self._without(path, made, shown, why)

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """Lay a file to a document."""
        content = base64.b64encode(file.content).decode("ascii")
        given = {"name": file.name, "media_type": file.media_type, "content": content}
        try:
            self._session.do("POST", f"v1/{object}/{quote(remote_id, safe='')}/files", given)
        except Denial as denial:
            raise denial.fault from None

    # ------------------------------------------------------------ inside

    def _without(self, path: str, made: str, shown: Mapping[str, Any], why: str) -> Trial:
        try:
            self._session.do("POST", f"{path}/discard", {})
        except Denial as denial:
            return Trial(shown, left=made, message=why + denial.fault.message)
        except (TryLater, Refused, Unclear) as fault:
            return Trial(shown, left=made, message=why + fault.message)
        return Trial(shown, message=why.removesuffix("; "))

    def _first(self, object: str) -> tuple[Choice, ...]:
        rows = self._session.ask("GET", f"v1/{object}?limit={_SHOWN}").get("records", [])
        live = [row for row in rows if row.get("deleted") is not True and row.get("active") is not False]
        return tuple(_choice(row) for row in live)


def _account(row: Mapping[str, Any]) -> Choice:
    kind = row["kind"] if row["kind"] in _KINDS else "other"
    return _choice(row, kind=kind)


def _choice(row: Mapping[str, Any], *, kind: Any = "", rate: Decimal | None = None) -> Choice:
    return Choice(id=str(row["id"]), name=str(row["name"]), kind=kind, rate=rate)


def _facts(there: Mapping[str, Any]) -> dict[str, str]:
    names: Sequence[str] = ("company", "currency", "tax_rounding", "closed_through")
    return {name: str(there[name]) for name in names if there.get(name)}
