"""A recurring line's charges, from its beginning, and their repair wherever it was amended.  (pure)

A line is billed as it was known on each day.  When an amendment becomes known, what was billed by then is compared with
what is wanted now: days that are not wanted any more at their price are given back, days that were not billed are
charged.  A line that was never amended takes the short way: each portion is a charge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billsync.billing.amendment import Billed, Credited, Repairs, Segment, repair
from billsync.billing.amendment import apply as applied
from billsync.billing.amendment.repair import without
from billsync.billing.calendar import Portion, portions_until
from billsync.billing.key import charge_key, untaken
from billsync.billing.line import Epoch, Line, Terms
from billsync.billing.made import Made, Making
from billsync.billing.price import Rated, rate, unit_amount
from billsync.billing.proration import Share, change
from billsync.billing.rule import rule_of
from billsync.billing.timeline import cut
from billsync.model.charge import Charge
from billsync.model.period import Period
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class Part:
    """Days of one portion at one price."""

    portion: Portion
    period: Period
    terms: Terms


def recurring(
    epochs: Sequence[Epoch], through: date, by: Making, since: date | None = None
) -> tuple[list[Made], date | None]:
    """All charges and credits that are due on the day or before it, and the day of the next one, or None.

    `since`, for a line of one epoch: only those that are due from that day on.
    """
    if len(epochs) == 1:
        wanted, ahead = _wanted(epochs[0].line, through, since)
        return _plain(wanted, epochs[0].line, by), ahead
    made: list[Made] = []
    state: tuple[Billed, ...] = ()
    ahead = None
    for number, epoch in enumerate(epochs):
        if epoch.known_on > through:
            break
        following = epochs[number + 1].known_on if number + 1 < len(epochs) else date.max
        until = min(through, following - timedelta(days=1))
        wanted, ahead = _wanted(epoch.line, until)
        if number == 0:
            made = _plain(wanted, epoch.line, by)
            state = tuple(_billed(item) for item in made)
        else:
            state, more = _repaired(state, wanted, epoch, by)
            made += more
    return [item for item in made if item.due_on <= through], ahead


def resume(billed: Sequence[Charge], epoch: Epoch, through: date, by: Making) -> list[Made]:
    """What follows what was really billed, whatever it was: repairs as of the epoch's day, then its own charges."""
    credits = [charge for charge in billed if charge.kind == "credit"]
    state = tuple(_from_charge(charge, credits, epoch.line, by) for charge in billed if charge.kind == "charge")
    wanted, _ = _wanted(epoch.line, through)
    _, made = _repaired(state, wanted, epoch, by)
    return made


def _wanted(line: Line, until: date, since: date | None = None) -> tuple[list[Part], date | None]:
    """The parts of all portions that are due on the day or before it, and when the next one is due."""
    found: list[Part] = []
    due, following = portions_until(line, until, since)
    days = [since for since, _ in line.steps[1:]]  # the first one cuts nothing
    for portion in due:
        if portion.period is not None:
            parts = cut(portion.period, days) if days else (portion.period,)
            found += [Part(portion, part, line.on(part.start)) for part in parts]
    return found, None if following is None else following.due_on


def _plain(wanted: Sequence[Part], line: Line, by: Making) -> list[Made]:
    wholes: dict[int, Rated] = {}
    return [_made(part, part.period, line, by, wholes, due_on=part.portion.due_on, taken=()) for part in wanted]


def _rated(terms: Terms, share: Share | None, by: Making, wholes: dict[int, Rated]) -> Rated:
    """Whole cycles on the same terms cost the same: `wholes` holds what they cost, by the terms' identity."""
    if share is not None:
        return rate(terms, by.convention, share)
    known = wholes.get(id(terms))
    if known is None:
        known = wholes[id(terms)] = rate(terms, by.convention)
    return known


def _made(
    part: Part,
    period: Period,
    line: Line,
    by: Making,
    wholes: dict[int, Rated],
    *,
    due_on: date,
    taken: Sequence[str],
) -> Made:
    terms = part.terms
    rated = _rated(terms, _share(part, period, line, by), by, wholes)
    return Made(
        key=untaken(charge_key(by.contract.id, line.id, period.start), taken),
        due_on=due_on,
        line=line,
        terms=terms,
        quantity=terms.quantity,
        unit_amount=unit_amount(terms.price, terms.quantity, rated.whole),
        amount=rated.amount,
        rule=rule_of(line, by.policy, is_stub=period != part.portion.cycle),
        formula=rated.formula,
        period=period,
        cycle=part.portion.cycle,
    )


def _share(part: Part, period: Period, line: Line, by: Making) -> Share | None:
    cycle = part.portion.cycle
    if cycle is None or line.grid is None:
        return None
    whole = part.portion.period if by.convention.in_full and part.portion.period is not None else cycle
    return None if period == whole else by.convention.share(period, whole, line.grid.every)


# ---------------------------------------------------------------- repairs


def _billed(made: Made) -> Billed:
    return Billed(made.key, _segment(made.line, made.terms, made.period, made.cycle), made.amount)


def _segment(line: Line, terms: Terms, period: Period | None, cycle: Period | None) -> Segment:
    if period is None or cycle is None or line.grid is None:
        raise ValueError(f"the line {line.id} has no cycles to repair")
    return Segment(f"{line.id} {terms.product}", period, cycle, line.grid.every, terms.rate)


