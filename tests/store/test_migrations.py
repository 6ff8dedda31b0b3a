"""The schema: migrations and tables agree, upgrades keep the data, and half an upgrade is none."""

from __future__ import annotations

import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from billsync.model.base import canonical_json, digest_text
from billsync.model.payment import Allocation
from billsync.model.ref import Link
from billsync.store import Audit, IllegalMove, Store, StoreUnusable, migrating, opening, schema
from billsync.store.types import fold
from tests.store.made import AT, CRM, LONG, charge, delivery, invoice, other, payment, told

_NEXT = '''"""9001: a column more."""
from alembic import op
import sqlalchemy as sa
revision = "9001"
down_revision = "{newest}"
def upgrade():
    op.create_table("extra", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("runs", sa.Column("extra", sa.Text))
'''


def test_migrations_and_tables_agree(store: Store) -> None:
    with store.view() as tx:
        options = {"compare_type": True, "version_table": schema.VERSION_TABLE}
        context = MigrationContext.configure(tx.conn, opts=options)
        assert compare_metadata(context, schema.metadata) == []
        found = inspect(tx.conn)
        for table in schema.metadata.tables.values():
            columns = [(column["name"], column["nullable"]) for column in found.get_columns(table.name)]
            assert columns == [(column.name, column.nullable) for column in table.columns]
            keys = found.get_pk_constraint(table.name)
            assert keys["constrained_columns"] == [column.name for column in table.primary_key]


def test_the_list_of_revisions_is_the_folder() -> None:
    revisions = ScriptDirectory(str(migrating.SCRIPTS)).walk_revisions()
    assert tuple(reversed([script.revision for script in revisions])) == schema.REVISIONS


def test_no_column_can_hold_a_binary_fraction(store: Store) -> None:
    with store.view() as tx:
        found = inspect(tx.conn)
        types = {
            str(column["type"].compile(tx.conn.dialect)).split(" ")[0]
            for table in found.get_table_names()
            for column in found.get_columns(table)
            if table != schema.VERSION_TABLE
        }
        minor = {
            str(column["type"])
            for table in found.get_table_names()
            for column in found.get_columns(table)
            if column["name"].endswith("_minor")
        }
    assert types == {"TEXT", "INTEGER", "BIGINT", "BOOLEAN"}
    assert minor == {"BIGINT"}


def _restamp(store: Store, *revisions: str) -> None:
    with store.tx("t") as tx:
        tx.conn.execute(text(f"DELETE FROM {schema.VERSION_TABLE}"))
        for revision in revisions:
            tx.conn.execute(text(f"INSERT INTO {schema.VERSION_TABLE} VALUES ('{revision}')"))


@pytest.mark.parametrize(("revisions", "reason"), [(["9999"], "schema_newer"), ([], "schema_incomplete")])
def test_f14_a_newer_or_unfinished_schema_is_refused_and_left_alone(
    store: Store, revisions: list[str], reason: str
) -> None:
    _restamp(store, *revisions)
    for create in (False, True):
        with pytest.raises(StoreUnusable) as caught:
            Store.open(store.url, create=create)
        assert caught.value.reason == reason
    with store.view() as tx:
        assert tx.conn.execute(text(f"SELECT version_num FROM {schema.VERSION_TABLE}")).scalars().all() == revisions


def test_a_schema_that_lacks_a_table_is_incomplete(store: Store) -> None:
    with store.tx("t") as tx:
        tx.conn.execute(text("DROP TABLE observations"))
    with pytest.raises(StoreUnusable) as caught:
        Store.open(store.url)
    assert caught.value.reason == "schema_incomplete"


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A billsync that has one migration more."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrating.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9001_more.py").write_text(_NEXT.format(newest=schema.REVISIONS[-1]))
    monkeypatch.setattr(migrating, "SCRIPTS", scripts)
    monkeypatch.setattr(migrating, "REVISIONS", (*schema.REVISIONS, "9001"))
    return scripts


