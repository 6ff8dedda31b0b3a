"""What each deal of a group proposes: its kind, and what is agreed after it.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from billsync.billing import agreeing, changes, charges
from billsync.billing.agreeing import Change, Rule
from billsync.billing.mending import Standing
from billsync.model.contract import Contract
from billsync.model.convention import Policy
from billsync.model.deal import Deal
from billsync.model.problem import Place, Problem
from billsync.model.proposal import Agreed, Kind
from billsync.settings.changes import Changes


@dataclass(frozen=True, slots=True)
class Case:
    """One deal, as it is told and as it is agreed.

    Attributes:
        deal: as the source tells it, or None where it is gone or no longer won; digest: of its document, or "".
        terms: the contract that it gives, or None; problems: why it gives none.
        agreed: what is agreed by it, or None; version: of that, 0 for nothing.
        settled: whether it changed before: of a deal that another one was split from, that lines were taken out.
        deleted: whether its record is gone.
        number: of its last proposal, 0 for none.
        source: place of its record, as text.
    """

    id: str
    deal: Deal | None = None
    digest: str = ""
    terms: Contract | None = None
    problems: Sequence[Problem] = ()
    agreed: Agreed | None = None
    version: int = 0
    standing: Standing = field(default_factory=Standing)
    settled: bool = False
    deleted: bool = False
    number: int = 0
    source: str = ""

    @property
    def customer(self) -> str:
        """Whose it is."""
        return self.agreed.customer if self.terms is None and self.agreed else self.deal.customer if self.deal else ""


@dataclass(frozen=True, slots=True)
class Step:
    """What one deal proposes."""

    case: Case
    kind: Kind
    change: Change
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a proposal.

    Attributes:
        on: the day on which the change was seen; known_on: the day on which it is agreed.
    """

    on: date
    known_on: date


def steps(group: Sequence[Case], settings: Changes, policy: Policy, days: Days) -> tuple[list[Step], list[Problem]]:
    """What the deals of a group propose, those first that others come from; nothing where one has a problem."""
    problems = [problem for case in group for problem in case.problems]
    found: dict[str, Step] = {}
    for case in () if problems else group:
        try:
            made = _step(case, {other.id: other for other in group}, settings, policy, days)
        except ValueError as error:
            problems.append(_unlike(case, str(error)))
            continue
        if made is not None:
            found[case.id] = made
    if problems:
        return [], problems
    for case in group:
        _succeed(case, group, found, settings, policy, days)
    parents = {case.deal.split_from for case in group if case.deal} | {case.deal.renews for case in group if case.deal}
    return sorted(found.values(), key=lambda step: (step.case.id not in parents, step.case.id)), []


def _step(case: Case, group: Mapping[str, Case], settings: Changes, policy: Policy, days: Days) -> Step | None:
    named = _named(case)
    rule = Rule(settings.effective, days.on, days.known_on, policy, named)
    if case.terms is None or case.deal is None:
        if case.agreed is None or case.agreed.terms is None:
            return None
        rule = replace(rule, effective=settings.ended or settings.effective)
        kind: Kind = "cancelled" if case.deleted else "reopened"
        return Step(case, kind, agreeing.changed(case.agreed, None, rule, case.agreed.effective_on))
    told = case.deal.effective_on
    if case.agreed is None:
        return _first(case, case.deal, case.terms, group, rule)
    if _is_other(case.agreed, case.terms) and not case.standing.billed:
        return Step(case, "changed", agreeing.first(case.terms, told))
    change = agreeing.changed(case.agreed, case.terms, rule, told)
    if not change.changes:
        return None
    return Step(case, "won_again" if case.agreed.terms is None else "changed", change)


def _named(case: Case) -> date | None:
    """The day that the deal names for this change: the one of a change before it is used up."""
    told = case.deal.effective_on if case.deal else None
    return None if case.agreed and case.agreed.effective_on == told else told


def _is_other(agreed: Agreed, terms: Contract) -> bool:
    return (agreed.customer, agreed.contract.currency) != (terms.customer, terms.currency)


def _first(case: Case, deal: Deal, terms: Contract, group: Mapping[str, Case], rule: Rule) -> Step:
    parent = group.get(deal.split_from or "")
    if parent is not None and parent.agreed is not None and not case.standing.billed:
        return Step(case, "split", agreeing.changed(agreeing.nothing(terms), terms, rule, deal.effective_on))
    renewed = group.get(deal.renews or "")
    kind: Kind = "renewed" if renewed is not None and renewed.agreed is not None else "new"
    change = agreeing.first(terms, deal.effective_on)
    return Step(case, kind, change, adopted=_was_billed(case, terms, rule))


def _was_billed(case: Case, terms: Contract, rule: Rule) -> bool:
    """Whether the deal was billed before anything was agreed apart from it, just as it stands now."""
    known = {charge.key: charge for charge in (*case.standing.billed, *case.standing.open)}
    if not known:
        return False
    wanted = charges.due(terms, through=rule.known_on, policy=rule.policy, source=case.source).charges
    invoiced = {charge.key for charge in case.standing.billed}
    return not changes.compare(known, wanted, invoiced, through=rule.known_on).problems


def _succeed(
    case: Case, group: Sequence[Case], found: dict[str, Step], settings: Changes, policy: Policy, days: Days
) -> None:
    """A deal that renews another one takes over its service."""
    made = found.get(case.id)
    before = next((each for each in group if case.deal and each.id == case.deal.renews), None)
    if made is None or made.kind != "renewed" or made.adopted or before is None or before.agreed is None:
        return
    starts = [line.starts_on or made.change.agreed.contract.start for line in made.change.agreed.contract.lines]
    own = found.get(before.id)
    rule = Rule(settings.effective, days.on, days.known_on, policy)
    change = agreeing.succeeded(own.change.agreed if own else before.agreed, min(starts), rule)
    told = (*(own.change.changes if own else ()), *change.changes)
    if told:
        found[before.id] = Step(before, own.kind if own else "succeeded", Change(change.agreed, told))


def _unlike(case: Case, message: str) -> Problem:
    return Problem(
        code="BILL-CHANGE-01",
        message=f"no contract change makes the deal what it says now: {message}",
        hint="set it back, or mark it as lost and win it anew as another deal; what is agreed is billed on",
        place=Place(system="billsync", object="deal", id=case.id),
    )
