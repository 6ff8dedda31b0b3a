"""Real processes, killed and stopped: others go on with their flows, and what was stopped does nothing more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from billsync.engine.durable import DurableEngine
from billsync.engine.port import Queue
from billsync.engine.presence import new_id
from billsync.schedule import SystemClock
from billsync.store import Store


class Crew:
    """Processes that carry out flows, and one that only gives them away."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self.url, self.folder, self.stack = url, folder, stack
        self.store = Store.open(url, create=True)
        self.engine = DurableEngine(self.store, new_id(), SystemClock().now, carries_out=False)
        self.engine.declare(Queue("narrow", partition=1, partition_each=1))
        self.engine.launch()

    def start(self, number: int = 1) -> list[subprocess.Popen[str]]:
        """So many at once, each at work."""
        command = [sys.executable, "-m", "tests.engine.process", self.url, str(self.folder)]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(number)]
        for child in children:
            self.stack.callback(child.wait)
            self.stack.callback(child.kill)
            assert child.stdout is not None
            self.stack.callback(child.stdout.close)
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline()
        return children

    @property
    def log(self) -> list[list[int]]:
        """(process, step) as they were begun."""
        file = self.folder / "log"
        return [[int(word) for word in line.split()] for line in file.read_text().splitlines()] if file.exists() else []

    def until(self, step: int) -> None:
        """Wait until a step was begun."""
        end = time.monotonic() + 30
        while not any(number == step for _, number in self.log):
            assert time.monotonic() < end, self.log
            time.sleep(0.05)

    def go(self) -> None:
        (self.folder / "go").touch()


@pytest.fixture
def crew(store_url: str, tmp_path: Path) -> Iterator[Crew]:
    with ExitStack() as stack:
        crew = Crew(store_url, tmp_path, stack)
        yield crew
        (tmp_path / "go").touch()
    crew.engine.close()
    crew.store.close()


def test_another_process_goes_on_after_the_last_step_of_one_that_was_killed(crew: Crew) -> None:
    """The step in the middle is carried out again, those before are not; the queue's place is free again."""
    [first] = crew.start()
    crew.engine.enqueue("narrow", "walk", "one", {}, partition="p")
    crew.engine.enqueue("narrow", "walk", "two", {}, partition="p")
    crew.until(2)
    [second] = crew.start()
    first.kill()
    first.wait()
    crew.go()
    assert crew.engine.result("one", 30) == [1, 2, 3, 4, 5]
    assert crew.engine.result("two", 30) == [1, 2, 3, 4, 5]
    one, other = first.pid, second.pid
    assert crew.log[:6] == [[one, 1], [one, 2], [other, 2], [other, 3], [other, 4], [other, 5]]
    assert {pid for pid, _ in crew.log[6:]} == {other}


def test_one_that_was_stopped_does_nothing_more_when_it_wakes(crew: Crew) -> None:
    """Others go on with its flow meanwhile; under its id it never comes back, and it ends."""
    [first] = crew.start()
    crew.engine.enqueue("narrow", "walk", "one", {}, partition="p")
    crew.until(2)
    crew.start()
    os.kill(first.pid, signal.SIGSTOP)
    crew.go()
    assert crew.engine.result("one", 30) == [1, 2, 3, 4, 5]
    os.kill(first.pid, signal.SIGCONT)
    assert first.wait(20) == 5
    assert [number for pid, number in crew.log if pid == first.pid] == [1, 2]
    with crew.store.view() as tx:
        assert sorted(worker.state for worker in tx.workers.list()) == ["at work", "dead"]


def test_two_processes_keep_a_partitions_limit_and_pay_once_though_the_one_that_paid_dies_over_it(crew: Crew) -> None:
    """It dies between the commit of what it did and the engine's note of it: the other finds that it was done."""
    both = crew.start(2)
    names = [f"{part}{number}" for number in range(3) for part in "ab"]
    for name in names:
        crew.engine.enqueue("narrow", "busy", name, {"part": name[0]}, partition=name[0])
    for name in names:
        crew.engine.result(name, 30)
    told = (crew.folder / "busy").read_text().splitlines()
    for part in "ab":
        assert [line for line in told if line[0] == part] == [f"{part} begins", f"{part} ends"] * 3

    (crew.folder / "crash").touch()
    crew.engine.enqueue("narrow", "pay", "invoice", {}, partition="p")
    assert crew.engine.result("invoice", 30) == 1
    assert sorted(child.poll() is None for child in both) == [False, True]
    with crew.store.view() as tx:
        assert [id for id, _ in tx.flow_steps.to_hand_over()] == ["payment 1"]
