"""Requests to one sandbox, logged in where it asks for that.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Fault, Refused, TryLater, Unclear
from billsync.model.scalar import plain
from billsync.wire import Answer, Client
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.login import Login

_ANSWERS: Final = frozenset({400, 401, 404, 409, 413, 422})
_REASONS: Final = {"inactive": "bad_reference", "unknown_reference": "bad_reference", "not_found": "gone"}


class Denial(Exception):
    """The sandbox says no to a write: nothing was executed.

    Attributes:
        code: its own; fault: what it means.
    """

    def __init__(self, code: str, fault: Refused) -> None:
        super().__init__(code)
        self.code, self.fault = code, fault


class Session:
    """Calls of one connection.  `ask` raises TryLater and Refused, `do` Unclear and `Denial` too."""

    def __init__(self, http: Client, settings: SandboxSettings, login: Login, system: str) -> None:
        self._http, self._settings, self._login, self.system = http, settings, login, system

    def ask(
        self, method: str, path: str, value: Mapping[str, Any] | None = None, *, any_text: bool = False
    ) -> dict[str, Any]:
        """The answer to a request that changes nothing; `any_text` as `Client.read` has it.  Raises faults."""
        content = None if value is None else dumps(value)
        answer = self._within(
            lambda: self._http.read(method, path, content=content, expect=_ANSWERED_READ, any_text=any_text)
        )
        if answer.status >= 400:
            raise self._denied(answer.value, answer.status).fault
        if not _is_record(answer):
            raise TryLater("not_json", f"{self.system}: {_NOT_JSON}", offline=True)
        found: dict[str, Any] = answer.value
        return found

    def do(
        self, method: str, path: str, value: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The answer to a write, which is sent once.

        Raises `Denial`, `TryLater` and `Refused` where nothing was executed, `Unclear` where that is not known.
        """
        unable = frozenset(self._settings.not_executed)
        answer = self._within(
            lambda: self._http.send(
                method, path, content=dumps(value), headers=headers, expect=_ANSWERS, not_executed=unable
            )
        )
        if answer.status >= 400:
            raise self._denied(answer.value, answer.status)
        if not _is_record(answer):
            raise Unclear("not_json", f"{self.system}: {_NOT_JSON}")
        found: dict[str, Any] = answer.value
        return found

    def denied(self, error: Any, status: int) -> Denial:
        """What an error of one item of a batch means."""
        return self._denied({"error": error}, status)

    # ------------------------------------------------------------ inside

    def _within(self, call: Callable[[], Answer]) -> Answer:
        """The call's answer; where its log-in has ended, after one new one: a 401 proves that nothing was executed."""
        fresh = self._login.enter()
        answer = call()
        if answer.status == 401 and not fresh:
            self._login.renew()
            answer = call()
        if answer.status == 401:
            self._login.forget()
            what = f"{self.system}: the log-in is not accepted; check user and password"
            raise TryLater("auth", what, offline=True)
        return answer

    def _denied(self, value: Any, status: int) -> Denial:
        error = value.get("error") if isinstance(value, dict) else None
        told = error if isinstance(error, dict) else {}
        code, said, field = (self._http.hidden(str(told.get(name) or "")) for name in ("code", "message", "field"))
        code = code or f"http_{status}"
        message = f"{self.system}: {said or f'refused with {status}'}"
        return Denial(code, Refused(_REASONS.get(code, code), message, field=field))


_ANSWERED_READ: Final = frozenset({400, 401, 404, 422})
_NOT_JSON: Final = "answered with something else than a JSON record: a log-in page, a proxy?"


def _is_record(answer: Answer) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" and isinstance(answer.value, dict)


def dumps(value: Mapping[str, Any]) -> str:
    """JSON text; amounts as decimal text, days as they are written."""
    return json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no place in a request")


def offline(fault: Fault) -> bool:
    """Whether the system as a whole was not reached."""
    return isinstance(fault, TryLater) and fault.offline
