"""Cases with known answers, as facts from other billing systems' public tests and documents, by this system's code.

`v1_cases.json` holds the cases of one-time and recurring lines, stubs, rounding, tax and allocation, each with its
source.  Amounts in minor units are billed in JPY, which has no other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from billsync.billing import calendar
from billsync.billing.calendar import Portion
from billsync.billing.charges import due
from billsync.billing.line import resolve
from billsync.model.charge import Charge
from billsync.model.contract import Contract, ContractLine
from billsync.model.convention import Policy
from billsync.model.deal import Cycle
from billsync.model.money import Money, Rounding, allocate_minor, round_amount, to_minor
from billsync.model.period import Every, Period, add_months, anchor, calendar_anchor
from billsync.model.scalar import day_in_zone
from tests.invoicing.make import charge, invoice, rules

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("v1_cases.json").read_text("utf-8"))
CURRENCY = {0: "JPY", 2: "USD", 4: "CLF"}


def line(start: date, every: Cycle | None, **facts: Any) -> ContractLine:
    model = "recurring" if every else "one_time"
    given = {"id": "L", "product": "seat", "model": model, "quantity": "1", "anchor": start, "starts_on": start}
    price = {"scheme": "per_unit", "unit_amount": facts.pop("price", "1")}
    return ContractLine.model_validate(given | {"every": every, "price": price} | facts)


def first_charge(item: ContractLine, currency: str) -> Charge:
    made = contract(item, currency)
    return due(made, through=made.start, policy=Policy()).charges[0]


def contract(item: ContractLine, currency: str = "USD") -> Contract:
    assert item.starts_on is not None
    return Contract(id="C", customer="acme", deal="D", currency=currency, start=item.starts_on, lines=(item,))


def portions(item: ContractLine) -> Iterator[Portion]:
    return calendar.portions(resolve(contract(item), item))


def currency_of(inputs: dict[str, Any]) -> str:
    return "JPY" if inputs.get("unit") == "minor" else "USD"


def day(text: str) -> date:
    return date.fromisoformat(text)


def whole_cycle(start: date, end: date) -> Cycle:
    months = next((n for n in range(1, 13) if add_months(start, n) == end), None)
    return Cycle(months=months) if months else Cycle(days=(end - start).days)


def check_allocation(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    currency = CURRENCY[inputs["places"]]
    names = [name for name, _ in inputs["weights"]]
    shares = allocate_minor(
        to_minor(Decimal(inputs["amount"]), currency), [Decimal(weight) for _, weight in inputs["weights"]]
    )
    wanted = [to_minor(Decimal(expected["shares"][name]), currency) for name in names]
    assert list(shares) == wanted


def check_installments(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    parts = Money.of(inputs["total"], CURRENCY[inputs["places"]]).split(inputs["parts"])
    assert [part.amount for part in parts] == [Decimal(text) for text in expected["amounts"]]


def check_anchor(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    if "anchor" in inputs:
        every = Every(inputs["interval_months"], "months")
        found = [anchor(day(inputs["anchor"]), every, k) for k in range(inputs["count"])]
        assert found == [day(text) for text in expected["dates"]]
    elif "bill_cycle_day" in inputs:
        start = day(inputs["start"])
        item = line(start, Cycle(months=1), anchor=date(start.year - 1, 12, inputs["bill_cycle_day"]))
        found = [
            start if not portion.is_stub else portion.cycle.end
            for portion in islice(portions(item), 1)
            if portion.cycle
        ]
        assert found == [day(expected["first_cycle_date"])]
    else:
        start = day(inputs["start"])
        weekly = inputs.get("interval") == "week"
        cycle = Cycle(weeks=1) if weekly else Cycle(months=inputs["interval_months"])
        aligned = start if weekly else calendar_anchor(Every(cycle.count, cycle.unit), start)
        second = list(islice(portions(line(start, cycle, anchor=aligned)), 2))[1]
        assert second.due_on == day(expected["next"])


def check_periods(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    if "anchor" in inputs:
        item = line(day(inputs["anchor"]), Cycle(months=inputs["interval_months"]))
        found = [portion.period for portion in islice(portions(item), inputs["count"])]
        assert [said(period) for period in found] == expected["periods_incl"]
    elif "billing_day" in inputs:
        start, target = day(inputs["start"]), day(inputs["target"])
        item = line(start, Cycle(months=1), anchor=date(start.year - 1, 12, inputs["billing_day"]))
        ended = [portion.period for portion in islice(portions(item), 12) if portion.period]
        assert sum(period.end <= target for period in ended) == int(expected["elapsed_cycles"])
    else:
        assert said(next(portions(by_oca(inputs))).period) == expected["period_incl"]


def said(period: Period | None) -> list[str]:
    return [] if period is None else [period.start.isoformat(), period.last_day.isoformat()]


def by_oca(inputs: dict[str, Any]) -> ContractLine:
    start, every = day(inputs["next_period_start"]), Cycle(months=inputs["interval"])
    on_calendar = inputs["rule"] == "monthlylastday"
    return line(start, every, anchor=calendar_anchor(Every(1, "months"), start) if on_calendar else start)


def check_invoice_date(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    assert inputs["invoicing"] == "pre-paid"
    assert next(portions(by_oca(inputs))).due_on == day(expected["next_invoice_date"])


def check_proration(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    if "cycles" in expected:
        start, end = day(inputs["service_start"]), day(inputs["service_end_excl"])
        item = line(
            start, Cycle(months=1), price="1000000000", ends_on=end, anchor=start.replace(day=inputs["anchor_day"])
        )
        assert first_charge(item, "JPY").amount == Decimal(expected["cycles"]) * 10**9
        return
    made = first_charge(stub(inputs), currency_of(inputs))
    assert made.amount == Decimal(expected.get("amount") or expected["fee"])
    if "tax" in expected:
        check_total([made.amount], inputs["tax_rate"], "rate", expected["tax"], expected["total"], currency_of(inputs))


def stub(inputs: dict[str, Any]) -> ContractLine:
    """The line whose first charge is the case's part of a cycle; a case without days gets some."""
    begin = day(inputs.get("period_start") or inputs.get("service_start", "2026-03-01"))
    if "period_start" not in inputs and "service_start" in inputs:
        begin = begin.replace(day=1)
    if "period_end_incl" in inputs:
        end = day(inputs["period_end_incl"]) + timedelta(days=1)
    else:
        end = begin + timedelta(days=inputs["period_days"])
    start = day(inputs["service_start"]) if "service_start" in inputs else end - timedelta(days=inputs["used_days"])
    stop = day(inputs["service_end_incl"]) + timedelta(days=1) if "service_end_incl" in inputs else None
    return line(start, whole_cycle(begin, end), price=inputs["amount"], anchor=begin, ends_on=stop)


