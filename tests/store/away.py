"""A Postgres database that is away, as while its server is restarted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict


def close(server: str, database: str) -> None:
    """End all sessions of the database, and let none in."""
    _let_in(server, database, "false")
    with psycopg.connect(server, autocommit=True) as admin:
        name = conninfo_to_dict(database)["dbname"]
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def reopen(server: str, database: str) -> None:
    """Let sessions in again."""
    _let_in(server, database, "true")


@contextmanager
def shut(server: str, database: str) -> Iterator[None]:
    """Away while the block lasts."""
    close(server, database)
    yield
    reopen(server, database)


def _let_in(server: str, database: str, lets: str) -> None:
    name = sql.Identifier(str(conninfo_to_dict(database)["dbname"]))
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(name, sql.SQL(lets)))
