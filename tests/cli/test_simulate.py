"""`billsync simulate` on a billing document: day by day, by what is known on the day, as all at once."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync import assets
from billsync.cli.billing_file import read
from billsync.invoicing.book import BillingDocument
from billsync.planning.unfolding import run_days, unfold
from tests.cli.place import Place

DEMO = assets.folder("demo") / "billing"

EOM = """\
customer: {{id: acme, name: Acme, timezone: {zone}}}
contract:
  id: C-1
  currency: USD
  start: 2024-01-31
  lines:
    - {{id: plan, product: PLAN, model: recurring, every: {{months: 1}}, in: advance,
       price: {{scheme: flat, amount: "30.00"}}}}
"""

LATE = """\
customer: {id: acme, name: Acme, timezone: Pacific/Auckland}
contract:
  id: C-1
  currency: USD
  start: 2026-01-31
  lines:
    - {id: seats, product: SEAT, model: recurring, every: {months: 1}, in: advance, quantity: "5",
       price: {scheme: per_unit, unit_amount: "10.00"}}
    - {id: calls, product: API, model: usage, every: {months: 1}, meter: calls,
       price: {scheme: graduated, tiers: [{up_to: "1000", unit_amount: "0"}, {unit_amount: "0.002"}]}}
  amendments:
    - {effective: 2026-02-15, agreed_on: 2026-03-12, line: seats, quantity: "8"}
    - {effective: 2026-03-03, agreed_on: 2026-04-11, line: seats, quantity: "2", when: now}
    - {effective: 2026-05-05, cancel: true}
  cancellation: {ladder: [{days: 10, refund: full}], otherwise: prorated}
usage:
  - {id: e1, meter: calls, at: "2026-02-03T10:00:00Z", value: "1500"}
  - {id: e2, meter: calls, on: 2026-02-03, value: "1500", received_on: 2026-03-20}
