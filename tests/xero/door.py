"""A door before the stand-in: what passes is recorded, and held to Xero's own description.  (shell)"""

from __future__ import annotations

import http.client
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.xero.contract import held

API = "/api.xro/2.0/"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HOP = ("content-length", "transfer-encoding", "connection", "date", "server")


@dataclass(frozen=True, slots=True)
class Passed:
    """One request and its answer; `status` is 0 where none came, or one that was broken on purpose."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    answer: bytes
    type: str

    @property
    def form(self) -> tuple[str, ...]:
        """What a question has in common with others: where, and the names of all that it says."""
        split = urlsplit(self.path)
        return (_ID.sub("ID", split.path), *sorted(parse_qs(split.query)), *sorted(self.headers), str(self.status))

    def hold(self) -> None:
        """Raise where it is not as Xero describes it."""
        held(self.method, self.path, self.headers, self.body, self.status, self.answer, self.type)


@dataclass
class Door:
    """Forwards to `inside`, one thread a connection.

    Attributes:
        summarize: what asks for one outcome for each element is made to ask for one of all.
        disturbed: faults are switched on: from now on only requests are held to the description.
    """

    inside: str
    disturbed: bool = False
    summarize: bool = False
    passed: list[Passed] = field(default_factory=list)
    known: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        handler = type("Handler", (_Handler,), {"door": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def hold(self, *, all: bool = False) -> int:
        """Hold what passed to the description; how many requests that were.

        Without `all` a question that was asked before, of the same form, is not looked at once more: that takes long.
        """
        mine, self.passed = [one for one in self.passed if one.path.startswith(API)], []
        due = [one for one in mine if all or one.method != "GET" or one.form not in self.known]
        for one in due:
            one.hold()
            self.known.add(one.form)
        return len(due)

    def asked(self, method: str, part: str = "") -> int:
        """How many requests of a method passed, whose path has that part."""
        return sum(one.method == method and part in one.path for one in self.passed)

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """The answer of what is inside.  Raises OSError or HTTPException where none came whole."""
        if self.summarize:
            path = path.replace("summarizeErrors=false", "summarizeErrors=true")
        inside = http.client.HTTPConnection(urlsplit(self.inside).netloc, timeout=30)
        got: tuple[int, dict[str, str], bytes] | None = None
        try:
            inside.request(
                method, path, body or None, {k: v for k, v in headers.items() if k not in ("host", "connection")}
            )
            reply = inside.getresponse()
            got = (reply.status, {name.lower(): text for name, text in reply.getheaders()}, reply.read())
        finally:
            inside.close()
            status, told, answer = got if got is not None and not self.disturbed else (0, {}, b"")
            self.passed.append(Passed(method, path, headers, body, status, answer, told.get("content-type", "")))
        return got


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    door: Door

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def do_PUT(self) -> None:
        self._pass()

    def do_DELETE(self) -> None:
        self._pass()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the door keeps what passed."""

    def _pass(self) -> None:
        headers = {name.lower(): text for name, text in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        try:
            status, told, answer = self.door.forward(self.command, self.path, headers, body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, text in told.items():
            if name not in _HOP:
                self.send_header(name, text)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
