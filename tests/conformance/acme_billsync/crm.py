"""Acme's CRM and its client library, in one: what a vendor would bring.  It knows nothing of billsync."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


class AcmeError(Exception):
    """What the library raises; status 0 where the connection broke."""

    def __init__(self, status: int, message: str = "", retry_after: int | None = None) -> None:
        super().__init__(message or f"status {status}")
        self.status, self.retry_after = status, retry_after


@dataclass
class Row:
    """A deal.  `stamp` is when it was changed, `visible` from when on others see that."""

    id: str
    name: str
    amount: Decimal
    stamp: int = 0
    visible: int = 0
    gone: bool = False
    tags: list[str] = field(default_factory=list)
    tagged: int = 0

    def plain(self) -> dict[str, Any]:
        """As the API shows it."""
        own = {"id": self.id, "stamp": self.stamp, "gone": self.gone}
        return own if self.gone else {**own, "name": self.name, "amount": str(self.amount), "tags": self.tags}


class AcmeCrm:
    """The service, in this process.  Stamps are whole seconds of its clock."""

    def __init__(self, secret: str = "", page: int = 5) -> None:
        self.secret, self.page = secret, page
        self.empty()

    def empty(self) -> None:
        """No deals, no sessions, no faults."""
        self.rows: dict[str, Row] = {}
        self.clock, self.tokens, self.requests, self.made = 1000, set[str](), 0, 0
        self.fault: tuple[str, int] | None = None

    # ------------------------------------------------------------ what clients call

    def login(self, secret: str) -> str:
        """A token."""
        if secret != self.secret:
            raise AcmeError(401, "wrong secret")
        token = f"token-{len(self.tokens)}-{self.clock}"
        self.tokens.add(token)
        return token

    def fields(self, token: str) -> str:
        """The fields of deals, as JSON."""
        return self._answer(token, {"id": "text", "name": "text", "amount": "decimal", "tags": "list"})

    def changed(self, token: str, stamp: int, id: str) -> str:
        """A page of deals after a place in the order of (stamp, id), gone ones too, as JSON."""
        rows = [row for row in self._visible() if (row.stamp, row.id) > (stamp, id)]
        return self._page(token, rows, lambda row: (row.stamp, row.id))

    def tagged(self, token: str, stamp: int, id: str) -> str:
        """A page of deals whose tags were changed, after a place in the order of (that instant, id), as JSON."""
        rows = [row for row in self._visible() if row.tagged and not row.gone and (row.tagged, row.id) > (stamp, id)]
        return self._page(token, rows, lambda row: (row.tagged, row.id))

    def get(self, token: str, ids: list[str]) -> str:
        """These deals, as JSON."""
        return self._answer(token, {"rows": [row.plain() for row in self._visible() if row.id in ids and not row.gone]})

    def _visible(self) -> list[Row]:
        return [row for row in self.rows.values() if row.visible <= self.clock]

    def _page(self, token: str, rows: list[Row], place: Any) -> str:
        rows.sort(key=place)
        shown = [{**row.plain(), "place": place(row)} for row in rows[: self.page]]
        return self._answer(token, {"now": self.clock, "rows": shown, "more": len(rows) > self.page})

    def _answer(self, token: str, value: dict[str, Any]) -> str:
        self.requests += 1
        fault, self.fault = self.fault, None
        if token not in self.tokens:
            self.fault = fault
            raise AcmeError(401, "no such session")
        text = json.dumps(value)
        match fault:
            case None:
                return text
            case "busy", after_s:
                raise AcmeError(429, "too many requests", after_s)
            case "limit", _:
                raise AcmeError(403, "daily limit")
            case "error", _:
                raise AcmeError(500)
            case "cut", _:
                raise AcmeError(0, "connection reset")
            case "truncated", _:
                return text[: len(text) // 2]
            case "login_page", _:
                return "<html>please log in</html>"
            case _:
                return json.dumps({**value, "rows": [{**row, "id": None} for row in value.get("rows", [])]})

    # ------------------------------------------------------------ what people do

    def put(self, row: Row, *, after_s: int = 0) -> Row:
        """A new or changed deal, stamped now; others see it so many seconds later."""
        row.stamp, row.visible = self.clock, self.clock + after_s
        self.rows[row.id] = row
        return row

    def make(self, name: str, amount: Decimal, *, after_s: int = 0) -> Row:
        """A new deal."""
        self.made += 1
        return self.put(Row(f"d{self.made:04}", name, amount), after_s=after_s)

    def tag(self, id: str, tag: str) -> None:
        """Give a deal one more tag; the deal itself counts as unchanged."""
        self.rows[id].tags.append(tag)
        self.rows[id].tagged = self.clock
