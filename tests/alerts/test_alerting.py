"""Rounds over a real store: one cause, one message; told again, worse and over; through crashes and broken channels."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from billsync.alerts import alerting as alerting_module
from billsync.alerts.alerting import Alerting
from billsync.daemon.bells import Bells
from billsync.daemon.service import Service, Terms
from billsync.model.delivery import DeliveryState
from billsync.model.gate import Gate, GateState
from billsync.schedule import SystemClock
from billsync.store import Store, StoreUnusable, Tx
from billsync.store.fleet_tables import workers
from billsync.workspace import Workspace
from tests.alerts.made import AT, CHAT, PAGER, Clock, Listener, Watch, down, watch
from tests.store.made import delivery


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """A store in a file: what differs between databases is in the stories of `each_town`."""
    shutil.copy(sqlite_template, tmp_path / "books.db")
    opened = Store.open(f"sqlite:///{tmp_path / 'books.db'}")
    yield opened
    opened.close()


@pytest.fixture
def each_town(store_url: str, tmp_path: Path) -> Iterator[Watch]:
    """An installation on each kind of database."""
    opened = Store.open(store_url, create=True)
    yield watch(opened, tmp_path)
    opened.close()


@pytest.fixture
def town(store: Store, tmp_path: Path) -> Watch:
    return watch(store, tmp_path)


def move(store: Store, state: GateState, connection: str = "erp") -> None:
    with store.tx("t") as tx:
        tx.gates.put(Gate(connection=connection, state=state, reason="safety_bound", at=AT))


def run(store: Store, clock: Clock, state: str, id: str) -> None:
    with store.tx("t") as tx:
        tx.runs.start(id, "deals", slot=id, owner="o", at=clock.now())
        tx.runs.finish(id, state=state, exit_code=0, counts={}, note="crm: secret words", at=clock.now())


def test_one_cause_is_told_once_again_after_a_day_and_when_it_is_over(each_town: Watch) -> None:
    town = each_town
    chat = town.ways["chat"]
    assert (town.round(), chat.subjects()) == ([], [])
    move(town.store, GateState.PARKED)
    assert (town.round(), chat.subjects()) == (["GATE-PARKED/erp"], ["CRITICAL GATE-PARKED/erp"])
    for _ in range(3):
        town.clock.on(minutes=1)
        assert (town.round(), chat.subjects()) == (["GATE-PARKED/erp"], [])
    town.clock.on(hours=24)
    assert (town.round(), chat.subjects()) == (["GATE-PARKED/erp"], ["still: CRITICAL GATE-PARKED/erp"])
    move(town.store, GateState.OPEN)
    town.clock.on(minutes=1)
    assert (town.round(), chat.subjects()) == (["GATE-PARKED/erp"], [])  # it may come back: nobody is told yet
    town.clock.on(minutes=5)
    assert (town.round(), chat.subjects()) == ([], ["over: CRITICAL GATE-PARKED/erp"])
    town.clock.on(days=2)
    assert (town.round(), chat.subjects()) == ([], [])
    move(town.store, GateState.PARKED)
    assert (town.round(), chat.subjects()) == (["GATE-PARKED/erp"], ["CRITICAL GATE-PARKED/erp"])
    with town.store.view() as tx:
        [alert] = tx.alerts.list()
    assert (alert.episode, alert.first_at) == (2, town.clock.now())


def test_a_cause_that_comes_and_goes_is_one_alert(town: Watch) -> None:
    for _ in range(6):
        move(town.store, GateState.PARKED)
        town.round()
        town.clock.on(minutes=2)
        move(town.store, GateState.OPEN)
        town.round()
        town.clock.on(minutes=2)
    assert town.ways["chat"].subjects() == ["CRITICAL GATE-PARKED/erp"]


def test_what_gets_worse_is_told_again(each_town: Watch) -> None:
    town = each_town
    plan(town.store, 0, 2)
    town.round()
    plan(town.store, 2, 3)
    town.round()
    assert town.ways["chat"].subjects() == ["ERROR WRITE-REFUSED/erp"]
    plan(town.store, 3, 9)
    town.round()
    [message] = town.ways["chat"].took
    assert "worse: ERROR" in message.subject
    assert message.notices[0].alert.reason == "erp refused 9 writes"


def plan(store: Store, start: int, stop: int) -> None:
    with store.tx("t") as tx:
        for n in range(start, stop):
            planned = delivery(f"invoice:INV-{n}:erp:1", state=DeliveryState.READY)
            tx.outbox.plan([planned], at=AT)
            tx.conn.exec_driver_sql(f"UPDATE deliveries SET state = 'DEAD' WHERE id = '{planned.id}'")


def test_a_message_whose_end_is_not_known_is_told_again_under_the_same_key(town: Watch) -> None:
    """The process dies after the channel took it, before that was noted."""
    chat = town.ways["chat"]
    move(town.store, GateState.PARKED)

    class Died(BaseException):
        pass

    def die() -> BaseException:
        return Died()

    chat.fails = die  # type: ignore[assignment]
    with pytest.raises(Died):
        town.round()
    chat.fails = None
    town.clock.on(minutes=1)
    town.round("host:2")
    town.clock.on(minutes=1)
    town.round("host:2")
    [message] = chat.took
    assert (message.at, message.thread) == (AT, message.notices[0].alert.key)
    assert chat.tried == 2


def test_a_broken_channel_stops_no_other_waits_longer_and_is_told_of(store: Store, tmp_path: Path) -> None:
    town = watch(store, tmp_path, mail=CHAT, chat=CHAT)
    mail, chat = town.ways["mail"], town.ways["chat"]
    mail.fails = down
    move(store, GateState.PARKED)
    for _ in range(10):
        town.round()
        town.clock.on(minutes=1)
    assert mail.tried == 4  # after 0, 1, 3 and 7 minutes
    assert chat.subjects() == ["CRITICAL GATE-PARKED/erp", "WARNING CHANNEL-BROKEN/mail"]
    mail.fails = None
    town.clock.on(hours=1)
    town.round()
    town.clock.on(hours=1)
    town.round()
    assert mail.took[0].at == AT
    assert chat.subjects() == ["over: WARNING CHANNEL-BROKEN/mail"]


def test_a_channel_with_a_defect_is_a_broken_channel(store: Store, tmp_path: Path) -> None:
    town = watch(store, tmp_path, mail=CHAT, chat=CHAT)
    town.ways["mail"].fails = ZeroDivisionError
    move(store, GateState.PARKED)
    town.round()
    assert town.ways["chat"].subjects() == ["CRITICAL GATE-PARKED/erp"]


def test_many_at_once_are_one_message_but_each_an_incident_of_its_own(store: Store, tmp_path: Path) -> None:
    town = watch(store, tmp_path, chat=CHAT, pager=PAGER)
    for n in range(8):
        move(store, GateState.PARKED, f"erp-{n}")
    run(store, town.clock, "failed", "r1")
    assert len(town.round()) == 9
    [together] = town.ways["chat"].took
    assert "9 alerts" in together.subject
    assert len(together.notices) == 9
    incidents = town.ways["pager"].took
    assert [len(message.notices) for message in incidents] == [1] * 8  # the failed run is not critical
    assert len({message.thread for message in incidents}) == 8


def test_no_more_messages_than_may_be_in_an_hour_and_none_is_lost(store: Store, tmp_path: Path) -> None:
    town = watch(store, tmp_path, chat="{kind: slack, url: env:CHAT, per_hour: 2}")
    for n in range(4):
        move(store, GateState.PARKED, f"erp-{n}")
        town.round()
        town.clock.on(minutes=1)
    assert len(town.ways["chat"].subjects()) == 2
    town.clock.on(hours=1)
    town.round()
    assert town.ways["chat"].subjects() == ["CRITICAL GATE-PARKED/erp-2", "CRITICAL GATE-PARKED/erp-3"]


def test_at_night_only_what_is_urgent_is_told_the_rest_in_the_morning(store: Store, tmp_path: Path) -> None:
    quiet = "{kind: slack, url: env:CHAT, quiet: {start: '22:00', end: '06:00', zone: Europe/Berlin}}"
    town = watch(store, tmp_path, chat=quiet)
    town.clock.on(hours=12)  # 23:00 in Berlin
    run(store, town.clock, "failed", "r1")
    town.round()
    assert town.ways["chat"].subjects() == []
    move(store, GateState.PARKED)
    town.round()
    assert town.ways["chat"].subjects() == ["CRITICAL GATE-PARKED/erp"]
    town.clock.on(hours=7)
    town.round()
    assert town.ways["chat"].subjects() == ["ERROR RUN-FAILED/deals"]


def test_a_muted_alert_is_told_when_that_is_over(town: Watch) -> None:
    move(town.store, GateState.PARKED)
    town.round()
    town.ways["chat"].subjects()
    with town.store.tx("t") as tx:
        [alert] = tx.alerts.list()
        until = town.clock.now().replace(day=3, month=2)
        tx.alerts.put([alert.model_copy(update={"muted_until": until, "muted_why": "at it"})], town.clock.now())
    town.clock.on(days=2)
    assert (town.round(), town.ways["chat"].subjects()) == (["GATE-PARKED/erp"], [])
    town.clock.on(days=1)
    assert (town.round(), town.ways["chat"].subjects()) == (["GATE-PARKED/erp"], ["still: CRITICAL GATE-PARKED/erp"])


def test_runs_that_fail_or_reach_nothing_are_told_until_one_is_good(each_town: Watch) -> None:
    town = each_town
    chat = town.ways["chat"]
    run(town.store, town.clock, "ok", "r1")
    assert town.round() == []
    for n in range(4):
        town.clock.on(minutes=6)
        run(town.store, town.clock, "unreachable", f"r2-{n}")
        town.round()
    [message] = chat.took
    assert message.notices[0].alert.id == "SYSTEM-OFFLINE/deals"
    assert "secret words" not in repr(message)
    town.clock.on(minutes=6)
    run(town.store, town.clock, "failed", "r3")
    assert town.round() == ["RUN-FAILED/deals"]
    town.clock.on(seconds=1)
    run(town.store, town.clock, "ok", "r4")
    town.clock.on(minutes=9)
    assert town.round() == []
    town.clock.on(hours=30)
    assert town.round() == ["PIPELINE-STALE/deals"]


def test_what_a_part_of_billsync_wants_told_is_told_until_it_is_taken_back(each_town: Watch) -> None:
    town = each_town
    with town.store.tx("t") as tx:
        tx.alerts.raise_flag("CONFIG-REFUSED", reason="3 faults in billsync.yaml", at=AT)
        tx.alerts.raise_flag("CONFIG-REFUSED", reason="2 faults in billsync.yaml", at=AT)
    assert town.round() == ["CONFIG-REFUSED"]
    assert town.ways["chat"].took[0].notices[0].alert.reason == "2 faults in billsync.yaml"
    with town.store.tx("t") as tx:
        assert (tx.alerts.lower_flag("CONFIG-REFUSED"), tx.alerts.lower_flag("CONFIG-REFUSED")) == (True, False)
    town.clock.on(minutes=6)
    assert town.round() == []


def test_two_processes_tell_it_once(each_town: Watch) -> None:
    town = each_town
    move(town.store, GateState.PARKED)
    with town.store.lock("alerts", "host:9"):
        assert town.round() == []
    town.round("host:1")
    town.round("host:2")
    assert town.ways["chat"].subjects() == ["CRITICAL GATE-PARKED/erp"]


def test_a_store_that_cannot_be_used_is_told_of_and_when_it_is_back(
    town: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerting = Alerting(town.settings, town.store, town.clock, "o", given=town.ways)

    def broken(*_: object) -> Tx:
        raise StoreUnusable("store_unreachable", "the server is down")

    with monkeypatch.context() as patch:
        patch.setattr(town.store, "view", broken)
        for _ in range(3):
            alerting.check()
            town.clock.on(minutes=1)
    assert town.ways["chat"].subjects() == ["CRITICAL STORE-UNUSABLE"]
    alerting.check()
    assert town.ways["chat"].subjects() == ["over: CRITICAL STORE-UNUSABLE"]
    alerting.check()
    assert town.ways["chat"].subjects() == []


def test_a_process_that_died_is_told_of_also_where_another_has_found_out(each_town: Watch) -> None:
    town = each_town
    with town.store.aside() as tx:
        tx.workers.join("one", "daemon", host="host-2", pid=7, version="0", doc={})
        tx.workers.join("other", "worker", host="host-3", pid=8, version="0", doc={})
        late = tx.workers.now() - timedelta(seconds=30)
        tx.workers._conn.execute(update(workers).where(workers.c.id == "one").values(beat_at=late))
    assert town.round() == []  # it may be back soon
    with town.store.aside() as tx:
        assert tx.workers.declare_dead("one")
    assert town.round() == ["WORKER-DEAD"]
    assert "daemon on host-2 (7)" in town.ways["chat"].took[-1].notices[0].alert.reason


def test_as_a_companion_it_goes_round_until_it_is_told_to_stop(town: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerting_module, "PAUSE_S", 0.01)
    move(town.store, GateState.PARKED)
    took, stop = threading.Event(), threading.Event()

    class Ringing(Listener):
        def send(self, message: object) -> None:
            took.set()

    alerting = Alerting(town.settings, town.store, town.clock, "o", given={"chat": Ringing()})
    thread = threading.Thread(target=alerting.run, args=[stop], daemon=True)
    thread.start()
    assert took.wait(10)
    took.clear()
    move(town.store, GateState.PARKED, "crm")
    alerting.soon()  # a run has ended
    assert took.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_configuration_that_is_refused_is_told_until_one_is_taken_up(town: Watch, tmp_path: Path) -> None:
    path = town.settings.path
    heard: list[str] = []
    failed: list[Exception] = []
    opened = Workspace(town.settings, town.store, SystemClock(), "o")
    service = Service(opened, SystemClock(), Terms(1, 1, 1, None), say=heard.append, troubled=failed.append)
    bells = Bells(town.store, SystemClock(), lambda _name, _slot: "ran", lambda *_: None, owner="o")
    path.write_text("pipelines: {}\n")
    service._reload(bells)
    assert town.round() == ["CONFIG-REFUSED"]
    [message] = town.ways["chat"].took
    assert "YAML-KEY-03" in message.notices[0].alert.reason
    assert len(heard) == len(failed) == 1
