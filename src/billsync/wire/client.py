"""The HTTP client that connectors use: no foreign exception, no unbounded wait, no write sent twice.  (shell)"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import tenacity

from billsync.connector import FREE, Calls, Fault, Refused, TryLater, Unclear
from billsync.strict.json import BadJson, loads
from billsync.wire import faults, pinned, telling
from billsync.wire.address import BadAddress, Reach, base_url
from billsync.wire.body import Damaged, TooLarge, unpack
from billsync.wire.deadline import Deadline, Line
from billsync.wire.retry_after import seconds
from billsync.wire.secrets import Secrets

MAX_BYTES: Final = 20 * 1024 * 1024
_HOPS: Final = 5
_SAID: Final = 200
_HEARD: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer.

    Attributes:
        status: 200 to 299, or one that the caller said it expects.
        headers: names in lower case.
        value: the JSON value, numbers with a point as Decimals; the text where that was asked for; None for an empty
            body.
    """

    status: int
    headers: Mapping[str, str]
    value: Any


class Client:
    """One outside system's HTTP door, for one thread.

    Raises nothing but the port's faults: `read` TryLater and Refused, `send` Unclear too.

    Args:
        url: http or https address that paths are relative to; never with user or password in it.
        system: the connection's name, for messages.
        headers: sent with every request; their values never appear in messages.
        secrets: further words that never appear in messages, such as a password sent in a body.
        timeout: seconds for one whole request, connection and body included.
        max_bytes: most bytes of an answer's body, unpacked.
        reach: where the connection may lead (docs/reference/security.md); None for the url's own origin alone.
        patience: most seconds that `read` waits before one more attempt; a server that asks for more gets TryLater.
        attempts: most attempts of a `read`.
        sleep: waits for seconds; replaced in tests.
        resolve: finds a name's addresses; replaced in tests.
        calls: who pays for the requests (`Context.calls`); nobody for doors that the system's limits are not about.
    """

    def __init__(
        self,
        url: str,
        *,
        system: str,
        headers: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
        timeout: float = 30,
        max_bytes: int = MAX_BYTES,
        reach: Reach | None = None,
        patience: float = 10,
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
        resolve: pinned.Resolve = pinned.resolve,
        calls: Calls = FREE,
    ) -> None:
        self._system, self._timeout, self._max_bytes, self._calls = system, timeout, max_bytes, calls
        self._patience, self._attempts, self._sleep = patience, attempts, sleep
        self._reach = reach or Reach()
        self._secrets = Secrets()
        self._secrets.add(*secrets, *(word for value in (headers or {}).values() for word in (value, *value.split())))
        telling.hide(secrets, headers or {})
        self._base = self._address(url)
        self._line = Line()
        self._http = httpx.Client(
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", **(headers or {})},
            transport=pinned.Pinned(self._reach, self._trusted(), resolve),
            trust_env=False,
            follow_redirects=False,
        )

    def authorize(self, value: str, *parts: str) -> None:
        """Send `value` as the Authorization header from now on; "" sends none.  `parts` of it are secret too."""
        self._http.headers.pop("Authorization", None)
        self._secrets.add(value, *value.split(), *parts)
        telling.hide(parts, {"authorization": value})
        if value:
            self._http.headers["Authorization"] = value

    def hidden(self, text: str) -> str:
        """Text of the system's own, fit for messages: every secret that was sent to it is blacked out."""
        return self._secrets.hidden(text)

    def read(
        self,
        method: str,
        path: str,
        *,
        any_text: bool = False,
        params: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        expect: frozenset[int] = frozenset(),
        text: bool = False,
    ) -> Answer:
        """A request that changes nothing, whatever its method: repeated after lost connections, 429, 502, 503, 504.

        With `any_text` texts of the answer may hold NUL and lone surrogates: for records, which are judged one by one.

        `expect` names statuses that are answers to the caller, not faults.  With `text` a success is no JSON but text,
        such as CSV.  Raises `TryLater`, `Refused`.
        """

        def once() -> Answer:
            request = self._request(method, path, params, content, headers, timeout)
            answer = self._followed(request, timeout)
            self._judge(faults.of_read_status, answer, expect)
            return self._parsed(answer, any_text=any_text, write=False, text=text and answer.is_success)

        return self._repeated(once)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        expect: frozenset[int] = frozenset(),
        not_executed: frozenset[int] = frozenset(),
        text: bool = False,
    ) -> Answer:
        """A write: exactly one HTTP request, no repetition, no redirect followed.

        `not_executed` names the 5xx statuses with which this system proves that it did nothing (such as 503).  With
        `text` a success is no JSON but text.
        Raises `TryLater` and `Refused` where nothing was executed, `Unclear` where that is not known.
        """
        answer = self._exchange(self._request(method, path, params, content, headers, timeout), timeout, write=True)

        def judged(status: int, system: str, said: str, *, after_s: int | None) -> Fault | None:
            return faults.of_write_status(status, system, said, after_s=after_s, not_executed=not_executed)

        self._judge(judged, answer, expect)
        return self._parsed(answer, write=True, text=text)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    # ------------------------------------------------------------ one request

    def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        content: str | bytes | None,
        headers: Mapping[str, str] | None,
        timeout: float | None,
    ) -> httpx.Request:
        sent = {**({"Content-Type": "application/json"} if content is not None else {}), **(headers or {})}
        try:
            return self._http.build_request(
                method,
                self._target(path),
                params=params,
                content=content,
                headers=sent,
                timeout=timeout or self._timeout,
                extensions={"trace": self._line.trace},
            )
        except faults.FOREIGN as error:
            what = f"the request cannot be made ({type(error).__name__}); check address and settings"
            raise Refused("bad_request", f"{self._system}: {what}") from None

    def _exchange(self, request: httpx.Request, timeout: float | None, *, write: bool) -> httpx.Response:
        """Send once and read the whole body, within the deadline and the size."""
        self._calls.begin(request.method, request.url.path, write=write)
        answer: httpx.Response | None = None
        try:
            with telling.call(self._system, request) as mark:
                answer = self._sent(request, timeout, write=write)
                mark(status=str(answer.status_code))
                return answer
        finally:
            self._over(answer)

    def _over(self, answer: httpx.Response | None) -> None:
        """Who pays hears what the answer says of the system's limits."""
        headers: dict[str, str] = (
            {} if answer is None else {name.lower(): text for name, text in answer.headers.items()}
        )
        after_s = seconds(headers.get("retry-after"), headers.get("date"))
        self._calls.end(None if answer is None else answer.status_code, headers, after_s)

    def _sent(self, request: httpx.Request, timeout: float | None, *, write: bool) -> httpx.Response:
        with Deadline(timeout or self._timeout, self._line) as deadline:
            try:
                response = self._http.send(request, stream=True)
                try:
                    body = unpack(response.iter_raw(), response.headers.get("content-encoding", ""), self._max_bytes)
                finally:
                    response.close()
            except (TooLarge, Damaged) as error:
                raise self._unreadable(
                    "too_large" if isinstance(error, TooLarge) else "damaged", str(error), write=write
                ) from None
            except faults.FOREIGN as error:
                raise faults.of_exception(error, self._system, write=write, expired=deadline.expired) from None
        headers = {name: value for name, value in response.headers.items() if name.lower() != "content-encoding"}
        return httpx.Response(response.status_code, headers=headers, content=body, request=request)

    def _followed(self, request: httpx.Request, timeout: float | None) -> httpx.Response:
        for _ in range(_HOPS):
            answer = self._exchange(request, timeout, write=False)
            if request.method != "GET" or not answer.has_redirect_location:
                return answer
            target = str(request.url.join(answer.headers["location"]))
            request = self._request("GET", target, None, None, None, timeout)
        raise Refused("redirected", f"{self._system}: sends the request round in circles; check the address")

    def _judge(self, rule: Callable[..., Fault | None], answer: httpx.Response, expect: frozenset[int]) -> None:
        if answer.status_code in expect:
            return
        after_s = seconds(answer.headers.get("retry-after"), answer.headers.get("date"))
        fault = rule(answer.status_code, self._system, self._said(answer), after_s=after_s)
        if fault is not None:
            raise fault

    def _said(self, answer: httpx.Response) -> str:
        """The beginning of an error's text as far as it can help a person."""
        if "html" in answer.headers.get("content-type", ""):
            return ""
        text = self.hidden(" ".join(answer.content[:_HEARD].decode("utf-8", "replace").split()))
        return f": {text[:_SAID]}" if text else ""

    def _parsed(self, answer: httpx.Response, *, any_text: bool = False, write: bool, text: bool = False) -> Answer:
        value: Any = None
        if answer.content.strip():
            try:
                value = _text(answer.content) if text else loads(answer.content, any_text=any_text)
            except BadJson as error:
                what = f"answered {answer.status_code} with something else than JSON ({error}): a log-in page, a proxy?"
                raise self._unreadable("not_json", what, write=write) from None
        return Answer(answer.status_code, {name.lower(): text for name, text in answer.headers.items()}, value)

    def _unreadable(self, reason: str, what: str, *, write: bool) -> Fault:
        if write:
            return Unclear(reason, f"{self._system}: {what}")
        return TryLater(reason, f"{self._system}: {what}", offline=reason == "not_json")

    # ------------------------------------------------------------ repeating reads

    def _repeated(self, once: Callable[[], Answer]) -> Answer:
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception(self._worth_it),
            sleep=self._sleep,
            reraise=True,
        )
        return tries(once)

    def _worth_it(self, error: BaseException) -> bool:
        if not isinstance(error, TryLater) or error.reason in {"auth", "not_json", "too_large", "timeout"}:
            return False
        return error.after_s is None or error.after_s <= self._patience

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """What the server asked for, and full jitter on top: many clients must not come back in one moment."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.after_s if isinstance(error, TryLater) else None
        telling.repeated(self._system, error, state.attempt_number)
        jitter = tenacity.wait_random_exponential(multiplier=0.25, max=min(self._patience, 4))(state)
        return (asked or 0) + jitter

    # ------------------------------------------------------------ addresses

    def _target(self, path: str) -> httpx.URL:
        """The absolute URL; refuses to leave the base's origin: our log-in is sent along."""
        target = self._base.join(path)
        same = (target.scheme, target.host, target.port) == (self._base.scheme, self._base.host, self._base.port)
        further = {target.netloc.decode(), target.host} if target.port is None else {target.netloc.decode()}
        if same or (target.scheme == self._base.scheme and further & self._reach.hosts):
            return target
        message = f"{self._system}: an address of another host ({target.netloc.decode()[:100]}) is not followed"
        raise Refused("foreign_host", message)

    def _address(self, url: str) -> httpx.URL:
        try:
            return base_url(url, allow_private=self._reach.allow_private)
        except BadAddress as error:
            raise Refused("bad_url", f"{self._system}: {error}") from None

    def _trusted(self) -> ssl.SSLContext:
        file = self._reach.ca_file
        try:
            return pinned.trust(self._base.scheme, file)
        except OSError as error:
            message = f"{self._system}: ca_file {file} cannot be used: {error.strerror or 'no certificate in it'}"
            raise Refused("bad_ca_file", message) from None


def _text(content: bytes) -> str:
    """The text of a body.  Raises `BadJson` where it is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadJson("READ-TEXT-01", f"the text is not UTF-8 (byte {error.start})") from None
