"""A bad network before a real system: requests and answers are lost, cut and replaced, by lot from a seed.  (shell)"""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Final

import httpx

_PASSED: Final = frozenset({"content-type", "set-cookie"})
_HTML: Final = b"<!DOCTYPE html><title>Sign in</title>"


class Proxy:
    """Stands between a connector and a system at `url`.

    Attributes:
        shares: fault -> how often it strikes a request: `dropped`, `unavailable`, `throttle` (nothing reaches the
            system), `lost`, `error`, `truncated`, `login-page` (the system has done what was asked).
        seen: how often each struck.
    """

    def __init__(self, url: str, seed: int) -> None:
        self.shares: Mapping[str, float] = {}
        self.seen: Counter[str] = Counter()
        self._url, self._chance, self._lock = url.rstrip("/"), Random(seed), threading.Lock()
        self._http = httpx.Client(timeout=300, trust_env=False)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                proxy.pass_on(self)

            do_GET = do_POST  # noqa: N815  the names that the standard library calls

            def log_message(self, format: str, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its own address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def down(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._http.close()

    def pass_on(self, asked: BaseHTTPRequestHandler) -> None:
        """One request, and what becomes of it."""
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        fault = self._drawn()
        if fault == "dropped":
            _hang_up(asked)
        elif fault in ("unavailable", "throttle"):
            _answer(asked, 503 if fault == "unavailable" else 429, {"Retry-After": "1"}, b"")
        else:
            self._done(asked, body, fault)

    def _done(self, asked: BaseHTTPRequestHandler, body: bytes, fault: str) -> None:
        headers = {name: value for name, value in asked.headers.items() if name.lower() not in ("host", "connection")}
        found = self._http.request(asked.command, self._url + asked.path, content=body, headers=headers)
        own = {name: value for name, value in found.headers.items() if name.lower() in _PASSED}
        match fault:
            case "lost":
                _hang_up(asked)
            case "error":
                _answer(asked, 500, {"Content-Type": "text/html"}, b"<html>upstream</html>")
            case "login-page":
                _answer(asked, 200, {"Content-Type": "text/html"}, _HTML)
            case "truncated":
                _answer(asked, found.status_code, own, found.content, sent=len(found.content) // 2)
            case _:
                _answer(asked, found.status_code, own, found.content)

    def _drawn(self) -> str:
        with self._lock:
            lot, below = self._chance.random(), 0.0
            for fault, share in self.shares.items():
                below += share
                if lot < below:
                    self.seen[fault] += 1
                    return fault
        return ""


def _answer(
    asked: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes, *, sent: int | None = None
) -> None:
    asked.send_response(status)
    for name, value in headers.items():
        asked.send_header(name, value)
    asked.send_header("Content-Length", str(len(body)))
    asked.end_headers()
    asked.wfile.write(body if sent is None else body[:sent])
    if sent is not None:
        _hang_up(asked)


def _hang_up(asked: BaseHTTPRequestHandler) -> None:
    asked.close_connection = True
    asked.wfile.flush()
    asked.connection.shutdown(socket.SHUT_RDWR)
