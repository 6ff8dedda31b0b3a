"""Contract -> charges through a day: always from the beginning, always the same keys.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from billsync.billing.amendment import Convention
from billsync.billing.key import charge_key
from billsync.billing.line import Epoch, epochs
from billsync.billing.made import Made, Making, charge_of
from billsync.billing.once import Fee, committed, in_parts, once
from billsync.billing.plain import is_plain, plainly
from billsync.billing.recurring import recurring, resume
from billsync.billing.timeline import ZoneHistory
from billsync.billing.usage import Used, metered, settled, used_of
from billsync.model.charge import Charge
from billsync.model.contract import Contract, ContractLine
from billsync.model.convention import Policy
from billsync.model.currency import exponent
from billsync.model.usage import UsageEvent

__all__ = ["Due", "Facts", "charge_key", "due"]


@dataclass(frozen=True, slots=True)
class Due:
    """What a contract owes.

    Attributes:
        charges: all with `due_on` up to the day asked for, oldest first, in the order of the lines.
        next_on: `due_on` of the charge that comes next, or None where none will ever come.
        repaired: whether something was billed otherwise than it comes out now, and stays.
    """

    charges: tuple[Charge, ...]
    next_on: date | None
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened, beside what was agreed.

    Attributes:
        usage: of the customer, all meters, from the beginning.
        reached: milestone -> the day on which it was reached.
        zone: the customer's zone at the beginning.
        billed: the contract's charges that stand on documents already, where they are known.
    """

    usage: Sequence[UsageEvent] = ()
    reached: Mapping[str, date] = field(default_factory=dict)
    zone: str = "UTC"
    billed: Sequence[Charge] = ()


NOTHING = Facts()


def due(
    contract: Contract,
    *,
    through: date,
    policy: Policy,
    source: str = "",
    facts: Facts = NOTHING,
    since: date | None = None,
) -> Due:
    """Every charge of the contract that is owed on the day `through` or before it.

    The charges through a day are the first ones of those through any later day.  `source` is the place of the record
    that the contract came from, as text.  Where a recurring line was billed otherwise than it comes out now, what was
    billed stays, and is repaired by credits and charges of the day `through`.

    `since`, for a contract that `steady.goes_on` without what was billed before: only charges that are due from that
    day on; of the usage it needs what became known from the days on that `steady.opens_on` gives.

    Raises ValueError where a line has no price, and where the parts of an instalment line are not its price.
    """
    zones = zones_of(contract, facts.zone)
    convention = Convention.by(policy, exponent(contract.currency), zones)
    by = Making(contract, policy, convention, source)
    events = used_of(facts.usage, zones) if facts.usage else {}
    made: list[Made] = []
    ahead: list[date | None] = []
    kept: list[Charge] = []
    for line in contract.lines:
        if is_plain(contract, line):
            found, following = plainly(contract, line, through, by, since)
        else:
            found, following = _line(line, epochs(contract, line, policy), events, facts, through, by, since)
        if billed := [charge for charge in facts.billed if charge.line == line.id]:
            kept_now, found = _after(billed, found, epochs(contract, line, policy), line, through, by)
            kept += kept_now
        made += found
        ahead.append(following)
    fees = [*map(_fee_of, kept), *map(_fee, made)] if contract.commitments else []
    for commitment in contract.commitments:
        found, following = committed(commitment, fees, through, by)
        made += found
        ahead.append(following)
    order = {name: place for place, name in enumerate(contract.order)}
    charges = [*kept, *(charge_of(item, by) for item in made)]
    charges.sort(key=lambda charge: (charge.due_on, order.get(charge.line, len(order))))
    return Due(tuple(charges), min((day for day in ahead if day is not None), default=None), repaired=bool(kept))


def zones_of(contract: Contract, first: str) -> ZoneHistory:
    """The customer's zones: the first one, and those of the amendments."""
    moves = [(item.effective, item.timezone) for item in contract.amendments if item.timezone is not None]
    return ZoneHistory(first, tuple(sorted(moves, key=lambda move: move[0])))


def _line(
    line: ContractLine,
    known: Sequence[Epoch],
    events: Mapping[str, Sequence[Used]],
    facts: Facts,
    through: date,
    by: Making,
    since: date | None,
) -> tuple[list[Made], date | None]:
    if line.model == "recurring":
        return recurring(known, through, by, since)
    now = [epoch.line for epoch in known if epoch.known_on <= through][-1]
    if line.model == "usage":
        return metered(now, line, events.get(line.meter or "", ()), through, by, since)
    if line.model == "instalment":
        made, following = in_parts(now, line, facts.reached, through, by)
    else:
        made, following = once(now, through, by)
    return [item for item in made if since is None or item.due_on >= since], following


def _after(
    billed: Sequence[Charge],
    found: Sequence[Made],
    known: Sequence[Epoch],
    agreed: ContractLine,
    through: date,
    by: Making,
) -> tuple[list[Charge], list[Made]]:
    """What was billed stays; what it was billed otherwise than it comes out now is repaired.

    A line that is billed once comes out as it is now: what was billed otherwise is for a person to decide.
    """
    now = {item.key: item for item in found}
    same = all(
        charge.key in now and (now[charge.key].amount, now[charge.key].period) == (charge.amount, charge.period)
        for charge in billed
    )
    if same or agreed.model in ("one_time", "instalment"):
        return [], list(found)
    if agreed.model == "usage":
        return list(billed), settled(billed, found, through)
    latest = [epoch for epoch in known if epoch.known_on <= through][-1]
    return list(billed), resume(billed, Epoch(through, latest.line), through, by)


def _fee(made: Made) -> Fee:
    return Fee(made.line.id, made.period.start if made.period else made.due_on, made.due_on, made.amount)


def _fee_of(charge: Charge) -> Fee:
    return Fee(charge.line, charge.period.start if charge.period else charge.due_on, charge.due_on, charge.amount)
