"""Requests to one organisation of Xero: logged in, sent once, and each answer judged.  (shell)

Xero's own client is not used: it sends a PUT whose answer was lost again by itself, and sleeps through a day's limit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from billsync.connector import Refused, TryLater, Unclear
from billsync.wire import Answer, Client
from billsync_connectors.xero.login import Login
from billsync_connectors.xero.settings import XeroSettings
from billsync_connectors.xero.values import Row, dumps, is_id, rows

_API: Final = "api.xro/2.0/"
_JUDGED: Final = frozenset({400, 401, 403, 429})
_FILE: Final = {"Content-Type": "application/octet-stream"}
_WAIT_S: Final = {"day": 3600, "minute": 60, "appminute": 60, "concurrent": 1}
"""Where Xero does not say how long."""


class NotValid(Refused):
    """400: no element was valid, or at least one was not.

    Attributes:
        elements: those that Xero names, with what is wrong with each; empty where it is the request itself.
    """

    def __init__(self, message: str, elements: Sequence[Row]) -> None:
        super().__init__("invalid", message)
        self.elements = elements


class Session:
    """Calls of one connection.  `ask` raises `TryLater` and `Refused`, `do` `Unclear` too.

    Attributes:
        system: the connection's name, for messages.
    """

    def __init__(self, http: Client, login: Login, settings: XeroSettings, system: str) -> None:
        self._http, self._login, self._settings, self.system = http, login, settings, system
        self._tenant: str | None = None

    def ask(self, path: str, params: Mapping[str, str] | None = None, *, since: str = "") -> Row:
        """The answer to a question; `since` is a time in UTC, to the second."""
        headers = {"If-Modified-Since": since} if since else {}
        answer = self._sent(
            lambda own: self._http.read(
                "GET", _API + path, any_text=True, params=params, headers={**own, **headers}, expect=_JUDGED
            )
        )
        if answer.status == 400:
            raise Refused("invalid", f"{self.system}: {self._said(answer)}")
        if not isinstance(answer.value, Mapping):
            raise TryLater("not_json", f"{self.system}: {_NO_RECORD}", offline=True)
        return answer.value

    def do(
        self,
        method: str,
        path: str,
        value: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        key: str = "",
        file: bytes | None = None,
    ) -> Row:
        """The answer to a write, sent again only where Xero says that it did nothing.  Raises `NotValid` too.

        `key` stays the same for every attempt; Xero then gives its first answer again, for some minutes.
        """
        content = file if file is not None else None if value is None else dumps(value)
        headers = {**({"Idempotency-Key": key} if key else {}), **(_FILE if file is not None else {})}
        answer = self._sent(
            lambda own: self._http.send(
                method, _API + path, content=content, params=params, headers={**own, **headers}, expect=_JUDGED
            )
        )
        if answer.status == 400:
            told = answer.value if isinstance(answer.value, Mapping) else {}
            raise NotValid(f"{self.system}: {self._said(answer)}", rows(told.get("Elements")))
        if isinstance(answer.value, Mapping):
            return answer.value
        if answer.status == 204:
            return {}
        raise Unclear("not_json", f"{self.system}: {_NO_RECORD}")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """An answer that is not as Xero's answers are is asked for again later, as `TryLater`."""
        try:
            yield
        except ValueError as error:
            what = f"{self.system}: an answer of Xero's cannot be used: {self._http.hidden(str(error))}"
            raise TryLater("unreadable", what, offline=True) from None

    def connections(self) -> list[Row]:
        """The organisations that the consent is for.  Raises `TryLater`, `Refused`."""
        return rows(self._entered(lambda: self._http.read("GET", "connections", expect=_JUDGED)).value)

    # ------------------------------------------------------------ inside

    def _sent(self, call: Callable[[dict[str, str]], Answer]) -> Answer:
        """The answer of the organisation, after a new log-in where the old one is over."""
        try:
            return self._entered(lambda: call(self._own()))
        except Refused as fault:
            if fault.reason == "http_404":
                raise Refused("gone", fault.message) from None
            raise

    def _entered(self, call: Callable[[], Answer]) -> Answer:
        for again in (False, True):
            self._login.enter()
            answer = call()
            if answer.status != 401:
                break
            if again:
                self._login.forget()
                raise TryLater("auth", f"{self.system}: the log-in is not accepted: {self._said(answer)}", offline=True)
            self._login.renew()
        self._allowed(answer)
        return answer

    def _own(self) -> dict[str, str]:
        """The header that names the organisation."""
        if self._tenant is None:
            self._tenant = self._found()
        return {"xero-tenant-id": self._tenant} if self._tenant else {}

    def _found(self) -> str:
        named = self._settings.tenant.strip()
        if is_id(named) or (not named and self._login.custom):
            return named
        known = {str(row.get("tenantId")): str(row.get("tenantName")) for row in self.connections()}
        fits = [id for id, name in known.items() if not named or name.casefold() == named.casefold()]
        if len(fits) == 1:
            return fits[0]
        names = ", ".join(sorted(known.values())) or "none"
        what = f"{self.system}: which organisation? Name one in the setting tenant; the consent is for: {names}"
        raise TryLater("no_tenant", what, offline=True)

    def _allowed(self, answer: Answer) -> None:
        """Raises `TryLater` for what was not executed: rights, limits."""
        if answer.status == 403:
            what = "connected to this organisation, with the scopes for it? Else run `billsync connect erp` again"
            raise TryLater("auth", f"{self.system}: {self._said(answer)}: {what}", offline=True)
        if answer.status != 429:
            return
        problem = answer.headers.get("x-rate-limit-problem", "").lower()
        asked = answer.headers.get("retry-after", "").strip()
        wait = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else _WAIT_S.get(problem, 60)
        if problem == "day":
            what = (
                f"{self.system}: the organisation's requests of the day are used up; there are some in {wait} seconds"
            )
            raise TryLater("daily_limit", what, after_s=wait, offline=True)
        raise TryLater("rate_limited", f"{self.system}: too many requests ({problem or 429})", after_s=wait)

    def _said(self, answer: Answer) -> str:
        told = answer.value if isinstance(answer.value, Mapping) else {}
        words = told.get("Detail") or told.get("Message") or answer.status
        return self._http.hidden(str(words))[:300]


def joined(keys: Sequence[str], step: str) -> str:
    """One idempotency key for the same records in the same step; "" where they have none."""
    return hashlib.sha256("\n".join((step, *keys)).encode()).hexdigest() if all(keys) else ""


_NO_RECORD: Final = "Xero answered with something else than a JSON record: a log-in page, a proxy?"
