"""DBOS's tables: where they are, how values stand in them, and who asks them from outside of flows.  (shell)"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final, TypeVar

from dbos import DBOSClient, Serializer
from sqlalchemy import Engine, create_engine, make_url

from billsync.engine.exactly import words
from billsync.engine.port import FlowFailed
from billsync.store.errors import is_away, translated, unusable
from billsync.store.opening import describe, read_url
from billsync.store.presence import session_name

T = TypeVar("T")

SCHEMA: Final = "billsync_engine"
PATIENCE_S: Final = 60.0
"""Seconds that a database which does not answer is waited for."""
AGAIN_S: Final = 0.5
"""Seconds until it is asked again."""
_IDLE_MS: Final = 60_000
_ERROR: Final = "~error"


class Json(Serializer):
    """Values as JSON; an error as its words, masked: it may have come up over anything."""

    def serialize(self, data: Any) -> str:
        """What stands in the table."""
        if isinstance(data, BaseException):
            return json.dumps({_ERROR: words(data)})
        return json.dumps(data, separators=(",", ":"))

    def deserialize(self, serialized_data: str) -> Any:
        """What stood there before; for an error a `FlowFailed` that tells it."""
        value = json.loads(serialized_data)
        if isinstance(value, dict) and set(value) == {_ERROR}:
            return FlowFailed(value[_ERROR])
        return value

    def name(self) -> str:
        """What DBOS calls this way of writing values."""
        return "billsync_json"


def engine_url(store_url: str) -> str:
    """Where DBOS keeps its tables, for a store's URL."""
    url = make_url(store_url)
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}.engine"
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def prepare(url: str) -> None:
    """Put an SQLite file, which is for this user alone, into WAL before DBOS opens it."""
    if url.startswith("sqlite:///"):
        os.close(os.open(url.removeprefix("sqlite:///"), os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            file.execute("PRAGMA journal_mode=WAL")


class Desk:
    """DBOS's client of one process: threads and steps may ask it, inside of flows and outside.

    On Postgres its sessions carry the name of their process, so that they end with it where it is declared dead.
    """

    def __init__(self, url: str, owner: str, serializer: Serializer) -> None:
        self._url, self._owner, self._serializer = url, owner, serializer
        self._where = describe(read_url(url))
        self._lock = threading.Lock()
        self._client: DBOSClient | None = None
        self._engine: Engine | None = None

    def ask(self, what: Callable[[DBOSClient], T], patience_s: float = PATIENCE_S) -> T:
        """What the client answers; a database that is away for a while (a restart) is asked again until it answers.

        What is asked must be such that it may be asked twice.  Raises `StoreUnusable`.
        """
        until = time.monotonic() + patience_s
        while True:
            try:
                with translated(self._where):
                    return what(self._opened())
            except Exception as error:
                if not is_away(error):
                    raise
                if time.monotonic() > until:
                    raise unusable("store_unreachable", self._where, error) from error
            time.sleep(AGAIN_S)

    def close(self) -> None:
        """Let go of all connections; the next question opens new ones."""
        with self._lock:
            if self._client is not None:
                self._client.destroy()
            if self._engine is not None:
                self._engine.dispose()
            self._client = self._engine = None

    def _opened(self) -> DBOSClient:
        with self._lock:
            if self._client is None:
                if not self._url.startswith("sqlite"):
                    self._engine = _named_engine(self._url, self._owner)
                self._client = DBOSClient(
                    system_database_url=self._url,
                    system_database_engine=self._engine,
                    dbos_system_schema=SCHEMA,
                    serializer=self._serializer,
                    retry_connection_errors=False,  # it would wait for up to 90 s between two tries
                    lazy=True,
                )
            return self._client


def _named_engine(url: str, owner: str) -> Engine:
    arguments = {
        "application_name": session_name(owner),
        "options": f"-c idle_in_transaction_session_timeout={_IDLE_MS}",
    }
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args=arguments,
        pool_size=5,
        max_overflow=5,
        pool_pre_ping=True,
    )
