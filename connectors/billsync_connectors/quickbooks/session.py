"""Requests to one company: logged in, paced, and each answer judged.  (shell)

Intuit publishes no client for Python, and python-quickbooks raises its own exceptions from connections without a
deadline.  The stand-in is held to it instead (tests/quickbooks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from billsync.connector import Fault, Refused, TryLater, Unclear
from billsync.wire import Answer, Client
from billsync_connectors.quickbooks.answers import GONE, STALE, Odd, meaning, record, told
from billsync_connectors.quickbooks.encoding import among, dumps
from billsync_connectors.quickbooks.login import Login
from billsync_connectors.quickbooks.pace import Pace

PAGE: Final = 1000
_JUDGED: Final = frozenset({400, 401, 403, 404, 429})
_VERSION: Final = {"minorversion": "75"}
_QUERY: Final = {"Content-Type": "application/text"}
_THROTTLE_S: Final = 60
_CHUNK: Final = 100
LISTS: Final = frozenset({"Customer", "Item", "Account", "TaxCode", "TaxRate", "Term", "CompanyCurrency"})
"""Kinds that are made inactive in place of deleted; a query leaves the inactive ones out unless they are asked for."""


class Session:
    """Calls of one connection.  Reads raise `TryLater` and `Refused`, `do` raises `Unclear` too.

    Attributes:
        system: the connection's name, for messages.
        time: QuickBooks' own time, as its last answer to a read told it, or "".
    """

    def __init__(self, http: Client, login: Login, pace: Pace, system: str) -> None:
        self._http, self.login, self._pace, self.system = http, login, pace, system
        self.time = ""

    # ------------------------------------------------------------ reading

    def ask(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The answer to a GET."""
        asked = {**_VERSION, **(params or {})}
        return self._told(self._sent(lambda: self._http.read("GET", self._at(path), params=asked, expect=_JUDGED)))

    def query(self, text: str) -> dict[str, Any]:
        """The QueryResponse; sent as a POST, since a query may be longer than an address."""
        return self._told(
            self._sent(
                lambda: self._http.read(
                    "POST", self._at("query"), params=_VERSION, content=text, headers=_QUERY, expect=_JUDGED
                )
            )
        )

    def rows(self, kind: str, where: str = "", *, start: int = 1, most: int = PAGE) -> list[dict[str, Any]]:
        """One page of records, in order of their ids."""
        active = "Active IN (true, false)" if kind in LISTS and "Active" not in where else ""
        said = " AND ".join(filter(None, (where, active)))
        words = ["SELECT * FROM", kind, *(["WHERE", said] if said else []), "ORDERBY Id"]
        value = self.query(" ".join([*words, f"STARTPOSITION {start} MAXRESULTS {most}"]))
        return listed(value.get("QueryResponse"), kind, self.system)

    def those(self, kind: str, field: str, values: Sequence[str]) -> list[dict[str, Any]]:
        """All records whose field has one of the values."""
        wanted = list(dict.fromkeys(values))
        found: list[dict[str, Any]] = []
        for at in range(0, len(wanted), _CHUNK):
            where = f"{field} IN {among(wanted[at : at + _CHUNK])}"
            found += [row for page in self.every(kind, where) for row in page]
        return found

    def every(self, kind: str, where: str = "") -> Iterator[list[dict[str, Any]]]:
        """All records, page by page, none twice.

        Positions move when a record is deleted meanwhile: a page that does not begin with one that is known already
        is asked for again, from further back.
        """
        seen: set[str] = set()
        start, back = 1, 1
        while True:
            rows = self.rows(kind, where, start=start)
            if start > 1 and (not rows or rows[0]["Id"] not in seen):
                start, back = max(1, start - back), back * 10
                continue
            fresh = [row for row in rows if row["Id"] not in seen]
            if not fresh:
                return
            seen.update(row["Id"] for row in fresh)
            yield fresh
            start, back = start + len(rows) - 1, 1

    def one(self, kind: str, id: str) -> dict[str, Any] | None:
        """A record as it is now, None where there is none."""
        try:
            value = self.ask(f"{kind.lower()}/{id}")
        except Refused as fault:
            if fault.reason == GONE:
                return None
            raise
        with self.reading():
            row = record(value, kind)
        return None if row.get("status") == "Deleted" else row

    @contextmanager
    def reading(self) -> Iterator[None]:
        """An answer that is not as QuickBooks' answers are is asked for again later, as `TryLater`."""
        try:
            yield
        except Odd as odd:
            what = f"{self.system}: an answer of QuickBooks cannot be used: {odd}"
            raise TryLater("unreadable", what, offline=True) from None

    # ------------------------------------------------------------ writing

    def do(self, kind: str, value: Mapping[str, Any], *, key: str = "", **params: str) -> dict[str, Any]:
        """The record that a write leaves; with `key` QuickBooks does it once, however often it is sent.

        Something new that somebody is in the way of (a payment of an invoice that is being edited) is tried later.
        """
        try:
            answer = self.post(kind.lower(), dumps(value), key=key, params=params)
        except Refused as fault:
            raise (contended(fault) if key else fault) from None
        try:
            return record(answer, kind)
        except Odd as odd:
            raise Unclear("unreadable", f"{self.system}: the answer to a write cannot be used: {odd}") from None

    def post(
        self,
        path: str,
        content: str,
        *,
        key: str = "",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer to a write."""
        asked = {**_VERSION, **(params or {}), **({"requestid": key} if key else {})}

        def call() -> Answer:
            return self._http.send(
                "POST", self._at(path), params=asked, content=content, headers=headers, expect=_JUDGED
            )

        return self._told(self._sent(call), write=True)

    # ------------------------------------------------------------ inside

    def _at(self, path: str) -> str:
        return f"v3/company/{self.login.realm}/{path}"

    def _sent(self, call: Callable[[], Answer]) -> Answer:
        """The answer, with a new token where the one in use is over: then nothing was done."""
        for last in (False, True):
            self.login.enter()
            self._pace.wait()
            answer = call()
            if answer.status != 401:
                return answer
            if last:
                break
            self.login.renew()
        self.login.forget()
        raise TryLater("auth", f"{self.system}: the access token is not accepted", offline=True)

    def _told(self, answer: Answer, *, write: bool = False) -> dict[str, Any]:
        """The value of an answer that tells no fault.  Raises the fault that it tells."""
        found = told(answer.value)
        if answer.status == 429:
            asked = answer.headers.get("retry-after", "")
            wait = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else _THROTTLE_S
            raise TryLater("rate_limited", f"{self.system}: too many requests (429)", after_s=wait)
        if found is not None:
            raise self._named(meaning(found, self.system, write=write), answer)
        if answer.status == 403:
            raise TryLater("auth", f"{self.system}: QuickBooks lets billsync not in here (403)", offline=True)
        if answer.status >= 400:
            raise Refused(f"http_{answer.status}", f"{self.system}: QuickBooks refused with {answer.status}")
        if not isinstance(answer.value, dict):
            what = f"{self.system}: QuickBooks answered with something else than a JSON record"
            raise Unclear("not_json", what) if write else TryLater("not_json", what, offline=True)
        if not write:
            self.time = str(answer.value.get("time") or self.time)
        return answer.value

    def _named(self, fault: Fault, answer: Answer) -> Fault:
        """With the number under which Intuit's support finds the request, and without our secrets."""
        trace = answer.headers.get("intuit_tid", "")
        fault.message = self._http.hidden(fault.message) + (f" [intuit_tid {trace[:60]}]" if trace else "")
        fault.args = (fault.message,)
        return fault


def contended(fault: Refused) -> TryLater | Refused:
    """That somebody was faster, where reading again does not help: nothing was done, it is tried later."""
    return TryLater(STALE, fault.message) if fault.reason == STALE else fault


def listed(found: Any, kind: str, system: str) -> list[dict[str, Any]]:
    """The records of one kind in a QueryResponse.  Raises `TryLater`."""
    rows = found.get(kind, []) if isinstance(found, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get("Id"), str) for row in rows):
        raise TryLater("unreadable", f"{system}: QuickBooks' list of {kind}s cannot be read", offline=True)
    return rows
