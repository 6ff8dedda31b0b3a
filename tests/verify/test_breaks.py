"""Each invariant goes red on a break that somebody made in the database, behind billsync's back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from billsync.store import Store
from billsync.verify import Verdict, cheap, verify
from tests.push.fakes import HandClock
from tests.stage.office import Office

TRIGGERS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT DISTINCT 'DROP TRIGGER ' || tgname || ' ON ' || tgrelid::regclass FROM pg_trigger "
    "WHERE NOT tgisinternal",
}
_LATER = "UPDATE deliveries SET state = '{}', next_at = NULL, lease_until = NULL, reason = '' WHERE our_id = 'INV-0001'"
_NO_SENDS = "DELETE FROM attempts; DELETE FROM observations; "
_NO_INVOICE = _NO_SENDS + "UPDATE charges SET invoice = NULL; DELETE FROM invoices WHERE number = 'INV-0001'"
_FREE = "UPDATE charges SET invoice = NULL"
BREAKS = [
    ("I1", _NO_SENDS + "DELETE FROM deliveries WHERE our_id = 'INV-0001'"),
    ("I3", "UPDATE invoices SET total_minor = total_minor + 1 WHERE number = 'INV-0001'"),
    ("I3", "UPDATE charges SET doc = replace(doc, '\"amount\":\"100', '\"amount\":\"101') WHERE invoice = 'INV-0001'"),
    ("I3", "UPDATE charges SET invoice = NULL WHERE invoice = 'INV-0001'"),
    ("I4", "UPDATE deliveries SET remote_id = 'R1' WHERE kind = 'customer'"),
    ("I5", "UPDATE inbox SET state = 'forgotten' WHERE id = 'D1'"),
    ("I5", "UPDATE inbox SET state = 'problem' WHERE id = 'D1'"),
    ("I5", "DELETE FROM inbox WHERE id = 'D1'"),
    ("I5", "UPDATE cursors SET at = '2025-01-01T00:00:00.000000Z'"),
    ("I7", "UPDATE deliveries SET state = 'SETTLED' WHERE our_id = 'INV-0001'"),
    ("I7", _NO_SENDS + "DELETE FROM deliveries WHERE kind = 'status'"),
    ("I8", "UPDATE audit SET note = 'nothing to see' WHERE seq = 3"),
    ("I8", "DELETE FROM audit WHERE seq > 5"),
    ("I9", "UPDATE invoices SET doc = replace(doc, '100', '900') WHERE number = 'INV-0001'"),
    ("I9", "UPDATE deliveries SET payload = replace(payload, '100', '900') WHERE our_id = 'INV-0001'"),
    ("I10", "UPDATE invoices SET paid_minor = total_minor + 1 WHERE number = 'INV-0001'"),
    ("I10", "UPDATE invoices SET doc = 'no document any more' WHERE number = 'INV-0001'"),
    ("I11", _LATER.format("UNKNOWN")),
    ("I11", _LATER.format("INFLIGHT")),
    ("I11", _LATER.format("NOWHERE")),
    ("I11", _LATER.format("WAITING") + "; UPDATE deliveries SET needs = '[\"invoice:INV-0001:erp:1\"]'"),
    ("I11", _LATER.format("WAITING") + "; UPDATE deliveries SET needs = '[\"never planned\"]'"),
    ("I12", "UPDATE deliveries SET remote_id = NULL WHERE our_id = 'INV-0001'"),
    ("I13", _NO_INVOICE),
    ("I13", "UPDATE series SET last = 1"),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store after a run, all well."""
    folder = tmp_path_factory.mktemp("sound")
    _live(folder, f"sqlite:///{folder / 'store.db'}")
    return folder / "store.db"


