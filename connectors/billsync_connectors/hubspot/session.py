"""Requests to one HubSpot account: logged in, paced, and each answer judged.  (shell)

HubSpot's own client is not used: its release speaks the v3 paths that end in September 2027 and none of the dated ones,
and raises its own exceptions from connections without a deadline.  The stand-in is held to it instead (tests/hubspot).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

from billsync.connector import Keep, Refused, TryLater, Unclear
from billsync.wire import Answer, Client
from billsync_connectors.hubspot.answers import Odd
from billsync_connectors.hubspot.config import HubSpotSettings
from billsync_connectors.hubspot.login import Login
from billsync_connectors.hubspot.pace import Pace

_JUDGED: Final = frozenset({400, 401, 404, 409, 414, 423, 429, 477})
_TRIES: Final = 5
_PATIENCE_S: Final = 15
_WAITS: Final = {"TEN_SECONDLY_ROLLING": 10, "SECONDLY": 1}
_DAY_S: Final = 3600
_REASONS: Final = {
    "OBJECT_NOT_FOUND": "gone",
    "MISSING_SCOPES": "missing_scopes",
    "CONFLICT": "conflict",
    "http_404": "gone",
}


class Session:
    """Calls of one connection.  `ask` raises `TryLater` and `Refused`, `do` `Unclear` too.

    Attributes:
        system: the connection's name, for messages.
        now: HubSpot's own clock at the last answer, in milliseconds, or None where it does not say.
        left: requests that the account has left today, or None where HubSpot does not say.
    """

    def __init__(self, http: Client, settings: HubSpotSettings, keep: Keep, system: str) -> None:
        self._http, self.system, self._version = http, system, settings.version
        self._login = Login(http, settings, keep, system)
        self.pace = Pace(settings.calls_share, settings.searches_per_s)
        self.now: int | None = None
        self.left: int | None = None

    def ask(
        self, method: str, path: str, value: Mapping[str, Any] | None = None, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The answer to a request that changes nothing; `path` holds `{}` for the version."""
        content = None if value is None else dumps(value)
        whole = path.format(self._version)
        answer = self._sent(
            lambda: self._http.read(method, whole, any_text=True, content=content, params=params, expect=_JUDGED), path
        )
        if answer.status >= 400:
            raise self.refused(answer.value, answer.status)
        found = _mapping(answer)
        if found is None:
            raise TryLater("not_json", f"{self.system}: {_NO_RECORD}", offline=True)
        return found

    def do(self, method: str, path: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a write, sent again only where HubSpot says that it did nothing."""
        whole, content = path.format(self._version), dumps(value)
        answer = self._sent(lambda: self._http.send(method, whole, content=content, expect=_JUDGED), path)
        if answer.status >= 400:
            raise self.refused(answer.value, answer.status)
        found = _mapping(answer)
        if found is None and answer.status != 204:
            raise Unclear("not_json", f"{self.system}: {_NO_RECORD}")
        return found or {}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """An answer that is not as HubSpot's answers are is asked for again later, as `TryLater`."""
        try:
            yield
        except Odd as odd:
            what = f"{self.system}: an answer of HubSpot's cannot be used: {self._http.hidden(str(odd))}"
            raise TryLater("unreadable", what, offline=True) from None

    def refused(self, error: Any, status: int = 400) -> Refused:
        """What an error of a request, or of one record of a batch, means."""
        told = error if isinstance(error, dict) else {}
        category = str(told.get("category") or f"http_{status}")
        rows = [row for row in told.get("errors") or [] if isinstance(row, dict)]
        said = self._http.hidden(
            "; ".join([str(told.get("message") or status), *(str(row.get("message")) for row in rows)])
        )
        field = next((name for row in rows if (name := _named(row))), "") or _in_words(str(told.get("message")))
        return Refused(_REASONS.get(category, category.lower()), f"{self.system}: {said[:400]}", field=field)

    # ------------------------------------------------------------ inside

    def _sent(self, call: Callable[[], Answer], path: str) -> Answer:
        """The answer, after as many waits and new log-ins as HubSpot asks for: with each it did nothing."""
        waited, entered = Decimal(0), False
        for _ in range(_TRIES):
            self._login.enter()
            self.pace.wait(search=path.endswith("/search"))
            answer = call()
            self._heard(answer)
            if answer.status == 401:
                entered = self._entered_again(answer, again=entered)
                continue
            wait = self._asked_to_wait(answer)
            if wait is None:
                return answer
            waited += wait
            if waited > _PATIENCE_S:
                break
            self.pace.sleep(int(wait))
        raise TryLater("rate_limited", f"{self.system}: HubSpot is busy; it is tried again later", after_s=10)

    def _entered_again(self, answer: Answer, *, again: bool) -> bool:
        if self._login.static or again:
            self._login.forget()
            told = answer.value.get("message") if isinstance(answer.value, dict) else None
            what = self._http.hidden(str(told or "401"))[:200]
            raise TryLater("auth", f"{self.system}: the log-in is not accepted: {what}", offline=True)
        self._login.renew()
        return True

    def _asked_to_wait(self, answer: Answer) -> int | None:
        """Seconds, or None where the answer is one.  Raises `TryLater` where it is more than is waited for."""
        if answer.status not in (423, 429, 477):
            return None
        told = answer.value if isinstance(answer.value, dict) else {}
        asked = answer.headers.get("retry-after", "")
        seconds = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else None
        policy = str(told.get("policyName") or "")
        if policy == "DAILY":
            what = f"{self.system}: the account's requests of the day are used up; they are counted anew at midnight"
            raise TryLater("daily_limit", what, after_s=seconds or _DAY_S, offline=True)
        if answer.status == 477:
            what = f"{self.system}: HubSpot is moving the account to another data centre"
            raise TryLater("migrating", what, after_s=seconds or _DAY_S, offline=True)
        if seconds is None:
            seconds = 2 if answer.status == 423 else _WAITS.get(policy, 10)
        if seconds > _PATIENCE_S:
            raise TryLater("rate_limited", f"{self.system}: too many requests (429)", after_s=seconds)
        return seconds

    def _heard(self, answer: Answer) -> None:
        self.pace.heard(answer.headers)
        left = answer.headers.get("x-hubspot-ratelimit-daily-remaining", "")
        self.left = int(left) if left.isascii() and left.isdigit() else self.left
        self.now = _instant(answer.headers.get("date", ""))


def _named(row: Mapping[str, Any]) -> str:
    """The property that a detail of an error is about, or ""."""
    held = row.get("context")
    listed = held.get("propertyName") if isinstance(held, dict) else None
    return str(row.get("name") or (listed[0] if isinstance(listed, list) and listed else ""))


def _in_words(message: str) -> str:
    """The same, from a message that holds the details as JSON: `... not valid: [{"name": "amount", ...}]`."""
    found = re.search(r'"name":"([A-Za-z0-9_]{1,100})"', message)
    return found[1] if found else ""


_NO_RECORD: Final = "HubSpot answered with something else than a JSON record: a log-in page, a proxy?"


def _mapping(answer: Answer) -> dict[str, Any] | None:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return answer.value if kind == "application/json" and isinstance(answer.value, dict) else None


def _instant(text: str) -> int | None:
    try:
        found = parsedate_to_datetime(text)
        return int((found - datetime.fromisoformat("1970-01-01T00:00:00+00:00")).total_seconds()) * 1000
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def dumps(value: Mapping[str, Any]) -> str:
    """JSON without blanks: a search may have 3,000 characters."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
