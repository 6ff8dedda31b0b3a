"""A person's word on proposals: what is approved is agreed at once, and billed by the next run.  (shell)

Nothing is agreed that was not shown: where the deal, or what is agreed by it, is not as it was when the proposal was
made, or where the books give another effect by now, the new one is stored, and the person looks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billsync.model.proposal import Proposal, ProposalState
from billsync.settings.changes import Changes
from billsync.stage.changing import cases, proposing
from billsync.stage.changing.cases import Page
from billsync.stage.changing.proposing import Draft
from billsync.stage.changing.steps import Days
from billsync.stage.world import World
from billsync.store import StoredProposal, Tx

PAGE = 200

Verdict = Literal["done", "was_decided", "overtaken", "moved", "decided"]
"""`was_decided` so before: nothing was done.  `decided` otherwise before.  `overtaken` by a later change of the deal.
`moved`: its effect is another one by now, and has to be looked at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a proposal and all that is decided with it, as they stand now.

    Attributes:
        instead: what the deals propose now, where it was overtaken.
    """

    verdict: Verdict
    proposals: Sequence[StoredProposal]
    instead: Sequence[StoredProposal] = ()


def approve(world: World, settings: Changes, lead: str, *, who: str, reason: str) -> Answer:
    """Agree to a proposal and all that is decided with it, in one transaction."""
    with world.store.tx("approve") as tx:
        group = tx.changes.group(lead)
        if over := _over(group):
            return Answer(over, group)
        now = _now(world, settings, tx, group)
        if now.fresh:
            moved = _moved(group, now.fresh)
            tx.changes.rewrite(now.fresh)
            if not moved:
                _apply(world, tx, now, who=who, reason=reason)
            return Answer("moved" if moved else "done", tx.changes.group(lead))
    deals = sorted({id for item in group for id in (item.proposal.deal, *item.proposal.beside)})
    proposing.propose_of(world, settings, [deals])
    with world.store.view() as tx:
        return Answer("overtaken", tx.changes.group(lead), tx.changes.waiting(deals))


def reject(tx: Tx, lead: str, *, who: str, reason: str, at: datetime) -> Answer:
    """Refuse a proposal and all that is decided with it, until its deal changes again."""
    group = tx.changes.group(lead)
    states = {item.state for item in group}
    if states == {ProposalState.REJECTED}:
        return Answer("was_decided", group)
    if states != {ProposalState.WAITING}:
        return Answer("decided", group)
    tx.changes.decide([item.id for item in group], ProposalState.REJECTED, who=who, reason=reason, at=at)
    return Answer("done", tx.changes.group(lead))


def _over(group: Sequence[StoredProposal]) -> Verdict | None:
    """Why nothing is decided of it any more; None where it waits."""
    states = {item.state for item in group}
    if states == {ProposalState.WAITING}:
        return None
    return "was_decided" if states == {ProposalState.APPLIED} else "decided"


@dataclass(frozen=True, slots=True)
class _Now:
    """What the deals of a group propose as things stand.

    Attributes:
        fresh: the proposals, in the order of the group; () where deals, or what is agreed, are not as they were.
    """

    page: Page
    fresh: Sequence[Proposal] = ()


def _now(world: World, settings: Changes, tx: Tx, group: Sequence[StoredProposal]) -> _Now:
    waiting = [item.proposal for item in group]
    deals = [item.deal for item in waiting]
    together = list(dict.fromkeys([*deals, *(id for item in waiting for id in item.beside)]))
    page = cases.read(world, tx, together)
    found = [page.cases[deal] for deal in deals]
    if [(case.version, case.digest) for case in found] != [(item.base, item.deal_digest) for item in waiting]:
        return _Now(page)
    draft = proposing.drafted(world, settings, page, together, Days(waiting[0].on, world.through))
    made = {item.deal: item for item in proposing.proposals(draft, waiting[0].on)}
    if set(made) != set(deals):
        return _Now(page)
    return _Now(page, [_with(item, made[item.deal], draft) for item in waiting])


def _with(was: Proposal, now: Proposal, draft: Draft) -> Proposal:
    """The proposal as it comes out now, under the names that it has."""
    names = {"id": was.id, "number": was.number, "lead": was.lead}
    return now.model_copy(update={**names, "effect": draft.effect if was.id == was.lead else None})


def _moved(group: Sequence[StoredProposal], fresh: Sequence[Proposal]) -> bool:
    """Whether the money is not what was shown."""
    shown = [item.proposal.effect.digest() for item in group if item.proposal.effect]
    return shown != [item.effect.digest() for item in fresh if item.effect]


def _apply(world: World, tx: Tx, now: _Now, *, who: str, reason: str) -> None:
    at = world.now()
    for item in now.fresh:
        tx.changes.decide([item.id], ProposalState.APPLIED, who=who, reason=reason, at=at, version=item.base + 1)
    proposing.agree(world, tx, now.fresh, now.page.sources)


def refresh(world: World) -> None:
    """Work out what waits anew, once the run has billed what is agreed: that is what approving makes now."""
    if world.changes is None:
        return
    after = ""
    while True:
        with world.store.view() as tx:
            leads = tx.changes.leads(world.source.name, after=after, limit=PAGE)
            groups = [tx.changes.group(lead) for lead in leads]
            fresh = [item for group in groups for item in _fresh(world, world.changes, tx, group)]
        if not leads:
            return
        with world.store.tx("changes-refreshed") as tx:
            tx.changes.rewrite(fresh)
        after = leads[-1]


def _fresh(world: World, settings: Changes, tx: Tx, group: Sequence[StoredProposal]) -> Iterable[Proposal]:
    """Those of a group that come out otherwise now."""
    shown = {item.id: item.proposal for item in group}
    return [item for item in _now(world, settings, tx, group).fresh if item != shown[item.id]]
