"""Recurring revenue, retention and escalation."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from billsync.dunning.steps import Escalation, Step, planned
from billsync.insight.movement import retention
from billsync.insight.recurring import Recurring, by_customer, monthly
from billsync.model.exact import round_ratio
from billsync.model.period import Every
from tests.golden.reading import Answers, Inputs, NotCovered, day, dec, reads

CYCLES = {"weekly": Every(1, "weeks"), "monthly": Every(1, "months"), "quarterly": Every(1, "quarters")}
CYCLES["yearly"] = Every(1, "years")


@reads("mrr", needs="annual_price scale")
def of_a_year(inputs: Inputs) -> Answers:
    return {"mrr": round_ratio(monthly(dec(inputs["annual_price"]), CYCLES["yearly"]), inputs["scale"])}


@reads("mrr", needs="subscriptions", may="scale")
def of_subscriptions(inputs: Inputs) -> Answers:
    on, lines = date(2026, 1, 1), []
    for number, group in enumerate(inputs["subscriptions"]):
        cycles = [name for name in group if name != "n"]
        if len(cycles) != 1 or cycles[0] not in CYCLES:
            raise NotCovered(f"the subscriptions {group} are of no known form")
        every, amount = CYCLES[cycles[0]], dec(group[cycles[0]])
        lines += [Recurring(f"{number}-{n}", amount, every, on) for n in range(group.get("n", 1))]
    whole = sum(by_customer(lines, on).values(), Fraction(0))
    return {"mrr": round_ratio(whole, inputs.get("scale", 2))}


@reads("nrr", needs="start_mrr end_mrr_same_customers")
def net_retention(inputs: Inputs) -> Answers:
    start, end = (Fraction(dec(inputs[name])) for name in ("start_mrr", "end_mrr_same_customers"))
    return {"nrr_percent": round_ratio(retention({"all": start}, {"all": end}).net * 100, 0)}


@reads("dunning", needs="unpaid_since states")
def escalation(inputs: Inputs) -> Answers:
    steps = tuple(Step(name=name, days=days) for name, days in inputs["states"])
    return {step.name: step.on for step in planned(day(inputs["unpaid_since"]), Escalation(steps=steps))}