@pytest.fixture(scope="module")
def sound_server(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same on Postgres; the name of its database."""
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE sound TEMPLATE template0")
        _live(tmp_path_factory.mktemp("sound"), postgres_server.replace("/postgres?", "/sound?"))
        yield postgres_server
        admin.execute("DROP DATABASE sound WITH (FORCE)")


def _live(folder: Path, url: str) -> None:
    store = Store.open(url, create=True)
    office = Office(folder, store)
    office.run()
    assert office.sound()
    store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A copy of the sound store, to be broken."""
    if request.param == "sqlite":
        store = Store.open(f"sqlite:///{shutil.copy(request.getfixturevalue('sound'), tmp_path)}")
        yield store
        store.close()
        return
    server: str = request.getfixturevalue("sound_server")
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE broken TEMPLATE sound"))
        store = Store.open(server.replace("/postgres?", "/broken?"))
        yield store
        store.close()
        admin.execute("DROP DATABASE broken WITH (FORCE)")


def breaking(store: Store, statements: str) -> None:
    """Somebody with the database's password."""
    with store.tx("stranger") as tx:
        triggers = tx.conn.execute(text(TRIGGERS[tx.conn.dialect.name])).scalars().all()
        for statement in (*triggers, *statements.split("; ")):
            tx.conn.exec_driver_sql(statement.replace("%", "%%"))


def look(store: Store) -> Verdict:
    return verify(store, now=HandClock().now(), targets=frozenset({"erp"}), patterns=("INV-{seq:04}",))


@pytest.mark.parametrize(("invariant", "statements"), BREAKS, ids=[f"{n}-{name}" for n, (name, _) in enumerate(BREAKS)])
def test_a_planted_break_is_found(invariant: str, statements: str, copy: Store) -> None:
    breaking(copy, statements)
    assert invariant in {item.invariant for item in look(copy).broken}


def test_a_whole_store_is_green(copy: Store) -> None:
    verdict = look(copy)
    assert verdict.broken == []
    assert set(verdict.checked) >= {"I1", "I3", "I4", "I5", "I7", "I8", "I9", "I10", "I12", "I13"}


def test_an_audit_row_too_many_is_a_torn_trail(copy: Store) -> None:
    """Also where somebody appended it with a right hash."""
    with copy.tx("forged") as tx:
        tx.audit.append([("delivery/invoice:INV-0001:erp:1", "UNKNOWN", "CONFIRMED", "")], at=HandClock().now())
    assert [item.invariant for item in look(copy).broken] == ["I7"]


def test_a_gap_that_was_passed_over_with_a_reason_is_none(copy: Store) -> None:
    with copy.tx("raise") as tx:
        tx.ledger.raise_series("INV", 9)
    breaking(copy, f"{_FREE}; UPDATE invoices SET number = 'INV-0009' WHERE number = 'INV-0002'")
    assert "I13" in {item.invariant for item in look(copy).broken}
    with copy.tx("explain") as tx:
        tx.audit.append([("series/INV", "1", "8", "numbers up to 8 stand in erp")], at=HandClock().now())
    assert "I13" not in {item.invariant for item in look(copy).broken}


def test_only_what_is_young_is_looked_at_where_that_is_asked(sound: Path, tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{shutil.copy(sound, tmp_path)}")
    now = HandClock().now()
    young = verify(store, now=now, targets=frozenset({"erp"}), since=now.date())
    assert (young.broken, "I1" in young.checked, young.checked["I8"]) == ([], False, 1)
    store.close()


_TAKEN = "UPDATE deliveries SET state = 'READY', remote_id = 'R1' WHERE our_id = 'INV-0001'"
CHEAP = [
    ("I9", "UPDATE deliveries SET state = 'READY', payload = replace(payload, '100', '900') WHERE our_id = 'INV-0001'"),
    ("I12", "UPDATE deliveries SET remote_id = NULL WHERE our_id = 'INV-0001'"),
    ("I4", f"{_TAKEN}; UPDATE links SET ref_kind = 'invoice' WHERE ref_id = 'R1'"),
    ("I11", "UPDATE deliveries SET state = 'INFLIGHT', lease_until = '2025-01-01T00:00:00.000000Z'"),
]  # fmt: skip


@pytest.mark.parametrize(("invariant", "statements"), CHEAP, ids=[name for name, _ in CHEAP])
def test_the_cheap_checks_find_what_must_not_go_out(invariant: str, statements: str, copy: Store) -> None:
    with copy.view() as tx:
        assert cheap(tx, "erp", HandClock().now()) == []
    breaking(copy, statements)
    with copy.view() as tx:
        assert invariant in {item.invariant for item in cheap(tx, "erp", HandClock().now())}
