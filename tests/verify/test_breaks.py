"""Each invariant goes red on a break that somebody made in the file, behind billsync's back."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from billsync.store import Store
from billsync.verify import verify
from tests.push.fakes import HandClock
from tests.stage.office import Office

_LATER = "UPDATE deliveries SET state = '{}', next_at = NULL, lease_until = NULL, reason = ''"
BREAKS = {
    "I1": "DELETE FROM attempts; DELETE FROM observations; DELETE FROM deliveries WHERE our_id = 'INV-0001'",
    "I3": "UPDATE invoices SET total_minor = total_minor + 1 WHERE number = 'INV-0001'",
    "I4": "UPDATE deliveries SET remote_id = 'R1' WHERE kind = 'customer'",
    "I5": "UPDATE inbox SET state = 'forgotten' WHERE id = 'D1'",
    "I7": "UPDATE deliveries SET state = 'SETTLED' WHERE our_id = 'INV-0001'",
    "I8": "UPDATE audit SET note = 'nothing to see' WHERE seq = 3",
    "I9": "UPDATE invoices SET doc = replace(doc, '100', '900') WHERE number = 'INV-0001'",
    "I10": "UPDATE invoices SET paid_minor = total_minor + 1 WHERE number = 'INV-0001'",
    "I11": _LATER.format("UNKNOWN"),
    "I12": "UPDATE deliveries SET remote_id = NULL WHERE our_id = 'INV-0001'",
    "I13": "DELETE FROM attempts; UPDATE charges SET invoice = NULL; DELETE FROM invoices WHERE number = 'INV-0001'",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store after a run, all well."""
    folder = tmp_path_factory.mktemp("sound")
    store = Store.open(f"sqlite:///{folder / 'store.db'}", create=True)
    office = Office(folder, store)
    office.run()
    assert office.sound()
    store.close()
    return folder / "store.db"


def broken(file: Path) -> set[str]:
    store = Store.open(f"sqlite:///{file}")
    try:
        found = verify(store, now=HandClock().now(), targets=frozenset({"erp"})).broken
    finally:
        store.close()
    return {item.invariant for item in found}


@pytest.mark.parametrize("invariant", BREAKS)
def test_a_planted_break_is_found(invariant: str, sound: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(sound, tmp_path))
    base = sqlite3.connect(file)
    for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        base.execute(f"DROP TRIGGER {name}")
    base.executescript(BREAKS[invariant])
    base.commit()
    base.close()
    assert invariant in broken(file)


def test_a_whole_store_is_green(sound: Path, tmp_path: Path) -> None:
    assert broken(Path(shutil.copy(sound, tmp_path))) == set()


def test_an_audit_row_too_many_is_a_torn_trail(sound: Path, tmp_path: Path) -> None:
    """Also where somebody appended it with a right hash."""
    store = Store.open(f"sqlite:///{shutil.copy(sound, tmp_path)}")
    try:
        with store.tx("forged") as tx:
            tx.audit.append([("delivery/invoice:INV-0001:erp:1", "UNKNOWN", "CONFIRMED", "")], at=HandClock().now())
        found = verify(store, now=HandClock().now()).broken
    finally:
        store.close()
    assert [item.invariant for item in found] == ["I7"]
