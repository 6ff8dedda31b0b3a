"""Requests to one org, logged in: one new log-in where a session has ended, limits heeded, errors understood.  (shell)

httpx, by `billsync.wire`, and not simple-salesforce: that has no deadline for a whole request, no check of addresses,
gives floats unless told otherwise, repeats nothing, and lets the errors of `requests` through.  What it would save, the
paths of requests, is a line each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

import tenacity

from billsync.connector import Context, Fault, Refused, TryLater
from billsync.model.scalar import plain
from billsync.wire import Answer, Client
from billsync_connectors.salesforce.budget import Budget
from billsync_connectors.salesforce.denials import ANSWERS, Denied, denied
from billsync_connectors.salesforce.login import Login
from billsync_connectors.salesforce.settings import SalesforceSettings

URL_MAX: Final = 15_000
"""Characters of a path with its query: the org takes about 16 KB together with the headers."""
PARTS_MAX: Final = 25
QUERIES_MAX: Final = 5
"""Requests in one request, and how many of them may be queries."""
_TRIES: Final = 3
_SOON: Final = frozenset({"concurrent", "busy", "query_timeout", "not_salesforce"})
"""Reasons for which a read is tried again at once, before the engine waits."""


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one request of several."""

    status: int
    value: Any


class Session:
    """Calls of one connection.  `ask` raises TryLater, Refused and `Denied`; `do` Unclear too.

    Attributes:
        now: the org's clock, as the last answer told it; None before the first.
        budget: the org's daily calls.
    """

    def __init__(self, context: Context, settings: SalesforceSettings) -> None:
        self.system, self._settings, self._context = context.name, settings, context
        self.login = Login(context, settings)
        self.budget = Budget(context.name, settings.reserve)
        self.now: datetime | None = None
        self._http: Client | None = None
        self._instance = ""

    @property
    def base(self) -> str:
        """What every path begins with."""
        return f"/services/data/v{self._settings.api_version}"

    def ask(self, path: str, body: Any = None, *, text: bool = False, spare: bool = True) -> Any:
        """The answer to a request that changes nothing: a POST where there is a body.

        With `text` it is not JSON.  With `spare` calls that are left to others are not used.
        """
        return self.asked(path, body, text=text, spare=spare).value

    def asked(self, path: str, body: Any = None, *, text: bool = False, spare: bool = True) -> Answer:
        """The same, with its headers."""
        if len(path) > URL_MAX:
            message = f"{self.system}: the query is too long for an address: list fewer fields, or a shorter where"
            raise Refused("query_too_long", message)
        method, content = ("GET", None) if body is None else ("POST", dumps(body))
        headers = {"Accept": "text/csv"} if text else None

        def once() -> Answer:
            if spare:
                self.budget.spend()
            return self._within(
                lambda http: http.read(
                    method, f"{self.base}/{path}", content=content, headers=headers, expect=ANSWERS, text=text
                )
            )

        return self._patiently(once)

    def who(self) -> Any:
        """Whom the session belongs to.  Raises `Denied`, `TryLater`, `Refused`."""
        return self._within(lambda http: http.read("GET", "/services/oauth2/userinfo", expect=ANSWERS)).value

    def do(self, method: str, path: str, body: Any) -> Any:
        """The answer to a write, which is sent once.  Raises `Denied` where nothing was executed."""
        return self._within(
            lambda http: http.send(method, f"{self.base}/{path}", content=dumps(body), expect=ANSWERS)
        ).value

    def together(self, paths: Sequence[str]) -> list[Part]:
        """The answers to several GETs in one call, in order.  Raises TryLater, Refused."""
        parts = [
            {"method": "GET", "url": f"{self.base}/{path}", "referenceId": f"part{n}"} for n, path in enumerate(paths)
        ]
        try:
            found = self.ask("composite", {"allOrNone": False, "compositeRequest": parts})
        except Denied as no:
            raise no.fault from None
        rows = found.get("compositeResponse") if isinstance(found, Mapping) else None
        if not isinstance(rows, list) or len(rows) != len(parts) or not all(isinstance(row, Mapping) for row in rows):
            raise self.strange("not as many answers as there were questions")
        return [self._part(row, number) for number, row in enumerate(rows)]

    def _part(self, row: Mapping[str, Any], number: int) -> Part:
        status = row.get("httpStatusCode")
        if not isinstance(status, int) or row.get("referenceId") != f"part{number}":
            raise self.strange("an answer that belongs to no question")
        if status >= 500:
            raise TryLater(f"http_{status}", f"{self.system}: answered {status}")
        return Part(status, row.get("body"))

    def denied(self, status: int, value: Any) -> Denied:
        """What a refusal means."""
        return denied(self.system, status, value)

    def strange(self, what: str) -> TryLater:
        """An answer that is none of Salesforce's, or only a part of one."""
        return TryLater("not_salesforce", f"{self.system}: the answer cannot be used: {what}")

    def hidden(self, text: str) -> str:
        """Text of the org's, without secrets."""
        return text if self._http is None else self._http.hidden(text)

    def time(self, *, anew: bool = False) -> datetime:
        """The org's clock, as of the last answer or, `anew`, as of now.  Raises `TryLater`, `Refused`."""
        if anew or self.now is None:
            self.now = self.login.time().astimezone(UTC)
        return self.now

    def close(self) -> None:
        """Let go of connections."""
        self.login.close()
        if self._http is not None:
            self._http.close()

    # ------------------------------------------------------------ inside

    def _within(self, call: Callable[[Client], Answer]) -> Answer:
        """The call's answer; where its session has ended, after one new log-in: a 401 proves that nothing was done."""
        fresh = self._http is None
        answer = call(self._entered())
        if answer.status == 401 and not fresh:
            self._enter()
            answer = call(self._entered())
        self._heard(answer)
        if answer.status in ANSWERS:
            raise self.denied(answer.status, answer.value)
        return answer

    def _entered(self) -> Client:
        return self._http or self._enter()

    def _enter(self) -> Client:
        entered = self.login.enter()
        if self._http is None or entered.instance != self._instance:
            if self._http is not None:
                self._http.close()
            self._instance = entered.instance
            self._http = Client(
                entered.instance,
                system=self.system,
                timeout=self._settings.timeout,
                reach=self._settings.reach(self._context.root),
                calls=self._context.calls,
            )
        self._http.authorize(f"Bearer {entered.token}")
        return self._http

    def _heard(self, answer: Answer) -> None:
        self.budget.heard(answer.headers.get("sforce-limit-info", ""))
        try:
            self.now = parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
        except ValueError:
            return

    def _patiently(self, once: Callable[[], Answer]) -> Answer:
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=4),
            retry=tenacity.retry_if_exception(_worth_it),
            reraise=True,
        )
        return tries(once)


def _worth_it(error: BaseException) -> bool:
    fault = error.fault if isinstance(error, Denied) else error
    return isinstance(fault, TryLater) and fault.reason in _SOON


def query(soql: str, *, all: bool = False) -> str:
    """The path of a query; with `all` deleted records are seen too."""
    return f"{'queryAll' if all else 'query'}?{urlencode({'q': soql})}"


def dumps(value: Any) -> str:
    """JSON text; an amount is a number of JSON as it is written, with no float in between."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{json.dumps(str(name))}:{dumps(item)}' for name, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(dumps(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def offline(fault: Fault) -> bool:
    """Whether the org as a whole was not reached."""
    return isinstance(fault, TryLater) and fault.offline
