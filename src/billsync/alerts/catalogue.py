"""Every alert: severity, what it means, how it is mended.  (pure)

docs/reference/alerts.md is held to this list.  The mend
is written for somebody who is woken at three and has not seen billsync for a month.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from billsync.model.alert import Severity


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alert.

    Attributes:
        subject: what stands behind the code, such as `pipeline`, or "".
        means: one sentence; mend: what to do, in the order in which to do it.
    """

    severity: Severity
    subject: str
    means: str
    mend: str


_C, _E, _W = Severity.CRITICAL, Severity.ERROR, Severity.WARNING

CATALOGUE: Final[dict[str, Kind]] = {
    "STORE-UNUSABLE": Kind(
        _C,
        "",
        "the store cannot be read or written: nothing runs, and nothing is sent",
        "`billsync db check` says what is wrong with it. A server that is down: start it, runs go on by themselves. "
        "A damaged store: `billsync db restore` the last backup, then `billsync recover`.",
    ),
    "STORE-FULL": Kind(
        _C,
        "",
        "the disk of the store is full or nearly so: writes stop before anything is sent",
        "Free some space or make the disk larger; runs go on by themselves. Delete no file that begins with the "
        "store's name.",
    ),
    "STORE-BUSY": Kind(
        _E,
        "",
        "transactions of the store wait too long for their turn",
        "Look for a program that keeps the store locked: a backup tool, a database browser, an open transaction in "
        "psql. End it; nothing was lost.",
    ),
    "GATE-PARKED": Kind(
        _C,
        "connection",
        "billsync stopped writing to a system, because a bound or an invariant was broken",
        "`billsync gates list` says why, `billsync errors list` what to do. When it is right as it is: `billsync gates "
        "open CONNECTION --reason ...`. Nothing is lost meanwhile.",
    ),
    "GATE-RECOVERING": Kind(
        _E,
        "connection",
        "the store was restored from a backup: nothing is sent until what stands there was compared",
        "`billsync recover`; it says what is left for a person.",
    ),
    "WRITE-DUPLICATE": Kind(
        _C,
        "connection",
        "the system holds a document of ours more than once",
        "`billsync errors list` names the records. Void all but one of them in the system, then `billsync errors "
        "resolve NUMBER --exists ID`.",
    ),
    "WRITE-REVIEW": Kind(
        _E,
        "connection",
        "the outcome of writes is not known, and only a person can tell",
        "`billsync errors list`, and look into the system: is the document there? `billsync errors resolve NUMBER "
        "--exists ID`, or `--absent REFERENCE`.",
    ),
    "WRITE-REFUSED": Kind(
        _E,
        "connection",
        "the system refused writes; sending the same again would not help",
        "`billsync errors list` says what it did not like. Mend the record or the mapping, then `billsync errors "
        "retry`.",
    ),
    "SYSTEM-LOGIN": Kind(
        _E,
        "connection or pipeline",
        "a system does not accept the log-in any more",
        "`billsync doctor` says which and why. Renew the password or token where the configuration refers to, or let "
        "billsync in again with `billsync connect erp`. Runs go on by themselves.",
    ),
    "SYSTEM-OFFLINE": Kind(
        _E,
        "connection or pipeline",
        "a system was not reached for longer than it may be",
        "Is it down, or the way to it (DNS, proxy, firewall, certificate)? `billsync doctor` tries it. Nothing is "
        "lost: runs go on when it is back.",
    ),
    "RUN-FAILED": Kind(
        _E,
        "pipeline",
        "the last run of a pipeline ended with an error, or its process died",
        "`billsync runs --pipeline NAME` and the log of that run say why; `billsync doctor` checks configuration and "
        "systems. The next run goes on from what is stored: `billsync sync NAME`.",
    ),
    "PIPELINE-STALE": Kind(
        _E,
        "pipeline",
        "a pipeline with a schedule brought nothing through for longer than it may",
        "Is the daemon running? `billsync status`, `billsync runs --pipeline NAME`. By hand: `billsync sync NAME`.",
    ),
    "BACKLOG-OLD": Kind(
        _E,
        "connection",
        "planned writes wait for longer than they may",
        "`billsync status` says how many. A slow system or a small call budget: they go out in time, the oldest first. "
        "None goes out: `billsync gates list`, `billsync runs`.",
    ),
    "CONFIG-REFUSED": Kind(
        _E,
        "",
        "the configuration was changed, and cannot be used: the daemon goes on with the one before",
        "`billsync doctor` names file, line and mend. It is read again by itself when it is right.",
    ),
    "SLOT-MISSED": Kind(
        _W,
        "pipeline",
        "slots of a schedule passed without a run",
        "The machine slept, the daemon was down, or the run before took too long: `billsync runs --pipeline NAME`. The "
        "next run does what they would have done.",
    ),
    "PROBLEMS-MANY": Kind(
        _W,
        "pipeline",
        "more records have problems than may be",
        "`billsync errors list` groups them by code; many of one code have one cause, mostly a field that was renamed "
        "or a mapping that was changed.",
    ),
    "WORKER-DEAD": Kind(
        _W,
        "",
        "a process stopped without a word; its work was taken over by others where there are any",
        "Look at the host's log: out of memory, a kill, a reboot? Where none is left, start one: `billsync daemon`.",
    ),
    "TOKEN-ENDS": Kind(
        _W,
        "connection",
        "a token ends soon, and billsync cannot renew it by itself",
        "Let billsync in again before that day: `billsync connect erp`, or a new token where the configuration "
        "refers to.",
    ),
    "CHANNEL-BROKEN": Kind(
        _W,
        "channel",
        "a channel does not take messages: who listens there hears nothing",
        "`billsync alerts test CHANNEL` says why: address, password, certificate. What was not told is told when it "
        "works again.",
    ),
}
"""Code -> kind, the most urgent first."""
