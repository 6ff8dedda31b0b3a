"""What of the facts is a cause to alert somebody; a cause that explains others stands for them.  (pure)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from billsync.alerts.catalogue import CATALOGUE
from billsync.alerts.facts import Facts, PipelineFacts
from billsync.model.alert import Severity
from billsync.model.gate import GateState
from billsync.settings.alerts import Bounds

BROKEN_AFTER: Final = 3
"""Sends in a row that a channel did not take until that is a cause itself."""

_FAILED: Final = frozenset({"failed", "killed"})
_FULL: Final = "store_full"


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that stands now; see `model.alert.Alert` for the names."""

    code: str
    subject: str
    reason: str
    pipeline: str = ""
    size: int = 0

    @property
    def id(self) -> str:
        """As of the alert that it becomes."""
        return f"{self.code}/{self.subject}" if self.subject else self.code

    @property
    def severity(self) -> Severity:
        """As the catalogue says."""
        return CATALOGUE[self.code].severity


def causes(facts: Facts, bounds: Bounds) -> list[Cause]:
    """Everything that somebody has to know now, the most urgent first.  A store that is unusable explains the rest."""
    if facts.store_fault:
        found = [_store_fault(facts.store_fault)]
    else:
        found = [
            *_disk(facts, bounds),
            *_gates(facts, bounds),
            *_stuck(facts),
            *_systems(facts, bounds),
            *_runs(facts),
            *_stale(facts),
            *_backlog(facts, bounds),
            *_slots(facts),
            *_problems(facts, bounds),
            *_dead(facts),
            *_flags(facts, bounds),
            *_channels(facts),
        ]
    order = list(CATALOGUE)
    return sorted({cause.id: cause for cause in found}.values(), key=lambda cause: (order.index(cause.code), cause.id))


def _store_fault(reason: str) -> Cause:
    code = {_FULL: "STORE-FULL", "store_locked": "STORE-BUSY"}.get(reason, "STORE-UNUSABLE")
    return Cause(code, "", f"the store cannot be used: {reason}")


def _disk(facts: Facts, bounds: Bounds) -> Iterator[Cause]:
    free = facts.free_bytes
    if free is not None and free < bounds.disk_mb * 1_000_000:
        yield Cause("STORE-FULL", "", f"{free // 1_000_000:,} MB are left on the disk of the store")


def _gates(facts: Facts, bounds: Bounds) -> Iterator[Cause]:
    for gate in facts.gates:
        if gate.state is GateState.PARKED:
            yield Cause("GATE-PARKED", gate.connection, f"nothing is written to {gate.connection}: {gate.reason}")
        elif gate.state is GateState.RECOVERING:
            reason = f"nothing is written to {gate.connection} until `billsync recover` has compared what stands there"
            yield Cause("GATE-RECOVERING", gate.connection, reason)
        elif gate.state is GateState.OFFLINE and gate.reason == "auth":
            yield Cause("SYSTEM-LOGIN", gate.connection, f"{gate.connection} does not accept the log-in")
        elif gate.state is GateState.OFFLINE:
            yield from _offline(facts, bounds, gate.connection, gate.failures)


def _offline(facts: Facts, bounds: Bounds, connection: str, failures: int) -> Iterator[Cause]:
    """The gate's own instant moves with each look: the runs say since when nothing went through."""
    begun = [one.since for one in facts.pipelines if connection in (one.source, one.target) and one.since is not None]
    if begun and facts.now - min(begun) >= timedelta(seconds=bounds.unreached_s):
        yield Cause("SYSTEM-OFFLINE", connection, f"{connection} was not reached {failures} times in a row")


def _stuck(facts: Facts) -> Iterator[Cause]:
    counts: Counter[tuple[str, str]] = Counter()
    for (connection, state, reason), count in facts.stuck.items():
        code = "WRITE-DUPLICATE" if reason == "duplicate_found" else _STUCK[state]
        counts[code, connection] += count
    for (code, connection), count in counts.items():
        writes = "1 write" if count == 1 else f"{count:,} writes"
        yield Cause(code, connection, _SAID[code].format(writes=writes, connection=connection), size=count)


_STUCK: Final = {"REVIEW": "WRITE-REVIEW", "DEAD": "WRITE-REFUSED"}
_SAID: Final = {
    "WRITE-DUPLICATE": "{connection} holds documents more than once: {writes}",
    "WRITE-REVIEW": "{writes} to {connection} wait for a person's answer",
    "WRITE-REFUSED": "{connection} refused {writes}",
}


