"""The address that systems tell of changes: a request is proven, noted and answered; nothing is read from it.  (shell)

What a request says is never believed further than that a record may have changed: the next run reads the record from
its system.  So one that is lost, comes twice, late or in another order does no harm, and a forged one is not proven.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from billsync.connector import Connector, Hint, Hook, Refused
from billsync.store import Store, StoreUnusable

MAX_BYTES: Final = 1 << 20
"""Of one request: systems send a hundred changes at once, of a few hundred bytes each."""
PATIENCE_S: Final = 10.0
"""Seconds in which a request has to be here."""
LATER_S: Final = 30
"""Seconds after which a sender may try again where nothing could be noted."""

AT_ONCE: Final = 64
"""Requests that are worked on at one time; more are told to come later."""

_UNPROVEN: Final = frozenset({"bad_signature", "too_old"})


@dataclass(slots=True)
class Ear:
    """One connection that is told of changes.

    Attributes:
        reads: the kinds of records that pipelines read of it; others are none of ours.
    """

    name: str
    connector: Connector
    reads: frozenset[str]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hints(self, hook: Hook) -> list[Hint]:
        """What a request says of records that pipelines read.  Raises `Refused`."""
        with self.lock:  # a connector belongs to one thread at a time
            found = self.connector.hints(hook)
        return [hint for hint in found if hint.object in self.reads]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one request, for whoever watches.

    Attributes:
        noted: how many records are to be read; said: why it was turned down, or "".
    """

    connection: str
    status: int
    noted: int = 0
    said: str = ""


class Hooks:
    """The requests of all connections.

    Args:
        public: address under which the senders know us, such as `https://hooks.example.com`: signatures cover it.
        watch: is told of each request, in the thread that worked on it.
    """

    def __init__(
        self,
        store: Store,
        ears: Mapping[str, Ear],
        *,
        now: Callable[[], datetime],
        public: str,
        watch: Callable[[Told], None] = lambda _told: None,
    ) -> None:
        self._store, self._ears, self._now = store, ears, now
        self._public, self._watch = public.rstrip("/"), watch

    def take(self, name: str, hook: Hook) -> Told:
        """Prove a request and note what it names; the status to answer with."""
        told = self._taken(name, hook)
        self._watch(told)
        return told

    def _taken(self, name: str, hook: Hook) -> Told:
        ear = self._ears.get(name)
        if ear is None:
            return Told(name, 404, said="no connection of that name is told of changes")
        try:
            found = ear.hints(hook)
            if found:
                with self._store.tx("hints") as tx:
                    tx.hints.put(name, [(hint.object, hint.id) for hint in found], hook.at)
        except Refused as fault:
            status = 401 if fault.reason in _UNPROVEN else 404 if fault.reason == "not_supported" else 400
            return Told(name, status, said=fault.message)
        except StoreUnusable as error:
            return Told(name, 503, said=str(error))
        return Told(name, 204, len({(hint.object, hint.id) for hint in found}))

    async def post(self, request: Request) -> Response:
        """Answer one request; who sent it learns nothing but the status."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                body = await _body(request)
        except TimeoutError:
            return PlainTextResponse("too slow\n", 408)
        if body is None:
            return PlainTextResponse("too large\n", 413)
        query = f"?{request.url.query}" if request.url.query else ""
        hook = Hook(
            method=request.method,
            url=f"{self._public}{request.scope.get('raw_path', b'').decode('latin-1').partition('?')[0]}{query}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            at=self._now(),
        )
        told = await run_in_threadpool(self.take, request.path_params["connection"], hook)
        later = {"Retry-After": str(LATER_S)} if told.status == 503 else None
        return Response(status_code=told.status, headers=later)

    def app(self) -> Starlette:
        """The ASGI application: `POST /hooks/CONNECTION`, and `GET /healthz`."""

        async def health(_request: Request) -> Response:
            return PlainTextResponse("ok\n")

        return Starlette(
            routes=[Route("/hooks/{connection}", self.post, methods=["POST"]), Route("/healthz", health)],
        )


async def _body(request: Request) -> bytes | None:
    """The whole body, or None where it is longer than any of a system would be."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > MAX_BYTES:
            return None
    return bytes(found)


def listen(app: Starlette, listener: socket.socket, stop: threading.Event) -> None:
    """Answer requests that come in at a socket until `stop` is set; those that are under way are finished."""
    options = uvicorn.Config(
        app, log_config=None, lifespan="off", limit_concurrency=AT_ONCE, timeout_keep_alive=5, server_header=False
    )
    server = uvicorn.Server(options)
    # uvicorn takes signals in the main thread only: here they are the caller's, as in all commands
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="webhooks")
    thread.start()
    while thread.is_alive() and not stop.wait(0.1):
        pass
    server.should_exit = True
    thread.join()
