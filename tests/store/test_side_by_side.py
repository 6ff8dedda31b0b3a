"""Old and new code on one store: an upgrade under load, with older processes that go on or must not."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from billsync.cli.fleet import ending
from billsync.engine import presence
from billsync.store import Store, StoreUnusable, migrating, schema
from tests.store.made import AT, other, told

_MORE = '''"""{revision}: a column more."""
from alembic import op
import sqlalchemy as sa
revision = "{revision}"
down_revision = "{before}"
{beside}
def upgrade():
    {act}
'''

EXPAND = 'op.add_column("runs", sa.Column("extra", sa.Text))'
CONTRACT = 'op.drop_column("runs", "note")'

_OLD = """
import datetime, pathlib, time
from billsync.store import StoreUnusable
store, n = Store.open(url), 0
done = pathlib.Path(sys.argv[2])
try:
    while not done.exists():
        with store.tx("t") as tx:
            tx.audit.append([(f"old/{n}", "", "written", "")], at=datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC))
        n += 1
        if n == 3:
            print("at work", flush=True)
    print("went on", n)
except StoreUnusable as error:
    print(error.reason, n)
"""


def release(folder: Path, monkeypatch: pytest.MonkeyPatch, revision: str, act: str, beside: str = "") -> None:
    """From here on, this process is a billsync with one migration more."""
    scripts = folder / f"migrations-{revision}"
    shutil.copytree(migrating.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    says = f'works_beside = "{beside}"' if beside else ""
    made = _MORE.format(revision=revision, before=_newest()[-1], beside=says, act=act)
    (scripts / "versions" / f"{revision}_more.py").write_text(made)
    monkeypatch.setattr(migrating, "SCRIPTS", scripts)
    monkeypatch.setattr(migrating, "REVISIONS", (*_newest(), revision))


def _newest() -> tuple[str, ...]:
    known: tuple[str, ...] = vars(migrating)["REVISIONS"]
    return known


def old_processes(store: Store, done: Path, count: int) -> list[subprocess.Popen[str]]:
    """Processes of today's billsync that write until they are told to stop."""
    children = [other(_OLD, store.url, str(done)) for _ in range(count)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "at work"
    return children


def written(store: Store) -> int:
    with store.view() as tx:
        assert tx.audit.verify() == []
        return sum(subject.startswith("old/") for subject, _, _ in tx.audit.changes())


def test_an_older_process_goes_on_beside_a_schema_that_only_grew_and_stops_at_one_that_shrank(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two old processes write all the while; nothing that they wrote is lost, and none of them writes afterwards."""
    done = tmp_path / "done"
    children = old_processes(store, done, 2)
    release(tmp_path, monkeypatch, "9001", EXPAND, beside=schema.REVISIONS[-1])
    Store.open(store.url, create=True).close()
    grown = written(store)
    while written(store) < grown + 6:  # both go on in the new schema
        time.sleep(0.02)
    release(tmp_path, monkeypatch, "9002", CONTRACT)
    upgraded = Store.open(store.url, create=True)
    said = [told(child).split() for child in children]
    assert [reason for reason, _ in said] == ["schema_newer"] * 2
    assert written(upgraded) == sum(int(count) for _, count in said)
    with upgraded.view() as tx:
        assert migrating.stamp(tx.conn) == "9002 9002"
    upgraded.close()


def test_old_code_that_opens_a_newer_schema_says_what_to_do(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as new:
        release(tmp_path, new, "9001", EXPAND, beside=schema.REVISIONS[-1])
        Store.open(store.url, create=True).close()
    Store.open(store.url, create=True).close()
    with monkeypatch.context() as new:
        release(tmp_path / "b", new, "9001", EXPAND, beside=schema.REVISIONS[-1])
        release(tmp_path / "b", new, "9002", CONTRACT)
        Store.open(store.url, create=True).close()
    for act in (lambda: Store.open(store.url), lambda: _read(store), lambda: _write(store)):
        with pytest.raises(StoreUnusable, match="install that version") as caught:
            act()
        assert caught.value.reason == "schema_newer"


def _read(store: Store) -> None:
    with store.view() as tx:
        tx.runs.list()


def _write(store: Store) -> None:
    with store.tx("t") as tx:
        tx.audit.append([("x", "", "y", "")], at=AT)


def test_an_upgrade_waits_for_nobodys_transaction_for_long_and_leaves_things_as_they_were(
    postgres_store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads for an hour; writers are held up for a moment at a time only."""
    store = Store.open(postgres_store_url)
    monkeypatch.setattr(migrating, "DDL_WAIT_S", 0.2)
    monkeypatch.setattr(migrating, "_TRIES", 2)
    monkeypatch.setattr(migrating, "_PAUSE_S", 0.05)
    release(tmp_path, monkeypatch, "9001", EXPAND, beside=schema.REVISIONS[-1])
    with store.view() as long:
        long.runs.list()
        with pytest.raises(StoreUnusable) as caught:
            Store.open(store.url, create=True)
        assert caught.value.reason == "store_locked"
        _write(store)
    Store.open(store.url, create=True).close()
    with store.view() as tx:
        assert tx.conn.execute(text("SELECT extra FROM runs")).all() == []
    store.close()


def test_every_migration_that_says_so_names_one_before_it() -> None:
    for script in (migrating.SCRIPTS / "versions").glob("0*.py"):
        for line in script.read_text(encoding="utf-8").splitlines():
            if line.startswith("works_beside"):
                assert line.split('"')[1] in schema.REVISIONS


def test_a_process_at_work_ends_when_its_store_became_a_newer_ones(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(presence, "BEAT_S", 0.05)
    with presence.Presence(store, "one", "worker", version="0", rescue=lambda: 0, lost=ended.set) as one:
        with monkeypatch.context() as new:
            release(tmp_path, new, "9001", CONTRACT)
            Store.open(store.url, create=True).close()
        assert ended.wait(20)
        assert (one.outdated, one.dead, one.sure()) == (True, False, False)
    code, why = ending(one)
    assert (code, "install that version" in why) == (6, True)
