"""Threads that carry jobs to the outside system, each with a connector of its own.  (shell)"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

from billsync.connector import Connector
from billsync.push import echo
from billsync.push.acting import Done, act, heed, unsent
from billsync.push.claiming import Job, Room
from billsync.push.session import Push
from billsync.store import Echo

More = Callable[[], Connector]
"""Opens one more connector to the same system, for the thread that asks."""

_GATHER_S: Final = 0.015
"""Seconds that an outcome may wait for others, to be noted with them in one commit."""

_AHEAD: Final = 3
"""Jobs of each hand that are claimed before it is free for them: what hands do while a commit is waited for."""


@dataclass(frozen=True, slots=True)
class _Broken:
    """What ended a hand; `lost` where its job does not come back: what became of that is not known."""

    error: BaseException
    lost: bool


_Back = Done | list[Echo] | _Broken


class Hands:
    """As many threads as there is work for, `count` at most.  One thread gives jobs and takes what came of them.

    Attributes:
        out: jobs that were given and have not come back.
        broken: what ended a hand, or None: nothing more is to be given then.
    """

    def __init__(self, push: Push, count: int, more: More) -> None:
        self.count, self.out = count, 0
        self.broken: BaseException | None = None
        self._push, self._more = push, more
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._back: SimpleQueue[tuple[str, _Back]] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._echoes: list[tuple[str, list[Echo]]] = []

    @property
    def started(self) -> bool:
        """Whether there is a hand yet."""
        return bool(self._threads)

    def room(self) -> Room:
        """How many more jobs can be carried now, and be ready for the next hand."""
        free = max(0, self.count - self.out)
        return Room(free, max(0, self.count * (1 + _AHEAD) - self.out - free))

    def give(self, job: Job) -> None:
        """Have a job carried by the next hand that is free."""
        self.out += 1
        self._jobs.put(job)
        if len(self._threads) < min(self.count, self.out):
            context = copy_context()  # who is told what happens knows then which run it was
            hand = threading.Thread(target=context.run, args=(self._serve,), daemon=True, name="billsync-hand")
            self._threads.append(hand)
            hand.start()

    def told(self) -> list[tuple[str, list[Echo]]]:
        """By kind of record, what was read back since this was asked last."""
        found, self._echoes = self._echoes, []
        return found

    def take(self, timeout: float) -> list[Done]:
        """What came back, as much of it as one commit is worth; nothing after `timeout` seconds without any."""
        found: list[Done] = []
        until = time.monotonic() + timeout
        while self.out and len(found) < self.count * _AHEAD:
            try:
                self._sort(*self._back.get(timeout=max(0.0, until - time.monotonic())), found)
            except Empty:
                break
            if self._jobs.qsize() < self.count:  # hands will soon have nothing to do
                until = 0.0
            elif len(found) == 1:
                until = min(until, time.monotonic() + _GATHER_S)
        return found

    def _sort(self, object: str, back: _Back, found: list[Done]) -> None:
        if isinstance(back, Done):
            self.out -= 1
            found.append(back)
        elif isinstance(back, _Broken):
            self.out -= back.lost
            self.broken = back.error
            found += self._taken_back()
        else:
            self._echoes.append((object, back))

    def _taken_back(self) -> list[Done]:
        """What waits for a hand is not to leave any more."""
        self._push.lost = True
        found: list[Done] = []
        while not self._jobs.empty():
            with suppress(Empty):
                if (job := self._jobs.get_nowait()) is not None:
                    found.append(unsent(job, "another write could not be ended; nothing was sent"))
        self.out -= len(found)
        return found

    def close(self) -> None:
        """End all hands, each after the job that it carries now."""
        for _ in self._threads:
            self._jobs.put(None)
        for hand in self._threads:
            hand.join()

    def _serve(self) -> None:
        """A hand's life: an error of its own ends it, and the push."""
        connector: Connector | None = None
        back = True
        try:
            while (job := self._jobs.get()) is not None:
                back = False
                if connector is None:
                    connector = self._more()
                    connector.calls.sending()
                done = act(self._push, connector, job)
                heed(self._push, done)  # at once: others are about to send
                self._back.put((job.object, done))
                back = True
                self._back.put((job.object, echo.read_back(self._push, connector, job.intents, done.outcomes)))
        except BaseException as error:  # noqa: BLE001  it ends the push, in the thread that runs that
            self._back.put(("", _Broken(error, lost=not back)))
        finally:
            if connector is not None:
                connector.close()
