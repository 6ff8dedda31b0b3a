"""Several real processes on one store, and a system that counts: never above its limits, and most of them used."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from billsync.connector import CallLimit, Said, TryLater, Urgency
from billsync.store import Store
from tests.budget.caller import Asks, caller
from tests.budget.counter import Counter, start

SPAN = CallLimit(name="span", calls=20, within_s=2)
LATE_S = 0.3
"""Seconds by which a call may arrive later than it was made, on a busy machine."""
HOUR = CallLimit(name="span", calls=100, within_s=3_600)


@pytest.fixture
def counter() -> Iterator[Counter]:
    with Counter().running() as running:
        yield running


def test_processes_together_stay_below_a_limit_and_use_most_of_it(
    store: Store, store_url: str, counter: Counter
) -> None:
    callers = [start(counter.url, store_url, 2.5, name, [SPAN]) for name in ("one", "two")]
    assert [each.wait() for each in callers] == [0, 0]
    assert counter.most_within(SPAN.within_s - LATE_S) <= SPAN.calls
    made = len(counter.calls)
    assert made > SPAN.calls, "what was used comes back; tests.budget.trial tells how much of it is used"
    assert min(len(counter.of("one")), len(counter.of("two"))) >= 3, "each has its part"
    with store.view() as tx:
        whole = tx.budgets.get("crm", "")
    assert whole is not None
    assert whole.doc["spent"] == made, "what was granted and not spent went back"


def test_a_backfill_in_another_process_does_not_hold_up_payments(tmp_path: Path, counter: Counter) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    opened = Store.open(url, create=True)
    slow = CallLimit(name="second", calls=10, kind="rate", burst=5)
    backfill = start(counter.url, url, 2.5, "backfill", [slow], "BACKFILL")
    while not counter.of("backfill"):
        time.sleep(0.02)
    connector, account = caller(opened, counter.url, "payments", (slow,))
    waits = []
    for _ in range(6):
        began = time.monotonic()
        assert connector.calls.ahead(1, Urgency.PAYMENT) is None
        connector.http.send("GET", "call?payments")
        waits.append(time.monotonic() - began)
    account.close()
    connector.http.close()
    opened.close()
    assert backfill.wait() == 0
    assert sum(waits) < 6 * 0.4, waits
    assert len(counter.of("backfill")) > 8, "and the backfill went on"


def test_no_more_calls_are_under_way_than_a_system_bears(store: Store, counter: Counter) -> None:
    counter.takes_s = 0.02
    limit = CallLimit(name="at_once", calls=2, kind="at_once")

    def work(name: str) -> None:
        connector, account = caller(store, counter.url, name, (limit,))
        for _ in range(3):
            connector.http.read("GET", f"call?{name}")
        account.close()
        connector.http.close()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work, name) for name in ("one", "two", "three")]:
            done.result()
    assert len(counter.calls) == 9
    assert counter.most_at_once <= 2


class Telling(Asks):
    """A connector that understands what the system says of its limit."""

    def allowance(self, status: int, headers: Mapping[str, str]) -> list[Said]:
        """What is left."""
        return [Said("span", remaining=int(headers["x-left"]))] if "x-left" in headers else []


def test_what_one_process_is_told_counts_for_all(store: Store, counter: Counter) -> None:
    with ExitStack() as stack:
        one, two = (paying(stack, store, counter, name) for name in ("one", "two"))
        two.http.read("GET", "call?two")
        counter.headers = {"X-Left": "0"}
        one.http.read("GET", "call?one")
        one.http.send("GET", "call?one")
        counter.headers = {}
        with pytest.raises(TryLater, match="used up"):
            often(lambda: two.http.read("GET", "call?two"))


def test_a_pause_that_a_system_asks_for_holds_all_processes(store: Store, counter: Counter) -> None:
    with ExitStack() as stack:
        one, two = (paying(stack, store, counter, name) for name in ("one", "two"))
        counter.headers, counter.status = {"Retry-After": "300"}, 429
        with pytest.raises(TryLater):
            one.http.send("GET", "call?one")
        counter.headers, counter.status = {}, 200
        assert two.calls.held_until() is not None
        assert two.calls.ahead(1, Urgency.PAYMENT) is not None, "a push is held before it claims"
        two.calls.press(Urgency.READ)
        with pytest.raises(TryLater, match="used up"):
            two.http.read("GET", "call?two")
        assert [name for _, name in counter.calls] == ["one"]


def test_a_write_never_waits(store: Store, counter: Counter) -> None:
    with ExitStack() as stack:
        connector = paying(stack, store, counter, "me", HOUR.model_copy(update={"calls": 2}))
        for _ in range(5):
            connector.http.send("GET", "call?me")
        with pytest.raises(TryLater, match="budget list"):
            connector.http.read("GET", "call?me")
    with store.view() as tx:
        rows = {row.pool: row for row in tx.budgets.list("crm")}
    assert rows["span"].tokens_milli == -3_000


def often(call: Callable[[], object]) -> None:
    """A few times: what was granted before is spent first."""
    for _ in range(4):
        call()


def paying(stack: ExitStack, store: Store, counter: Counter, owner: str, limit: CallLimit = HOUR) -> Asks:
    """A connector of one process."""
    connector, account = caller(store, counter.url, owner, (limit,), Telling)
    stack.callback(connector.http.close)
    stack.callback(account.close)
    return connector
