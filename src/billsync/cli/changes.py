"""`change list/show/approve/reject`: what deals propose, and a person's word on it.  (shell)"""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from billsync import logbook, schedule, settings, sync, workspace
from billsync.cli import guard, show
from billsync.cli.change_words import COLUMNS, row, tell, whole
from billsync.model.proposal import ProposalState
from billsync.stage.changing import deciding
from billsync.stage.changing.deciding import Answer, Verdict
from billsync.stage.world import Silent
from billsync.store import StoredProposal, Tx

_LIST_HINT: Final = "`billsync change list --state all` shows those there are"
_SAID: Final[dict[Verdict, str]] = {
    "done": "",
    "was_decided": "was decided so before",
    "decided": "is decided already",
    "overtaken": "the deal has changed since: what it proposes now waits in its place",
    "moved": "it comes to something else by now: look at it, and say it again",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What `change list` shows."""

    state: str
    deal: str | None
    customer: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which proposals: by id, of a customer, or all that wait."""

    ids: tuple[str, ...]
    customer: str | None
    every: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides, and why."""

    who: str
    reason: str


def person(who: str, reason: str) -> Person:
    """Who decides: who is named, else the user of this machine."""
    return Person(who or getpass.getuser(), reason)


# ---------------------------------------------------------------- looking


def listing(config: Path, asked: Asked, format: show.Format) -> int:
    """Proposals, the oldest first."""
    state = None if asked.state == "all" else ProposalState(asked.state)
    with _opened(config) as opened, opened.store.view() as tx:
        found = tx.changes.list(state=state, deal=asked.deal, customer=asked.customer, limit=asked.limit)
    show.rows("Changes", COLUMNS, [row(item) for item in found], format=format, empty="no change is proposed")
    return guard.OK


def show_one(config: Path, id: str, format: show.Format) -> int:
    """One proposal with all that is decided with it."""
    with _opened(config) as opened, opened.store.view() as tx:
        group = tx.changes.group(_found(tx, id).proposal.lead)
    if format == "json":
        show.emit_json(whole(group))
    else:
        tell(group)
    return guard.OK


def _opened(config: Path) -> AbstractContextManager[workspace.Workspace]:
    return workspace.opened(settings.load(config), schedule.SystemClock(), create=False)


def _found(tx: Tx, id: str) -> StoredProposal:
    found = tx.changes.get(id)
    if found is None:
        raise guard.Wrong(f"there is no proposal '{show.visible(id)}': {_LIST_HINT}")
    return found


# ---------------------------------------------------------------- deciding


def approve(config: Path, pipeline: str | None, chosen: Chosen, by: Person, format: show.Format) -> int:
    """Agree to proposals, group by group; each is a run on record, under the pipeline's lock."""
    with _opened(config) as opened:
        with opened.store.view() as tx:
            chosen_groups = _chosen(tx, chosen)
        answers = [_approved(opened, pipeline or _pipeline_of(opened, group), group, by) for group in chosen_groups]
    return _tell(answers, format, "approved")


def _approved(opened: workspace.Workspace, pipeline: str, group: Sequence[StoredProposal], by: Person) -> Answer:
    name, line = opened.pipeline(pipeline)
    policy, day = line.changes, line.billing.day(opened.clock.now())
    if policy is None:
        raise guard.Wrong(f"the pipeline {name} has no `changes:`: its deals are billed as they are")
    answers: list[Answer] = []

    def journey(run: str) -> sync.Report:
        with workspace.world(opened, name, line, run=run, through=day, progress=Silent(), sandboxes=False) as world:
            answers.append(deciding.approve(world, policy, group[0].proposal.lead, who=by.who, reason=by.reason))
            return sync.Report(run, counts=world.tally.counts)

    slot = f"change-{opened.clock.now().strftime('%Y-%m-%dT%H:%M:%S.%f')}"
    logbook.in_slot(opened.store, opened.clock, opened.owner, name, slot, journey)
    return answers[0]


def _pipeline_of(opened: workspace.Workspace, group: Sequence[StoredProposal]) -> str:
    """The pipeline whose source the deals come from, and that has a policy."""
    source = group[0].source
    found = [name for name, line in opened.settings.pipelines.items() if line.source == source and line.changes]
    if len(found) != 1:
        raise guard.Wrong(f"{len(found)} pipelines with `changes:` read {show.visible(source)}: name one by --pipeline")
    return found[0]


def reject(config: Path, chosen: Chosen, by: Person, format: show.Format) -> int:
    """Refuse proposals, group by group."""
    with _opened(config) as opened, opened.store.tx("reject") as tx:
        answers = [
            deciding.reject(tx, group[0].proposal.lead, who=by.who, reason=by.reason, at=opened.clock.now())
            for group in _chosen(tx, chosen)
        ]
    return _tell(answers, format, "rejected")


def _chosen(tx: Tx, chosen: Chosen) -> list[list[StoredProposal]]:
    """The groups that are meant, each once.  Raises `Wrong`."""
    if not chosen.ids and chosen.customer is None and not chosen.every:
        raise guard.Wrong("which proposals? name their ids, --customer, or --all: `billsync change list`")
    if chosen.ids:
        found = [_found(tx, id) for id in chosen.ids]
        found = [item for item in found if chosen.customer in (None, item.proposal.customer)]
    else:
        found = tx.changes.list(state=ProposalState.WAITING, customer=chosen.customer)
    return [tx.changes.group(lead) for lead in dict.fromkeys(item.proposal.lead for item in found)]


def _tell(answers: Sequence[Answer], format: show.Format, done: str) -> int:
    told = [
        {**row(item), "said": _SAID[answer.verdict] or done, "instead": [new.id for new in answer.instead]}
        for answer in answers
        for item in answer.proposals
    ]
    show.rows("Changes", [*COLUMNS, "said", "instead"], told, format=format, empty="no proposal waits")
    again = [answer for answer in answers if answer.verdict in ("overtaken", "moved")]
    for answer in again if format == "table" else ():
        tell(answer.instead or answer.proposals)
    if any(answer.verdict == "done" for answer in answers) and done == "approved":
        show.remark("the next run bills what is agreed: `billsync sync`, or `billsync bill`")
    if again:
        return guard.DRIFT
    return guard.PROBLEMS if any(answer.verdict == "decided" for answer in answers) else guard.OK
