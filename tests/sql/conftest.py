"""Databases of three kinds, each a real one, with a person at the other end who writes into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from billsync.connector import Context
from billsync_connectors.sql import Sql, SqlSettings

Open = Callable[..., Sql]


class Person:
    """Somebody who changes the database past the connector.

    Attributes:
        url: of the database; kind: sqlite, postgresql or duckdb.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._lasting = url.startswith("duckdb")
        self.engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        self.kind = self.engine.url.get_backend_name()

    def do(self, *statements: str, **values: Any) -> None:
        """Run statements in one transaction."""
        with self.engine.begin() as conn:
            for statement in statements:
                conn.execute(sa.text(statement), values)
        if self._lasting:  # a file of DuckDB belongs to one process, and to one kind of connection
            self.engine.dispose()

    def ask(self, statement: str) -> Any:
        """The first row's first value."""
        with self.engine.connect() as conn:
            found = conn.execute(sa.text(statement)).scalar()
        if self._lasting:
            self.engine.dispose()
        return found


@pytest.fixture(params=["sqlite", "postgres", "duckdb"])
def person(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Person]:
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"{request.param}:///{tmp_path / 'crm.db'}"
    made = Person(url)
    made.do("SELECT 1")
    yield made
    made.engine.dispose()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Person]:
    made = Person(postgres_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Person]:
    made = Person(f"sqlite:///{tmp_path / 'crm.db'}")
    made.do("SELECT 1")
    yield made
    made.engine.dispose()


@pytest.fixture
def open_sql(tmp_path: Path) -> Iterator[Open]:
    """Opens a person's database as the connection `crm`; settings as in the configuration file."""
    opened: list[Sql] = []

    def opening(person: Person, **settings: Any) -> Sql:
        config = SqlSettings.model_validate({"url": person.url, **settings})
        opened.append(Sql(Context("crm", tmp_path), config))
        return opened[-1]

    yield opening
    for one in opened:
        one.close()
