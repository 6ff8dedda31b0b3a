"""A store that cannot be trusted is not opened, and says what to do."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from billsync.store import Store, StoreUnusable, Tx
from billsync.store.opening import read_url
from tests.store.made import AT, other, record, told


def refusal(url: str, *, create: bool = False) -> StoreUnusable:
    with pytest.raises(StoreUnusable) as caught:
        Store.open(url, create=create).close()
    return caught.value


def set_for_all(url: str, setting: LiteralString) -> None:
    """Change a setting of the database for every new session."""
    with psycopg.connect(url, autocommit=True) as admin:
        change = sql.SQL("ALTER DATABASE {} SET " + setting)
        admin.execute(change.format(sql.Identifier(admin.info.dbname)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An SQLite store that has been used and closed."""
    path = tmp_path / "store.db"
    store = Store.open(f"sqlite:///{path}", create=True)
    with store.tx("t") as tx:
        tx.inbox.absorb("crm", [record(f"A-{n}", Name="x" * 500) for n in range(200)], run="r", at=AT)
    store.close()
    return path


def test_what_is_not_there_is_said_to_be_missing(tmp_path: Path, empty_url: str) -> None:
    assert refusal(empty_url).reason == "store_missing"
    assert "billsync db upgrade" in str(refusal(empty_url))
    if empty_url.startswith("sqlite"):
        assert list(tmp_path.iterdir()) == []


def test_a_new_sqlite_store_gets_its_folder_and_is_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "ünïcode" / "store.db"
    with Store.open(f"sqlite:///{path}", create=True).tx("t") as tx:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        assert [tx.conn.execute(text(f"PRAGMA {name}")).scalar_one() for name in pragmas] == ["wal", 2, 1]
    for name in ("store.db", "store.db-wal"):
        assert stat.S_IMODE((path.parent / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("no url at all", "not one"),
        ("mysql://host/db", "mysql"),
        ("sqlite://", "outlive"),
        ("sqlite:///:memory:", "outlive"),
        ("sqlite:////tmp", "folder"),
    ],
)
def test_urls_that_lead_to_no_store_are_refused(url: str, word: str) -> None:
    assert refusal(url, create=True).reason == "store_unsuitable"
    assert word in str(refusal(url, create=True))


def test_a_file_that_is_something_else_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 1000)
    assert refusal(f"sqlite:///{path}", create=True).reason == "store_corrupt"
    assert path.read_text() == "dear diary, " * 1000


