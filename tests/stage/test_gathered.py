"""Looking at the source's records keeps nothing, on each kind of database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from billsync import pull
from billsync.connector import Connector, Context
from billsync.model.ref import Link, Ref
from billsync.stage.gathered import Gathered, fresh, is_read
from billsync.stage.world import Silent
from billsync.store import Store
from billsync_connectors.files import Files

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Clock:
    """Always the same instant."""

    def now(self) -> datetime:
        return NOW

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


def crm(folder: Path, *ids: str, bad: str = "") -> Connector:
    (folder / "deals.csv").write_text("id,what\n" + "".join(f"{id},x\n" for id in ids) + bad, encoding="utf-8")
    config = Files.config.model_validate({"folder": str(folder), "objects": {"deals": {"key": "id"}}})
    return Files(Context("crm", folder), config)


def seen(gathered: Gathered) -> list[str]:
    return [record.id for record in gathered.records("deals")]


def test_what_is_read_to_be_looked_at_is_gone_afterwards(store: Store, tmp_path: Path) -> None:
    with fresh(Gathered(store, "crm"), crm(tmp_path, "b", "a", bad="c,x,y\n"), ["deals"], Clock(), Silent()) as found:
        assert seen(found) == ["a", "b"]
        assert [problem.code for problem in found.unread] == ["READ-CSV-02"]
        assert is_read(found.store, "crm", ["deals"])
        assert found.count("deals") == 2
    assert not is_read(store, "crm", ["deals"])
    assert seen(Gathered(store, "crm")) == []


def test_records_come_a_page_at_a_time_without_those_that_are_gone(store: Store, tmp_path: Path) -> None:
    ids = [f"{n:04}" for n in range(1_201)]
    with fresh(Gathered(store, "crm"), crm(tmp_path, *ids), ["deals"], Clock(), Silent()) as found:
        assert seen(found) == ids
        with found.store.tx("gone") as tx:
            tx.inbox.mark_deleted("crm", "deals", ["0500"], run="r", at=NOW)
        assert len(seen(found)) == 1_200
        resolve = found.resolver()
        assert (resolve("files.deals", "0000"), resolve("files.deals", "0500")) == ("0000", None)
        assert found.some_ids("deals", 10) == []
        assert len(found.some_ids("deals", 2_000)) == 1_200


def test_a_look_at_the_source_of_now_leaves_what_was_read_as_it_was(store: Store, tmp_path: Path) -> None:
    pull.changed(store, crm(tmp_path, "a"), "crm", "deals", run="r", now=Clock().now, report=lambda _tx, _found: None)
    with fresh(Gathered(store, "crm"), crm(tmp_path, "b"), ["deals"], Clock(), Silent()) as found:
        assert seen(found) == ["b"]
    assert seen(Gathered(store, "crm")) == ["a"]


def test_ties_answer_as_the_last_run_left_them(store: Store) -> None:
    with store.tx("tie") as tx:
        tx.links.put([Link(kind="customer", our_id="acme", ref=Ref(system="erp", kind="party", id="17"))], at=NOW)
    resolve = Gathered(store, "crm", {"tryton": "erp"}).resolver()
    assert resolve("links:tryton.customer", "acme") == "17"
    assert resolve("links:tryton.customer?back", "17") == "acme"
    assert resolve("links:tryton.customer", "nobody") is None
    assert resolve("live:tryton.account.tax?key=name&value=id", "VAT") == "VAT"  # never read yet
