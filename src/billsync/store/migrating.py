"""Which schema a database has, and how it gets the newest one.  (shell)

All migrations of one upgrade run in one transaction, on both databases: a process that is killed half-way leaves what
was there before.  Alembic is imported only when there is something to migrate: it takes its time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, column, inspect, select, table

from billsync.store.errors import StoreUnusable, translated
from billsync.store.opening import outside, reading, writing
from billsync.store.schema import REVISIONS, VERSION_TABLE, metadata

SCRIPTS: Final = Path(__file__).with_name("migrations")

MISSING: Final = "store_missing"
OLDER: Final = "schema_older"

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
        return "schema_newer"
    if found[0] != REVISIONS[-1]:
        return OLDER
    return None if there >= metadata.tables.keys() else "schema_incomplete"


def check_schema(engine: Engine, where: str) -> None:
    """Raises `StoreUnusable` where the schema is not the newest."""
    with translated(where), reading(engine).connect() as conn:
        fault = schema_fault(conn)
    if fault is not None:
        raise StoreUnusable(fault, f"{where} {_ADVICE[fault]}")


def upgrade(engine: Engine, where: str, point: Callable[[str], None]) -> None:
    """Bring the schema to the newest one.  `point` is called after each migration, before the commit and after it.

    Of an older SQLite file a copy is kept beside it first.  Raises `StoreUnusable` for a newer or incomplete schema.
    """
    with translated(where):
        _keep_copy(engine)
    with translated(where), writing(engine).begin() as conn:
        fault = schema_fault(conn)
        if fault not in (None, MISSING, OLDER):
            raise StoreUnusable(fault, f"{where} {_ADVICE[fault]}")
        if fault is None:
            return
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

    def applied(*, step: Any, **_: Any) -> None:
        point(f"migrate:{step.up_revision_id}")

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=conn, applied=applied, version_table=VERSION_TABLE)
    command.upgrade(config, to)