def test_f21_a_damaged_page_is_found_before_anything_is_read(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    start = raw.index(b'"Id":"A-150"') // 4096 * 4096
    raw[start : start + 4096] = os.urandom(4096)
    file.write_bytes(raw)
    found = refusal(f"sqlite:///{file}")
    assert found.reason == "store_corrupt"
    assert "restore the last backup" in str(found)


def test_f17_a_full_disk_rolls_back_and_the_store_goes_on_when_there_is_room(file: Path) -> None:
    store = Store.open(f"sqlite:///{file}")
    page = [record(f"B-{n}", Name="y" * 500) for n in range(2000)]

    def absorb(tx: Tx) -> None:
        tx.conn.execute(text("PRAGMA max_page_count = 1"))  # no more than it has
        tx.inbox.absorb("crm", page, run="r", at=AT)

    with pytest.raises(StoreUnusable, match="free some space") as caught:
        store.run("t", absorb)
    assert caught.value.reason == "store_full"
    store.close()
    store = Store.open(f"sqlite:///{file}")
    with store.tx("t") as tx:
        assert len(tx.inbox.live_ids("crm", "Account")) == 200
        assert tx.inbox.absorb("crm", page, run="r", at=AT).new == 2000
    assert store.check() == []
    store.close()


def test_f20_another_program_that_keeps_it_locked_is_named_as_the_cause(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billsync.store.opening.WAIT_S", 0)
    store = Store.open(f"sqlite:///{file}")
    stranger = sqlite3.connect(file, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnusable) as caught, store.tx("t"):
        pass
    assert caught.value.reason == "store_locked"
    stranger.close()
    with store.tx("t"):
        pass
    store.close()


def test_a_file_that_cannot_be_written_is_read_only(file: Path) -> None:
    code = """
os.chmod(sys.argv[2], 0o400); os.chmod(os.path.dirname(sys.argv[2]), 0o500)
os.setgid(65534); os.setuid(65534)
try:
    with Store.open(url).tx("t"): print("written")
except StoreUnusable as error:
    print(error.reason)
"""
    if os.getuid() != 0:
        code = code.replace("os.setgid(65534); os.setuid(65534)", "")
    else:
        for folder in [file.parent, *file.parent.parents][:-2]:
            folder.chmod(0o755)
        os.chown(file, 65534, 65534)
        os.chown(file.parent, 65534, 65534)
    child = other(code, f"sqlite:///{file}", str(file))
    assert told(child) in ("store_readonly", "store_unreachable")
    file.parent.chmod(0o700)


def test_a_thorough_check_finds_rows_that_refer_to_nothing(file: Path) -> None:
    with sqlite3.connect(file) as conn:
        conn.execute("INSERT INTO observations (delivery, n, at, note) VALUES ('nobody', 1, '', '')")
    conn.close()
    store = Store.open(f"sqlite:///{file}")
    with pytest.raises(StoreUnusable, match="observations refers to nothing in deliveries"):
        store.check()
    store.close()


# ---------------------------------------------------------------- Postgres


def test_a_server_that_is_not_there_is_unreachable_and_the_password_is_not_told(tmp_path: Path) -> None:
    found = refusal(f"postgresql://me:geheim@/books?host={tmp_path}")
    assert found.reason == "store_unreachable"
    assert "geheim" not in str(found)
    assert read_url("postgresql://host/db").drivername == "postgresql+psycopg"


def test_a_database_that_may_only_be_read_is_refused(postgres_store_url: str) -> None:
    set_for_all(postgres_store_url, "default_transaction_read_only = on")
    store = Store.open(postgres_store_url)
    with pytest.raises(StoreUnusable) as caught, store.tx("t") as tx:
        tx.ledger.draw("INV")
    assert caught.value.reason == "store_readonly"
    store.close()


def test_f27_a_read_replica_is_refused(postgres_store_url: str) -> None:
    with psycopg.connect(postgres_store_url, autocommit=True) as admin:
        # A function of that name on the search path stands for the server's own: a real standby takes minutes to build.
        admin.execute("CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT true'")
    set_for_all(postgres_store_url, "search_path = public, pg_catalog")
    found = refusal(postgres_store_url, create=True)
    assert found.reason == "store_readonly"
    assert "read replica" in str(found)


def test_a_database_without_utf8_is_refused(postgres_server: str) -> None:
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        found = refusal(postgres_server.replace("/postgres?", "/latin?"), create=True)
        admin.execute("DROP DATABASE latin WITH (FORCE)")
    assert found.reason == "store_unsuitable"
    assert "UTF8" in str(found)


def test_two_stores_in_two_schemas_of_one_database_do_not_meet(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA a")
        admin.execute("CREATE SCHEMA b")
    a, b = (Store.open(f"{postgres_url}&options=-csearch_path%3D{name}", create=True) for name in "ab")
    with a.lock("x", "me"), b.lock("x", "me"), a.tx("t") as one, b.tx("t") as two:
        assert (one.ledger.draw("INV"), two.ledger.draw("INV")) == (1, 1)
    a.close()
    b.close()


def test_f29_a_claim_is_on_disk_even_where_the_server_is_careless(postgres_store_url: str) -> None:
    set_for_all(postgres_store_url, "synchronous_commit = off")
    store = Store.open(postgres_store_url)
    with store.tx("t") as tx:
        assert tx.conn.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
    assert "fsync off" in store.check()[0]
    store.close()
