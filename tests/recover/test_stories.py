"""A backup is restored: what was done since is found again where it stands, nothing twice, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.connector import Target
from billsync.model.gate import GateState
from billsync.store import Store
from tests.recover.archive import Archive


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.new(tmp_path, Store.open(f"sqlite:///{tmp_path / 'store.db'}", create=True))


def lived(archive: Archive) -> dict[str, tuple[str, str, object]]:
    """A backup, then ten more invoices, a new customer, and payments; gives what the books said in the end."""
    archive.run()
    archive.backup()
    archive.accounts["Newcomer"] = "Norway"
    archive.sell(1, 10)
    assert archive.run().exit_code == 0
    archive.pay("INV-0001", "100.00")
    archive.pay("INV-0005", "40.00")
    assert archive.run().exit_code == 0
    return dict(archive.billed())


@pytest.mark.parametrize("target", [Target.SEARCH, Target.UPSERT, Target.KEY, Target.NONE])
def test_every_document_stands_once_after_an_old_backup_was_restored(tmp_path: Path, target: Target) -> None:
    archive = Archive.new(tmp_path, Store.open(f"sqlite:///{tmp_path / 'store.db'}", create=True), target)
    before = lived(archive)
    there = archive.there_by_number()
    archive.clock.at = archive.clock.at.replace(year=archive.clock.at.year + 1)  # no idempotency key lives that long
    archive.books.keys.clear()
    archive.restore(tmp_path / "1.backup")
    assert len(archive.billed()) == 2
    found = archive.recover()
    assert (found.adopted, found.orphans, archive.gate()) == (10, (), GateState.OPEN)
    assert archive.run(full=True).exit_code == 0
    assert archive.billed() == before
    assert archive.there_by_number() == there
    assert set(there.values()) == {1}
    assert archive.sound()
    archive.sell(50, 1)
    archive.run()
    assert archive.billed()["N50"][0] == "INV-0013"
    archive.store.close()
