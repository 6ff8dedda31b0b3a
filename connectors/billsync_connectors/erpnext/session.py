"""Requests to one site, and what its refusals mean.  (shell)

Frappe undoes a request wholly when it tells an exception: what it says no to was not executed.  An answer of the proxy
before it, or none, proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from billsync.connector import Fault, Refused, TryLater, Unclear
from billsync.wire import Answer, Client
from billsync_connectors.erpnext.encoding import dumps, told

_TOLD: Final = frozenset({400, 403, 404, 409, 417, 500, 503})
"""Statuses of Frappe's own exceptions; without one of those in the body they are the server's."""
_AGAIN: Final = {
    "QueryDeadlockError": "busy",
    "QueryTimeoutError": "busy",
    "InReadOnlyMode": "read_only",
    "SessionStopped": "maintenance",
    "RateLimitExceededError": "rate_limited",
    "TooManyRequestsError": "rate_limited",
}
_KINDS: Final = {
    "UniqueValidationError": "duplicate",
    "DuplicateEntryError": "duplicate",
    "NameError": "duplicate",
    "TimestampMismatchError": "stale",
    "DoesNotExistError": "gone",
    "PermissionError": "not_allowed",
    "LinkValidationError": "unknown_reference",
    "MandatoryError": "missing_value",
    "PartyDisabled": "inactive",
    "PartyFrozen": "inactive",
    "LinkExistsError": "linked",
    "ClosedAccountingPeriod": "period_closed",
    "DocstatusTransitionError": "other_state",
    "UpdateAfterSubmitError": "other_state",
}
_WORDS: Final = (
    ("add or update entries before", "period_closed"),
    ("frozen", "period_closed"),
    ("closed", "period_closed"),
    ("is disabled", "inactive"),
)
"""Part of a message -> reason, where the kind says nothing."""

Row = Mapping[str, Any]


class Session:
    """One user's requests.  `ask`, `get`, `rows` raise TryLater and Refused, the others Unclear too."""

    def __init__(self, http: Client, system: str, page: int) -> None:
        self._http, self.system, self.page = http, system, page

    # ------------------------------------------------------------ reading

    def ask(self, method: str, **given: Any) -> Any:
        """What a method that changes nothing says."""
        answer = self._http.read("POST", f"api/method/{method}", content=dumps(given), expect=_TOLD - {500, 503})
        return self._value(answer, "message", write=False)

    def get(self, doctype: str, name: str) -> Row | None:
        """A document with its tables, or None where it is not there."""
        answer = self._http.read("GET", _path(doctype, name), expect=_TOLD - {500, 503})
        if answer.status == 404 and told(answer.value)[0] == "DoesNotExistError":
            return None
        found: Row = self._document(answer, write=False)
        return found

    def meta(self, doctype: str) -> Sequence[Row]:
        """The fields of a DocType, those of one's own too."""
        answer = self._http.read("GET", f"api/v2/doctype/{quote(doctype, safe='')}/meta", expect=_TOLD - {500, 503})
        found = self._value(answer, "data", write=False)
        fields = found.get("fields") if isinstance(found, Mapping) else None
        if not isinstance(fields, list):
            raise TryLater("unreadable", f"{self.system}: ERPNext's answer about {doctype} cannot be used")
        return [field for field in fields if isinstance(field, Mapping)]

    def rows(
        self,
        doctype: str,
        fields: Sequence[str],
        filters: Sequence[Sequence[Any]],
        order: str = "name asc",
        limit: int | None = None,
    ) -> list[Row]:
        """The documents that fit, without their tables; the first page of them, or `limit`."""
        found = self.ask(
            "frappe.client.get_list",
            doctype=doctype,
            fields=["name", *fields],
            filters=list(filters),
            order_by=order,
            limit_page_length=limit or self.page,
        )
        if not isinstance(found, list) or not all(isinstance(row, Mapping) and row.get("name") for row in found):
            raise TryLater("unreadable", f"{self.system}: ERPNext's list of {doctype} cannot be used", offline=True)
        return found

    def all(self, doctype: str, fields: Sequence[str], filters: Sequence[Sequence[Any]]) -> Iterator[list[Row]]:
        """Every document that fits, page by page in order of the names, until a page is empty."""
        after = ""
        while page := self.rows(doctype, fields, [*filters, *([["name", ">", after]] if after else [])]):
            yield page
            after = str(page[-1]["name"])

    # ------------------------------------------------------------ writing

    def insert(self, doctype: str, document: Row) -> Row:
        """Make a document; as it is stored."""
        return self._document(self._sent("POST", _path(doctype), document), write=True)

    def update(self, doctype: str, name: str, values: Row) -> Row:
        """Change fields; with the `modified` that was seen it is refused (`stale`) where somebody else did too."""
        return self._document(self._sent("PUT", _path(doctype, name), values), write=True)

    def remove(self, doctype: str, name: str) -> None:
        """Delete a document."""
        answer = self._sent("DELETE", _path(doctype, name), None)
        if answer.status not in (200, 202):
            raise self._refusal(answer, write=True)

    def call(self, method: str, **given: Any) -> Any:
        """What a method that changes something says."""
        return self._value(self._sent("POST", f"api/method/{method}", given), "message", write=True)

    def _sent(self, method: str, path: str, value: Row | None) -> Answer:
        try:
            content = None if value is None else dumps(value)
        except TypeError as error:
            raise Refused("bad_value", f"{self.system}: {error}") from None
        return self._http.send(method, path, content=content, expect=_TOLD)

    # ------------------------------------------------------------ answers

    def _document(self, answer: Answer, *, write: bool) -> Row:
        found = self._value(answer, "data", write=write)
        if not isinstance(found, Mapping) or not found.get("name"):
            raise self._unusable(write=write)
        return found

    def _value(self, answer: Answer, name: str, *, write: bool) -> Any:
        if answer.status >= 300:
            raise self._refusal(answer, write=write)
        if not isinstance(answer.value, Mapping) or name not in answer.value:
            raise self._unusable(write=write)
        return answer.value[name]

    def _unusable(self, *, write: bool) -> Fault:
        what = f"{self.system}: ERPNext's answer is not what it was asked for"
        return Unclear("no_name", what) if write else TryLater("unreadable", what, offline=True)

    def _refusal(self, answer: Answer, *, write: bool) -> Fault:
        """The port's fault for an answer that is no success."""
        kind, message = told(answer.value)
        said = f"{self.system}: {self._http.hidden(message or kind)[:500]}"
        if kind in _AGAIN:
            return TryLater(_AGAIN[kind], said)
        if not kind or answer.status in (500, 503):
            what = f"{self.system}: answered {answer.status}; {message[:200] or 'its log says more'}"
            return Unclear(f"http_{answer.status}", what) if write else TryLater(f"http_{answer.status}", what)
        reason = _KINDS.get(kind) or next((name for part, name in _WORDS if part in message.lower()), "refused")
        return Refused(reason, said)


def _path(doctype: str, name: str | None = None) -> str:
    tail = "" if name is None else f"/{quote(name, safe='')}"
    return f"api/resource/{quote(doctype, safe='')}{tail}"
