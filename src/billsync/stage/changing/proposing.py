"""Deals that are new, or told otherwise -> proposals; what nobody has to decide is agreed at once.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from billsync.model.deal import Deal
from billsync.model.problem import Place, Problem
from billsync.model.proposal import Effect, Proposal, ProposalState
from billsync.model.ref import Ref
from billsync.model.scalar import plain
from billsync.settings.changes import Changes
from billsync.stage.agreed import KIND
from billsync.stage.changing import cases
from billsync.stage.changing.asking import asks
from billsync.stage.changing.cases import Page
from billsync.stage.changing.effects import Part, Worth, effect
from billsync.stage.changing.steps import Case, Days, Step, steps
from billsync.stage.world import World
from billsync.store import StoredProposal, Tx

PAGE = 200
_AGAIN: Final = "?"
"""In place of a digest: no document has it."""

Group = Sequence[str]
"""Ids of deals that are decided together."""


def propose(world: World) -> None:
    """Look at every deal that is new, changed or gone since it was looked at last; nothing without a policy."""
    if world.changes is None:
        return
    world.progress.stage("Propose changes")
    for page in _pages(world):
        propose_of(world, world.changes, page)


def propose_of(world: World, settings: Changes, groups: Sequence[Group]) -> None:
    """Make the proposals of these deals, in one transaction; what waited of them is superseded."""
    ids = [id for group in groups for id in group]
    with world.store.view() as tx:
        page = cases.read(world, tx, ids)
    days = Days(world.through, world.through)
    drafts = [drafted(world, settings, page, group, days) for group in groups]
    with world.store.tx("proposals") as tx:
        _keep(world, tx, page, drafts)
    world.progress.advance(len(ids))


# ---------------------------------------------------------------- which deals


def _pages(world: World) -> Iterator[Sequence[Group]]:
    """Pages of groups: first those of more than one deal, and deals that are gone; then all others."""
    source = world.source.name
    with world.store.view() as tx:
        gone, speaking = tx.changes.gone(source), tx.changes.speaking(source)
        together = _together(tx, source, speaking)
    grouped = {id for group in together for id in group}
    first = [*together, *([id] for id in gone if id not in grouped)]
    for start in range(0, len(first), PAGE):
        yield first[start : start + PAGE]
    after = ""
    while True:
        with world.store.view() as tx:
            ids = tx.changes.unseen(source, after=after, limit=PAGE)
        if not ids:
            return
        yield [[id] for id in ids if id not in grouped]
        after = ids[-1]


def _together(tx: Tx, source: str, speaking: Sequence[str]) -> list[list[str]]:
    """Groups: deals with those that they were split from or renew, and what waits together; where one is to look at."""
    ties: dict[str, set[str]] = {}
    for one, other in (*_spoken(tx, source, speaking), *tx.changes.ties(source)):
        ties.setdefault(one, set()).add(other)
        ties.setdefault(other, set()).add(one)
    found: list[list[str]] = []
    left = set(ties)
    while left:
        group = _reached(min(left), ties)
        left -= group
        if tx.changes.is_unseen(source, group):
            found.append(sorted(group))
    return found


def _spoken(tx: Tx, source: str, speaking: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Deals that nothing is agreed by yet, with those of the same source that they speak of."""
    agreed = tx.facts.many(KIND, speaking)
    found = tx.facts.many("deal", [id for id in speaking if id not in agreed])
    ties = [
        (id, other)
        for id, fact in found.items()
        for deal in (Deal.reread(fact.doc),)
        for other in (deal.split_from, deal.renews)
        if other is not None and other != id
    ]
    others = {other for _, other in ties}
    known = {**tx.facts.many("deal", others), **tx.facts.many(KIND, others)}
    return ((id, other) for id, other in ties if other in known and known[other].source.system == source)


def _reached(first: str, ties: Mapping[str, set[str]]) -> set[str]:
    group, ahead = {first}, [first]
    while ahead:
        new = ties[ahead.pop()] - group
        group |= new
        ahead += new
    return group


# ---------------------------------------------------------------- what they propose


@dataclass(frozen=True, slots=True)
class Draft:
    """What a group of deals proposes.

    Attributes:
        steps: () where nothing changes, or where there are problems.
        effect: None where there are no steps.
    """

    group: Sequence[Case]
    steps: Sequence[Step] = ()
    effect: Effect | None = None
    asks: tuple[str, ...] = ()
    problems: Sequence[Problem] = ()


