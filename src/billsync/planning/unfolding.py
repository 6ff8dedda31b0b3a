"""A billing document let run through time: each run knows only what is known on its day.  (pure)

On a day on which nothing falls due and nothing becomes known, a run would find what the one before found; such days are
passed over.  At the end the documents are compared with those that billing makes of everything at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from billsync.billing.timeline import ZoneHistory
from billsync.invoicing.book import BillingDocument, Book, book
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.period import Period, add_months, month_of
from billsync.model.problem import Problem
from billsync.model.scalar import day_in_zone
from billsync.model.usage import UsageEvent

Step = Literal["day", "week", "month"]
_DAYS: Final[dict[Step, int]] = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Made:
    """A document and the day of the run that made it."""

    run_on: date
    document: Invoice | CreditNote


@dataclass(frozen=True, slots=True)
class Unfolded:
    """What came of the runs.

    Attributes:
        runs: how many found something to look at; days: how many days, weeks or months there were.
        made: the documents of the time asked for, in the order in which they came.
        before: how many documents earlier days had made.
        book: what all runs came to through the last day, with what earlier days had made.
        differences: where day by day is not the same as at once, in words; empty where both are equal.
        problems: of any run, each once.
    """

    runs: int
    days: int
    made: tuple[Made, ...]
    before: int
    book: Book
    differences: tuple[str, ...]
    problems: tuple[Problem, ...]


def unfold(document: BillingDocument, begin: date, end: date, step: Step = "day") -> Unfolded:
    """Run billing on every day (week, month) from `begin` to `end`.  Raises ValueError where the end is before it."""
    if end < begin:
        raise ValueError(f"the last day {end} is before the first day {begin}")
    days = list(run_days(begin, end, step))
    turns = _turns(document)
    last = begin - timedelta(days=1)
    made = book(known(document, last), through=last)
    earlier = len(made.documents)
    found: list[Made] = []
    problems, runs = list(made.problems), 0
    for day in days:
        if day != end and not _concerns(document, last, day, made.next_on, turns):
            continue
        runs += 1
        now = book(known(document, day), through=day, before=made)
        problems += now.problems
        stood = {item.id for item in made.documents}
        if len(now.documents) >= len(stood):
            found += (Made(day, item) for item in now.documents if item.id not in stood)
            made = now
        last = day
    each_once = tuple({problem.fingerprint: problem for problem in problems}.values())
    whole = book(document, through=end)
    return Unfolded(runs, len(days), tuple(found), earlier, made, tuple(_differences(made, whole)), each_once)


def run_days(begin: date, end: date, step: Step) -> Iterator[date]:
    """The days on which billing runs; the last day of all is always one."""
    day, k = begin, 0
    while day < end:
        yield day
        k += 1
        day = add_months(begin, k) if step == "month" else begin + timedelta(days=k * _DAYS[step])
    yield end


def known(document: BillingDocument, day: date) -> BillingDocument:
    """The document as it is known at the end of a day."""
    contract = document.contract
    amendments = tuple(item for item in contract.amendments if item.known_on <= day)
    return document.model_copy(
        update={
            "contract": contract.model_copy(update={"amendments": amendments}),
            "usage": tuple(event for event in document.usage if _heard_on(event, document) <= day),
            "milestones": {name: on for name, on in document.milestones.items() if on <= day},
            "rates": tuple(rate for rate in document.rates if rate.on <= day),
            "payments": tuple(payment for payment in document.payments if payment.received_on <= day),
        }
    )


def zones(document: BillingDocument) -> ZoneHistory:
    """The customer's zones."""
    moves = [(item.effective, item.timezone) for item in document.contract.amendments if item.timezone is not None]
    return ZoneHistory(document.customer.timezone, tuple(sorted(moves, key=lambda move: move[0])))


def months(begin: date, end: date) -> tuple[Period, ...]:
    """The calendar months that hold the days."""
    found = [month_of(begin)]
    while found[-1].end <= end:
        found.append(month_of(found[-1].end))
    return tuple(found)


def _heard_on(event: UsageEvent, document: BillingDocument) -> date:
    day = event.on
    if day is None:
        day = date.min if event.at is None else day_in_zone(event.at, document.customer.timezone)
    return max(day, event.received_on or day)


def _turns(document: BillingDocument) -> frozenset[date]:
    """The days on which something becomes known."""
    found = {item.known_on for item in document.contract.amendments} | {rate.on for rate in document.rates}
    found |= {_heard_on(event, document) for event in document.usage} | set(document.milestones.values())
    return frozenset(found | {payment.received_on for payment in document.payments})


def _concerns(document: BillingDocument, last: date, day: date, next_on: date | None, turns: frozenset[date]) -> bool:
    """Whether a run on the day may find anything that the run of the day `last` did not."""
    if next_on is not None and next_on <= day:
        return True
    between = [last + timedelta(days=k) for k in range(1, (day - last).days + 1)]
    if any(each in turns for each in between):
        return True
    grouped = document.invoicing.grouping != "deal"
    return grouped and any(each.day == 1 or (each + timedelta(days=1)).day == 1 for each in between)


def _differences(step_by_step: Book, at_once: Book) -> Iterator[str]:
    stepwise = {item.id: item for item in step_by_step.documents}
    whole = {item.id: item for item in at_once.documents}
    for id, item in whole.items():
        was = stepwise.get(id)
        if was is None:
            yield f"{item.number} of {item.issued_on} over {item.total} is made at once, and never day by day"
        elif was != item:
            yield f"{item.number} of {item.issued_on} comes to {item.total} at once, day by day to {was.total}"
    for id, item in stepwise.items():
        if id not in whole:
            yield f"{item.number} of {item.issued_on} over {item.total} is made day by day, and not at once"