def check_rounding(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    if "mode" in inputs:
        found = round_amount(Decimal(inputs["amount"]), inputs["currency"], Rounding(inputs["mode"]))
        assert found == Decimal(expected["amount"])
        return
    if "quantity" in inputs:
        item = line(date(2026, 1, 1), None, quantity=inputs["quantity"], price=inputs["unit_price"])
        assert first_charge(item, "USD").amount == Decimal(expected["amount"])
        return
    given = inputs["lines"]
    values = [given["value"]] * given["times"] if isinstance(given, dict) else given
    currency = CURRENCY[inputs["places"]]
    amounts = [first_charge(line(date(2026, 1, 1), None, price=value), currency).amount for value in values]
    assert sum(amounts) == Decimal(expected["subtotal"])


def check_tax(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    currency = currency_of(inputs)
    if "per_line" in expected:
        for rounding, tax in (("line", expected["per_line"]), ("rate", expected["per_document"])):
            check_total(inputs["lines"], inputs["tax_rate"], rounding, tax, None, currency)
    elif "fees" in inputs:
        check_total(inputs["fees"], inputs["tax_rate"], "rate", None, expected["invoice_total"], currency)
    elif "amount" in inputs:
        check_total([inputs["amount"]], inputs["tax_rate"], "rate", expected["tax"], None, currency)
    else:
        codes = sorted({rate for _, rate in inputs["lines"]})
        taxes = [{"code": str(code), "rate": Decimal(code) / 100} for code in codes]
        charges = [
            charge(str(amount), line=f"L{n}", tax_code=str(rate), currency=currency)
            for n, (amount, rate) in enumerate(inputs["lines"])
        ]
        made = invoice(*charges, made_by=rules(taxes=taxes, default_tax_code=""))
        assert made.tax_total == Decimal(expected["tax"])


def check_total(
    amounts: Sequence[Any], percent: str, rounding: str, tax: str | None, total: str | None, currency: str
) -> None:
    taxes = [{"code": "t", "rate": Decimal(percent) / 100}]
    charges = [charge(str(amount), line=f"L{n}", currency=currency) for n, amount in enumerate(amounts)]
    made = invoice(*charges, made_by=rules(taxes=taxes, default_tax_code="t", tax_rounding=rounding))
    assert tax is None or made.tax_total == Decimal(tax)
    assert total is None or made.total == Decimal(total)


def check_week(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    instant = datetime.fromisoformat(inputs["start_utc"])
    start = day_in_zone(instant, inputs["tz"])
    monday = calendar_anchor(Every(1, "weeks"), start)
    made = first_charge(line(start, Cycle(weeks=1), price=inputs["weekly_price"], anchor=monday), "JPY")
    assert made.period is not None
    assert (made.period.days, made.amount) == (int(expected["days"]), Decimal(expected["amount"]))


READERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {
    "allocation": check_allocation,
    "anchor": check_anchor,
    "installments": check_installments,
    "invoice_date": check_invoice_date,
    "period_boundaries": check_periods,
    "proration": check_proration,
    "rounding": check_rounding,
    "tax": check_tax,
    "tax_rounding": check_tax,
    "timezone": check_week,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_known_answer(case: dict[str, Any]) -> None:
    READERS[case["topic"]](case["inputs"], case["expected"])
