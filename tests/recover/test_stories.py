"""A backup is restored: what was done since is found again where it stands, nothing twice, nothing lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from billsync.connector import Target
from billsync.model.gate import GateState
from billsync.store import Store
from tests.recover.archive import Archive


@pytest.fixture
def archive(tmp_path: Path, sqlite_template: Path) -> Archive:
    shutil.copy(sqlite_template, tmp_path / "store.db")
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
def test_every_document_stands_once_after_an_old_backup_was_restored(
    tmp_path: Path, sqlite_template: Path, target: Target
) -> None:
    shutil.copy(sqlite_template, tmp_path / "store.db")
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


# ---------------------------------------------------------------- restored without a word


def test_a_file_that_somebody_copied_is_noticed_before_a_number_is_drawn_twice(archive: Archive) -> None:
    before = lived(archive)
    there = archive.there_by_number()
    archive.restore(archive.folder / "1.backup", told=False)
    archive.books.closed = True
    assert archive.run().exit_code == 1
    archive.books.closed = False
    assert (archive.gate(), len(archive.billed())) == (GateState.RECOVERING, 2)
    with archive.store.view() as tx:
        gate = tx.gates.get("erp")
    assert gate is not None
    assert (gate.reason, "INV-0003 stands in erp" in gate.detail) == ("store_behind", True)
    assert archive.recover().orphans == ()
    assert archive.run(full=True).exit_code == 0
    assert (archive.billed(), archive.there_by_number(), archive.codes()) == (before, there, [])
    assert archive.sound()


def test_nothing_is_made_or_sent_before_somebody_recovers(archive: Archive) -> None:
    lived(archive)
    archive.restore(archive.folder / "1.backup")
    archive.sell(60, 3)
    archive.books.closed = True
    for _ in range(2):
        assert archive.run().exit_code == 1
    archive.books.closed = False
    assert (len(archive.billed()), archive.codes()) == (2, ["PUSH-PARKED-01"] * 2)
    assert archive.recover().adopted == 10
    assert archive.run(full=True).exit_code == 0
    assert sorted(number for deal, (number, *_) in archive.billed().items() if deal >= "N60") == [
        "INV-0013", "INV-0014", "INV-0015",
    ]  # fmt: skip
    assert (archive.codes(), archive.sound()) == ([], True)


# ---------------------------------------------------------------- what cannot be taken over


def edited(archive: Archive) -> None:
    """Restored; and the CRM is no longer as it was when two of the lost invoices were made."""
    lived(archive)
    archive.restore(archive.folder / "1.backup")
    archive.deals["N03"] = (archive.deals["N03"][0], "Won", "777.00")


def left(archive: Archive) -> list[str]:
    return [item.reference for item in archive.recover().orphans]


def test_a_deal_that_was_edited_meanwhile_waits_for_a_person_and_is_not_billed_twice(archive: Archive) -> None:
    edited(archive)
    (number,) = left(archive)
    assert (archive.gate(), archive.codes()) == (GateState.RECOVERING, ["RECOVER-NUMBER-01"])
    assert "N03" not in archive.billed()
    assert left(archive) == [number]
    archive.deals["N03"] = (archive.deals["N03"][0], "Won", "100.50")
    assert left(archive) == []
    assert archive.run(full=True).exit_code == 0
    assert archive.billed()["N03"][0] == number
    assert (archive.codes(), archive.sound(), set(archive.there_by_number().values())) == ([], True, {1})


def test_a_document_that_was_voided_there_is_a_gap_with_a_reason(archive: Archive) -> None:
    edited(archive)
    (number,) = left(archive)
    archive.books.void.add(next(remote for key, remote in archive.books.documents if key == number))
    assert left(archive) == []
    assert archive.run(full=True).exit_code == 0
    assert archive.billed()["N03"][:2] == ("INV-0013", "777.00")
    assert archive.sound()
    with archive.store.view() as tx:
        assert "void in erp" in tx.audit.tail(f"number/{number}")[0]["note"]


def test_a_person_may_accept_what_nothing_accounts_for(archive: Archive) -> None:
    edited(archive)
    (number,) = left(archive)
    archive.accept(number)
    assert left(archive) == []
    assert archive.run(full=True).exit_code == 0
    assert number not in {found for found, *_ in archive.billed().values()}
    assert archive.sound()
    with archive.store.view() as tx:
        assert "it was agreed" in tx.audit.tail(f"number/{number}")[0]["note"]


def test_two_documents_with_one_unknown_number_are_for_a_person(archive: Archive) -> None:
    lived(archive)
    key, remote = next(item for item in archive.books.documents if item[0] == "INV-0007")
    archive.books.documents.append((key, "R99"))
    archive.books.stands["R99"] = archive.books.stands[remote]
    archive.restore(archive.folder / "1.backup")
    assert (left(archive), archive.codes()) == (["INV-0007"], ["RECOVER-NUMBER-02"])
    archive.books.void.add("R99")
    assert left(archive) == []
    archive.books.documents.remove((key, "R99"))
    assert archive.run(full=True).exit_code == 0
    assert archive.sound()


def test_a_system_that_cannot_list_waits_until_a_person_has_compared(archive: Archive) -> None:
    archive.run()
    archive.backup()
    archive.restore(archive.folder / "1.backup")
    archive.books.lists = False
    assert (left(archive), archive.codes()) == (["unlisted"], ["RECOVER-LIST-01"])
    archive.accept("unlisted")
    assert left(archive) == []
    archive.sell(1, 1)
    assert archive.run(full=True).exit_code == 0
    assert (archive.billed()["N01"][0], archive.sound()) == ("INV-0003", True)


# ---------------------------------------------------------------- killed while it recovers


class Killed(BaseException):
    """kill -9, as far as the database sees it."""


def test_a_recovery_that_is_killed_at_any_commit_ends_the_same(tmp_path: Path, archive: Archive) -> None:
    before = lived(archive)
    points: list[str] = []
    archive.restore(tmp_path / "1.backup")
    archive.store._point = points.append
    archive.recover()
    strikes = (
        "recover-look:after-commit",
        "recover-tie:after-commit",
        "invoices:before-commit",
        "invoices:after-commit",
    )
    assert set(strikes) <= set(points)
    for point in strikes:
        archive.restore(tmp_path / "1.backup")

        def strike(name: str, at: str = point) -> None:
            if name == at:
                raise Killed(name)

        archive.store._point = strike
        with pytest.raises(Killed):
            archive.recover()
        archive.books.closed = False
        archive.store._point = lambda _name: None
        assert archive.recover().orphans == (), point
        assert archive.run(full=True).exit_code == 0
        assert archive.billed() == before, point
        assert archive.sound()