def _systems(facts: Facts, bounds: Bounds) -> Iterator[Cause]:
    """Systems that runs did not reach.  Where it is the target, its gate has said so."""
    told = {gate.connection for gate in facts.gates if gate.state is GateState.OFFLINE}
    locked_out = {flag.subject for flag in facts.flags if flag.code == "SYSTEM-LOGIN"}
    for one in facts.pipelines:
        if one.last_state != "unreachable" or one.since is None or told & {one.source, one.target}:
            continue
        if one.name in locked_out:
            reason = f"a system of {one.name} ({_ends(one)}) does not accept the log-in"
            yield Cause("SYSTEM-LOGIN", one.name, reason, pipeline=one.name)
        elif facts.now - one.since >= timedelta(seconds=bounds.unreached_s):
            reason = f"runs of {one.name} ({_ends(one)}) reach no system since {one.since:%Y-%m-%d %H:%M} UTC"
            yield Cause("SYSTEM-OFFLINE", one.name, reason, pipeline=one.name)


def _ends(one: PipelineFacts) -> str:
    return " -> ".join(end for end in (one.source, one.target) if end)


def _runs(facts: Facts) -> Iterator[Cause]:
    for one in facts.pipelines:
        if one.last_state in _FAILED:
            at = f" at {one.last_at:%Y-%m-%d %H:%M} UTC" if one.last_at else ""
            how = "its process died" if one.last_state == "killed" else "it ended with an error"
            yield Cause("RUN-FAILED", one.name, f"the last run of {one.name}{at}: {how}", pipeline=one.name)


def _stale(facts: Facts) -> Iterator[Cause]:
    """A pipeline that is told of for another reason is not told of again for being stale."""
    closed = {gate.connection for gate in facts.gates if gate.state is not GateState.OPEN}
    for one in facts.pipelines:
        explained = one.last_state in _FAILED | {"unreachable"} or one.target in closed
        last = max((at for at in (one.good_at, one.looked_at) if at is not None), default=one.begun_at)
        if one.fresh_s is None or last is None or explained:
            continue
        if facts.now - last > timedelta(seconds=one.fresh_s):
            reason = f"nothing came through {one.name} since {last:%Y-%m-%d %H:%M} UTC"
            yield Cause("PIPELINE-STALE", one.name, reason, pipeline=one.name)


def _backlog(facts: Facts, bounds: Bounds) -> Iterator[Cause]:
    """Writes that wait behind a closed gate are told of as that."""
    closed = {gate.connection for gate in facts.gates if gate.state is not GateState.OPEN}
    for connection, waiting in facts.waiting.items():
        if connection not in closed and facts.now - waiting.oldest > timedelta(seconds=bounds.backlog_s):
            reason = (
                f"{waiting.count:,} writes to {connection} wait, the oldest since {waiting.oldest:%Y-%m-%d %H:%M} UTC"
            )
            yield Cause("BACKLOG-OLD", connection, reason, size=waiting.count)


def _slots(facts: Facts) -> Iterator[Cause]:
    for pipeline, count in facts.missed.items():
        slots = "1 slot" if count == 1 else f"{count:,} slots"
        reason = f"{slots} of {pipeline} passed without a run"
        yield Cause("SLOT-MISSED", pipeline, reason, pipeline=pipeline, size=count)


def _problems(facts: Facts, bounds: Bounds) -> Iterator[Cause]:
    for one in facts.pipelines:
        if one.problems > bounds.problems:
            reason = f"{one.problems:,} records of {one.name} have problems"
            yield Cause("PROBLEMS-MANY", one.name, reason, pipeline=one.name, size=one.problems)


def _dead(facts: Facts) -> Iterator[Cause]:
    if facts.dead:
        reason = f"stopped without a word: {', '.join(sorted(facts.dead)[:10])}"
        yield Cause("WORKER-DEAD", "", reason, size=len(facts.dead))


def _flags(facts: Facts, bounds: Bounds) -> Iterator[Cause]:
    for flag in facts.flags:
        due = flag.until is None or flag.until - facts.now <= timedelta(days=bounds.token_days)
        if due and flag.code in CATALOGUE and flag.code != "SYSTEM-LOGIN":  # `_systems` tells of those
            yield Cause(flag.code, flag.subject, flag.reason)


def _channels(facts: Facts) -> Iterator[Cause]:
    failing = {
        channel: told.tries
        for alert in facts.known
        for channel, told in alert.told.items()
        if not told.done and told.tries >= BROKEN_AFTER
    }
    for channel, tries in failing.items():
        yield Cause("CHANNEL-BROKEN", channel, f"the channel {channel} took no message in {tries} tries")