def test_an_older_schema_is_refused_until_it_is_upgraded_and_keeps_its_data(
    store: Store, next_release: Path, tmp_path: Path
) -> None:
    with store.tx("t") as tx:
        tx.outbox.plan([delivery()], at=AT)
    with pytest.raises(StoreUnusable, match="billsync db upgrade") as caught:
        Store.open(store.url)
    assert caught.value.reason == "schema_older"
    points: list[str] = []
    upgraded = Store.open(store.url, create=True, point=points.append)
    with upgraded.view() as tx:
        assert tx.outbox.get(delivery().key) == delivery()
        assert "extra" in {column["name"] for column in inspect(tx.conn).get_columns("runs")}
    assert points == ["migrate:9001", "migrate:before-commit", "migrate:after-commit"]
    upgraded.close()
    copy = tmp_path / "store.db.before-9001"
    assert copy.exists() is store.url.startswith("sqlite")


_UPGRADE = """
import pathlib
from billsync.store import migrating
migrating.SCRIPTS, migrating.REVISIONS = pathlib.Path(sys.argv[2]), (*migrating.REVISIONS, "9001")
Store.open(url, create=True, point=lambda name: die() if name == sys.argv[3] else None)
"""


@pytest.mark.parametrize("point", ["migrate:9001", "migrate:before-commit", "migrate:after-commit"])
def test_f13_an_upgrade_that_is_killed_half_way_left_nothing_and_goes_through_the_next_time(
    store: Store, next_release: Path, point: str
) -> None:
    with store.tx("t") as tx:
        tx.outbox.plan([delivery()], at=AT)
    child = other(_UPGRADE, store.url, str(next_release), point)
    assert child.wait(60) == -9
    told(child)
    if point != "migrate:after-commit":
        with pytest.raises(StoreUnusable) as caught:
            Store.open(store.url)
        assert caught.value.reason == "schema_older"
        with store.view() as tx:
            assert "extra" not in inspect(tx.conn).get_table_names()
    upgraded = Store.open(store.url, create=True)
    with upgraded.view() as tx:
        assert tx.outbox.get(delivery().key) == delivery()
        assert tx.audit.verify() == []
    upgraded.close()


_BOOKED_BEFORE = (
    (
        "INSERT INTO invoices (number, id, customer, currency, issued_on, due_on, state, subtotal_minor, tax_minor, "
        "total_minor, paid_minor, row_hash, run, at, doc) VALUES ('INV-1', :id, 'acme', 'EUR', '2026-01-31', "
        "'2026-03-02', 'finalised', 1000, 0, 1000, 0, :hash, 'r1', '2026-01-31T10:00:00.000000Z', :billed)"
    ),
    (
        "INSERT INTO charges (key, deal, customer, due_on, invoice, run, at, doc) VALUES "
        "(:key, 'D-1', 'acme', '2026-01-31', 'INV-1', 'r1', '2026-01-31T10:00:00.000000Z', :charged)"
    ),
    (
        "INSERT INTO payments (id, currency, amount_minor, received_on, source, run, at, whole, doc) VALUES "
        "(:folded, 'EUR', 1200, '2026-01-31', :source, 'r1', '2026-01-31T10:00:00.000000Z', :whole, :doc)"
    ),
    (
        "INSERT INTO allocations (payment, n, invoice, amount_minor, settled_on, doc) VALUES "
        "(:folded, 1, 'INV-1', 1000, '2026-01-31', :share)"
    ),
    "UPDATE invoices SET paid_minor = 1000, paid_on = '2026-01-31'",
)


