"""Which schema a database has, whose code may work in it, and how it gets the newest one.  (shell)

Expand, then contract: a migration that only adds says in `works_beside` the oldest revision whose code goes on beside
it; one that takes something away says nothing, and older code does no more.  Each write transaction looks whether the
schema is still one of its own, in its turn, so that no migration comes between.

All migrations of one upgrade run in one transaction, on both databases: a process that is killed half-way leaves what
was there before.  Alembic is imported only when there is something to migrate: it takes its time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, column, inspect, select, table
from sqlalchemy.exc import DBAPIError

from billsync.store.errors import StoreUnusable, reason_of, translated
from billsync.store.opening import outside, reading, writing
from billsync.store.schema import REVISIONS, VERSION_TABLE, metadata

SCRIPTS: Final = Path(__file__).with_name("migrations")

MISSING: Final = "store_missing"
OLDER: Final = "schema_older"

DDL_WAIT_S: Final = 3
"""Seconds that a migration waits for others' transactions: who comes after it waits behind it."""

_TRIES: Final = 5
_PAUSE_S: Final = 1.0
_STAMP: Final = "SELECT value FROM store_notes WHERE name = 'schema'"

_ADVICE: Final = {
    MISSING: "has no tables yet: make them with `billsync db upgrade`",
    OLDER: "was made by an older billsync: run `billsync db upgrade`",
    "schema_newer": "was made by a newer billsync: install that version; nothing was written",
    "schema_incomplete": "has some of its tables only: restore the last backup, or name an empty database",
}


def schema_fault(conn: Connection) -> str | None:
    """What is wrong with the schema: a reason of `StoreUnusable`, or None where it is the newest one."""
    there = set(inspect(conn).get_table_names())
    if VERSION_TABLE not in there:
        return "schema_incomplete" if there & metadata.tables.keys() else MISSING
    found: Sequence[Any] = conn.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalars().all()
    if len(found) != 1:
        return "schema_incomplete"
    if found[0] not in REVISIONS:
        if not ("store_notes" in there and works_with(stamp(conn), found[0])):
            return "schema_newer"
    elif found[0] != REVISIONS[-1]:
        return OLDER
    return None if there >= metadata.tables.keys() else "schema_incomplete"


def stamp(conn: Connection) -> str:
    """What the last migration noted: its revision and the oldest one whose code may work beside it; "" for nothing."""
    return conn.exec_driver_sql(_STAMP).scalar() or ""


def works_with(noted: str, revision: str | None = None) -> bool:
    """Whether this code may work in a schema of that stamp, which is the one of the revision where one is given."""
    newest, _, oldest = noted.partition(" ")
    return (revision is None or newest == revision) and oldest in REVISIONS


def still_ours(conn: Connection, where: str, before: str | None) -> str:
    """The stamp as it is in this transaction.  Raises `StoreUnusable` where a newer billsync has taken the store over.

    `before` is the stamp that was found good already, or None.
    """
    now = stamp(conn)
    if now not in ("", before) and not works_with(now):
        raise StoreUnusable("schema_newer", f"{where} {_ADVICE['schema_newer']}")
    return now


def check_schema(engine: Engine, where: str) -> None:
    """Raises `StoreUnusable` where the schema is not the newest."""
    with translated(where), reading(engine).connect() as conn:
        fault = schema_fault(conn)
    if fault is not None:
        raise StoreUnusable(fault, f"{where} {_ADVICE[fault]}")


def upgrade(engine: Engine, where: str, point: Callable[[str], None]) -> None:
    """Bring the schema to the newest one.  `point` is called after each migration, before the commit and after it.

    Others may be at work: it takes its turn, waits for nobody's transaction for long, and tries again.  Of an older
    SQLite file a copy is kept beside it first.  Raises `StoreUnusable` for a newer or incomplete schema, and where
    others leave it no room.
    """
    with translated(where):
        _keep_copy(engine)
        for left in reversed(range(_TRIES)):
            try:
                _upgrade(engine, where, point)
            except DBAPIError as error:
                if reason_of(error) != "store_locked" or not left:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return


def _upgrade(engine: Engine, where: str, point: Callable[[str], None]) -> None:
    """All that is missing, in one transaction."""
    with writing(engine).begin() as conn:
        fault = schema_fault(conn)
        if fault not in (None, MISSING, OLDER):
            raise StoreUnusable(fault, f"{where} {_ADVICE[fault]}")
        if fault is None:
            return
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql(f"SET LOCAL lock_timeout = '{DDL_WAIT_S}s'")
        migrate(conn, point)
        point("migrate:before-commit")
    point("migrate:after-commit")


def _keep_copy(engine: Engine) -> None:
    """`<file>.before-<revision>`, where an SQLite file is about to be changed."""
    with reading(engine).connect() as conn:
        if engine.dialect.name != "sqlite" or schema_fault(conn) != OLDER:
            return
    path = Path(f"{engine.url.database}.before-{REVISIONS[-1]}")
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    with outside(engine) as cursor:
        cursor.execute("VACUUM INTO ?", (str(unfinished),))
    unfinished.rename(path)


def migrate(conn: Connection, point: Callable[[str], None] = lambda _name: None, *, to: str = "head") -> None:
    """Run the migrations that are missing up to a revision, in the transaction that is open."""
    from alembic import command  # noqa: PLC0415  takes a fifth of a second, and is hardly ever needed
    from alembic.config import Config  # noqa: PLC0415

    last: list[tuple[str, str]] = []

    def applied(*, step: Any, **_: Any) -> None:
        point(f"migrate:{step.up_revision_id}")
        beside = getattr(step.up_revision.module, "works_beside", step.up_revision_id)
        last[:] = [(step.up_revision_id, beside)]

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=conn, applied=applied, version_table=VERSION_TABLE)
    command.upgrade(config, to)
    for revision, beside in last:
        _note(conn, f"{revision} {beside}")


def _note(conn: Connection, noted: str) -> None:
    """Keep the stamp; nobody asks since when it stands, and there is no clock here."""
    if "store_notes" in inspect(conn).get_table_names():
        notes = metadata.tables["store_notes"]
        conn.execute(notes.delete().where(notes.c.name == "schema"))
        conn.execute(notes.insert().values(name="schema", value=noted, at=datetime.fromtimestamp(0, UTC)))