through: 2026-06-30
"""


def anchors(first: date, last: date) -> list[date]:
    """Month ends by plain counting, none from the one before."""
    found: list[date] = []
    month = first.year * 12 + first.month - 1
    while True:
        year, number = divmod(month, 12)
        day = date(year, number + 1, min(first.day, calendar.monthrange(year, number + 1)[1]))
        if day > last:
            return found
        found.append(day)
        month += 1


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_an_anchor_at_the_months_end_never_drifts_through_two_leap_years(place: Place, zone: str) -> None:
    file = DEMO / f"month-end-{zone.partition('/')[2].lower().replace('_', '-')}.yaml"
    said = place.billsync("simulate", str(file), "--from", "2024-01-31", "--to", "2028-03-31", "--format", "json")
    assert said.code == 0
    found = said.json["documents"]
    days = anchors(date(2024, 1, 31), date(2028, 4, 30))
    assert len(found) == 51
    assert [item["issued_on"] for item in found] == [day.isoformat() for day in days[:-1]]
    assert [item["run_on"] for item in found] == [item["issued_on"] for item in found]
    periods = [f"{day} to {after - timedelta(days=1)}" for day, after in pairwise(days)]
    assert [item["period"] for item in found] == [[period] for period in periods]
    assert "2024-02-29 to 2024-03-30" in periods
    assert "2028-02-29 to 2028-03-30" in periods
    assert "2027-02-28 to 2027-03-30" in periods
    assert {item["total"] for item in found} == {"30.00"}
    for item, day in zip(found, days, strict=False):
        begin = datetime.fromisoformat(item["day_begins_at"])
        assert begin.astimezone(ZoneInfo(zone)).isoformat()[:16] == f"{day}T00:00"
    assert said.json["equal_to_billing_at_once"] is True
    assert {item["mrr"] for item in said.json["months"]} == {"30.00"}


def test_each_run_knows_only_what_is_known_on_its_day(place: Place) -> None:
    place.write("c.yaml", LATE)
    said = place.billsync("simulate", "c.yaml", "--format", "json")
    assert said.code == 0
    assert [(item["run_on"], item["total"]) for item in said.json["documents"]] == [
        ("2026-01-31", "50.00"),
        ("2026-02-28", "51.00"),
        ("2026-03-12", "43.93"),  # 3 seats more for 13 of 28 days, and for the month that is billed: 13.93 + 30
        ("2026-03-20", "3.00"),  # 1,500 calls that nobody had told of
        ("2026-03-31", "80.00"),
        ("2026-04-11", "-114.20"),  # 6 seats less for 28 of 31 days, 54.20, and for the month that is billed, 60
        ("2026-04-30", "20.00"),
        ("2026-05-05", "-20.00"),  # in the first ten days of a period it is given back in full
    ]
    assert [(item["month_end"], item["mrr"]) for item in said.json["months"]] == [
        ("2026-01-31", "50.00"), ("2026-02-28", "50.00"), ("2026-03-31", "80.00"), ("2026-04-30", "20.00"),
        ("2026-05-31", "0.00"), ("2026-06-30", "0.00"),
    ]  # fmt: skip


@pytest.mark.parametrize("step", ["day", "month"])
@pytest.mark.parametrize("name", ["smallest", "everything", "instalments", "late"])
def test_day_by_day_equals_at_once_and_deferred_revenue_rolls_forward(place: Place, name: str, step: str) -> None:
    file = place.write("late.yaml", LATE) if name == "late" else DEMO / f"{name}.yaml"
    found = place.billsync("simulate", str(file), "--step", step, "--format", "json").json
    shown = place.billsync("preview", str(file), "--format", "json").json
    assert found["equal_to_billing_at_once"] is True
    assert found["differences"] == []
    numbers = sorted(item["number"] for item in (*shown["invoices"], *shown["credit_notes"]))
    assert sorted(item["number"] for item in found["documents"]) == numbers
    invoiced = sum(Decimal(item["subtotal"]) - Decimal(item["discount_total"]) for item in shown["invoices"])
    credited = sum(Decimal(item["subtotal"]) - Decimal(item["discount_total"]) for item in shown["credit_notes"])
    assert sum(Decimal(item["invoiced"]) for item in found["months"]) == invoiced - credited
    closing = None
    for month in found["months"]:
        amounts = {key: Decimal(month[key]) for key in ("opening", "invoiced", "earned", "deferred", "unbilled")}
        assert closing is None or amounts["opening"] == closing
        closing = amounts["deferred"] - amounts["unbilled"]
        assert amounts["opening"] + amounts["invoiced"] - amounts["earned"] == closing


def test_a_cancellation_that_is_told_late_leaves_what_was_billed_and_is_seen_so_at_once(place: Place) -> None:
    """Known on 10 March, back from 5 February: the calls of February were billed by then."""
    late = "    - {effective: 2026-02-05, agreed_on: 2026-03-10, cancel: true}\n"
    text = LATE[: LATE.index("    - {effective: 2026-02-15")] + late + LATE[LATE.index("  cancellation:") :]
    place.write("c.yaml", text)
    found = place.billsync("simulate", "c.yaml", "--format", "json").json
    assert found["differences"] == []
    assert [item["total"] for item in found["documents"]][:2] == ["50.00", "51.00"]
    shown = place.billsync("preview", "c.yaml", "--format", "json").json
    assert [item["total"] for item in shown["invoices"]][:2] == ["50.00", "51.00"]


def test_what_was_before_the_first_day_is_not_made_again(place: Place) -> None:
    place.write("c.yaml", LATE)
    said = place.billsync("simulate", "c.yaml", "--from", "2026-03-01", "--to", "2026-03-31")
    assert said.code == 0
    assert "2 documents are of days before" in said.out
    assert "INV-2026-000001" not in said.out
    assert "day by day equals billing at once: 3 documents over 126.93 USD" in said.out


def test_reasons_are_told_when_asked_for(place: Place) -> None:
    place.write("c.yaml", LATE)
    text = place.billsync("simulate", "c.yaml", "--explain").out
    assert "     and:  amended from 2026-02-15 on, known from 2026-03-12 on, c.yaml:12:7" in text
    words = place.billsync("simulate", "c.yaml", "--explain", "--format", "json").json["explanations"]
    assert words["CN-2026-000001"][0].startswith("Credit note CN-2026-000001 for acme: 114.20 USD")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("c.yaml", "--to", "2023-01-01"), "the last day 2023-01-01 is before the first day 2024-01-31"),
        (("c.yaml",), "say from when to when"),
        (("c.yaml", "--step", "hour"), "--step"),
        (("none.yaml", "--to", "2024-12-31"), "cannot be read"),
        (("nope", "--from", "2026-01-01", "--to", "2026-12-31"), "the configuration has: billing"),
        (("billing",), "say from when to when"),
    ],
)
def test_odd_use_is_refused_in_a_sentence(place: Place, options: tuple[str, ...], said: str) -> None:
    place.write("c.yaml", EOM.format(zone="UTC"))
    found = place.billsync("simulate", *options)
    assert found.code == 2
    assert said in found.out + found.err


# ---------------------------------------------------------------- any document

changes = st.fixed_dictionaries(
    {
        "effective": st.dates(date(2026, 1, 20), date(2026, 7, 1)),
        "lag": st.integers(0, 90),
        "quantity": st.integers(0, 9),
        "when": st.sampled_from([None, "now", "period_end"]),
    }
)
events = st.fixed_dictionaries(
    {"day": st.dates(date(2026, 1, 1), date(2026, 7, 1)), "lag": st.integers(0, 60), "value": st.integers(0, 3000)}
)


def _document(changed: list[dict[str, Any]], used: list[dict[str, Any]], policy: dict[str, str], grouping: str) -> Any:
    amendments = [
        {
            "effective": item["effective"],
            "agreed_on": item["effective"] + timedelta(days=item["lag"]),
            "line": "seats",
            "quantity": item["quantity"],
            **({"when": item["when"]} if item["when"] else {}),
        }
        for item in changed
    ]
    usage = [
        {"id": f"e{n}", "meter": "m", "on": item["day"], "value": item["value"],
         "received_on": item["day"] + timedelta(days=item["lag"])}
        for n, item in enumerate(used)
    ]  # fmt: skip
    seats = {"id": "seats", "product": "S", "model": "recurring", "every": {"months": 1}, "quantity": 3,
             "price": {"scheme": "per_unit", "unit_amount": "9.99"}}  # fmt: skip
    calls = {"id": "calls", "product": "C", "model": "usage", "every": {"months": 1}, "meter": "m",
             "price": {"scheme": "per_unit", "unit_amount": "0.013"}}  # fmt: skip
    contract = {"id": "C", "customer": "a", "currency": "EUR", "start": "2026-01-31", "lines": [seats, calls],
                "amendments": amendments}  # fmt: skip
    return BillingDocument.model_validate(
        {
            "customer": {"id": "a", "name": "A"},
            "contract": contract,
            "usage": usage,
            "invoicing": {"conventions": policy, "grouping": grouping},
        }
    )


@settings(deadline=None, max_examples=25)
@given(
    st.lists(changes, max_size=3),
    st.lists(events, max_size=4),
    st.fixed_dictionaries(
        {},
        optional={
            "late_usage": st.sampled_from(["true_up_line", "next_invoice", "rerate"]),
            "credits": st.sampled_from(["lines", "credit_note"]),
            "zero_invoices": st.sampled_from(["keep", "suppress"]),
        },
    ),
    st.sampled_from(["deal", "customer-month"]),
)
def test_any_document_unfolds_to_what_it_is_at_once(
    changed: list[dict[str, Any]], used: list[dict[str, Any]], policy: dict[str, str], grouping: str
) -> None:
    document = _document(changed, used, policy, grouping)
    found = unfold(document, date(2026, 1, 31), date(2026, 7, 31))
    assert found.differences == ()
    assert found.problems == ()


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400), st.sampled_from(["day", "week", "month"]))
def test_runs_are_in_order_and_the_last_day_is_one(begin: date, length: int, step: Any) -> None:
    end = begin + timedelta(days=length)
    found = list(run_days(begin, end, step))
    assert found == sorted(set(found))
    assert found[-1] == end
    assert len(found) <= length + 1


def test_a_usage_file_counts_in_a_simulation_too(place: Place) -> None:
    place.write("u.csv", "day,n\n2026-02-03,3000\n")
    text = LATE[: LATE.index("usage:")] + "usage: {file: u.csv, meter: calls, on: day, value: n}\nthrough: 2026-03-31\n"
    place.write("c.yaml", text)
    document = read(place.folder / "c.yaml").document
    assert [event.id for event in document.usage] == ["u.csv:2:calls"]
    found = unfold(document, date(2026, 1, 31), date(2026, 3, 31))
    assert [item.document.total for item in found.made][1] == Decimal("54.00")
