"""The fault table against real HTTP, a test per row: each document once, or the state that the row asks for."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from billsync.connector import Applied, Intent
from billsync.schedule import SystemClock
from billsync.store import Store
from tests.sandbox.bills import write
from tests.sandbox.desk import HOUR, Desk, of_kind
from tests.sandbox.stand_in import StandIn

EVER = 1_000_000


KEEPING = ["A", "B", "C"]


# ---------------------------------------------------------------- network and HTTP


@pytest.mark.parametrize("how", ["refused", "tls"])
def test_f30_not_sent(desk: Desk, how: str) -> None:
    if how == "refused":
        desk.there.kill()
        pushed = desk.push(patience_s=60)
        desk.there.start()
    else:
        pushed = desk.push(patience_s=60, erp=desk.connector(url=desk.there.url.replace("http:", "https:")))
    assert pushed.offline
    assert desk.state() == "RETRY not_sent"
    desk.push(after=HOUR)
    assert desk.done_once()


@pytest.mark.parametrize("kind", KEEPING)
def test_f31_reply_lost_after_the_commit(kind: str, ledger: Store, sandbox_server: StandIn) -> None:
    desk = of_kind(kind, ledger, sandbox_server)
    desk.strike("lost")
    desk.push(patience_s=0)
    assert desk.state() == "UNKNOWN connection_lost"
    desk.push()
    assert desk.done_once()


def test_f31_without_key_or_search_a_person_is_asked(ledger: Store, sandbox_server: StandIn) -> None:
    desk = of_kind("D", ledger, sandbox_server)
    desk.strike("lost")
    desk.push()
    assert desk.state() == "REVIEW unknown_outcome"
    assert sandbox_server.references() == ["INV-01"]


@pytest.mark.parametrize("kind", KEEPING)
def test_f32_late_but_within_the_settle_time(kind: str, ledger: Store, sandbox_server: StandIn) -> None:
    desk = of_kind(kind, ledger, sandbox_server)
    desk.strike("late", seconds=50)
    desk.push()
    desk.push(after=HOUR)
    assert desk.done_once()


@pytest.mark.parametrize("kind", KEEPING)
def test_f32_later_than_the_settle_time(kind: str, ledger: Store, sandbox_server: StandIn) -> None:
    """Kind C is doubled, and the sweep after two hours tells; a key and our own id stand it."""
    desk = of_kind(kind, ledger, sandbox_server)
    desk.strike("late", seconds=1800)
    desk.push()
    assert desk.done_once()
    desk.push(after=3 * HOUR)
    if kind == "C":
        assert sandbox_server.references() == ["INV-01"] * 2
        assert desk.state() == "REVIEW duplicate_found"
    else:
        assert desk.done_once()


@pytest.mark.parametrize("kind", KEEPING)
def test_f33_a_proxy_doubles_the_request(kind: str, ledger: Store, sandbox_server: StandIn) -> None:
    desk = of_kind(kind, ledger, sandbox_server)
    desk.strike("doubled")
    desk.push()
    desk.push(after=3 * HOUR)
    if kind == "C":
        assert desk.state() == "REVIEW duplicate_found"
    else:
        assert desk.done_once()


def test_f34_left_alone_for_as_long_as_it_asks(desk: Desk) -> None:
    desk.strike("busy", retry_after="120")
    desk.push(patience_s=0)
    assert desk.state() == "RETRY rate_limited"
    desk.push()
    first, second = (datetime.fromisoformat(row["at"]) for row in desk.there.log(writes=True))
    assert second - first >= timedelta(seconds=120)
    assert desk.done_once()


def _date(seconds: float) -> str:
    return format_datetime(SystemClock().now() + timedelta(seconds=seconds), usegmt=True)


def _odd() -> list[str | None]:
    """Made when they are sent: a date is measured against the server's clock of that moment."""
    return [_date(7200), _date(-7200), "-5", "abc", "1" + "0" * 20, "", " 30 ", "1.5", None]


