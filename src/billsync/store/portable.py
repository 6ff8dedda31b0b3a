"""A portable copy of the store: one zip file that either kind of database can be made from.  (shell)

    tables/<name>.jsonl   a JSON list for each row, its columns in the manifest's order, by primary key
    manifest.json         revision of the schema, rows and SHA-256 of each table, the end of the audit chain

All of it is of one moment, read in one transaction while others work, and written in one transaction: a copy that is
damaged, cut or changed leaves nothing.  Who is at work, steps of flows and call budgets belong to the installation and
stay behind, as does what the engine keeps of flows: those of a restored past must not run.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import (
    Boolean,
    Connection,
    Select,
    Table,
    Text,
    column,
    func,
    insert,
    inspect,
    select,
    table,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError

from billsync.store import migrating, opening
from billsync.store.audit import Audit
from billsync.store.bulk import copy_rows
from billsync.store.database import Tx
from billsync.store.errors import StoreUnusable, reason_of, translated
from billsync.store.schema import REVISIONS, VERSION_TABLE, metadata

FORMAT: Final = 1
CHUNK: Final = 1_000
_LEFT_BEHIND: Final = frozenset({"workers", "flow_steps", "budgets"})
_MADE_WITH_THE_TABLES: Final = frozenset({"audit_head", "store_notes"})
_MANIFEST: Final = "manifest.json"
_OWN: Final = 0o600
_VALUES: Final = frozenset({str, int, float, bool, type(None)})
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    RecursionError,
)
_LONGEST: Final = 256 * 1024 * 1024
"""Characters of one row: more is no row of ours."""

Advance = Callable[[str, int], None]
"""Told the table and how many rows more."""


def silent(_table: str, _rows: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a portable copy says of itself.

    Attributes:
        schema: its revision; at: of which moment it is.
        tables: name -> columns, rows and digest.
        audit_seq, audit_hash: the end of the audit chain: keep them elsewhere to know the copy by.
    """

    schema: str
    made_by: str
    at: str
    tables: dict[str, dict[str, Any]]
    audit_seq: int
    audit_hash: str

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(int(facts["rows"]) for facts in self.tables.values())


# ---------------------------------------------------------------- out


def export(url: str, file: Path, *, at: datetime, made_by: str, advance: Advance = silent) -> Manifest:
    """Write the store at the URL into a new file.

    Raises FileExistsError for a file that is there, OSError where it cannot be written, and `StoreUnusable`.
    """
    if file.exists():
        raise FileExistsError(17, "there is a file of that name already", str(file))
    read = opening.read_url(url)
    where = opening.describe(read)
    engine = opening.open_engine(read, create=False)
    unfinished = file.with_name(f"{file.name}.part")
    try:
        migrating.check_schema(engine, where)
        with translated(where), opening.reading(engine).connect() as conn, _new(unfinished) as handle:
            with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
                made = _written(conn, archive, at, made_by, advance)
            handle.flush()
            os.fsync(handle.fileno())
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
        engine.dispose()
    return made


def _new(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR, _OWN), "w+b")


def _written(conn: Connection, archive: zipfile.ZipFile, at: datetime, made_by: str, advance: Advance) -> Manifest:
    tables = {one.name: _table_out(conn, archive, one, advance) for one in _tables()}
    seq, head = Audit(conn).head()
    stamp: Select[Any] = select(column("version_num", Text)).select_from(table(VERSION_TABLE))
    made = Manifest(str(conn.execute(stamp).scalar_one()), made_by, at.isoformat(), tables, seq, head)
    facts = {"billsync": FORMAT, **{name: getattr(made, name) for name in Manifest.__slots__}}
    archive.writestr(_MANIFEST, json.dumps(facts, indent=1))
    return made


def _tables() -> list[Table]:
    """Those that are copied, what others point at first."""
    return [one for one in metadata.sorted_tables if one.name not in _LEFT_BEHIND]


def _table_out(conn: Connection, archive: zipfile.ZipFile, one: Table, advance: Advance) -> dict[str, Any]:
    """One table, a part of its rows in memory at a time."""
    digest, count = hashlib.sha256(), 0
    as_stored = [type_coerce(each, _plain(each.type)).label(each.name) for each in one.columns]
    query = select(*as_stored).order_by(*one.primary_key).execution_options(yield_per=CHUNK)
    with archive.open(f"tables/{one.name}.jsonl", "w", force_zip64=True) as out:
        for part in conn.execute(query).partitions():
            lines = "".join(f"{_line(row)}\n" for row in part).encode()
            digest.update(lines)
            out.write(lines)
            count += len(part)
            advance(one.name, len(part))
    return {"columns": [each.name for each in one.columns], "rows": count, "sha256": digest.hexdigest()}


def _plain(kind: Any) -> Any:
    """The type under the way a column is read: rows are copied as they are stored."""
    return Text() if isinstance(getattr(kind, "impl", None), Text) else kind


_line = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=list).encode


# ---------------------------------------------------------------- in


