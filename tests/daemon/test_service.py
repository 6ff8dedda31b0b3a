"""The daemon as a whole, in fast motion: a configuration that changes, runs that hang, companions that fail."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billsync import settings, workspace
from billsync.cli import guard, schedules
from billsync.daemon import Ending, Service, accompanied, supervisor
from billsync.daemon.hands import Hands
from billsync.daemon.reload import Watched
from billsync.daemon.service import Terms
from billsync.schedule import FastClock

MAPPING = "mappings/files/crm_sales/accounts.yaml"
CONFIG = """
connections: {{crm: {{connector: files, folder: crm, objects: {{accounts: {{key: account}}}}}}}}
pipelines:
  p:
    source: crm
    mappings: {{inbound: [{mapping}]}}
    schedule: {schedule}
"""
START = datetime(2026, 6, 10, tzinfo=UTC)


def write(folder: Path, schedule: str, mapping: str = MAPPING) -> Path:
    file = folder / "billsync.yaml"
    file.write_text(CONFIG.format(schedule=schedule, mapping=mapping), encoding="utf-8")
    (folder / "crm").mkdir(exist_ok=True)
    return file


class Heard:
    """What the daemon said and started."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.faults: list[Exception] = []
        self.started: list[str] = []

    def start(self, _pipeline: str, slot: str) -> Ending:
        self.started.append(slot)
        return "ran"


def becomes(true: Callable[[], object], within_s: float = 20) -> bool:
    until = time.monotonic() + within_s
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return bool(true())


@contextmanager
def running(file: Path, heard: Heard, **terms: float) -> Iterator[Service]:
    """A daemon in a thread, 600 times as fast as the clock."""
    clock = FastClock(START, 600)
    with workspace.opened(settings.load(file), clock, owner="me") as opened:
        made = Terms(runs_at_once=2, stop_within_s=int(terms.get("stop_within_s", 20)), look_s=10)
        service = Service(opened, clock, made, say=heard.said.append, troubled=heard.faults.append)
        stop, ended = threading.Event(), list[bool]()
        thread = threading.Thread(target=lambda: ended.append(service.run(heard.start, stop)))
        thread.start()
        try:
            yield service
        finally:
            stop.set()
            service.wake.set()
            thread.join(30)
            heard.said.append(f"ended: {ended}")


def test_a_changed_configuration_is_taken_up_and_a_bad_one_is_told(tmp_path: Path) -> None:
    heard = Heard()
    file = write(tmp_path, "{every_s: 120}")
    with running(file, heard):
        assert becomes(lambda: heard.started)
        write(tmp_path, "{every_s: 120, zone: Nowhere}")
        assert becomes(lambda: heard.faults), heard.said
        assert "the one before stays" in heard.said[-1]
        count = len(heard.started)
        assert becomes(lambda: len(heard.started) > count)
        write(tmp_path, "{every_s: 120}", mapping="mappings/none.yaml")
        assert becomes(lambda: len(heard.faults) == 2)
        assert "there is no mapping file mappings/none.yaml" in str(heard.faults[1])
        write(tmp_path, "{cron: '17 * * * *'}")
        assert becomes(lambda: any(slot.endswith(":17") for slot in heard.started))
    assert heard.said[-1] == "ended: [True]"


def test_a_store_cannot_be_changed_under_a_daemon(tmp_path: Path) -> None:
    heard = Heard()
    file = write(tmp_path, "{every_s: 120}")
    with running(file, heard):
        file.write_text(file.read_text(encoding="utf-8") + "store: sqlite:///other.db\n", encoding="utf-8")
        assert becomes(lambda: heard.faults)
    assert "CONF-RELOAD-01" in str(heard.faults[0])
    assert not (tmp_path / "other.db").exists()


def test_a_run_that_hangs_is_left_to_the_next_start(tmp_path: Path) -> None:
    heard, go_on = Heard(), threading.Event()

    def hang(_pipeline: str, slot: str) -> Ending:
        heard.started.append(slot)
        go_on.wait(20)
        return "ran"

    heard.start = hang  # type: ignore[method-assign]
    file = write(tmp_path, "{every_s: 120}")
    with running(file, heard, stop_within_s=0):
        assert becomes(lambda: heard.started)
    assert heard.said[-1] == "ended: [False]"
    assert "the next start goes on with them" in heard.said[-2]
    with workspace.opened(settings.load(file), FastClock(START, 1)) as opened, opened.store.view() as tx:
        assert "waiting" in {ring.outcome for ring in tx.rings.list(pipeline="p")}
    go_on.set()


