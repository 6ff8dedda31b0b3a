"""A system that counts who calls it and when, and can say of its limits what a test wants."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from billsync.connector import CallLimit


class Counter:
    """Calls, as (second, who), the most that were under way at once, and headers and status of answers to come."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, str]] = []
        self.at_once, self.most_at_once, self.takes_s = 0, 0, 0.0
        self.status, self.headers = 200, dict[str, str]()
        self._lock = threading.Lock()
        counter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                counter.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.calls.append((time.monotonic(), request.path.rpartition("?")[2]))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.takes_s)
        with self._lock:
            self.at_once -= 1
        request.send_response(self.status)
        for name, value in {**self.headers, "Content-Length": "2"}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(b"{}")

    def most_within(self, seconds: float) -> int:
        """The most calls in any span of so many seconds."""
        times = sorted(at for at, _ in self.calls)
        return max((sum(start <= at < start + seconds for at in times) for start in times), default=0)

    def of(self, who: str) -> list[float]:
        return [at for at, name in self.calls if name == who]

    @contextmanager
    def running(self) -> Iterator[Counter]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def start(
    url: str, store: str, seconds: float, owner: str, limits: Sequence[CallLimit], urgency: str = "READ"
) -> subprocess.Popen[bytes]:
    """A process of `tests.budget.caller`."""
    plan = [limit.model_dump_json() for limit in limits]
    command = [sys.executable, "-m", "tests.budget.caller", url, store, str(seconds), owner, urgency, *plan]
    return subprocess.Popen(command)
