"""Lines that are billed once, at once or in instalments, and what commitments miss.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billsync.billing.calendar import portions
from billsync.billing.commitment import TrueUp, true_up
from billsync.billing.instalment import due_on, instalments
from billsync.billing.key import business_key, charge_key
from billsync.billing.line import Line, Terms
from billsync.billing.made import Made, Making
from billsync.billing.price import rate, unit_amount
from billsync.billing.proration import Share
from billsync.billing.rule import rule_of
from billsync.billing.timeline import Grid, served
from billsync.model.contract import Commitment, ContractLine
from billsync.model.paying import Instalment
from billsync.model.period import Period
from billsync.model.scalar import plain
from billsync.model.scheme import FlatPrice


def once(line: Line, through: date, by: Making) -> tuple[list[Made], date | None]:
    """The charge of a one-time line where it is due, and its day where it is not."""
    portion = next(portions(line))
    if _never_began(line):
        return [], None
    if portion.due_on > through:
        return [], portion.due_on
    terms = line.on(line.starts_on)
    rated = rate(terms, by.convention)
    made = Made(
        key=charge_key(by.contract.id, line.id, portion.first_day),
        due_on=portion.due_on,
        line=line,
        terms=terms,
        quantity=terms.quantity,
        unit_amount=unit_amount(terms.price, terms.quantity, rated.whole),
        amount=rated.amount,
        rule=rule_of(line, by.policy, is_stub=portion.is_stub),
        formula=rated.formula,
    )
    return [made], None


def in_parts(
    line: Line, agreed: ContractLine, reached: Mapping[str, date], through: date, by: Making
) -> tuple[list[Made], date | None]:
    """The instalments that are due; a milestone's one counts from the day on which it was reached.

    Raises ValueError where the parts are more or less than the price.
    """
    if _never_began(line):
        return [], None
    terms = line.on(line.starts_on)
    whole = rate(terms, by.convention)
    payables = instalments(whole.amount, agreed.parts, line.starts_on, by.convention.places, by.convention.rounding)
    made: list[Made] = []
    ahead: list[date] = []
    for number, (part, payable) in enumerate(zip(agreed.parts, payables, strict=True), start=1):
        since = line.starts_on if part.milestone is None else reached.get(part.milestone)
        if since is None:
            continue
        day = due_on(since, part.due)
        if day > through:
            ahead.append(day)
            continue
        about = f"milestone {part.milestone}, reached on {since}" if part.milestone else f"counted from {since}"
        made.append(
            Made(
                key=business_key(by.contract.id, line.id, str(number), by="/"),
                due_on=day,
                line=line,
                terms=terms,
                quantity=Decimal(1),
                unit_amount=payable.amount,
                amount=payable.amount,
                rule=f"instalment {number} of {len(payables)}, {about}",
                formula=f"{_part_words(part)} of {whole.formula}: {plain(payable.amount)}",
                inputs={"instalment": f"{number} of {len(payables)}"},
            )
        )
    return made, min(ahead, default=None)


def _never_began(line: Line) -> bool:
    """Whether the contract was cancelled before the line began."""
    return line.cancelled and line.ends_on is not None and line.ends_on <= line.starts_on


def _part_words(part: Instalment) -> str:
    if part.amount is not None:
        return f"{plain(part.amount)} fixed"
    if part.percent is None:
        return "the rest"
    return f"{plain((part.percent * 100).normalize())} % of the {part.of}"


@dataclass(frozen=True, slots=True)
class Fee:
    """What counts towards a commitment.

    Attributes:
        day: the first day that it is for, or the day on which it is due.
    """

    line: str
    day: date
    due_on: date
    amount: Decimal


def committed(commitment: Commitment, fees: Sequence[Fee], through: date, by: Making) -> tuple[list[Made], date | None]:
    """What the fees of each period that is over miss of the minimum; a period that is cut has its part of it.

    Fees that come later (late usage, repairs) make it anew: the difference is charged, or given back, on their day.
    """
    found: list[Made] = []
    contract = by.contract
    begin, end = commitment.starts_on or contract.start, commitment.ends_on or contract.ends_on
    grid = Grid(contract.anchor or begin, commitment.every.length)
    for item in served(grid, begin, end):
        if item.period.end > through:
            return found, item.period.end
        mine = [fee for fee in fees if _counts(fee, commitment, item.period)]
        part = by.convention.share(item.period, item.cycle, grid.every) if item.is_stub else None
        found += _missed(commitment, item.period, grid, mine, part, through, by)
    return found, None


def _counts(fee: Fee, commitment: Commitment, period: Period) -> bool:
    return fee.day in period and (commitment.lines is None or fee.line in commitment.lines)


def _missed(
    commitment: Commitment,
    period: Period,
    grid: Grid,
    fees: Sequence[Fee],
    part: Share | None,
    through: date,
    by: Making,
) -> Iterator[Made]:
    """The true-up at the period's end, and its corrections on the days of later fees."""
    key = charge_key(by.contract.id, commitment.id, period.start)
    later = {fee.due_on for fee in fees if period.end < fee.due_on <= through}
    charged = Decimal(0)
    for number, day in enumerate(sorted({period.end, *later})):
        known = [fee.amount for fee in fees if fee.due_on <= day]
        missing = _true_up(commitment, known, part, by)
        amount = missing.amount - charged
        if not amount:
            continue
        words = f"{plain(commitment.amount)} committed, {plain(sum(known, Decimal(0)))} in fees: {missing.formula}"
        if charged:
            words = f"{words}, less {plain(charged)} charged before = {plain(amount)}"
        charged = missing.amount
        line = _line_of(commitment, period, grid)
        yield Made(
            key=f"{key}/again/{day.isoformat()}" if number else key,
            due_on=day,
            line=line,
            terms=line.steps[0][1],
            quantity=Decimal(1),
            unit_amount=amount,
            amount=amount,
            rule=f"minimum commitment {grid.every}, what its fees miss of it",
            formula=words,
            period=period,
            cycle=period,
            kind="credit" if amount < 0 else "true_up",
            corrects=key if amount < 0 else None,
        )


def _true_up(commitment: Commitment, fees: Sequence[Decimal], part: Share | None, by: Making) -> TrueUp:
    return true_up(
        commitment.amount,
        (),
        fees,
        by.convention.places,
        by.convention.rounding,
        part=part,
        round_on=by.policy.commitment_rounding,
    )


def _line_of(commitment: Commitment, period: Period, grid: Grid) -> Line:
    """The commitment as a line of its own."""
    price = FlatPrice(scheme="flat", amount=commitment.amount)
    terms = Terms(Decimal(1), price, commitment.product, commitment.description)
    steps = ((period.start, terms),)
    return Line(commitment.id, "recurring", "arrears", grid, period.start, None, steps, commitment.tax_code)