def is_one(file: Path) -> bool:
    """Whether the file is a portable copy, by its content."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return _MANIFEST in archive.namelist()


def manifest(file: Path) -> Manifest:
    """What the copy says of itself.  Raises `StoreUnusable` where it is none that this billsync can read."""
    try:
        with zipfile.ZipFile(file) as archive:
            facts = dict(json.loads(archive.read(_MANIFEST)))
        version = facts.pop("billsync")
        made = _checked(Manifest(**facts))
    except (OSError, *_UNREADABLE) as error:
        raise _damaged(file, f"what it says of itself cannot be read ({type(error).__name__})") from None
    if version != FORMAT or made.schema not in REVISIONS:
        raise StoreUnusable(
            "schema_newer", f"the copy {file} was made by a newer billsync ({made.made_by}): install that version"
        )
    return made


def _checked(made: Manifest) -> Manifest:
    """Raises TypeError for a manifest that `export` cannot have written."""
    words = [made.schema, made.made_by, made.at, made.audit_hash]
    numbers = [made.audit_seq]
    for facts in made.tables.values():
        words += [facts["sha256"], *facts["columns"]]
        numbers.append(facts["rows"])
    if not all(type(word) is str for word in words) or not all(type(number) is int for number in numbers):
        raise TypeError
    return made


def load(
    url: str, file: Path, *, finish: Callable[[Tx], None] = lambda _tx: None, advance: Advance = silent
) -> Manifest:
    """Make the store at the URL from a portable copy; `finish` writes what else belongs to it, in its transaction.

    Raises `StoreUnusable` for a place where a store with rows is already, and for a copy that is damaged; then nothing
    is left there.
    """
    made = manifest(file)
    read = opening.read_url(url)
    where = opening.describe(read)
    engine = opening.open_engine(read, create=True)
    try:
        opening.check_server(engine, where)
        with translated(where), opening.writing(engine).begin() as conn:
            _prepared(conn, where, made)
            _filled(conn, file, made, advance)
            migrating.migrate(conn)
            _proven(conn, file, made)
            finish(Tx(conn))
    finally:
        engine.dispose()
    return made


def _prepared(conn: Connection, where: str, made: Manifest) -> None:
    """The tables of the copy's own revision, empty."""
    fault = migrating.schema_fault(conn)
    if fault == migrating.MISSING:
        migrating.migrate(conn, to=made.schema)
    elif fault is not None or made.schema != REVISIONS[-1]:
        message = f"{where} has tables already, and not those of the copy: name an empty database"
        raise StoreUnusable("store_unsuitable", message)
    else:
        _check_empty(conn, where)
    for name in _MADE_WITH_THE_TABLES & made.tables.keys():
        conn.execute(table(name).delete())


def _check_empty(conn: Connection, where: str) -> None:
    for one in metadata.sorted_tables:
        if one.name not in _MADE_WITH_THE_TABLES and conn.execute(select(func.count()).select_from(one)).scalar_one():
            message = f"{where} has a store with rows in {one.name}: nothing is overwritten; name an empty database"
            raise StoreUnusable("store_unsuitable", message)


def _filled(conn: Connection, file: Path, made: Manifest, advance: Advance) -> None:
    """Every row, in the order of the copy, each table against its digest: all tables of that schema, and no others."""
    there = inspect(conn)
    expected = set(there.get_table_names()) & metadata.tables.keys() - _LEFT_BEHIND
    if lacks := sorted(expected ^ made.tables.keys()):
        raise _damaged(file, f"it has not the tables of schema {made.schema}: {', '.join(lacks)}")
    with closing(zipfile.ZipFile(file)) as archive:
        for name, facts in made.tables.items():
            if sorted(facts["columns"]) != sorted(each["name"] for each in there.get_columns(name)):
                raise _damaged(file, f"{name} has not its columns")
            try:
                with archive.open(f"tables/{name}.jsonl") as stream:
                    _table_in(conn, metadata.tables[name], facts, stream, file, advance)
            except (EOFError, *_UNREADABLE) as error:
                raise _damaged(file, f"{name}: {type(error).__name__}") from None
            except DBAPIError as error:
                if reason_of(error):
                    raise
                raise _damaged(file, f"{name} holds what no store does: {type(error).__name__}") from None


def _table_in(
    conn: Connection, known: Table, facts: dict[str, Any], stream: IO[bytes], file: Path, advance: Advance
) -> None:
    digest, count, names = hashlib.sha256(), 0, list(facts["columns"])
    truths = [n for n, name in enumerate(names) if isinstance(known.columns[name].type, Boolean)]
    while part := list(islice(_lines(stream, digest), CHUNK)):
        _insert(conn, known.name, names, [_row(line, len(names), truths) for line in part])
        count += len(part)
        advance(known.name, len(part))
    if (count, digest.hexdigest()) != (facts["rows"], facts["sha256"]):
        raise _damaged(file, f"{known.name} is not what the manifest says of it")


def _lines(stream: IO[bytes], digest: Any) -> Iterator[bytes]:
    while line := stream.readline(_LONGEST):
        digest.update(line)
        yield line


def _row(line: bytes, width: int, truths: Sequence[int]) -> tuple[Any, ...]:
    """Raises ValueError for a line that is no row of so many plain values."""
    values = json.loads(line)
    if type(values) is not list or len(values) != width or not all(type(value) in _VALUES for value in values):
        raise ValueError
    for n in truths:
        values[n] = bool(values[n])
    return tuple(values)


def _insert(conn: Connection, name: str, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    """As they are stored, past the types that would change them."""
    if conn.dialect.name == "sqlite":
        bare = insert(table(name, *(column(each) for each in names)))
        conn.exec_driver_sql(str(bare.compile(dialect=conn.dialect)), rows)
        return
    quote = conn.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, names))
    copy_rows(conn, f"COPY {quote(name)} ({columns}) FROM STDIN", rows)


def _proven(conn: Connection, file: Path, made: Manifest) -> None:
    """The audit chain is whole, and ends where it did."""
    chain = Audit(conn)
    broken = chain.verify()
    if broken or chain.head() != (made.audit_seq, made.audit_hash):
        raise _damaged(file, broken[0] if broken else "the audit chain has another end than the manifest says")


def _damaged(file: Path, why: str) -> StoreUnusable:
    return StoreUnusable("store_corrupt", f"the copy {file} is damaged: {why}; nothing was written: take another one")
