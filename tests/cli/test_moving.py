"""`db backup --portable` and `db restore`: a store moves from a laptop to a fleet, and sends nothing too early."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.cli import guard, moving, recovery
from billsync.model.gate import GateState
from billsync.store import Store, StoreUnusable
from tests.alerts.made import AT, CONFIG
from tests.store.made import delivery


@pytest.fixture
def config(tmp_path: Path, sqlite_template: Path) -> Path:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    with store.tx("t") as tx:
        tx.outbox.plan([delivery(connection="wiki")], at=AT)
    store.close()
    path = tmp_path / "billsync.yaml"
    path.write_text(CONFIG.format(store="sqlite:///store.db", channels=""))
    return path


@pytest.mark.parametrize("portable", [True, False])
def test_from_a_laptop_to_a_fleet(
    config: Path,
    postgres_url: str,
    portable: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = config.parent / "move.copy"
    assert recovery.backup(config, file, portable=portable) == guard.OK
    before = file.read_bytes()
    monkeypatch.setenv("FLEET", postgres_url)
    assert moving.restore(config, file, "env:FLEET") == guard.OK
    assert file.read_bytes() == before
    said = capsys.readouterr().out
    assert "nothing is sent to erp, wiki until `billsync recover`" in said
    assert "name that store under `store:`" in said
    fleet = Store.open(postgres_url)
    with fleet.view() as tx:
        assert {gate.connection: gate.state for gate in tx.gates.list()} == dict.fromkeys(
            ("erp", "wiki"), GateState.RECOVERING
        )
        assert [row.key for row in tx.outbox.list(connection="wiki")] == [delivery().key]
        assert tx.audit.verify() == []
    fleet.close()


def test_a_portable_copy_is_known_by_its_content_and_overwrites_nothing(config: Path) -> None:
    file = config.parent / "books"
    recovery.backup(config, file, portable=True)
    assert moving.is_portable(file)
    assert not moving.is_portable(config)
    with pytest.raises(StoreUnusable, match="nothing is overwritten"):
        moving.restore(config, file, None)


def test_where_to_may_not_be_nowhere(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(guard.Wrong, match="NOWHERE"):
        moving.restore(config, config, "env:NOWHERE")