def drafted(world: World, settings: Changes, page: Page, group: Group, days: Days) -> Draft:
    """What a group proposes, with its effect on the day of the run; what needs nobody counts for those after it."""
    found = [page.cases[id] for id in group]
    made, problems = steps(found, settings, world.rules.policy(), days)
    if not made:
        return Draft(found, problems=problems)
    parts = [
        Part(case.agreed.contract if case.agreed else None, step.change.agreed.contract, case.standing, case.source)
        for step in made
        for case in (step.case,)
    ]
    customers = {each.customer for part in parts for each in (part.before, part.after) if each}
    worth = Worth(page.others(customers))
    turns = [change.effective for step in made for change in step.change.changes]
    try:
        comes_to = effect(parts, page.books, worth, through=world.through, turns_on=max(turns, default=date.min))
    except (ValueError, OverflowError) as error:
        return Draft(found, problems=[_unbilled(made[0].case, str(error))])
    why = asks(settings, made, found, comes_to)
    if not why:
        for step in made:
            page.agree(step.change.agreed.contract)
    return Draft(found, made, comes_to, why)


def proposals(draft: Draft, on: date) -> list[Proposal]:
    """The proposals of a draft, the lead first."""
    names = [f"{step.case.id}/{step.case.number + 1}" for step in draft.steps]
    return [
        Proposal.trusted(
            id=name,
            deal=step.case.id,
            number=step.case.number + 1,
            kind=step.kind,
            lead=names[0],
            customer=step.change.agreed.customer,
            base=step.case.version,
            deal_digest=step.case.digest,
            on=on,
            effective=step.change.effective or on,
            beside=tuple(case.id for case in draft.group),
            changes=step.change.changes,
            after=step.change.agreed,
            asks=draft.asks,
            effect=draft.effect if name == names[0] else None,
        )
        for name, step in zip(names, draft.steps, strict=True)
    ]


def _unbilled(case: Case, message: str) -> Problem:
    place = Place(system="billsync", object="deal", id=case.id)
    hint = "correct the deal; what is agreed by it is billed on"
    return Problem(code="BILL-CHANGE-01", message=f"the change cannot be billed: {message}", hint=hint, place=place)


# ---------------------------------------------------------------- kept


def _keep(world: World, tx: Tx, page: Page, drafts: Sequence[Draft]) -> None:
    at, run = world.now(), world.run
    ids = [case.id for draft in drafts for case in draft.group]
    waited = [item.id for item in tx.changes.waiting(ids)]
    tx.changes.decide(waited, ProposalState.SUPERSEDED, who="", reason="the deal changed again", at=at)
    made: list[StoredProposal] = []
    for draft in drafts:
        state = ProposalState.WAITING if draft.asks else ProposalState.APPLIED
        for proposal in proposals(draft, world.through):
            version = None if draft.asks else proposal.base + 1
            made.append(StoredProposal(proposal, world.source.name, state, version, reason=_reason(draft)))
    tx.changes.add(made, run=run, at=at, notes=[told(item.proposal) for item in made])
    agree(world, tx, [item.proposal for item in made if item.version is not None], page.sources)
    for draft in drafts:
        if draft.asks:  # what was billed by the deal itself, and is on no document, waits with it
            keys = [charge.key for step in draft.steps if not step.case.version for charge in step.case.standing.open]
            tx.ledger.drop_charges(keys, run=run, at=at)
    problems = [problem for draft in drafts for problem in draft.problems]
    # what has a problem is looked at again, also when it is set back as it was
    looks = [(case.id, _AGAIN if draft.problems else case.digest) for draft in drafts for case in draft.group]
    tx.changes.seen(world.source.name, looks)
    kept = {problem.fingerprint for problem in problems}
    tx.problems.close(connection="billsync", object="deal", ids=ids, except_=kept, at=at, codes_prefix="BILL-")
    world.report(tx, problems)
    world.tally.add("changes agreed", sum(item.version is not None for item in made))
    world.tally.add("changes that wait", sum(item.version is None for item in made))


def agree(world: World, tx: Tx, applied: Iterable[Proposal], sources: Mapping[str, Ref]) -> None:
    """What is agreed from now on; each proposal's base is the version that stands."""
    facts = [(item.after, sources[item.deal], "") for item in applied]
    tx.facts.put(KIND, facts, run=world.run, at=world.now())


def _reason(draft: Draft) -> str:
    if draft.asks:
        return "; ".join(draft.asks)
    return "it was billed so before" if all(step.adopted for step in draft.steps) else "by the pipeline's policy"


def told(proposal: Proposal) -> str:
    """A proposal in a line: what it changes, and what that comes to."""
    found = proposal.effect
    if found is None:
        return f"{proposal.kind}, with {proposal.lead}"
    money = [f"{plain(item.total or item.charged)} {item.currency}" for item in found.now]
    moves = [f"{plain(item.delta)} {item.currency} a month ({item.movement})" for item in found.mrr if item.delta]
    return "; ".join([proposal.kind, *money, *moves])
