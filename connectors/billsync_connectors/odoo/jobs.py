"""One intent on its way: which record stands for it, and what has become of it.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from billsync.connector import Intent, Mismatch, Outcome, Refused, TryLater, Unclear, Unfinished
from billsync_connectors.odoo.encoding import Odd
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.payload import key, remote_id


@dataclass(slots=True)
class Job:
    """One intent.

    Attributes:
        id: Odoo's id of the record that stands for it, None where there is none yet.
        outcome: None while there is something left to do.
    """

    intent: Intent
    id: int | None = None
    outcome: Outcome | None = None

    @property
    def record(self) -> int:
        """The record's id, which is known by now."""
        assert self.id is not None
        return self.id

    def stops(self, fault: TryLater | Refused | Unclear) -> None:
        """It goes no further: once there is a record it is unfinished, whatever the fault says of the last call."""
        if self.id is None or (isinstance(fault, Refused) and fault.reason in _FINAL):
            self.outcome = fault
        else:
            self.outcome = Unfinished(str(self.id), fault.reason, fault.message)


_FINAL = frozenset({"gone", "bad_value", "unknown_field"})


@contextmanager
def stopping(jobs: Iterable[Job]) -> Iterator[None]:
    """A fault inside of it, or an answer that cannot be used, ends those of the jobs that are still open."""
    jobs = list(jobs)
    try:
        yield
    except (TryLater, Refused, Unclear) as fault:
        for job in still(jobs):
            job.stops(fault)
    except Odd as odd:
        for job in still(jobs):
            job.stops(TryLater("unreadable", f"an answer of Odoo's cannot be used: {odd}", offline=True))


def still(jobs: Iterable[Job]) -> list[Job]:
    """Those that have not come to an end."""
    return [job for job in jobs if job.outcome is None]


def outcomes(jobs: Iterable[Job]) -> list[Outcome]:
    """What became of each."""
    return [job.outcome or Unclear("no_outcome", f"nothing is known of {job.intent.key}") for job in jobs]


def located(external: External, object: str, model: str, intents: Sequence[Intent]) -> list[Job]:
    """Jobs, with the records that the intents name, or that carry our external id."""
    jobs = [Job(intent) for intent in intents]
    for job in jobs:
        with stopping([job]):
            key(job.intent)
            if job.intent.remote_id is not None:
                job.id = remote_id(job.intent.remote_id, "remote_id")
    fresh = [job for job in still(jobs) if job.id is None]
    given = [job for job in still(jobs) if job.id is not None]
    with stopping(fresh):
        known = external.ids(object, model, [job.intent.key for job in fresh]) if fresh else {}
        for job in fresh:
            job.id = known.get(job.intent.key)
    with stopping(given):
        _held_to(external, object, model, given)
    return jobs


def _held_to(external: External, object: str, model: str, given: Sequence[Job]) -> None:
    """Records that the engine named carry our external id, or get it; another's is for a person."""
    keys = external.keys(object, model, [job.record for job in given]) if given else {}
    for job in given:
        found = keys.get(job.record)
        if found is not None and found != job.intent.key:
            what = f"Odoo's {object} {job.record} carries our reference {found}, not {job.intent.key}"
            job.outcome = Mismatch(str(job.record), what)


def adopt(external: External, object: str, model: str, jobs: Sequence[Job]) -> None:
    """Records that somebody else made, and that a person tied to ours, get our external id."""
    given = [job for job in still(jobs) if job.intent.remote_id is not None]
    with stopping(given):
        keys = external.keys(object, model, [job.record for job in given]) if given else {}
        for job in given:
            if job.record not in keys:
                with stopping([job]):
                    external.give(object, model, job.intent.key, job.record)
