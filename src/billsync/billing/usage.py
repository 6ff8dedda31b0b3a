"""A usage line's charges: what was used in each period, thresholds on the way, and what was told too late.  (pure)"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from billsync.billing.calendar import Portion, portions_until
from billsync.billing.key import charge_key, untaken
from billsync.billing.line import Line, Terms
from billsync.billing.made import Made, Making
from billsync.billing.price import unit_amount
from billsync.billing.pricing import Bill, Change, Consumption, bill
from billsync.billing.rule import rule_of
from billsync.billing.timeline import ZoneHistory
from billsync.model.charge import Charge
from billsync.model.contract import Aggregate, ContractLine
from billsync.model.exact import EXACT
from billsync.model.period import Period
from billsync.model.scalar import day_in_zone, plain
from billsync.model.usage import UsageEvent

_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Used:
    """An event on its local day.

    Attributes:
        known_on: the day from which billing knows it, never before `day`.
        at: its instant, or None where only the day is known.
    """

    id: str
    day: date
    value: Decimal
    known_on: date
    at: datetime | None = None

    @property
    def order(self) -> tuple[date, datetime, str]:
        """By time; those of which only the day is known come first on it."""
        return self.day, self.at or _BEGINNING, self.id


@dataclass(slots=True)
class _Period:
    """One portion and its events: those known when it was billed, and those that came later."""

    portion: Portion
    terms: Terms
    period: Period
    in_time: list[Used] = field(default_factory=list)
    late: list[Used] = field(default_factory=list)


def used_of(events: Iterable[UsageEvent], zones: ZoneHistory) -> dict[str, list[Used]]:
    """Meter -> its events by time, in the customer's zone as it was then; the same id counts once, as it came first."""
    found: dict[str, dict[str, Used]] = {}
    for event in events:
        day = event.on or _local_day(event, zones)
        known_on = max(day, event.received_on or day)
        found.setdefault(event.meter, {}).setdefault(event.id, Used(event.id, day, event.value, known_on, event.at))
    return {meter: sorted(by_id.values(), key=lambda used: used.order) for meter, by_id in found.items()}


def _local_day(event: UsageEvent, zones: ZoneHistory) -> date:
    """The day whose beginning is the last one not after the instant: days touch also where the zone changes."""
    if event.at is None:
        raise ValueError(f"the usage event {event.id} has neither an instant nor a day")
    day = day_in_zone(event.at, zones.on(day_in_zone(event.at, zones.first)))
    while zones.day_start(day) > event.at:
        day -= timedelta(days=1)
    while zones.day_start(day + timedelta(days=1)) <= event.at:
        day += timedelta(days=1)
    return day


def metered(
    line: Line,
    agreed: ContractLine,
    events: Sequence[Used],
    through: date,
    by: Making,
    since: date | None = None,
) -> tuple[list[Made], date | None]:
    """The charges that are due on the day or before it, and when the next period's end is, or None.

    What is used before service begins, or after it has ended, is not this line's.  With `since`, only of periods that
    end on that day or later; see `steady`.
    """
    periods, ahead = _periods(line, through, since, thresholds=agreed.threshold is not None)
    _assign(periods, events, line, by)
    made = [item for period in periods for item in _charges(period, line, agreed, through, by)]
    return made, ahead


def _periods(line: Line, through: date, since: date | None, *, thresholds: bool) -> tuple[list[_Period], date | None]:
    """The periods that are over, and with thresholds the one that runs."""
    due, following = portions_until(line, through, since)
    now = [*due, following] if thresholds and following is not None else due
    found = [_Period(item, line.on(item.first_day), item.period) for item in now if item.period is not None]
    return found, None if following is None else following.due_on


def _assign(periods: Sequence[_Period], events: Sequence[Used], line: Line, by: Making) -> None:
    """Each event to its period; a late one to the period that was open when it came, where the policy says so."""
    begins = [period.period.start for period in periods]
    for used in events:
        home = _holding(used.day, begins, periods)
        if home is None:
            continue
        if used.known_on <= home.portion.due_on:
            home.in_time.append(used)
            continue
        if by.policy.late_usage != "next_invoice" or not _is_served(line, used.known_on):
            home.late.append(used)
        elif (following := _holding(used.known_on, begins, periods)) is not None:  # else that period is not over yet
            following.in_time.append(used)


def _is_served(line: Line, day: date) -> bool:
    return line.starts_on <= day and (line.ends_on is None or day < line.ends_on)


def _holding(day: date, begins: Sequence[date], periods: Sequence[_Period]) -> _Period | None:
    """The period that holds the day, or None; they touch, and `begins` are their first days."""
    place = bisect_right(begins, day) - 1
    return periods[place] if place >= 0 and day < periods[place].period.end else None


def _charges(period: _Period, line: Line, agreed: ContractLine, through: date, by: Making) -> list[Made]:
    key = charge_key(by.contract.id, line.id, period.period.start)
    made: list[Made] = []
    billed = Decimal(0)
    if agreed.threshold is not None:
        made = list(_interim(period, line, agreed, through, key, by))
        billed = sum((item.amount for item in made), Decimal(0))
    if period.portion.due_on > through:
        return made
    whole = _bill(period, period.in_time, agreed.aggregate, billed, by)
    if whole.amount or period.in_time or not made:
        made.append(_made(period, line, agreed, period.in_time, whole, by, key=key, due_on=period.portion.due_on))
    return made + _late(period, line, agreed, through, key, billed + whole.amount, by)