def _repaired(
    state: tuple[Billed, ...], wanted: Sequence[Part], epoch: Epoch, by: Making
) -> tuple[tuple[Billed, ...], list[Made]]:
    line = epoch.line
    parts = {part.period: part for part in wanted}
    segments = [_segment(line, part.terms, part.period, part.portion.cycle) for part in wanted]
    if by.convention.in_full:
        segments = list(_as_billed(segments, state))
    found = repair(state, segments, by.convention)
    credits = _by_rule(found, state, line, by)
    taken = [item.key for item in state]
    made: list[Made] = []
    for item in found.charges:
        part = next(part for period, part in parts.items() if period.overlap(item.segment.period))
        due_on = max(epoch.known_on, part.portion.due_on)
        made.append(_made(part, item.segment.period, line, by, {}, due_on=due_on, taken=taken))
        taken.append(made[-1].key)
    made = _netted(made, credits, state, line, by)
    now = [_billed(item) for item in made]
    state = applied(state, Repairs(tuple(credits), tuple(now)))
    return state, [*_credits(credits, state, epoch), *made]


def _as_billed(segments: Sequence[Segment], state: Sequence[Billed]) -> Iterator[Segment]:
    """Where nothing is priced in part, days that are billed stay as they are: a change holds for those to come."""
    for segment in segments:
        both = [(item, day) for item in state for live in item.live if (day := live.overlap(segment.period))]
        yield from (replace(item.segment, period=day) for item, day in both)
        yield from (replace(segment, period=day) for day in without((segment.period,), (day for _, day in both)))


def _by_rule(found: Repairs, state: Sequence[Billed], line: Line, by: Making) -> list[Credited]:
    """What is given back: in proportion, or by the contract's rule where the service was cancelled."""
    items = {item.key: item for item in state}
    seen: set[str] = set()
    credits: list[Credited] = []
    for credit in found.credits:
        item, amount, words = items[credit.key], credit.amount, credit.formula
        rule = "none" if by.convention.in_full else "prorated"
        if line.cancelled and line.ends_on is not None and credit.period and credit.period.start >= line.ends_on:
            asked = by.contract.cancellation.rule_on(line.ends_on, item.segment.period)
            rule = rule if asked == "prorated" else asked
        if rule == "none":
            amount, words = Decimal(0), "nothing is given back"
        elif rule == "full":
            amount = Decimal(0) if credit.key in seen else item.left
            words = f"all that is left of {plain(item.amount)} = {plain(amount)}"
        seen.add(credit.key)
        if amount or not by.convention.in_full:  # days paid in full stay paid: who comes back does not pay them again
            credits.append(Credited(credit.key, amount, credit.period, words))
    return credits


def _netted(
    made: Sequence[Made], credits: Sequence[Credited], state: Sequence[Billed], line: Line, by: Making
) -> list[Made]:
    """Where the net is rounded, the new leg is what makes it so; one old and one new price for the same days."""
    found = list(made)
    if by.policy.round_on != "net" or len(found) != 1 or len(credits) != 1 or credits[0].period != found[0].period:
        return found
    item, new = next(item for item in state if item.key == credits[0].key), found[0]
    if line.grid is None or new.period is None or new.cycle is None:
        return found
    share = by.convention.share(new.period, new.cycle, line.grid.every)
    legs = change(
        item.segment.rate, new.terms.rate, share, by.convention.places, by.convention.rounding, round_on="net"
    )
    return [replace(new, amount=credits[0].amount + legs.net, formula=f"{legs.formula}, and the credit beside it")]


def _credits(credits: Sequence[Credited], state: Sequence[Billed], epoch: Epoch) -> Iterator[Made]:
    items = {item.key: item for item in state}
    line = epoch.line
    for credit in credits:
        if not credit.amount or credit.period is None:
            continue
        item = items[credit.key]
        terms = replace(line.on(item.segment.period.start), product=item.segment.line.removeprefix(f"{line.id} "))
        yield Made(
            key=f"{credit.key}/credit/{credit.period.start.isoformat()}",
            due_on=epoch.known_on,
            line=line,
            terms=terms,
            quantity=Decimal(1),
            unit_amount=-credit.amount,
            amount=-credit.amount,
            rule=_why_back(line),
            formula=credit.formula,
            period=credit.period,
            cycle=item.segment.cycle,
            kind="credit",
            corrects=credit.key,
        )


def _why_back(line: Line) -> str:
    if line.cancelled:
        return "given back after a cancellation, by the contract's rule"
    return "given back: billed before, and not wanted any more at this price"


def _from_charge(charge: Charge, credits: Sequence[Charge], line: Line, by: Making) -> Billed:
    """A charge that stands on an invoice, as it was billed."""
    if charge.period is None or line.grid is None:
        raise ValueError(f"the charge {charge.key} has no period to repair")
    cycle = line.grid.cycle(charge.period.start)
    share = None if charge.period == cycle else by.convention.share(charge.period, cycle, line.grid.every)
    terms = line.on(charge.period.start)
    same = rate(terms, by.convention, share).amount == charge.amount and terms.product == charge.product
    whole = terms.rate if same else Fraction(charge.amount) / (share.ratio if share else 1)
    segment = Segment(f"{line.id} {charge.product}", charge.period, cycle, line.grid.every, whole)
    given = [
        Credited(charge.key, -credit.amount, credit.period, credit.why.formula)
        for credit in credits
        if credit.corrects == charge.key
    ]
    return Billed(charge.key, segment, charge.amount, tuple(given))
