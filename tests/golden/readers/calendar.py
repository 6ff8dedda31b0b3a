"""Anchors, periods, invoice days and local time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Literal

from billsync.billing.charges import due
from billsync.billing.timeline import (
    Grid,
    aligned,
    day_start,
    elapsed,
    exists,
    instant_of,
    instants,
    invoice_on,
    local_days,
    served,
)
from billsync.model.contract import Contract, ContractLine
from billsync.model.convention import Policy
from billsync.model.deal import Cycle
from billsync.model.period import Every, Period
from billsync.model.scalar import day_in_zone
from billsync.model.scheme import PerUnitPrice
from tests.golden.reading import Answers, Inputs, day, known, reads

INTERVALS: dict[str, Every] = {
    "day": Every(1, "days"),
    "week": Every(1, "weeks"),
    "month": Every(1, "months"),
    "quarter": Every(1, "quarters"),
    "year": Every(1, "years"),
}
MODES: dict[str, Literal["calendar", "anniversary"]] = {"calendar": "calendar", "anniversary": "anniversary"}
NEVER_DRIFTING = "k-th date = anchor + k*interval, day clamped to month end, never drifting"
FIRST_DAY = "first date >= start whose day is min(BCD, month length)"


@reads("anchor", needs="anchor interval_months count", may="rule")
def anchors(inputs: Inputs) -> Answers:
    known({NEVER_DRIFTING: True}, inputs.get("rule", NEVER_DRIFTING))
    grid = monthly(inputs)
    return {"dates": [grid.at(k) for k in range(inputs["count"])]}


def monthly(inputs: Inputs) -> Grid:
    return aligned(day(inputs["anchor"]), Every(inputs["interval_months"], "months"))


@reads("anchor", needs="start bill_cycle_day interval", may="rule count")
def billing_day(inputs: Inputs) -> Answers:
    known({FIRST_DAY: True}, inputs.get("rule", FIRST_DAY))
    every, start = known(INTERVALS, inputs["interval"]), day(inputs["start"])
    grid = aligned(start, every, "anchored", day=inputs["bill_cycle_day"])
    first = grid.first_from(start)
    dates = [grid.at(grid.index(first) + k) for k in range(inputs.get("count", 1))]
    return {"first_cycle_date": first, "dates": dates}


@reads("anchor", needs="start interval anchor_weekday")
def weekday(inputs: Inputs) -> Answers:
    every, start = known(INTERVALS, inputs["interval"]), day(inputs["start"])
    return {"next": aligned(start, every, "anchored", weekday=inputs["anchor_weekday"]).next_after(start)}


@reads("anchor", needs="start mode interval_months")
@reads("anchor", needs="start mode interval")
def by_mode(inputs: Inputs) -> Answers:
    start, months = day(inputs["start"]), inputs.get("interval_months")
    every = Every(months, "months") if months else known(INTERVALS, inputs["interval"])
    return {"next": aligned(start, every, known(MODES, inputs["mode"])).next_after(start)}


@reads("period_boundaries", needs="anchor interval_months count")
def periods(inputs: Inputs) -> Answers:
    found = islice(served(monthly(inputs), day(inputs["anchor"])), inputs["count"])
    return {"periods_incl": [inclusive(item.period) for item in found]}


def inclusive(period: Period) -> list[date]:
    return [period.start, period.last_day]


@reads("period_boundaries", needs="start target billing_day periods")
def cycles_elapsed(inputs: Inputs) -> Answers:
    known({"half-open [start,end)": True}, inputs["periods"])
    start = day(inputs["start"])
    grid = aligned(start, Every(1, "months"), "anchored", day=inputs["billing_day"])
    return {"elapsed_cycles": elapsed(grid, start, day(inputs["target"]))}


RULES: dict[str, Every] = {
    "daily": Every(1, "days"),
    "weekly": Every(1, "weeks"),
    "monthly": Every(1, "months"),
    "monthlylastday": Every(1, "months"),
    "quarterly": Every(1, "quarters"),
    "semesterly": Every(6, "months"),
    "yearly": Every(1, "years"),
}


def next_period(inputs: Inputs, last: str) -> Period:
    """The period of a rule from its start on; `last` names the input with its last day of service, or None."""
    start, unit = day(inputs["next_period_start"]), known(RULES, inputs["rule"])
    every = Every(unit.count * inputs["interval"], unit.unit)
    at_month_end = inputs["rule"] == "monthlylastday"
    grid = aligned(start, every, "anchored", day=1) if at_month_end else aligned(start, every)
    end = None if inputs[last] is None else day(inputs[last]) + timedelta(days=1)
    return next(served(grid, start, end)).period


@reads("period_boundaries", needs="next_period_start rule interval date_end")
def period_of_rule(inputs: Inputs) -> Answers:
    return {"period_incl": inclusive(next_period(inputs, "date_end"))}


BILLED: dict[str, Literal["advance", "arrears"]] = {"pre-paid": "advance", "post-paid": "arrears"}


@reads("invoice_date", needs="next_period_start invoicing offset_days rule interval max_date_end")
def invoice_day(inputs: Inputs) -> Answers:
    period = next_period(inputs, "max_date_end")
    return {"next_invoice_date": invoice_on(period, known(BILLED, inputs["invoicing"]), inputs["offset_days"])}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@reads("timezone", needs="start_utc tz mode")
def next_anchor(inputs: Inputs) -> Answers:
    every = known({f"calendar {name}": every for name, every in INTERVALS.items()}, inputs["mode"])
    start = day_in_zone(instant(inputs["start_utc"]), inputs["tz"])
    return {"next_anchor_utc": day_start(aligned(start, every, "calendar").next_after(start), inputs["tz"])}


@reads("timezone", needs="start end tz")
def days_between(inputs: Inputs) -> Answers:
    return {"local_calendar_days": local_days(instant(inputs["start"]), instant(inputs["end"]), inputs["tz"])}


@reads("timezone", needs="local tz")
def gap(inputs: Inputs) -> Answers:
    local = datetime.fromisoformat(inputs["local"])
    return {
        "local_time_exists": exists(local, inputs["tz"]),
        "existed_day_before": exists(local - timedelta(days=1), inputs["tz"]),
        "instant_utc": instant_of(local, inputs["tz"]),
    }


@reads("timezone", needs="tz usage_local quantity_each period")
def usage_by_month(inputs: Inputs) -> Answers:
    known({"calendar month local": True}, inputs["period"])
    found: Counter[str] = Counter()
    for text in inputs["usage_local"]:
        on = day_in_zone(instant_of(datetime.fromisoformat(text), inputs["tz"]), inputs["tz"])
        month = aligned(on, INTERVALS["month"], "calendar").cycle(on)
        found[month.start.isoformat()[:7]] += inputs["quantity_each"]
    return dict(found)


@reads("timezone", needs="local_billing_day tz")
def billing_window(inputs: Inputs) -> Answers:
    on, zone = day(inputs["local_billing_day"]), inputs["tz"]
    begin, end = instants(Period(on, on + timedelta(days=1)), zone)
    before = billed(day_in_zone(begin - timedelta(seconds=1), zone), on)
    during = {key for moment in hours(begin, end) for key in billed(day_in_zone(moment, zone), on)}
    return {"utc_window_half_open": [begin, end], "invoices": len(during - before)}


def hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += timedelta(minutes=30)


def billed(through: date, billing_day_: date) -> set[str]:
    """What a run bills a customer whose month begins on the billing day."""
    line = ContractLine(
        id="L",
        product="seat",
        model="recurring",
        quantity=Decimal(1),
        price=PerUnitPrice(scheme="per_unit", unit_amount=Decimal(1)),
        every=Cycle(months=1),
        anchor=billing_day_,
        starts_on=billing_day_,
    )
    made = Contract(id="C", customer="acme", deal="D", currency="USD", start=billing_day_, lines=(line,))
    return {charge.key for charge in due(made, through=through, policy=Policy()).charges}