def test_f35_retry_after_in_every_spelling(desk: Desk) -> None:
    """Never longer than six hours, never nothing at all."""
    waits = []
    for text in _odd():
        desk.strike("busy", retry_after=text)
        desk.push(patience_s=0)
        due = desk.row().next_at
        assert due is not None
        waits.append((due - desk.clock.now()).total_seconds())
        assert desk.state() == "RETRY rate_limited"
        desk.clock.sleep(waits[-1] + 1)
    assert all(0 < wait <= 6 * 3600 for wait in waits)
    assert waits[0] > 7000
    assert waits[4] == 6 * 3600
    desk.push()
    assert desk.done_once()


def test_f36_busy_for_a_day(ledger: Store, sandbox_server: StandIn) -> None:
    """Few attempts, none of them executed, and the key still lives when it is over."""
    desk = of_kind("A", ledger, sandbox_server)
    desk.strike("busy", retry_after="600", next=EVER)
    for _ in range(20):
        desk.push(after=HOUR, patience_s=0)
    attempts = len(sandbox_server.log(writes=True))
    assert attempts <= 20
    sandbox_server.admin("DELETE", "faults")
    desk.push(patience_s=7 * 3600)
    assert desk.done_once()


@pytest.mark.parametrize("when", ["before", "after"])
def test_f37_an_error_of_the_server_is_no_answer(desk: Desk, when: str) -> None:
    for number, status in enumerate((500, 502, 503, 504), 2):
        desk.plan(number)
        desk.strike("error", status=status, when=when)
        desk.push(patience_s=0)
        states = {desk.state(n) for n in range(1, number + 1)}
        assert f"UNKNOWN http_{status}" in states
        desk.push()
    assert desk.undone(range(1, 6)) == []


def test_f37_a_declared_503_is_a_proof(ledger: Store, sandbox_server: StandIn) -> None:
    desk = of_kind("C", ledger, sandbox_server, not_executed=(503,))
    desk.strike("error", status=503)
    desk.push(patience_s=0)
    assert desk.state() == "RETRY busy"
    desk.push()
    assert desk.done_once()


def test_f38_down_for_forty_hours(desk: Desk) -> None:
    """The breaker looks, no attempt is burnt, all is sent once it is back."""
    desk.plan(2, 3)
    desk.there.kill()
    for _ in range(8):
        desk.push(after=5 * HOUR, patience_s=60, insists=False)
    attempts = [desk.row(number).attempt for number in (1, 2, 3)]
    assert sum(attempts) <= 6
    desk.there.start()
    desk.push(after=HOUR)
    assert desk.undone((1, 2, 3)) == []


def test_f40_the_key_may_have_expired(ledger: Store, sandbox_server: StandIn) -> None:
    """Never the same again under a key that may be forgotten: it is searched for."""
    desk = of_kind("A", ledger, sandbox_server)
    desk.strike("lost")
    desk.push(patience_s=0)
    sandbox_server.kill()
    desk.push(after=25 * HOUR, patience_s=0)
    sandbox_server.start()
    desk.push(after=HOUR)
    assert desk.done_once()
    assert len([row for row in sandbox_server.log(writes=True) if row["executed"]]) == 1


UNREADABLE: list[dict[str, Any]] = [
    {"fault": "drip", "row": 39, "reason": "timeout"},
    {"fault": "slow", "seconds": 2, "row": 39, "reason": "timeout"},
    {"fault": "truncated", "row": 41, "reason": "connection_lost"},
    {"fault": "cut", "row": 42, "reason": "not_json"},
    {"fault": "login-page", "row": 43, "reason": "not_json"},
    {"fault": "login-page", "when": "after", "row": 43, "reason": "not_json"},
    {"fault": "wrong-type", "row": 44, "reason": "not_json"},
    {"fault": "latin-1", "row": 44, "reason": "not_json"},
    {"fault": "no-id", "row": 45, "reason": "no_id"},
    {"fault": "redirect", "status": 301, "row": 46, "reason": "redirected"},
    {"fault": "redirect", "status": 302, "when": "after", "row": 46, "reason": "redirected"},
    {"fault": "redirect", "status": 303, "row": 46, "reason": "redirected"},
    {"fault": "reset", "row": 31, "reason": "connection_lost"},
    {"fault": "bomb", "size": 22 * 1024 * 1024, "row": 41, "reason": "too_large"},
]


