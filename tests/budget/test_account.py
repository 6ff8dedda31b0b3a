"""One process's part of a budget: what it keeps to when others, the store or the clock are not as they should be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.budget import Account, Purse
from billsync.connector import CALLS, CallLimit, Said, TryLater, Urgency
from billsync.store import Store
from tests.store.away import close, reopen

PRICE = {CALLS: 1}
HOUR = CallLimit(name="hour", calls=10, within_s=3_600)


class Waited(Exception):
    """Somebody has to wait for longer than the test does."""


class Hands:
    """A clock that goes only when somebody sleeps, or as a test says."""

    def __init__(self) -> None:
        self.at, self.patience = datetime(2026, 3, 2, 12, tzinfo=UTC), 1_000_000

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.patience -= 1
        if self.patience < 0:
            raise Waited
        self.go(seconds)

    def go(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Crowd:
    """Processes on one store and one clock."""

    def __init__(self, store: Store, *plan: CallLimit) -> None:
        self.store, self.plan, self.clock, self.stack = store, plan, Hands(), ExitStack()

    def one(self, name: str) -> Account:
        made = Account(self.store, "crm", self.clock, name)
        made.limit(self.plan, Decimal(1))
        self.stack.callback(made.close)
        return made


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Iterator[Store]:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield store
    store.close()


def call(account: Account, urgency: Urgency = Urgency.READ, *said: Said) -> None:
    """One read."""
    account.pay(PRICE, urgency, waits=True)
    account.over(said)


def calls(account: Account) -> int:
    """Calls until one would have to wait for longer than the clock has patience, or for very long."""
    for made in range(100):
        try:
            call(account, Urgency.PAYMENT)
        except (TryLater, Waited):
            return made
    return 100


def test_a_place_that_is_used_all_the_time_is_nobody_elses(sqlite: Store) -> None:
    """However long: it is said again before the others count it as left by the dead."""
    crowd = Crowd(sqlite, CallLimit(name="at_once", kind="at_once", calls=1))
    busy, other = crowd.one("busy"), crowd.one("other")
    for _ in range(3):
        call(busy)
        crowd.clock.go(43)
    busy.pay(PRICE, Urgency.READ, waits=True)
    crowd.clock.patience = 0
    with pytest.raises(Waited):
        call(other)
    busy.over([])


def test_without_the_store_a_process_keeps_to_the_limits_and_tells_later_what_it_did(
    postgres_store_url: str, postgres_server: str
) -> None:
    store = Store.open(postgres_store_url)
    crowd = Crowd(store, HOUR)
    one = crowd.one("one")
    call(one)
    close(postgres_server, postgres_store_url)
    assert calls(one) == 9
    reopen(postgres_server, postgres_store_url)
    one.close()
    assert calls(crowd.one("two")) == 0
    with store.view() as tx:
        whole = tx.budgets.get("crm", "")
    assert whole is not None
    assert whole.doc["spent"] == 10
    store.close()


@pytest.mark.parametrize(
    "limit",
    [CallLimit(name="span", calls=20, within_s=10), CallLimit(name="second", kind="rate", calls=10, burst=10)],
    ids=["window", "rate"],
)
def test_what_one_has_had_for_long_is_not_there_a_second_time(sqlite: Store, limit: CallLimit) -> None:
    """A grant that was not spent comes back late, when its window is over and others have called all they may."""
    crowd = Crowd(sqlite, limit)
    one, two = crowd.one("one"), crowd.one("two")
    for _ in range(5):  # its grants grow: most of the last one is left
        call(one, Urgency.PAYMENT)
    crowd.clock.go(60)
    crowd.clock.patience = 0
    assert 5 <= calls(two) <= (limit.burst if limit.kind == "rate" else limit.calls)
    assert calls(one) == 0


def test_what_is_left_by_the_systems_word_is_all_that_is_spent_of_a_grant(sqlite: Store) -> None:
    crowd = Crowd(sqlite, HOUR.model_copy(update={"calls": 1_000}))
    one = crowd.one("one")
    for _ in range(4):  # grants grow
        call(one, Urgency.PAYMENT)
    call(one, Urgency.PAYMENT, Said("hour", remaining=2))
    assert calls(one) == 2


def test_a_limit_that_is_made_smaller_while_it_works_holds_at_once(sqlite: Store) -> None:
    crowd = Crowd(sqlite, HOUR.model_copy(update={"calls": 1_000}))
    one = crowd.one("one")
    for _ in range(6):
        call(one, Urgency.PAYMENT)
    one.limit([HOUR], Decimal(1))
    assert calls(one) <= 4


def test_a_pause_holds_reads_and_writes_that_are_to_be_claimed_and_no_write_that_was(sqlite: Store) -> None:
    crowd = Crowd(sqlite, HOUR.model_copy(update={"calls": 100}))
    one = crowd.one("one")
    assert one.ahead(5, Urgency.PAYMENT) is None
    for _ in range(4):  # grants grow: some of the last one is left
        call(one)
    call(one, Urgency.READ, Said(hold_s=90))
    began = crowd.clock.now()
    assert one.ahead(2, Urgency.PAYMENT) == began + timedelta(seconds=90), "though it is paid for"
    one.pay(PRICE, Urgency.PAYMENT, waits=False)
    one.over([])
    assert crowd.clock.now() == began
    call(one)
    assert timedelta(seconds=90) <= crowd.clock.now() - began < timedelta(seconds=91)


def test_what_is_paid_ahead_and_not_sent_goes_back_and_what_was_sent_is_paid(sqlite: Store) -> None:
    crowd = Crowd(sqlite, HOUR.model_copy(update={"calls": 100}))
    one = crowd.one("one")
    assert one.ahead(20, Urgency.INVOICE) is None
    for _ in range(5):  # four records with each call
        one.pay(PRICE, Urgency.INVOICE, waits=False)
        one.over([])
    crowd.clock.go(40)
    assert one.ahead(8, Urgency.INVOICE) is None
    one.close()
    assert spent(sqlite) == 5
    two = crowd.one("two")
    for _ in range(5):  # it takes two calls for each record here
        assert two.ahead(4, Urgency.INVOICE) is None
        for _ in range(8):
            two.pay(PRICE, Urgency.INVOICE, waits=False)
            two.over([])
    two.close()
    assert spent(sqlite) == 45, "forty more were made, and what was paid ahead beyond them went back"


def spent(store: Store) -> int:
    """Calls of the day, those that are granted included."""
    with store.view() as tx:
        whole = tx.budgets.get("crm", "")
    assert whole is not None
    return int(whole.doc["spent"])


def test_our_share_of_what_a_system_says_it_takes(sqlite: Store) -> None:
    crowd = Crowd(sqlite, HOUR.model_copy(update={"calls": 50}))
    one = crowd.one("one")
    one.limit(crowd.plan, Decimal("0.5"))
    call(one, Urgency.PAYMENT, Said("hour", most=20))
    assert calls(one) in (9, 10), "ten of twenty, and the first one may have been told late"


def test_clocks_of_machines_that_differ_by_minutes_give_no_call_more(postgres_store_url: str) -> None:
    """Postgres has the time for all; ten calls an hour are ten, by whose clock ever."""
    store = Store.open(postgres_store_url)
    crowd, ahead = Crowd(store, HOUR), Crowd(store, HOUR)
    ahead.clock.go(7_200)
    one, two = crowd.one("one"), ahead.one("two")
    assert calls(one) + calls(two) + calls(one) == 10
    one.close()
    two.close()
    store.close()


def test_what_is_read_while_documents_are_sent_was_paid_with_them(sqlite: Store) -> None:
    crowd = Crowd(sqlite, HOUR.model_copy(update={"calls": 2}))
    purse = Purse(crowd.one("one"))
    for _ in range(4):
        purse.sending()
        purse.begin("GET", "look-up", write=False)
        purse.end(200, {}, None)
    purse.press(Urgency.READ)
    with pytest.raises(TryLater):
        purse.begin("GET", "page", write=False)
