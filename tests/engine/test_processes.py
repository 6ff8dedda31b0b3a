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

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.engine.process", self.url, str(self.folder)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.stack.callback(child.wait)
        self.stack.callback(child.kill)
        assert child.stdout is not None
        self.stack.callback(child.stdout.close)
        assert child.stdout.readline()
        return child

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
    first = crew.start()
    crew.engine.enqueue("narrow", "walk", "one", {}, partition="p")
    crew.engine.enqueue("narrow", "walk", "two", {}, partition="p")
    crew.until(2)
    second = crew.start()
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
    first = crew.start()
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
