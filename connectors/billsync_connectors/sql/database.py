"""The connection to a database: its driver, its limits, and transactions that can only read.  (shell)"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, exc, make_url
from sqlalchemy.pool import NullPool

from billsync.connector import Context, Refused
from billsync.model.scalar import show
from billsync.wire.secrets import Secrets
from billsync_connectors.sql.faults import Faults
from billsync_connectors.sql.settings import SqlSettings
from billsync_connectors.sql.values import Unreadable, lenient_json

_DRIVERS: Final = {
    "postgresql": ('pip install "billsync[postgres]"', "postgresql+psycopg"),
    "duckdb": ('pip install "billsync[duckdb]"', "duckdb"),
    "mysql": ("pip install pymysql", "mysql+pymysql"),
    "mariadb": ("pip install pymysql", "mariadb+pymysql"),
    "mssql": ("pip install pymssql", "mssql+pymssql"),
    "oracle": ("pip install oracledb", "oracle+oracledb"),
    "snowflake": ("pip install snowflake-sqlalchemy", "snowflake"),
    "bigquery": ("pip install sqlalchemy-bigquery", "bigquery"),
    "redshift": ("pip install sqlalchemy-redshift redshift-connector", "redshift+redshift_connector"),
}
_READ_ONLY: Final = {
    "sqlite": "PRAGMA query_only=ON",
    "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}
_CLOCKS: Final = {
    "oracle": "SELECT CURRENT_TIMESTAMP FROM DUAL",
    "duckdb": "SELECT CAST(CURRENT_TIMESTAMP AS VARCHAR)",
}


class Database:
    """One database, opened when it is first needed.

    Attributes:
        shown: where it is and as whom, without a password.
        kind: SQLAlchemy's name of it, such as `postgresql`.
        faults: what its errors mean.
    """

    def __init__(self, context: Context, settings: SqlSettings) -> None:
        """Reaches nothing.  Raises `Refused` for a URL that is none."""
        self._name, self._settings = context.name, settings
        secrets = Secrets()
        self.faults = Faults(context.name, secrets)
        self._url = _located(self._read_url(secrets), context.root)
        self.kind = self._url.get_backend_name()
        self.shown = self._url.set(password=None).render_as_string() if self.kind != "sqlite" else f"{self._given}"
        self._engine: Engine | None = None
        self._lenient = False

    def _read_url(self, secrets: Secrets) -> URL:
        settings = self._settings
        written = settings.dsn.get_secret_value() if settings.dsn else settings.url or ""
        secrets.add(written if settings.dsn else "", settings.password.get_secret_value() if settings.password else "")
        try:
            url = make_url(written)
            if settings.password is not None:
                url = url.set(password=settings.password.get_secret_value())
            backend = url.get_backend_name()
        except exc.ArgumentError:
            message = f"{self._name}: the URL is none that SQLAlchemy knows: expected postgresql://user@host/database"
            raise Refused("bad_url", message) from None
        secrets.add(str(url.password or ""))
        self._given = f"{backend}:///{url.database or ''}"
        known = _DRIVERS.get(backend)
        return url.set(drivername=known[1]) if known and url.drivername == backend else url

    # ------------------------------------------------------------ opening

    def _open(self) -> Engine:
        if self._engine is None:
            if self.kind == "sqlite" and not Path(self._url.database or "").is_file():
                raise Refused("database_missing", f"{self._name}: there is no database {show(self._given)}")
            self._engine = self._made()
        return self._engine

    def _made(self) -> Engine:
        try:
            engine = create_engine(self._url, hide_parameters=True, **self._options())
        except (exc.NoSuchModuleError, ModuleNotFoundError):
            how = _DRIVERS.get(self.kind, ("install the SQLAlchemy dialect and the driver of it",))[0]
            message = f"{self._name}: nothing is installed that speaks with {show(self.kind)}: {how}"
            raise Refused("no_driver", message) from None
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "handle_error", _let_go)
        return engine

    def _options(self) -> dict[str, Any]:
        wait = self._settings.timeout
        if self.kind == "postgresql":
            arguments = {"connect_timeout": wait, "application_name": "billsync", "tcp_user_timeout": wait * 1000}
            return {"connect_args": arguments, "json_deserializer": lenient_json, "pool_size": 1}
        if self.kind == "duckdb":
            # a file of DuckDB is open in one process alone: it is let go of after each page, so that others may write
            return {"connect_args": {"read_only": not self._settings.writes}, "poolclass": NullPool}
        if self.kind == "sqlite":
            return {"connect_args": {"timeout": wait}}
        return {"connect_args": {"connect_timeout": wait}} if self.kind in ("mysql", "mariadb") else {}

    def _connected(self, connection: Any, _record: Any) -> None:
        """Limits that hold for every statement of a new connection."""
        wait = self._settings.timeout * 1000
        if self.kind == "sqlite":
            connection.isolation_level = None  # the driver begins nothing by itself
        statements = {
            "postgresql": [f"SET statement_timeout = {wait}", f"SET lock_timeout = {wait}"],
            "mysql": [f"SET SESSION max_execution_time = {wait}", "SET time_zone = '+00:00'"],
            "mariadb": [f"SET SESSION max_statement_time = {wait // 1000}", "SET time_zone = '+00:00'"],
        }
        cursor = connection.cursor()
        for statement in statements.get(self.kind, ()):
            cursor.execute(statement)
        cursor.close()
        if self.kind == "postgresql":
            connection.commit()

    # ------------------------------------------------------------ transactions

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads, sees one moment where the database can do that, and is never committed."""
        with self.faults.translated(), self._line(read_only=True) as conn:
            if self._lenient:
                self._let_through(conn.connection.driver_connection)
            yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction; whoever asks for it commits it.  Raises what SQLAlchemy raises."""
        with self._line(read_only=False) as conn:
            yield conn

    @contextmanager
    def _line(self, *, read_only: bool) -> Iterator[Connection]:
        options: dict[str, Any] = {}
        if read_only and self.kind == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with ExitStack() as stack:
            conn = stack.enter_context(self._kept().execution_options(**options))
            if self.kind == "sqlite":
                conn.exec_driver_sql("PRAGMA query_only=OFF")
                conn.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
            if read_only and self.kind in _READ_ONLY:
                conn.exec_driver_sql(_READ_ONLY[self.kind])
            stack.enter_context(self._watched(conn))
            yield conn

    def _kept(self) -> Connection:
        return self._open().connect()

    @contextmanager
    def _watched(self, conn: Connection) -> Iterator[None]:
        """A database inside of this process has no time limit of its own: it is interrupted."""
        inner = conn.connection.driver_connection
        if self.kind not in ("sqlite", "duckdb") or inner is None:
            yield
            return
        timer = threading.Timer(self._settings.timeout, _interrupt, [inner])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def be_lenient(self) -> bool:
        """From now on let values through that the driver cannot give; False where that is so already, or no use."""
        was, self._lenient = self._lenient, self.kind in ("postgresql", "sqlite")
        return self._lenient and not was

    def _let_through(self, inner: Any) -> None:
        """Dates that Python cannot hold, and text that is none, come as `Unreadable`."""
        if self.kind == "sqlite":
            inner.text_factory = _text
            return
        from billsync_connectors.sql.lenient import register  # noqa: PLC0415  needs psycopg

        register(inner)

    def clock(self, conn: Connection) -> Any:
        """The present moment by the database's own clock, as it says it."""
        return conn.exec_driver_sql(_CLOCKS.get(self.kind, "SELECT CURRENT_TIMESTAMP")).scalar()

    def close(self) -> None:
        """Let go of connections."""
        if self._engine is not None:
            with suppress(exc.SQLAlchemyError):
                self._engine.dispose()
            self._engine = None


def _located(url: URL, root: Path) -> URL:
    """The URL with a file's path that starts from the configuration's folder."""
    if url.get_backend_name() in ("sqlite", "duckdb") and url.database and not url.database.startswith(":"):
        return url.set(database=str(root / url.database))
    return url


def _let_go(context: ExceptionContext) -> None:
    """A cursor on the server whose statement failed is nobody else's to close."""
    cursor = getattr(context.execution_context, "cursor", None)
    if cursor is not None:
        with suppress(Exception):  # what went wrong is told by what is being handled
            cursor.close()


def _interrupt(connection: Any) -> None:
    with suppress(Exception):  # it may be over by now
        connection.interrupt()


def _text(raw: bytes) -> Any:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return Unreadable(raw[:40].decode("utf-8", "replace"))