def _bill(
    period: _Period, events: Sequence[Used], how: Aggregate, billed: Decimal, by: Making, *, last: bool = True
) -> Bill:
    used = Consumption(
        quantity=quantity_of(events, how),
        transactions=tuple(used.value for used in events),
        period=period.period,
        changes=tuple(Change(used.day, used.value) for used in events),
    )
    convention = by.convention
    return bill(
        period.terms.price, used, billed=billed, places=convention.places, rounding=convention.rounding, last=last
    )


def quantity_of(events: Sequence[Used], how: Aggregate) -> Decimal:
    """The quantity that events come to; zero for none."""
    if not events:
        return Decimal(0)
    if how == "count":
        return Decimal(len(events))
    if how == "max":
        return max(used.value for used in events)
    if how == "last":
        return events[-1].value
    total = Decimal(0)
    for used in events:
        total = EXACT.add(total, used.value)
    return total


def _interim(period: _Period, line: Line, agreed: ContractLine, through: date, key: str, by: Making) -> Iterable[Made]:
    """A charge on each day on which what is not billed yet comes to the threshold."""
    billed, number = Decimal(0), 0
    days = sorted({used.known_on for used in period.in_time if used.known_on < period.portion.due_on})
    for day in days:
        if day > through or agreed.threshold is None:
            return
        events = [used for used in period.in_time if used.known_on <= day]
        so_far = _bill(period, events, agreed.aggregate, billed, by, last=False)
        if so_far.amount < agreed.threshold:
            continue
        number += 1
        billed += so_far.amount
        yield _made(period, line, agreed, events, so_far, by, key=f"{key}/threshold/{number}", due_on=day)


def _late(
    period: _Period, line: Line, agreed: ContractLine, through: date, key: str, billed: Decimal, by: Making
) -> list[Made]:
    """What came after the period was billed, a charge for each day on which some came."""
    made: list[Made] = []
    known = list(period.in_time)
    for day in sorted({used.known_on for used in period.late if used.known_on <= through}):
        came = [used for used in period.late if used.known_on == day]
        known = sorted([*known, *came], key=lambda used: used.order)
        alone = by.policy.late_usage == "true_up_line"
        found = _bill(period, came if alone else known, agreed.aggregate, Decimal(0) if alone else billed, by)
        billed += found.amount
        if found.amount:
            item = _made(period, line, agreed, came, found, by, key=f"{key}/late/{day.isoformat()}", due_on=day)
            made.append(replace(item, kind="late", corrects=key, rule=_late_rule(by)))
    return made


def settled(billed: Sequence[Charge], found: Sequence[Made], through: date) -> list[Made]:
    """What is still to bill where periods were billed otherwise than they come out now.

    A period that was billed is settled by one charge of its difference, on the day `through`; one that was not has its
    own charges.
    """
    sums: dict[Period, Decimal] = {}
    for charge in billed:
        if charge.period is not None:
            sums[charge.period] = sums.get(charge.period, Decimal(0)) + charge.amount
    rest: list[Made] = [item for item in found if item.period not in sums]
    keys = {charge.key for charge in billed}
    for period, before in sums.items():
        mine = [item for item in found if item.period == period]
        whole = sum((item.amount for item in mine), Decimal(0))
        if mine and whole != before:
            first = mine[0]
            words = (
                f"{plain(whole)} by all that is known now, less {plain(before)} billed before = {plain(whole - before)}"
            )
            rest.append(
                replace(
                    mine[-1],
                    key=untaken(f"{first.key}/late/{through.isoformat()}", keys),
                    due_on=through,
                    amount=whole - before,
                    formula=words,
                    rule="usage that was told after its period was billed: the difference",
                    kind="late",
                    corrects=first.key,
                )
            )
    return rest


def _late_rule(by: Making) -> str:
    if by.policy.late_usage == "true_up_line":
        return "late usage, priced by itself"
    return "late usage: its period rated again, less what was billed of it"


def _made(
    period: _Period,
    line: Line,
    agreed: ContractLine,
    events: Sequence[Used],
    found: Bill,
    by: Making,
    *,
    key: str,
    due_on: date,
) -> Made:
    quantity = quantity_of(events, agreed.aggregate)
    inputs = {"meter": agreed.meter or "", "aggregate": agreed.aggregate, "events": str(len(events))}
    if events:
        inputs |= {
            "first event": f"{events[0].id} on {events[0].day}",
            "last event": f"{events[-1].id} on {events[-1].day}",
        }
    amount = plain(found.amount)
    told = found.formula.endswith((f"= {amount}", f"rounded {amount}"))
    words = found.formula if told else f"{found.formula} = {amount}"
    return Made(
        key=key,
        due_on=due_on,
        line=line,
        terms=period.terms,
        quantity=quantity,
        unit_amount=unit_amount(period.terms.price, quantity, found.whole.amount),
        amount=found.amount,
        rule=f"{rule_of(line, by.policy, is_stub=period.portion.is_stub)}; {found.whole.rule}",
        formula=words,
        period=period.period,
        cycle=period.period,
        inputs=inputs,
    )
