"""Whether this process lives, can work, and how it stands: /healthz, /readyz, /metrics.  (shell)"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from billsync.store import Conflict, StoreUnusable
from billsync.workspace import Workspace

PATIENCE_S: Final = 5.0
"""Seconds in which the store has to answer."""
KEPT_S: Final = 5.0
"""Seconds for which its answer is good."""
TRIES: Final = 3
AT_ONCE: Final = 16

_QUIET: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Signs:
    """What this process's loops say of themselves: one that is silent for longer than it said is stuck."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def alive(self, loop: str, within_s: float) -> None:
        """This loop goes on, and will say so again within so many seconds."""
        self._until[loop] = time.monotonic() + within_s

    def ended(self, loop: str) -> None:
        """This loop came to its end and says nothing more."""
        self._until.pop(loop, None)

    def stuck(self) -> list[str]:
        """Loops that should have said something by now."""
        now = time.monotonic()
        return sorted(loop for loop, until in dict(self._until).items() if until < now)


class Readiness:
    """Whether the store can be worked with: there, of the right schema, and written to."""

    def __init__(self, opened: Workspace) -> None:
        self._opened = opened
        self._lock = threading.Lock()
        self._read_at, self._reason = -KEPT_S, ""

    def reason(self) -> str:
        """Why this process can do no work, or ""; looked at no more often than every `KEPT_S` seconds."""
        if not self._lock.acquire(timeout=PATIENCE_S):
            return "store_locked"
        try:
            if time.monotonic() - self._read_at >= KEPT_S:
                self._reason = self._look()
                self._read_at = time.monotonic()
            return self._reason
        finally:
            self._lock.release()

    def _look(self) -> str:
        for _ in range(TRIES):
            try:
                self._opened.store.check_writable(self._opened.clock.now())
            except StoreUnusable as error:
                return error.reason
            except Conflict:  # somebody else has just written there, or the connection was lost: not every time
                continue
            return ""
        return "store_unreachable"


class Health:
    """The three answers."""

    def __init__(self, signs: Signs, ready: Callable[[], str], figures: Callable[[], bytes], hosts: Collection[str]):
        self._signs, self._ready, self._figures = signs, ready, figures
        self._hosts = {host.lower() for host in hosts}

    async def healthz(self, _request: Request) -> Response:
        """200 while every loop of the process goes on."""
        stuck = self._signs.stuck()
        return _answer({"state": "stuck" if stuck else "ok", "stuck": stuck}, ok=not stuck)

    async def readyz(self, _request: Request) -> Response:
        """200 while the store can be worked with."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                # who asks is answered in time, though the thread may wait for its database on
                reason = await to_thread.run_sync(self._ready, abandon_on_cancel=True)
        except TimeoutError:
            reason = "store_slow"
        return _answer({"state": "not ready" if reason else "ok", "reasons": [reason] if reason else []}, ok=not reason)

    async def metrics(self, _request: Request) -> Response:
        """Everything that is counted, and what stands in the store."""
        text = await run_in_threadpool(self._figures)
        return Response(text, headers=_QUIET, media_type="text/plain; version=0.0.4; charset=utf-8")

    def app(self) -> Starlette:
        """The ASGI application."""
        ways = (("/healthz", self.healthz), ("/readyz", self.readyz), ("/metrics", self.metrics))
        return Starlette(routes=[Route(path, self._asked_by_name(answer)) for path, answer in ways])

    def _asked_by_name(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        """A page that a browser was led to under a foreign name (DNS rebinding) learns nothing."""

        async def checked(request: Request) -> Response:
            if _host(request.headers.get("host", "")) not in self._hosts:
                return _answer({"state": "no such host", "hint": "name it under `observe: hosts`"}, status=421)
            return await answer(request)

        return checked


def _answer(facts: dict[str, object], *, ok: bool = True, status: int | None = None) -> Response:
    return JSONResponse(facts, status or (200 if ok else 503), headers=_QUIET)


def _host(header: str) -> str:
    """The name of a `Host` header without its port."""
    name = header.lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.rpartition(":")[0] if ":" in name else name


def names(host: str, further: Collection[str]) -> set[str]:
    """Under which names a listener may be asked."""
    own = {host, *further}
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    return own | ({"localhost", "127.0.0.1", "::1"} if loopback else set())


def bound(host: str, port: int) -> socket.socket:
    """A listener.  Raises OSError."""
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


@contextmanager
def served(app: Starlette, listener: socket.socket) -> Iterator[None]:
    """Answer in a thread of its own until the block ends."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_config=None, lifespan="off", limit_concurrency=AT_ONCE, timeout_keep_alive=5, server_header=False
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=PATIENCE_S)
        listener.close()
