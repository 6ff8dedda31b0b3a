"""A real server on loopback that misbehaves as it is told."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.seen.append((self.command, self.path, self.rfile.read(length), dict(self.headers)))
        try:
            self.server.script(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_GET  # noqa: N815  both names are http.server's

    def answer(self, status: int = 200, body: bytes = b'{"ok": true}', **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, text: bytes) -> None:
        """Write bytes as they are and close the connection."""
        self.wfile.write(text)
        self.close_connection = True


Script = Callable[[Handler], None]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.seen: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/api/"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def end(self) -> None:
        self.shutdown()
        self.server_close()


def drip(handler: Handler) -> None:
    """One byte of the body every 50 ms: each read is quick, the whole takes for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def drip_headers(handler: Handler) -> None:
    """The same before the body begins."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def cut_short(handler: Handler) -> None:
    """Promises more than it sends."""
    handler.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id": 1, "na')


def cut_short_unannounced(handler: Handler) -> None:
    """The same without a length: to HTTP this is a complete answer."""
    handler.raw(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"id": 1, "na')


def bomb(handler: Handler) -> None:
    """60 MB of blanks in 60 KB."""
    handler.answer(body=gzip.compress(b" " * 60_000_000), Content_Encoding="gzip")


def hang_up(handler: Handler) -> None:
    """Takes the request and closes without an answer."""
    handler.close_connection = True
