"""The random walk: people edit while billsync reads, and processes die.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from billsync.conformance.bench import Bench
from billsync.conformance.broken import Broken
from billsync.conformance.copy import differences
from billsync.conformance.rule import rule
from billsync.conformance.subject import Ability
from billsync.connector import Fault, TryLater
from billsync.store import Store

SEEDS: Final = 10
_RUNS: Final = 4
_DELETES: Final = 8
"""Fewer than billsync takes for a broken export."""
_BURSTS: Final = 2
_TROUBLES: Final = (Ability.ERROR, Ability.CUT, Ability.TRUNCATED, Ability.LOGIN_PAGE)
"""Those that pass by themselves and keep nobody waiting."""


class _Killed(BaseException):
    """The process dies here."""


@dataclass
class _Walk:
    """One walk.

    Attributes:
        done: what people did, for the message.
        binned: what was deleted and can come back.
        unseen: what was committed late: nobody else touches what nobody sees.
    """

    bench: Bench
    chance: Random
    done: list[str] = field(default_factory=list)
    binned: list[str] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)
    deletes: int = 0
    bursts: int = 0

    def step(self) -> None:
        """People act, or not; sometimes the process dies."""
        if self.chance.random() < 0.5:
            self.act()
        if self.chance.random() < 0.15:
            self.done.append("KILL")
            raise _Killed

    def act(self) -> None:
        """One act of people, drawn by lot among what the system can do."""
        live = sorted(self._live() - self.unseen)
        acts: list[Callable[[list[str]], str]] = [self._create]
        acts += [self._edit] * 2 if live else []
        acts += [self._relate] if live and self.bench.can(Ability.RELATE) else []
        acts += [self._link] if live and self.bench.can(Ability.LINK) else []
        acts += [self._delete] if live and self.bench.can(Ability.DELETE) and self.deletes < _DELETES else []
        acts += [self._restore] if self.binned and self.bench.can(Ability.RESTORE) else []
        acts += [self._merge] if len(live) > 1 and self.bench.can(Ability.MERGE) and self.deletes < _DELETES else []
        acts += [self._late, self._wait] if self.bench.can(Ability.LATE) else []
        acts += [self._burst] if self.bench.can(Ability.BURST) and self.bursts < _BURSTS else []
        acts += [self._trouble] if self._troubles() else []
        acts += [self._expire] if self.bench.can(Ability.SESSION) else []
        self.done.append(self.chance.choice(acts)(live))

    def _live(self) -> set[str]:
        return set(self.bench.subject.truth(self.bench.object))

    def _create(self, _live: list[str]) -> str:
        return f"create {self.bench.subject.create(self.bench.object, self.bench.fields())}"

    def _edit(self, live: list[str]) -> str:
        id = self.chance.choice(live)
        self.bench.edit(id)
        return f"edit {id}"

    def _relate(self, live: list[str]) -> str:
        id = self.chance.choice(live)
        self.bench.subject.relate(self.bench.object, id)
        return f"relate {id}"

    def _link(self, live: list[str]) -> str:
        id = self.chance.choice(live)
        self.bench.subject.link(self.bench.object, id)
        return f"link {id}"

    def _delete(self, live: list[str]) -> str:
        id = self.chance.choice(live)
        self.bench.subject.delete(self.bench.object, id)
        self.binned.append(id)
        self.deletes += 1
        return f"delete {id}"

    def _restore(self, _live: list[str]) -> str:
        id = self.binned.pop(self.chance.randrange(len(self.binned)))
        self.bench.subject.restore(self.bench.object, id)
        return f"restore {id}"

    def _merge(self, live: list[str]) -> str:
        winner, loser = self.chance.sample(live, 2)
        self.bench.subject.merge(self.bench.object, winner, loser)
        self.deletes += 1
        return f"merge {loser} into {winner}"

    def _late(self, _live: list[str]) -> str:
        after_s = self.chance.randint(1, max(1, self.bench.subject.lag_s))
        before = self._live()
        self.bench.subject.commit_late(self.bench.object, self.bench.fields(), after_s)
        self.unseen |= self._live() - before
        return f"commit after {after_s} s"

    def _wait(self, _live: list[str]) -> str:
        seconds = self.chance.choice((1, self.bench.subject.lag_s // 2, self.bench.subject.lag_s + 1))
        self.bench.subject.pass_time(seconds)
        return f"wait {seconds} s"

    def _troubles(self) -> list[Ability]:
        return [fault for fault in _TROUBLES if self.bench.can(fault)]

    def _trouble(self, _live: list[str]) -> str:
        fault = self.chance.choice(self._troubles())
        self.bench.subject.strike(fault)
        return f"meet {fault.name}"

    def _expire(self, _live: list[str]) -> str:
        self.bench.subject.end_session()
        return "end all sessions"

    def _burst(self, _live: list[str]) -> str:
        count = self.bench.page + 1
        self.bench.subject.burst(self.bench.object, [self.bench.fields() for _ in range(count)])
        self.bursts += 1
        return f"make {count} in one instant"


@rule(costs="billsync's copy and the CRM drift apart, a little each day, and nobody can say since when")
def random_walk(bench: Bench) -> None:
    """Whatever people do while billsync reads, and however often it dies, after quiet its copy is what is there.

    Ten times, by lot: records are made, edited, deleted, restored, merged, related, committed late or many in one
    instant, between pages and inside of transactions, while billsync's own pull fills a real store, is killed now and
    then, meets cuts and errors, and loses its session.  Then all is quiet: one run finishes what was killed, one more
    must make the store equal to the truth.
    """
    with bench.store() as store:
        for seed in range(SEEDS):
            bench.subject.reset()
            _walk(bench, store, seed)


def _walk(bench: Bench, store: Store, seed: int) -> None:
    walk, connection = _Walk(bench, Random(seed)), f"walk-{seed}"  # noqa: S311  repeatable on purpose
    bench.fill(2 * bench.page + 1)
    bench.age()
    for _ in range(_RUNS):
        try:
            bench.pull(store, connection, step=walk.step)
        except _Killed:
            continue
        except TryLater as fault:
            walk.done.append(f"stopped: {fault.reason}")
            continue
        walk.act()
    bench.subject.calm()
    if bench.can(Ability.LINK):
        bench.subject.pass_time(bench.subject.untold_s + 1)
    bench.age()
    try:
        for _ in range(2):
            bench.pull(store, connection)
    except Fault as fault:
        raise Broken(f"seed {seed}: nothing is wrong there, and a run ended with {fault!r}") from fault
    found = differences(bench.subject.truth(bench.object), bench.stored(store, connection))
    if found:
        raise Broken(f"seed {seed}: {found}; people did: {', '.join(walk.done)}")