def _made_by_an_older(url: str, revisions: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store as a billsync with only these migrations makes it."""
    later = [f"{revision}*" for revision in schema.REVISIONS if revision not in revisions]
    scripts = folder / "older"
    shutil.copytree(migrating.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__", *later))
    with monkeypatch.context() as past:
        past.setattr(migrating, "SCRIPTS", scripts)
        past.setattr(migrating, "REVISIONS", revisions)
        with pytest.raises(StoreUnusable):  # it is made, and then found to be older than what works with it
            Store.open(url, create=True)


def test_payments_that_were_booked_before_there_were_refunds_stand_as_they_did(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _made_by_an_older(empty_url, ("0001",), tmp_path, monkeypatch)
    booked = payment(LONG, "12.00")
    source, billed = CRM.model_copy(update={"id": LONG}), invoice("INV-1", charge())
    row = {
        "folded": fold(LONG),
        "source": canonical_json(source.model_dump()),
        "whole": canonical_json({"id": LONG}),
        "doc": booked.json_text(),
        "share": Allocation(payment=LONG, invoice="INV-1", amount=Decimal(10), on=booked.received_on).json_text(),
        "id": billed.id,
        "billed": billed.json_text(),
        "hash": digest_text(billed.json_text()),
        "key": charge().key,
        "charged": charge().json_text(),
    }
    engine = opening.open_engine(opening.read_url(empty_url), create=False)
    with opening.writing(engine).connect() as conn, conn.begin():
        for statement in _BOOKED_BEFORE:
            names = [name for name in row if re.search(f":{name}\\b", statement)]
            conn.execute(text(statement), {name: row[name] for name in names})
        Audit(conn).append([("invoice/INV-1", "", "finalised", f"{row['hash']} r1")], at=AT)
    engine.dispose()
    store = Store.open(empty_url, create=True)
    with store.tx("t") as tx:
        [stored] = tx.ledger.payments(invoice="INV-1", unallocated=True)
        assert (stored.payment, stored.state, str(stored.settled), str(stored.left)) == (
            booked,
            "booked",
            "10.00",
            "2.00",
        )
        assert tx.ledger.event(source, "payment") is not None
        assert (tx.ledger.verify(), tx.ledger.events_verify()) == ([], (1, []))
        assert tx.ledger.book_payment(booked, source=source, run="r2", at=AT) == "repeated"
    store.close()


_TIED_BEFORE = (
    "INSERT INTO links (kind, our_id, system, ref_kind, ref_id, sent, at, whole) VALUES "
    "('customer', :folded, 'erp', 'party', '7', 'd', '2026-01-31T10:00:00.000000Z', :whole)"
)


def test_ties_that_were_made_before_there_was_a_history_begin_one(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _made_by_an_older(empty_url, ("0001", "0002"), tmp_path, monkeypatch)
    engine = opening.open_engine(opening.read_url(empty_url), create=False)
    with opening.writing(engine).connect() as conn, conn.begin():
        conn.execute(text(_TIED_BEFORE), {"folded": fold(LONG), "whole": canonical_json({"our_id": LONG})})
    engine.dispose()
    store = Store.open(empty_url, create=True)
    with store.tx("t") as tx:
        tie = tx.links.get("customer", LONG, "erp")
        assert tie is not None
        [first] = tx.links.history(LONG)
        assert (first.n, first.act, first.ref, first.at) == (1, "linked", tie.ref, AT)
        tx.links.remove("customer", LONG, "erp", at=AT, act="unlinked", who="ann", why="a mistake")
        assert [event.act for event in tx.links.history("7")] == ["linked", "unlinked"]
    store.close()


@pytest.mark.parametrize("statement", ["UPDATE link_history SET why = ''", "DELETE FROM link_history"])
def test_the_history_of_a_tie_never_changes(store: Store, statement: str) -> None:
    with store.tx("t") as tx:
        tx.links.put([Link(kind="customer", our_id="acme", ref=CRM)], at=AT)
    with pytest.raises(IllegalMove, match="never changes"), store.tx("t") as tx:
        tx.conn.execute(text(statement))


def test_two_processes_that_make_the_store_at_once_make_one(empty_url: str) -> None:
    children = [other("Store.open(url, create=True).close(); print('made')", empty_url) for _ in range(3)]
    assert [told(child) for child in children] == ["made"] * 3
    Store.open(empty_url).close()
