"""Is it alive, can it work, how does it stand: asked over HTTP, on a real store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from billsync import settings, workspace
from billsync.console import health
from billsync.console.standing import Standing
from billsync.console.watching import watching
from billsync.observe.metrics import Figures
from billsync.schedule import SystemClock
from billsync.settings import BadSettings
from billsync.store.schema import VERSION_TABLE
from tests.cli.place import CONFIG, Place
from tests.store.away import shut


@contextmanager
def opened(folder: Path) -> Iterator[workspace.Workspace]:
    with workspace.opened(settings.load(folder / "billsync.yaml"), SystemClock()) as found:
        yield found


@contextmanager
def asked(opened: workspace.Workspace, signs: health.Signs) -> Iterator[httpx.Client]:
    figures = Figures()
    figures.registry.register(Standing(lambda: opened))
    answers = health.Health(signs, health.Readiness(opened).reason, figures.text, health.names("127.0.0.1", ["b.test"]))
    listener = health.bound("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with health.served(answers.app(), listener), httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        yield client


def test_a_loop_that_is_stuck_is_told(ready: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    signs = health.Signs()
    with opened(ready.folder) as store, asked(store, signs) as client:
        signs.alive("bells", 60)
        assert client.get("/healthz").json() == {"state": "ok", "stuck": []}
        signs.alive("bells", -1)
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()["stuck"]) == (503, ["bells"])
        signs.ended("bells")
        assert client.get("/healthz").status_code == 200


def test_a_store_that_takes_no_write_is_told_with_its_reason(ready: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT_S", 0.0)
    with opened(ready.folder) as store, asked(store, health.Signs()) as client:
        assert client.get("/readyz").json() == {"state": "ok", "reasons": []}
        with sqlite3.connect(ready.folder / "billsync.db") as raw:
            raw.execute(f"update {VERSION_TABLE} set version_num = '0001'")
        raw.close()
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"state": "not ready", "reasons": ["schema_older"]})


def test_nobody_asks_under_a_foreign_name(ready: Place) -> None:
    with opened(ready.folder) as store, asked(store, health.Signs()) as client:
        for host, status in (("evil.test", 421), ("B.TEST:9464", 200), ("localhost", 200), ("[::1]:1", 200), ("", 421)):
            assert client.get("/metrics", headers={"Host": host}).status_code == status, host
        assert client.post("/metrics").status_code == 405


def test_what_stands_in_the_store_is_shown_and_its_absence_too(ready: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billsync.console.standing.KEPT_S", 0.0)
    with opened(ready.folder) as store, asked(store, health.Signs()) as client:
        with store.store.tx("t") as tx:
            tx.pulses.note("billing", "crm", "deals", began=store.clock.now() - timedelta(hours=3), fresh=1, run="r")
        figures = values(client.get("/metrics").text)
        assert figures["billsync_store_up"] == 1
        assert figures['billsync_open_problems{pipeline="billing"}'] == 1
        assert figures['billsync_gate_open{connection="crm"}'] == 1
        assert 10_800 <= figures['billsync_freshness_seconds{pipeline="billing"}'] < 10_900
        store.store.close()  # its connections; the next ones find another file
        (ready.folder / "billsync.db").write_bytes(b"no database" * 1000)
        figures = values(client.get("/metrics").text)
        assert figures["billsync_store_up"] == 0
        assert 'billsync_open_problems{pipeline="billing"}' not in figures


def test_a_database_that_is_gone_or_hangs_is_told_in_time_and_no_reason_to_restart(
    tmp_path: Path, postgres_store_url: str, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("standing.KEPT_S", "health.KEPT_S"):
        monkeypatch.setattr(f"billsync.console.{name}", 0.0)
    for name in ("standing.PATIENCE_S", "health.PATIENCE_S"):
        monkeypatch.setattr(f"billsync.console.{name}", 0.2)
    (tmp_path / "billsync.yaml").write_text("store: env:PLACE\n" + CONFIG.partition("\n")[2], encoding="utf-8")
    monkeypatch.setenv("PLACE", postgres_store_url)

    def answers(client: httpx.Client) -> tuple[int, list[str], float]:
        ready, up = client.get("/readyz"), values(client.get("/metrics").text)["billsync_store_up"]
        assert client.get("/healthz").status_code == 200
        return ready.status_code, ready.json()["reasons"], up

    with opened(tmp_path) as found, asked(found, health.Signs()) as client:
        assert answers(client) == (200, [], 1)
        with shut(postgres_server, postgres_store_url):
            assert answers(client) == (503, ["store_unreachable"], 0)
        assert answers(client) == (200, [], 1)
        with psycopg.connect(postgres_store_url) as other:
            other.execute("LOCK TABLE deliveries, store_notes IN ACCESS EXCLUSIVE MODE")
            for _ in range(20):  # more than are answered at one time
                assert client.get("/metrics").status_code == 200
            status, reasons, up = answers(client)
        assert (status, up) == (503, 0)
        assert reasons[0] in ("store_slow", "store_locked")


def values(text: str) -> dict[str, float]:
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}


def test_a_port_that_is_taken_holds_up_no_work(ready: Place, capsys: pytest.CaptureFixture[str]) -> None:
    listener = health.bound("127.0.0.1", 0)
    config = f'observe: {{listen: "127.0.0.1:{listener.getsockname()[1]}"}}\n{CONFIG}'
    (ready.folder / "billsync.yaml").write_text(config, encoding="utf-8")
    with opened(ready.folder) as store, watching(store, "daemon"):
        pass
    listener.close()
    assert '"event":"health_not_served"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("observe", "fault"),
    [
        ({"listen": "0.0.0.0:9464"}, "exposed: true"),
        ({"listen": "[::]:9464"}, "exposed: true"),
        ({"listen": "9464"}, "HOST:PORT"),
        ({"traces": {"endpoint": "http://me:secret@collector/v1"}}, "endpoint"),
    ],
)
def test_nothing_is_open_to_everybody_by_accident(observe: dict[str, Any], fault: str, tmp_path: Path) -> None:
    path = tmp_path / "billsync.yaml"
    with pytest.raises(BadSettings, match=fault):
        settings.parsed(f"observe: {observe}\n{CONFIG}".replace("'", '"'), path)
    allowed = settings.parsed(f'observe: {{listen: "0.0.0.0:9464", exposed: true}}\n{CONFIG}', path)
    assert allowed.observe.listen == "0.0.0.0:9464"


def looked_at(place: Place) -> dict[str, datetime]:
    with opened(place.folder) as store, store.store.view() as tx:
        return {pulse.object: pulse.looked_at for pulse in tx.pulses.list("billing")}


def test_freshness_is_of_looks_that_came_to_their_end(ready: Place) -> None:
    before = looked_at(ready)
    deals = ready.folder / "crm" / "deals.csv"
    deals.rename(deals.with_suffix(".away"))
    assert ready.billsync("sync").code == 3
    after = looked_at(ready)
    assert after["deals"] == before["deals"]
    assert after["accounts"] > before["accounts"]
    (shown,) = ready.billsync("status", "--format", "json").json["Freshness"]
    assert (shown["fresh as of"], shown["held up by"]) == (f"{after['deals']:%Y-%m-%d %H:%M:%S}", "crm deals")


def test_a_kind_of_record_that_is_read_no_more_holds_nothing_up(ready: Place) -> None:
    with opened(ready.folder) as store, store.store.tx("t") as tx:
        tx.pulses.note("billing", "crm", "of before", began=store.clock.now() - timedelta(days=9), fresh=0, run="r")
    assert "of before" in looked_at(ready)
    ready.billsync("sync")
    assert set(looked_at(ready)) == {"accounts", "products", "deals"}
