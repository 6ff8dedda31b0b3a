"""What came of a story, area by area, in the form of its then.yaml: the public functions alone, no sum of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from billsync.billing.instalment import instalments
from billsync.cash.settlement import OpenItem, Position, Remittance, Tolerance, position
from billsync.dunning.steps import Escalation, planned, reached
from billsync.insight.movement import between, retention
from billsync.insight.recurring import Recurring, by_customer
from billsync.invoicing.earning import Modification, modified, on_milestones
from billsync.invoicing.revenue import (
    Deferred,
    Earned,
    by_selling_price,
    by_usage,
    roll_forward,
    straight_line,
)
from billsync.model.currency import exponent
from billsync.model.paying import Instalment
from billsync.model.period import Every, Period, month_of
from billsync.model.scalar import plain, read_day, read_decimal
from tests.stories.tell_contracts import contracts

Given = dict[str, Any]

MOVES: Final = ("new", "reactivation", "expansion", "contraction", "churn", "exchange")


def mrr(given: Given) -> list[Given]:
    """Movements of recurring revenue; they sum to the difference, in every story."""
    lines = [_recurring(item) for item in given["lines"]]
    told = [_movements(lines, question, given.get("rates", {})) for question in given["ask"]]
    if "retention" in given:
        ends = (by_customer(lines, read_day(given["retention"][name])) for name in ("from", "to"))
        kept = retention(*ends)
        told.append({"net": _exact(kept.net), "gross": _exact(kept.gross)})
    return told


def _recurring(item: Given) -> Recurring:
    unit, count = next(iter(item["every"].items()))
    ends_on = read_day(item["ends_on"]) if "ends_on" in item else None
    currency = item.get("currency", "")
    return Recurring(
        item["customer"],
        read_decimal(item["amount"]),
        Every(int(count), unit),
        read_day(item["starts_on"]),
        ends_on,
        currency,
    )


def _movements(lines: list[Recurring], question: Given, rates: Given) -> Given:
    first, last = read_day(question["from"]), read_day(question["to"])
    opening, closing = (
        {name: read_decimal(rate) for name, rate in rates.get(str(day), {}).items()} for day in (first, last)
    )
    counted = question.get("counted", "ends")
    found = between(lines, first, last, counted=counted, opening=opening, closing=closing)
    before, after = (
        sum(by_customer(lines, day, by).values(), Fraction(0)) for day, by in ((first, opening), (last, closing))
    )
    assert found.net == after - before, "the movements do not sum to the difference"
    moves = {name: _exact(getattr(found, name)) for name in MOVES if getattr(found, name)}
    return {"opening": _exact(before), **moves, "closing": _exact(after)}


def _exact(value: Fraction) -> str:
    """As decimals where it has few of them, else as a ratio."""
    scaled = value * 10**6
    if scaled.denominator != 1:
        return str(value)
    return plain((Decimal(scaled.numerator) / 10**6).normalize())


def payments(given: Given) -> list[Given]:
    """Where items and money stand at the end of each day asked for; no cent is lost or made, in every story."""
    items = [item for invoice in given["invoices"] for item in _items(invoice)]
    money = [Remittance.model_validate(item) for item in given["remittances"]]
    within = Tolerance.model_validate(given.get("tolerance", {}))
    return [_position(items, money, read_day(day), within) for day in given["as_of"]]


def _items(invoice: Given) -> list[OpenItem]:
    parts = [Instalment.model_validate(part) for part in invoice.get("instalments", [{"due": invoice.get("due", {})}])]
    total, places = read_decimal(invoice["total"]), exponent(invoice["currency"])
    payables = instalments(total, parts, read_day(invoice["issued_on"]), places)
    rest = {name: invoice[name] for name in ("document", "issued_on", "currency")}
    return [
        OpenItem(part=number, due_on=payable.due_on, amount=payable.amount, **rest)
        for number, payable in enumerate(payables, start=1)
    ]


def _position(items: list[OpenItem], money: list[Remittance], on: date, within: Tolerance) -> Given:
    found = position(items, money, on, within)
    _ties(found, items, money, on)
    told = {
        "settled": [
            f"{row.remittance} {row.document}/{row.part} {plain(row.amount)}"
            + (f", {plain(row.written_off)} written off" if row.written_off else "")
            for row in found.settled
        ],
        "open": {f"{document}/{part}": plain(left) for (document, part), left in found.open.items() if left},
        "on_account": {name: plain(left) for name, left in found.on_account.items()},
        "kept": {name: plain(left) for name, left in found.kept.items()},
    }
    return {"on": str(on), **{name: value for name, value in told.items() if value}}


def _ties(found: Position, items: list[OpenItem], money: list[Remittance], on: date) -> None:
    came = sum(each.amount for each in money if each.counts_on(on))
    asked = sum(item.amount for item in items if item.issued_on <= on)
    paid = sum(row.amount for row in found.settled)
    assert came == paid + sum(found.on_account.values()) + sum(found.kept.values())
    assert asked == paid + sum(row.written_off for row in found.settled) + sum(found.open.values())


def revenue(given: Given) -> Given:
    """How a price is divided, when it is earned, and the roll-forward; it ties to the invoices, in every story."""
    told: Given = {}
    if "bundle" in given:
        alone = {name: read_decimal(price) for name, price in given["bundle"]["alone"].items()}
        shares = by_selling_price(read_decimal(given["bundle"]["price"]), alone, 2)
        told["allocated"] = {name: plain(share) for name, share in shares.items()}
        earned = [row for name, how in given["obligations"].items() for row in _earned(how | {"amount": shares[name]})]
    else:
        how = given.get("service") or given.get("work") or given["used"]
        earned = list(_earned(how, given.get("change")))
        told["earned"] = [f"{row.on} {plain(row.amount)}" for row in earned]
    invoiced = [(read_day(on), read_decimal(amount)) for on, amount in given["invoiced"].items()]
    rows = [
        row
        for months in _runs([month_of(read_day(day)) for day in given["months"]])
        for row in roll_forward(invoiced, earned, months)
    ]
    last = rows[-1]
    through = [amount for on, amount in invoiced if on < last.month.end]
    assert last.closing == sum(through) - sum(row.amount for row in earned if row.on < last.month.end)
    return told | {"roll_forward": [_deferred(row) for row in rows]}


def _earned(how: Given, change: Given | None = None) -> tuple[Earned, ...]:
    amount = read_decimal(how["amount"])
    if "milestones" in how:
        return on_milestones(amount, _dated(how["milestones"]), 2)
    if "on" in how:
        return by_usage(amount, _dated(how["on"]), 2)
    service = Period(read_day(how["from"]), read_day(how["until"]))
    if change is None:
        return straight_line(amount, service, 2, method=how.get("method", "day"))
    method = change.get("method", "prospective")
    days = read_day(change["on"]), read_decimal(change["added"]), read_day(change["ends_on"])
    return modified(amount, service, Modification(*days, method), 2)


def _dated(rows: Given) -> list[tuple[date, Decimal]]:
    return [(read_day(on), read_decimal(value)) for on, value in rows.items()]


def _runs(months: list[Period]) -> list[list[Period]]:
    """Months that touch are rolled forward together."""
    runs = [months[:1]]
    for before, month in pairwise(months):
        if before.end == month.start:
            runs[-1].append(month)
        else:
            runs.append([month])
    return runs


def _deferred(row: Deferred) -> str:
    opening, more, less = (plain(value) for value in (row.opening, row.invoiced, row.earned))
    unbilled = f", unbilled {plain(row.unbilled)}" if row.unbilled else ""
    assert row.deferred - row.unbilled == row.closing
    return f"{row.month.start:%Y-%m} {opening} + {more} - {less} = {plain(row.closing)}{unbilled}"


def dunning(given: Given) -> list[Given]:
    """The days of each step, and the last one that is reached by a day."""
    return [_plan(case) for case in given["cases"]]


def _plan(case: Given) -> Given:
    plan = planned(read_day(case["unpaid_since"]), Escalation.model_validate(case["escalation"]))
    told: Given = {"steps": [f"{step.name} {step.on}" for step in plan]}
    if "as_of" in case:
        found = [reached(plan, read_day(day)) for day in case["as_of"]]
        told["reached"] = ["none" if step is None else step.name for step in found]
    return told


AREAS: Final[dict[str, Callable[[Given], Any]]] = {
    "mrr": mrr,
    "payments": payments,
    "revenue": revenue,
    "dunning": dunning,
    "contracts": contracts,
}
