"""A38, A44: no text becomes SQL, and whoever edits the ledger behind billsync's back is found."""

from __future__ import annotations

import sqlite3

import pytest

from tests.cli.place import GOOD, Place

INJECTIONS = [
    "' OR '1'='1",
    "'; DROP TABLE invoices; --",
    '" OR ""="',
    "1); DELETE FROM audit; --",
    "' UNION SELECT sql FROM sqlite_master --",
    "%",
    "_%",
    "\\",
    ":name %(name)s ? $1",
    "INV-2026-000001' --",
]


def tables(place: Place) -> dict[str, int]:
    with sqlite3.connect(place.folder / "billsync.db") as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        found = {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    db.close()
    return found


@pytest.mark.parametrize("text", INJECTIONS[:3])
def test_a38_a_filter_is_a_value_and_never_sql(ready: Place, text: str) -> None:
    before = tables(ready)
    for command in (
        ["errors", "list", "--code", text, "--format", "json"],
        ["invoice", "list", "--customer", text, "--format", "json"],
        ["runs", "--pipeline", text, "--format", "json"],
    ):
        said = ready.billsync(*command)
        assert said.code in {0, 2}, said.err
        assert said.code == 2 or said.json == []
    assert ready.billsync("invoice", "show", text).code == 2
    assert tables(ready) == before


def test_a38_ids_and_names_from_outside_are_stored_as_they_are(place: Place) -> None:
    rows = [f'"{text.replace(chr(34), chr(34) * 2)}",Basic,Acme,2026-02-03,1,5,USD' for text in INJECTIONS]
    place.deals(GOOD.strip(), *rows)
    assert place.billsync("sync").code == 0
    assert set(place.billed()) == {"G-1", *INJECTIONS}
    assert place.billsync("verify").code == 0


EDITS = {
    "an audit row edited": ("UPDATE audit SET note = 'all is well' WHERE seq = 2", "I8"),
    "the first audit row deleted": ("DELETE FROM audit WHERE seq = 1", "I8"),
    "the last audit row deleted": ("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", "I7"),
    "an invoice's total": ("UPDATE invoices SET total_minor = total_minor - 1 WHERE number = 'INV-2026-000001'", "I"),
    "an invoice deleted": ("DELETE FROM invoices WHERE number = 'INV-2026-000001'", "I"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a44_an_edit_behind_our_back_is_found_and_named(ready: Place, name: str) -> None:
    statement, invariant = EDITS[name]
    with sqlite3.connect(ready.folder / "billsync.db") as db:
        with pytest.raises(sqlite3.Error):
            db.execute(statement)  # the database itself refuses; whoever owns the file can take that away
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("PRAGMA foreign_keys=OFF")
        assert db.execute(statement).rowcount > 0
    db.close()
    said = ready.billsync("verify")
    assert said.code == 4
    assert invariant in said.out
