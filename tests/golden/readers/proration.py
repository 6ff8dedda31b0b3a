"""Parts of periods, changes within them, repairs and terminations."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from billsync.billing.amendment import Billed, Convention, Credited, Segment, apply, creditable, repair
from billsync.billing.proration import (
    Basis,
    change,
    counted_share,
    end_of_service,
    months_and_days,
    prorate,
    share,
    whole_and_part,
)
from billsync.billing.proration.share import Share
from billsync.billing.timeline import aligned, invoice_on, served
from billsync.invoicing.taxation import Taxable, taxes
from billsync.model.convention import EndDay
from billsync.model.exact import round_ratio
from billsync.model.period import Every, Period, add_months
from billsync.model.scalar import day_in_zone
from tests.golden.reading import Answers, Inputs, NotCovered, day, dec, known, places_of, reads, rounding_of

MONTH, WEEK, YEAR = Every(1, "months"), Every(1, "weeks"), Every(1, "years")
SOME_DAY = date(2026, 1, 1)
DAY_COUNTS: dict[str, EndDay] = {
    "actual/actual of the billing period, both ends inclusive": "billed",
    "actual/actual of the enclosing anchored period, end exclusive": "free",
}
CHANGE_DAY = re.compile(r"\d+ of \d+ \(change day belongs to the new price\)")


def days_of(count: int) -> Period:
    return Period(SOME_DAY, SOME_DAY + timedelta(days=count))


def by_days(used: int, whole: int) -> Share:
    return share(days_of(used), days_of(whole), Every(whole, "days"))


@reads(
    "proration termination",
    needs="amount used_days period_days",
    may="unit day_count rounding tax_rate service_start service_end_incl period_start period_end_incl",
)
def part(inputs: Inputs) -> Answers:
    end_day = known(DAY_COUNTS, inputs.get("day_count", next(iter(DAY_COUNTS))))
    rounding, places = rounding_of(inputs)
    found = by_days(inputs["used_days"], inputs["period_days"])
    if "period_start" in inputs and "service_start" in inputs:
        service = Period(day(inputs["service_start"]), end_of_service(day(inputs["service_end_incl"]), end_day))
        cycle = Period(day(inputs["period_start"]), end_of_service(day(inputs["period_end_incl"]), end_day))
        found = share(service, cycle, Every(cycle.days, "days"))
    fee = prorate(dec(inputs["amount"]), found, places, rounding)
    return {"amount": fee, "fee": fee, **taxed(fee, inputs, places)}


def taxed(fee: Decimal, inputs: Inputs, places: int) -> Answers:
    if "tax_rate" not in inputs:
        return {}
    tax = taxes([Taxable("fee", fee, dec(inputs["tax_rate"]).scaleb(-2))], places).total
    return {"tax": tax, "total": fee + tax}


@reads("proration", needs="amount service_start service_end_incl period_days rounding", may="tax_rate unit")
def part_of_service(inputs: Inputs) -> Answers:
    known({"fee half_up@0 then tax half_up@0": True}, inputs["rounding"])
    plainly = {**inputs, "rounding": "half_up@0"}
    service = Period(day(inputs["service_start"]), end_of_service(day(inputs["service_end_incl"]), "billed"))
    return part({**plainly, "used_days": service.days})


@reads(
    "proration", needs="old_amount new_amount change_date period_start period_end_incl day_count rounding", may="unit"
)
def two_legs(inputs: Inputs) -> Answers:
    mode, _, on = inputs["rounding"].removeprefix("each leg ").partition(", then ")
    if not CHANGE_DAY.fullmatch(inputs["day_count"]) or on != "net":
        raise NotCovered(f"the convention {inputs['day_count']!r}, {inputs['rounding']!r} is not known")
    rounding, places = rounding_of({"rounding": mode})
    cycle = Period(day(inputs["period_start"]), end_of_service(day(inputs["period_end_incl"]), "billed"))
    rest = share(Period(day(inputs["change_date"]), cycle.end), cycle, MONTH)
    legs = change(dec(inputs["old_amount"]), dec(inputs["new_amount"]), rest, places, rounding)
    return {"credit": legs.credit, "charge": legs.charge, "net": legs.net}


@reads("proration", needs="change_date period_start period_end_excl remove add rounding", may="unit")
def lines_changed(inputs: Inputs) -> Answers:
    rounding, places = rounding_of({"rounding": inputs["rounding"].removeprefix("each line ")})
    rest, cycle = rest_of(inputs)
    part_ = share(rest, cycle, MONTH)
    given = [-prorate(dec(amount), part_, places, rounding) for amount in inputs["remove"]]
    charged = [prorate(dec(amount), part_, places, rounding) for amount in inputs["add"]]
    return {"lines": given + charged, "net": sum(given + charged, Decimal(0))}


def rest_of(inputs: Inputs) -> tuple[Period, Period]:
    cycle = Period(day(inputs["period_start"]), day(inputs["period_end_excl"]))
    return Period(day(inputs["change_date"]), cycle.end), cycle


STEP = re.compile(r"(?:downgrade|upgrade) (?P<old>[\d.+]+) -> (?P<new>[\d.+]+)")


@reads("proration", needs="change_date period_start period_end_excl steps", may="unit")
def there_and_back(inputs: Inputs) -> Answers:
    first = STEP.fullmatch(inputs["steps"][0])
    known({"upgrade back same day": True}, "; ".join(inputs["steps"][1:]))
    if not first:
        raise NotCovered(f"the step {inputs['steps'][0]!r} is not known")
    rest, cycle = rest_of(inputs)
    old, new = (amounts.split("+") for amounts in first.groups())
    by = Convention(places=places_of(inputs))
    before = [Segment(f"{n}", cycle, cycle, MONTH, dec(rate)) for n, rate in enumerate(old)]
    used = [Segment(f"{n}", Period(cycle.start, rest.start), cycle, MONTH, dec(rate)) for n, rate in enumerate(old)]
    after = [Segment(f"{n}", rest, cycle, MONTH, dec(rate)) for n, rate in enumerate(new)]
    billed = apply((), repair((), before, by))
    down = repair(billed, used + after, by)
    up = repair(apply(billed, down), before, by)
    applied = min(-down.net, up.net)
    return {
        "net_downgrade": down.net,
        "net_upgrade": up.net,
        "applied_credits": applied,
        "amount_due": up.net - applied,
    }


@reads(
    "proration",
    needs="service_start service_end_excl anchor_day target mode factor_scale rounding day_count",
)
def cycles(inputs: Inputs) -> Answers:
    known({key: value for key, value in DAY_COUNTS.items() if value == "free"}, inputs["day_count"])
    billed = known({"in_advance": "advance", "in_arrears": "arrears"}, inputs["mode"])
    rounding, places = rounding_of(inputs)
    start = day(inputs["service_start"])
    end = day(inputs["service_end_excl"]) if inputs["service_end_excl"] else None
    grid = aligned(start, MONTH, "anchored", day=inputs["anchor_day"])
    found = Decimal(0)
    for item in served(grid, start, end):
        if invoice_on(item.period, "advance" if billed == "advance" else "arrears") > day(inputs["target"]):
            break
        found += round_ratio(share(item.period, item.cycle, MONTH).ratio, places, rounding)
    return {"cycles": found}


@reads("proration", needs="amount unit service_start service_end_excl day_count factor_scale rounding")
def fixed_month(inputs: Inputs) -> Answers:
    basis = known({"fixed 30-day month": Basis.FIXED_30}, inputs["day_count"])
    rounding, places = rounding_of(inputs)
    service = Period(day(inputs["service_start"]), day(inputs["service_end_excl"]))
    cycle = Period(service.start, add_months(service.start, 1))
    found = share(service, cycle, MONTH, basis)
    amount = prorate(dec(inputs["amount"]), found, places, rounding, factor_places=inputs["factor_scale"])
    return {"days": int(found.counted), "amount": amount}


@reads("proration", needs="start end_excl")
def whole_months(inputs: Inputs) -> Answers:
    months, days = months_and_days(Period(day(inputs["start"]), day(inputs["end_excl"])))
    return {"whole_months": months, "extra_days": days}


BASES = {
    "actual": ("actual", Basis.ACTUAL_ACTUAL),
    "actual/30": ("actual_30", Basis.FIXED_30),
    "strict 30/360 (last day of month = 30)": ("strict_30", Basis.STRICT_30_360),
}


@reads("proration", needs="service_start service_end_incl bases")
def three_bases(inputs: Inputs) -> Answers:
    start = day(inputs["service_start"])
    service = Period(start, end_of_service(day(inputs["service_end_incl"]), "billed"))
    cycle = aligned(start, MONTH, "calendar").cycle(start)
    found = {}
    for text in inputs["bases"]:
        name, basis = known(BASES, text)
        told = counted_share(service, cycle, MONTH, basis)
        found[name] = f"{told.counted}/{told.whole}"
    return found


@reads("proration", needs="price months extra_days basis_days", may="unit")
def months_and_a_part(inputs: Inputs) -> Answers:
    end = add_months(SOME_DAY, inputs["months"]) + timedelta(days=inputs["extra_days"])
    found = whole_and_part(Period(SOME_DAY, end), MONTH, inputs["basis_days"])
    return {"amount": prorate(dec(inputs["price"]), found, places_of(inputs))}


@reads("proration", needs="price_per_week weeks extra_days", may="unit")
def weeks_and_a_part(inputs: Inputs) -> Answers:
    found = whole_and_part(days_of(7 * inputs["weeks"] + inputs["extra_days"]), WEEK)
    return {"amount": prorate(dec(inputs["price_per_week"]), found, places_of(inputs))}


@reads("timezone", needs="weekly_price start_utc tz mode", may="unit")
def part_of_a_week(inputs: Inputs) -> Answers:
    known({"calendar week Mon-Sun": True}, inputs["mode"])
    start = day_in_zone(datetime.fromisoformat(inputs["start_utc"]), inputs["tz"])
    first = next(served(aligned(start, WEEK, "calendar"), start))
    amount = prorate(dec(inputs["weekly_price"]), share(first.period, first.cycle, WEEK), places_of(inputs))
    return {"days": first.period.days, "amount": amount}


@reads("repair", needs="annual_paid item_adjustment new_price days month_days", may="unit")
def repair_of_a_year(inputs: Inputs) -> Answers:
    year, part_ = Period(SOME_DAY, add_months(SOME_DAY, 12)), by_days(inputs["days"], inputs["month_days"])
    paid = dec(inputs["annual_paid"])
    adjusted = Credited("old", -dec(inputs["item_adjustment"]))
    item = Billed("old", Segment("old", year, year, YEAR, paid), paid, (adjusted,))
    charge = prorate(dec(inputs["new_price"]), part_, places_of(inputs))
    given = repair([item], [], Convention()).net
    return {"charge": charge, "repair_cap": given, "account_credit": -(charge + given)}


@reads("repair", needs="old new days_left month_days", may="unit")
def repair_of_a_month(inputs: Inputs) -> Answers:
    cycle = days_of(inputs["month_days"])
    every = Every(cycle.days, "days")
    rest = Period(cycle.end - timedelta(days=inputs["days_left"]), cycle.end)
    old = dec(inputs["old"])
    billed = apply((), repair((), [Segment("plan", cycle, cycle, every, old)], Convention()))
    wanted = [Segment("plan", rest, cycle, every, dec(inputs["new"]))]
    if rest.start > cycle.start:
        wanted.insert(0, Segment("plan", Period(cycle.start, rest.start), cycle, every, old))
    found = repair(billed, wanted, Convention(places=places_of(inputs)))
    given = -sum((credit.amount for credit in found.credits), Decimal(0))
    return {
        "repair": given,
        "charge": sum((item.amount for item in found.charges), Decimal(0)),
        "account_credit": -found.net,
    }


@reads("credit_cap", needs="potential_credit originally_paid already_credited")
def credit_cap(inputs: Inputs) -> Answers:
    potential, paid, credited = (
        dec(inputs[name]) for name in ("potential_credit", "originally_paid", "already_credited")
    )
    return {"credit": creditable(potential, paid, credited)}
