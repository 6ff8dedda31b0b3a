"""Requests to one NetSuite account: logged in, one at a time, and each answer judged.  (shell)"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

import tenacity

from billsync.connector import Context, Fault, TryLater
from billsync.wire import Answer, Client
from billsync.wire.retry_after import seconds
from billsync_connectors.netsuite.denials import JUDGED, fault
from billsync_connectors.netsuite.login import Login
from billsync_connectors.netsuite.settings import NetSuiteSettings
from billsync_connectors.netsuite.wording import dumps

PAGE: Final = 1000
"""Rows of a page of SuiteQL."""
_RECORD: Final = "/services/rest/record/v1"
_SUITEQL: Final = "/services/rest/query/v1/suiteql"
_RESTLET: Final = "/app/site/hosting/restlet.nl"
_STRICT: Final = {"X-NetSuite-PropertyNameValidation": "error"}
_TRIES: Final = 4
_AGAIN: Final = frozenset(
    {"rate_limited", "connection_lost", "http_500", "http_502", "http_503", "http_504", "short_page"}
)
T = TypeVar("T")
Row = dict[str, str]
"""A row of SuiteQL: names in lower case, all values texts, what is null is not there."""


class Session:
    """Calls of one connection: those that read raise `TryLater` and `Refused`, those that write `Unclear` too.

    Attributes:
        system: the connection's name, for messages.
        sleep: waits for seconds; replaced in tests.
    """

    def __init__(self, context: Context, settings: NetSuiteSettings) -> None:
        self.system, self._settings = context.name, settings
        self.sleep: Callable[[float], None] = time.sleep
        self._clients = {url: self._client(context, url) for url in (settings.url, settings.scripts)}
        self._login = Login(self._clients[settings.url], settings, context.keep, context.name)

    def _client(self, context: Context, url: str) -> Client:
        settings = self._settings
        return Client(
            url,
            system=context.name,
            secrets=settings.secrets(),
            timeout=settings.timeout,
            reach=settings.reach(context.root),
            calls=context.calls,
            attempts=1,  # a signature is good once: repeating is done here
        )

    # ------------------------------------------------------------ records

    def record(self, kind: str, id: str, **params: str) -> dict[str, Any] | None:
        """A record with its lines, None where it is not there; `id` also `eid:` with an external id."""
        whole = params or {"expandSubResources": "true"}
        answer = self._read("GET", f"{_RECORD}/{_place(kind, id)}", whole)
        if answer.status == 404:
            return None
        return self._mapping(answer)

    def schema(self, kind: str) -> dict[str, Any]:
        """The fields of a type, as the metadata catalogue tells them."""
        path = f"{_RECORD}/metadata-catalog/{kind}"
        return self._mapping(self._read("GET", path, {}, headers={"Accept": "application/schema+json"}))

    def put(self, kind: str, external: str, body: Mapping[str, Any], replace: str = "") -> str:
        """Make or change the record with the external id; its internal id."""
        return self._written("PUT", f"{_RECORD}/{_place(kind, 'eid:' + external)}", body, replace)

    def patch(self, kind: str, id: str, body: Mapping[str, Any], replace: str = "") -> str:
        """Change a record; its internal id."""
        return self._written("PATCH", f"{_RECORD}/{_place(kind, id)}", body, replace) or id

    def delete(self, kind: str, id: str) -> None:
        """Take a record away; nothing where it is not there."""
        self._sent("DELETE", f"{_RECORD}/{_place(kind, id)}", {}, None, expect=frozenset({404}))

    def script(self, value: Mapping[str, Any]) -> None:
        """Run the script that voids."""
        params = {"script": self._settings.void_script, "deploy": self._settings.void_deploy}
        self._sent("POST", _RESTLET, params, value, url=self._settings.scripts)

    def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            client.close()

    # ------------------------------------------------------------ SuiteQL

    def rows(self, query: str) -> list[Row]:
        """All rows of a query that has a page at most."""

        def whole() -> list[Row]:
            rows, more = self._page(query)
            if more:
                raise TryLater("short_page", f"{self.system}: NetSuite gave a part of a page only")
            return rows

        return self._repeated(whole)

    def pages(self, query: Callable[[Row | None], str]) -> Iterator[list[Row]]:
        """Pages of a query that goes on after the last row of the page before: `query(None)` is the first."""
        last: Row | None = None
        while True:
            text = f"{query(last)} FETCH FIRST {PAGE + 1} ROWS ONLY"
            rows, more = self._repeated(partial(self._page, text))
            if rows:
                yield rows
                last = rows[-1]
            if not (rows and more):
                return

    def _page(self, query: str) -> tuple[list[Row], bool]:
        params, headers = {"limit": str(PAGE), "offset": "0"}, {"Prefer": "transient"}
        found = self._mapping(self._once("POST", _SUITEQL, params, dumps({"q": query}), headers))
        items = found.get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise TryLater("unreadable", f"{self.system}: an answer of SuiteQL's has no rows", offline=True)
        rows = [{name: str(value) for name, value in item.items() if name != "links"} for item in items]
        return rows, found.get("hasMore") is True

    # ------------------------------------------------------------ reading

    def _read(
        self, method: str, path: str, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self._repeated(partial(self._once, method, path, params, None, headers))

    def _once(
        self, method: str, path: str, params: Mapping[str, str], content: str | None, headers: Mapping[str, str] | None
    ) -> Answer:
        """One read; a 404 is an answer."""
        client = self._clients[self._settings.url]

        def call(own: Mapping[str, str]) -> Answer:
            return client.read(method, path, params=params, content=content, headers=own, any_text=True, expect=JUDGED)

        answer = self._let_in(client, method, self._settings.url, path, params, headers or {}, call)
        if answer.status >= 400 and answer.status != 404:
            raise self._fault(answer, client)
        return answer

    def _repeated(self, once: Callable[[], T]) -> T:
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_random_exponential(multiplier=0.25, max=4),
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, TryLater) and error.reason in _AGAIN),
            sleep=self.sleep,
            reraise=True,
        )
        return tries(once)

    def _mapping(self, answer: Answer) -> dict[str, Any]:
        if answer.status >= 400 or not isinstance(answer.value, dict):
            if answer.status == 404:
                raise self._fault(answer, self._clients[self._settings.url])
            raise TryLater(
                "not_json", f"{self.system}: NetSuite answered with something else than a record", offline=True
            )
        return answer.value

    # ------------------------------------------------------------ writing

    def _written(self, method: str, path: str, body: Mapping[str, Any], replace: str) -> str:
        """The id that the Location names, "" where there is none."""
        answer = self._sent(method, path, {"replace": replace} if replace else {}, body)
        id = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        return id if id.isascii() and id.isdigit() else ""

    def _sent(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        *,
        url: str = "",
        expect: frozenset[int] = frozenset(),
    ) -> Answer:
        """A write: sent again only after a 401, which proves that nothing was executed."""
        url = url or self._settings.url
        client, content = self._clients[url], None if body is None else dumps(body)

        def call(own: Mapping[str, str]) -> Answer:
            return client.send(method, path, params=params, content=content, headers=own, expect=JUDGED)

        answer = self._let_in(client, method, url, path, params, _STRICT, call)
        if answer.status >= 400 and answer.status not in expect:
            raise self._fault(answer, client)
        return answer

    def _let_in(
        self,
        client: Client,
        method: str,
        url: str,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        call: Callable[[Mapping[str, str]], Answer],
    ) -> Answer:
        """The answer, after one more log-in where NetSuite asks for it."""
        whole = url.rstrip("/") + path
        answer = call({**headers, **self._login.headers(method, whole, params)})
        if answer.status == 401:
            self._login.again(answer)
            answer = call({**headers, **self._login.headers(method, whole, params)})
        if answer.status == 401:
            self._login.forget()
            raise fault(401, answer.value, self.system, client.hidden)
        return answer

    def _fault(self, answer: Answer, client: Client) -> Fault:
        wait = seconds(answer.headers.get("retry-after"), answer.headers.get("date"))
        return fault(answer.status, answer.value, self.system, client.hidden, after_s=wait)


def _place(kind: str, id: str) -> str:
    return f"{kind}/{quote(id, safe=':')}"