def test_a_file_that_is_only_touched_is_no_change(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    mapping = own / "accounts.yaml"
    mapping.write_text("name: x\n", encoding="utf-8")
    file = write(tmp_path, "{every_s: 120}", mapping="own/accounts.yaml")
    watched = Watched(settings.load(file))
    os.utime(file, (1, 1))
    os.utime(mapping, (1, 1))
    assert not watched.changed()
    mapping.write_text("name: y\n", encoding="utf-8")
    assert watched.changed()
    assert not watched.changed()
    (own / "rates.csv").write_text("a,b\n", encoding="utf-8")
    assert watched.changed()


def test_one_task_that_raises_stops_no_other_and_no_more_than_so_many_run_at_once() -> None:
    faults, done, at_once = list[Exception](), list[int](), list[int]()
    hands, busy = Hands(2, faults.append), threading.Semaphore(2)

    def task(number: int) -> None:
        at_once.append(busy.acquire(blocking=False))
        time.sleep(0.005)
        busy.release()
        if number == 3:
            raise ValueError(number)
        done.append(number)

    for number in range(10):
        hands.hand_out(lambda number=number: task(number))  # type: ignore[misc]
    assert hands.wait(20)
    assert sorted(done) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert [str(fault) for fault in faults] == ["3"]
    assert all(at_once)


def test_a_companion_that_fails_is_told_and_the_others_go_on() -> None:
    class Bad:
        name = "bad"

        def run(self, stop: threading.Event) -> None:
            raise OSError("no port")

    class Good:
        name = "good"
        ended = False

        def run(self, stop: threading.Event) -> None:
            stop.wait(20)
            self.ended = True

    good, told = Good(), list[str]()
    with accompanied([Bad(), good], lambda name, error: told.append(f"{name}: {error}")):
        assert becomes(lambda: told)
        assert not good.ended
    assert told == ["bad: no port"]
    assert good.ended


def test_systemd_hears_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not supervisor.notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert supervisor.notify("READY=1", "STATUS=2 schedules")
        assert there.recv(100) == b"READY=1\nSTATUS=2 schedules"
        supervisor.reloading()
        assert there.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")


def test_fast_motion() -> None:
    clock, event = FastClock(START, 100_000), threading.Event()
    clock.sleep(100)
    assert not clock.wait(event, 100)
    event.set()
    assert clock.wait(event, 1_000_000)
    assert timedelta(seconds=200) <= clock.now() - START < timedelta(days=100)


# ---------------------------------------------------------------- what people see


def test_what_is_to_come_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = "quiet: [{from: '22:00', to: '06:00'}], blackout: [{first_days: 1, then: skip}]"
    file = write(tmp_path, f"{{cron: '0 23,7 * * *', zone: Europe/Berlin, {rules}}}")
    span = schedules.Span("2026-10-30T20:00", "2026-11-02T07:00", 10)
    assert schedules.coming(file, None, span, "json") == guard.OK
    found = [(row["slot"], row["runs at"], row["because"]) for row in json.loads(capsys.readouterr().out)]
    assert found == [
        ("2026-10-30T23:00", "2026-10-31 05:00:00Z", "quiet hours 22:00 to 06:00 Europe/Berlin"),
        ("2026-10-31T07:00", "2026-10-31 06:00:00Z", ""),
        ("2026-10-31T23:00", "skipped", "blackout until 2026-11-02"),
        ("2026-11-01T07:00", "skipped", "blackout until 2026-11-02"),
        ("2026-11-01T23:00", "skipped", "blackout until 2026-11-02"),
        ("2026-11-02T07:00", "2026-11-02 06:00:00Z", ""),
    ]


def test_what_passed_is_told_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heard = Heard()
    file = write(tmp_path, "{every_s: 120}")
    with running(file, heard):
        assert becomes(lambda: len(heard.started) > 1)
    assert schedules.history(file, "p", 100, "json") == guard.OK
    rows = json.loads(capsys.readouterr().out)
    assert {row["slot"] for row in rows if row["outcome"] == "ran"} == set(heard.started)
    assert schedules.listing(file, "json") == guard.OK
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["pipeline"], row["schedule"]) == ("p", "every 120 s")
    with pytest.raises(guard.Wrong, match="no pipeline is called 'q'"):
        schedules.history(file, "q", 100, "json")
    with pytest.raises(guard.Wrong, match="expected a date and time"):
        schedules.moment("tomorrow")