def test_f39_to_f46_an_answer_that_proves_nothing(desk: Desk) -> None:
    """Each leaves the write unknown, whatever the status said; it is looked up, and stands there once."""
    hasty = desk.connector(timeout=1)
    for number, fault in enumerate(UNREADABLE, 2):
        options = {name: value for name, value in fault.items() if name not in ("fault", "row", "reason")}
        desk.push()
        desk.plan(number)
        desk.strike(fault["fault"], **options)
        desk.push(patience_s=0, erp=hasty if fault["row"] == 39 else None)
        assert desk.state(number) == f"UNKNOWN {fault['reason']}", fault
    desk.push()
    assert desk.undone(range(1, len(UNREADABLE) + 2)) == []


def test_f44_a_byte_order_mark_is_borne(desk: Desk) -> None:
    desk.strike("bom")
    desk.push(patience_s=0)
    assert desk.done_once()


def test_f45_another_document_in_the_answer(desk: Desk) -> None:
    desk.strike("other-content")
    desk.push()
    assert desk.state() == "REVIEW readback_mismatch"
    with desk.store.view() as tx:
        (told,) = tx.problems.list()
    assert "SOMETHING-ELSE" in told.problem.message


@pytest.mark.parametrize("status", [307, 308])
def test_f47_sent_elsewhere(desk: Desk, tmp_path: Path, status: int) -> None:
    """Neither the document nor the log-in goes to the other host."""
    other = StandIn(tmp_path / "other")
    other.start()
    try:
        desk.strike("redirect", status=status, location=f"{other.url}v1/invoice")
        desk.push()
        assert other.log() == []
    finally:
        other.stop()
    assert desk.state() == "DEAD redirected"
    assert desk.there.references() == []


def test_f49_f51_the_log_in_ends_while_writing(ledger: Store, sandbox_server: StandIn) -> None:
    """A new log-in for each that is over; a process that dies with its token just logs in again."""
    desk = of_kind("C", ledger, sandbox_server, password="secret")
    sandbox_server.set(password="secret", token_lifetime_s=30)
    for number in range(2, 6):
        desk.plan(number)
        desk.strike("lost")
        desk.push(after=timedelta(seconds=40), erp=desk.connector(), patience_s=200)
    assert desk.undone(range(1, 6)) == []
    assert len({row["n"] for row in sandbox_server.log() if row["path"] == "/login"}) >= 4


def test_f50_two_workers_end_each_others_log_in(ledger: Store, sandbox_server: StandIn) -> None:
    """Each 401 proves that nothing was executed: every invoice stands there once, none is taken for lost."""
    desk = of_kind("C", ledger, sandbox_server)
    sandbox_server.set(password="secret", single_session=True)
    outcomes: dict[str, list[Any]] = {}

    def work(name: str) -> None:
        erp = desk.connector(password="secret", timeout=20)
        for n in range(15):
            intent = Intent(f"{name}-{n}", "customer", {"name": "Acme"})
            found: Any = None
            for _ in range(200):  # as the engine does after a TryLater
                (found,) = write(erp, [intent])
                if isinstance(found, Applied):
                    break
            outcomes.setdefault(name, []).append(found)

    workers = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(isinstance(outcome, Applied) for found in outcomes.values() for outcome in found)
    made = [reference for reference in sandbox_server.references("customer") if reference != "acme"]
    assert made == sorted(f"{name}-{n}" for name in ("one", "two") for n in range(15))


def test_f52_not_let_in_for_hours(ledger: Store, sandbox_server: StandIn) -> None:
    """At most one try in five minutes; once the log-in is mended, all goes out."""
    desk = of_kind("C", ledger, sandbox_server, password="old")
    sandbox_server.set(password="new")
    for _ in range(40):
        desk.push(after=timedelta(minutes=1), patience_s=60, insists=False)
    assert len(sandbox_server.log()) <= 40 / 5 + 3
    sandbox_server.set(password="old")
    desk.push(after=timedelta(minutes=6), insists=False)
    assert desk.done_once()
