"""Lines that are billed once, at once or in instalments, and what commitments miss.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from billsync.billing.calendar import portions
from billsync.billing.commitment import true_up
from billsync.billing.instalment import due_on, instalments
from billsync.billing.key import business_key, charge_key
from billsync.billing.line import Line, Terms
from billsync.billing.made import Made, Making
from billsync.billing.price import rate, unit_amount
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
        unit_amount=unit_amount(terms.price, terms.quantity, terms.rate),
        amount=rated.amount,
        rule=rule_of(line, portion, by.policy),
        formula=rated.formula,
    )
    return [made], None


def in_parts(
    line: Line, agreed: ContractLine, reached: Mapping[str, date], through: date, by: Making
) -> tuple[list[Made], date | None]:
    """The instalments that are due; a milestone's one counts from the day on which it was reached.

    Raises ValueError where the parts are more or less than the price.
    """
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


def _part_words(part: Instalment) -> str:
    if part.amount is not None:
        return f"{plain(part.amount)} fixed"
    if part.percent is None:
        return "the rest"
    return f"{plain((part.percent * 100).normalize())} % of the {part.of}"


def committed(
    commitment: Commitment, made: Sequence[Made], through: date, by: Making
) -> tuple[list[Made], date | None]:
    """What the fees of each period that is over miss of the minimum; a period that is cut has its part of it."""
    found: list[Made] = []
    contract = by.contract
    begin, end = commitment.starts_on or contract.start, commitment.ends_on or contract.ends_on
    grid = Grid(contract.anchor or begin, commitment.every.length)
    for item in served(grid, begin, end):
        if item.period.end > through:
            return found, item.period.end
        fees = [each.amount for each in _counting(commitment, made, item.period)]
        part = by.convention.share(item.period, item.cycle, grid.every) if item.is_stub else None
        missing = true_up(
            commitment.amount,
            (),
            fees,
            by.convention.places,
            by.convention.rounding,
            part=part,
            round_on=by.policy.commitment_rounding,
        )
        if missing.amount:
            words = f"{plain(commitment.amount)} committed, {plain(sum(fees, Decimal(0)))} in fees: {missing.formula}"
            found.append(_missed(commitment, item.period, grid, missing.amount, words, by))
    return found, None


def _counting(commitment: Commitment, made: Sequence[Made], period: Period) -> Iterator[Made]:
    """The fees of the period: by the first day that they are for, or the day on which they are due."""
    for item in made:
        day = item.period.start if item.period else item.due_on
        if (
            day in period
            and (commitment.lines is None or item.line.id in commitment.lines)
            and item.due_on <= period.end
        ):
            yield item


def _missed(commitment: Commitment, period: Period, grid: Grid, amount: Decimal, words: str, by: Making) -> Made:
    terms = Terms(Decimal(1), FlatPrice(scheme="flat", amount=amount), commitment.product, commitment.description)
    line = Line(
        commitment.id, "recurring", "arrears", grid, period.start, None, ((period.start, terms),), commitment.tax_code
    )
    return Made(
        key=charge_key(by.contract.id, commitment.id, period.start),
        due_on=period.end,
        line=line,
        terms=terms,
        quantity=Decimal(1),
        unit_amount=amount,
        amount=amount,
        rule=f"minimum commitment {grid.every}, what its fees miss of it",
        formula=words,
        period=period,
        cycle=period,
        kind="true_up",
    )
