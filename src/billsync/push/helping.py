"""Helping hands: another process that sends what the push with the lock has found fit to be sent.  (shell)

A helper claims, sends and notes outcomes, and nothing else: bounds, sweeps, look-ups, what waits for others, and what
the dead left are the matter of the push that holds the lock.  Without one that is alive nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Final

from billsync.connector import Connector
from billsync.push import turn
from billsync.push.claiming import ONE
from billsync.push.crew import crew
from billsync.push.hands import More
from billsync.push.session import Clock, Options, Push, Pushed, Report
from billsync.store import Store

_PAUSE_S: Final = 0.2
"""Seconds between two looks of a helper that has nothing to do."""


def help_out(
    store: Store,
    connector: Connector,
    connection: str,
    *,
    owner: str,
    clock: Clock,
    chance: Random,
    options: Options,
    report: Report,
    advance: Callable[[int], None] = lambda _n: None,
    more: More | None = None,
    idle_s: float = 5.0,
    stop: Callable[[], bool] = lambda: False,
) -> Pushed:
    """Send along with `deliver` in another process, until nothing was left to claim for `idle_s` seconds.

    Ends earlier where `stop` says so, where the gate of the connection is shut, or where the system is not reached
    several times in a row.  Kinds of record whose order matters are left to the other.  `options` are those of the
    other push, `owner` is among those that its `alive` gives.  Raises the store's errors.
    """
    push = Push(store, connector, connection, owner, clock, chance, options, report, advance, Pushed(), helps=True)
    push.leaves = frozenset(kind for kind, sheet in connector.capabilities.writes.items() if sheet.ordered)
    idle = _Idle(push, idle_s, stop)
    if push.calls_at_once == 1 or more is None:
        _alone(push, idle)
    else:
        with crew(push, push.calls_at_once, more) as hands:
            while not (idle.over() and hands.idle):
                hands.dry = idle.over() or (hands.dry and not idle.looks_again())
                idle.note(worked=hands.work({}, _PAUSE_S), pause=hands.idle)
    return push.result


def _alone(push: Push, idle: _Idle) -> None:
    while not idle.over():
        held = push.held() or not push.sure()
        taken = None if held else turn.take(push, {}, ONE)
        for job in taken.jobs if taken is not None else ():
            turn.carry(push, job)
        idle.note(worked=taken is not None and taken.seen > 0, pause=True)


class _Idle:
    """How long a helper has had nothing to do."""

    def __init__(self, push: Push, idle_s: float, stop: Callable[[], bool]) -> None:
        self._push, self._stop = push, stop
        self._idle = timedelta(seconds=idle_s)
        self._since = self._looked = push.clock.now()

    def looks_again(self) -> bool:
        """Whether it is time to look for work once more, after there was none."""
        if (self._push.clock.now() - self._looked).total_seconds() < _PAUSE_S:
            return False
        self._looked = self._push.clock.now()
        return True

    def over(self) -> bool:
        """Whether nothing more is to be claimed."""
        return self._push.stopped or self._stop() or self._push.clock.now() - self._since > self._idle

    def note(self, *, worked: bool, pause: bool) -> None:
        """Whether something was done just now; where nothing was and nothing is under way, a pause."""
        if worked:
            self._since = self._push.clock.now()
        elif pause and not self.over():
            self._push.clock.sleep(min(_PAUSE_S, self._idle.total_seconds()))
