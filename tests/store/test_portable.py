"""A portable copy: out of either kind of database, into either kind, row for row; a damaged one leaves nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from billsync.model.gate import Gate, GateState
from billsync.model.ref import Link
from billsync.store import Store, StoreUnusable, Tx, migrating, portable, schema
from billsync.store.opening import read_url
from tests.store.made import AT, CRM, LONG, delivery, other, record, told
from tests.store.test_migrations import _made_by_an_older


def fill(store: Store, deliveries: int = 3) -> None:
    """Something of everything that has corners: long ids, other alphabets, booleans, empty and missing values."""
    with store.tx("t") as tx:
        records = [record(LONG, Name='Zoë 🧾 \n\\ " \t'), record("A-2", deleted=True)]
        tx.inbox.absorb("crm", records, run="r", at=AT)
        tx.links.put([Link(kind="customer", our_id=LONG, ref=CRM)], at=AT)
        tx.outbox.plan([delivery(f"invoice:INV-{n}:erp:1") for n in range(deliveries)], at=AT)
        tx.gates.put(Gate(connection="erp", state=GateState.OFFLINE, reason="auth", at=AT))
        tx.runs.start("deals@1", "deals", slot="1", owner="o", at=AT)
        tx.audit.append([(f"x/{LONG}", "a", "b", "ключ")], at=AT)


def out(store: Store, file: Path) -> portable.Manifest:
    return portable.export(store.url, file, at=AT, made_by="test")


@pytest.fixture(params=["sqlite", "postgres"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for another store, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'other' / 'store.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def laptop(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """A store in a file."""
    shutil.copy(sqlite_template, tmp_path / "laptop.db")
    opened = Store.open(f"sqlite:///{tmp_path / 'laptop.db'}")
    yield opened
    opened.close()


def test_a_copy_moves_a_store_to_either_kind_of_database(store: Store, elsewhere: str, tmp_path: Path) -> None:
    fill(store)
    made = out(store, tmp_path / "copy.zip")
    assert stat.S_IMODE((tmp_path / "copy.zip").stat().st_mode) == 0o600

    def hold(tx: Tx) -> None:
        tx.gates.put(Gate(connection="erp", state=GateState.RECOVERING, reason="restored", at=AT))

    portable.load(elsewhere, tmp_path / "copy.zip", finish=hold)
    moved = Store.open(elsewhere)
    with moved.view() as tx, store.view() as before:
        assert tx.outbox.list(connection="erp") == before.outbox.list(connection="erp")
        assert tx.audit.verify() == []
        assert [gate.state for gate in tx.gates.list()] == [GateState.RECOVERING]
        assert tx.audit.tail(limit=1)[0]["subject"] == "gate/erp"
    again = out(moved, tmp_path / "again.zip")
    same = {name for name, facts in made.tables.items() if facts == again.tables[name]}
    assert set(made.tables) - same == {"gates", "audit", "audit_head"}
    moved.close()


def test_who_is_at_work_and_steps_of_flows_stay_behind(laptop: Store, tmp_path: Path) -> None:
    made = out(laptop, tmp_path / "copy.zip")
    assert {"workers", "flow_steps", "budgets"}.isdisjoint(made.tables)
    assert set(made.tables) | {"workers", "flow_steps", "budgets"} == set(schema.metadata.tables)


def test_nothing_is_overwritten(store: Store, tmp_path: Path) -> None:
    fill(store)
    out(store, tmp_path / "copy.zip")
    with pytest.raises(FileExistsError):
        out(store, tmp_path / "copy.zip")
    with pytest.raises(StoreUnusable, match="nothing is overwritten"):
        portable.load(store.url, tmp_path / "copy.zip")
    with store.view() as tx:
        assert tx.audit.verify() == []


def test_an_empty_store_may_be_there_already(laptop: Store, tmp_path: Path, elsewhere: str) -> None:
    fill(laptop)
    made = out(laptop, tmp_path / "copy.zip")
    Store.open(elsewhere, create=True).close()
    engine = create_engine(read_url(elsewhere))
    with engine.begin() as conn:
        conn.execute(text("CREATE TABLE somebody_elses (id INTEGER)"))
    engine.dispose()
    assert portable.load(elsewhere, tmp_path / "copy.zip").rows == made.rows


def tampered(file: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """The copy with one of its parts changed, and whole as a zip file."""
    made = file.with_name("tampered.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, change(old.read(entry)) if entry == name else old.read(entry))
    return made


def _forged(raw: bytes) -> bytes:
    """A manifest that agrees with no chain."""
    facts = json.loads(raw)
    return json.dumps(facts | {"audit_hash": "0" * 64}).encode()


def rewritten(file: Path, change: Callable[[dict[str, Any]], object], runs: bytes | None = None) -> Path:
    """The copy with its manifest changed, and with other rows in one table whose digest agrees with them."""

    def facts(raw: bytes) -> bytes:
        made = json.loads(raw)
        if runs is not None:
            made["tables"]["runs"] |= {"sha256": hashlib.sha256(runs).hexdigest(), "rows": runs.count(b"\n")}
        change(made)
        return json.dumps(made).encode()

    changed = tampered(file, "manifest.json", facts)
    return tampered(changed.rename(file), "tables/runs.jsonl", lambda raw: raw if runs is None else runs)


def _rows(runs: bytes) -> Callable[[Path], Path]:
    return lambda file: rewritten(file, lambda _made: None, runs)


def _facts(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], Path]:
    return lambda file: rewritten(file, change)


def _without_a_column(file: Path) -> Path:
    """As if nobody had ever noted what became of a run."""
    with zipfile.ZipFile(file) as archive:
        rows = [json.loads(line)[:-1] for line in archive.read("tables/runs.jsonl").splitlines()]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return rewritten(file, lambda made: made["tables"]["runs"]["columns"].pop(), lines)


DAMAGED: dict[str, Callable[[Path], Path]] = {
    "a table less": _facts(lambda made: made["tables"].pop("runs")),
    "a column less": _without_a_column,
    "tables that are none": _facts(lambda made: made.update(tables=[])),
    "a table that is none": _facts(lambda made: made["tables"].update(runs="x")),
    "a number that is none": _facts(lambda made: made.update(audit_seq="1")),
    "a manifest without end": lambda file: tampered(file, "manifest.json", lambda _raw: b"[" * 200_000),
    "a row too short": _rows(b'["only this"]\n'),
    "values that may not be": _rows(json.dumps([None] * 10).encode() + b"\n"),
    "a row without end": _rows(b"[" * 200_000 + b"\n"),
    "an amount": lambda file: tampered(file, "tables/deliveries.jsonl", lambda raw: raw.replace(b"INV-1", b"INV-7", 1)),
    "a row less": lambda file: tampered(file, "tables/audit.jsonl", lambda raw: raw[: raw.index(b"\n") + 1]),
    "no JSON": lambda file: tampered(file, "tables/gates.jsonl", lambda raw: b"{" + raw),
    "a cut file": lambda file: Path(shutil.copy(file, file.with_name("cut.zip"))),
    "another end": lambda file: tampered(file, "manifest.json", _forged),
    "no manifest": lambda file: tampered(file, "manifest.json", lambda _raw: b"[]"),
    "a newer one": lambda file: tampered(file, "manifest.json", lambda raw: raw.replace(b'"0007"', b'"0099"')),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_copy_leaves_nothing(damage: str, tmp_path: Path, laptop: Store) -> None:
    fill(laptop)
    out(laptop, tmp_path / "copy.zip")
    bad = DAMAGED[damage](tmp_path / "copy.zip")
    if damage == "a cut file":
        bad.write_bytes(bad.read_bytes()[:-400])
    elsewhere = f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(StoreUnusable) as caught:
        portable.load(elsewhere, bad)
    assert caught.value.reason in {"store_corrupt", "schema_newer"}
    with pytest.raises(StoreUnusable) as after:
        Store.open(elsewhere)
    assert after.value.reason == "store_missing"


@pytest.mark.parametrize("line", [b'{"id": 1}', b'[["x"]]', b'[{"x": 1}]', b'["x", "y"]', b"[]", b"3", b"[1"])
def test_a_line_is_a_list_of_plain_values_or_no_row(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  JSON's own is one too
        portable._row(line, 1, [])
    assert portable._row(b"[1]", 1, [0]) == (True,)


_KILLED = """
from billsync.store import portable
import pathlib
portable.load(url, pathlib.Path(sys.argv[2]), finish=lambda tx: die())
"""


def test_killed_before_the_end_it_leaves_nothing_and_goes_through_the_next_time(
    laptop: Store, elsewhere: str, tmp_path: Path
) -> None:
    fill(laptop)
    out(laptop, tmp_path / "copy.zip")
    child = other(_KILLED, elsewhere, str(tmp_path / "copy.zip"))
    assert child.wait(60) == -9
    told(child)
    portable.load(elsewhere, tmp_path / "copy.zip")
    Store.open(elsewhere).close()


def test_a_copy_of_an_older_billsync_gets_todays_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_url = f"sqlite:///{tmp_path / 'older.db'}"
    _made_by_an_older(empty_url, schema.REVISIONS[:-1], tmp_path, monkeypatch)
    older = {name: table for name, table in schema.metadata.tables.items() if name not in _NEW}
    with monkeypatch.context() as past:
        past.setattr(migrating, "REVISIONS", schema.REVISIONS[:-1])
        past.setattr(schema.metadata, "tables", older)
        past.setattr(portable, "_tables", lambda: [one for one in schema.metadata.sorted_tables if one.name in older])
        made = portable.export(empty_url, tmp_path / "copy.zip", at=AT, made_by="older")
    assert made.schema == "0006"
    portable.load(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "copy.zip")
    Store.open(f"sqlite:///{tmp_path / 'new.db'}").close()


_NEW = {"workers", "flow_steps", "rings", "budgets", "alerts", "pulses", "store_notes"}


def test_a_copy_is_of_one_moment_while_others_write(store: Store, tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path / 'moved.db'}"
    stop = threading.Event()

    def write() -> None:
        for n in range(10_000):
            if stop.is_set():
                return
            with store.tx("t") as tx:
                tx.outbox.plan([delivery(f"invoice:N-{n}:erp:1")], at=AT)
                tx.audit.append([(f"n/{n}", "", "planned", "")], at=AT)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        made = out(store, tmp_path / "copy.zip")
    finally:
        stop.set()
        thread.join(30)
    portable.load(elsewhere, tmp_path / "copy.zip")
    moved = Store.open(elsewhere)
    with moved.view() as tx:
        planned = sum(tx.outbox.counts().get("erp", {}).values())
        assert tx.audit.head() == (made.audit_seq, made.audit_hash)
        assert tx.audit.verify() == []
    assert planned == sum(1 for _ in _subjects(tmp_path / "copy.zip", "n/"))
    moved.close()


def _subjects(file: Path, start: str) -> Iterator[str]:
    with zipfile.ZipFile(file) as archive:
        for line in archive.read("tables/audit.jsonl").splitlines():
            subject = json.loads(line)[2]
            if str(subject).startswith(start):
                yield subject
