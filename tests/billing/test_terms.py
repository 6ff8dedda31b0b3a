"""A deal becomes a contract whole or not at all, and every reason is told at once, at its line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billsync.billing.terms import contract_of
from billsync.model.scheme import PerUnitPrice
from tests.billing.make import PRODUCTS, contract, deal, line, once


def test_a_line_starts_on_its_own_day_else_the_deals_else_the_day_of_signature() -> None:
    own = contract(line(starts_on="2026-05-01"), starts_on="2026-03-01").lines[0]
    of_the_deal = contract(line(), starts_on="2026-03-01").lines[0]
    signed = contract(line()).lines[0]
    assert [own.starts_on, of_the_deal.starts_on, signed.starts_on] == [
        date(2026, 5, 1),
        date(2026, 3, 1),
        date(2026, 1, 31),
    ]


def test_the_deals_term_ends_its_services_but_not_what_is_billed_once() -> None:
    made = contract(line(), once(starts_on="2027-06-01"), ends_on="2027-01-31")
    assert [item.ends_on for item in made.lines] == [date(2027, 1, 31), None]
    assert made.start == date(2026, 1, 31)


def test_a_calendar_line_is_anchored_on_the_calendar() -> None:
    by_week = line(id="W", every={"weeks": 1}, aligned="calendar", starts_on="2026-03-05")
    by_quarter = line(id="Q", every={"quarters": 1}, aligned="calendar", starts_on="2026-03-05")
    anchors = [item.anchor for item in contract(by_week, by_quarter).lines]
    assert anchors == [date(2026, 3, 2), date(2026, 1, 1)]


def test_a_line_without_words_is_called_like_its_product() -> None:
    assert [item.description for item in contract(line(), once(description="Day one")).lines] == ["Seat", "Day one"]


FAULTS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"product": "unknown"}, "BILL-LINE-01", "product", "is not known"),
    ({"quantity": "-1"}, "BILL-LINE-01", "quantity", "zero or more, got -1"),
    ({"unit_amount": "-0.01"}, "BILL-LINE-01", "unit_amount", "zero or more, got -0.01"),
    ({"every": None}, "BILL-LINE-01", "every", "needs `every`"),
    ({"model": "one_time"}, "BILL-LINE-01", "every", "billed once, but it says every month"),
    ({"every": {"years": 101}}, "BILL-LINE-01", "every", "at most 100 years"),
    ({"every": {"days": 10**12}}, "BILL-LINE-01", "every", "at most 100 years"),
    ({"ends_on": "2026-01-31"}, "BILL-LINE-01", "ends_on", "not after its start on 2026-01-31"),
    ({"starts_on": "9999-12-31"}, "BILL-LINE-01", "starts_on", "1900 to 2199"),
    ({"model": "one_time", "every": None, "billed": "arrears"}, "BILL-LINE-01", "ends_on", "billed at its end"),
    ({"unit_amount": "10.005"}, "BILL-MONEY-01", "unit_amount", "more than the 2 decimals that USD has"),
    ({"unit_amount": "9" * 17, "quantity": "9" * 17}, "BILL-MONEY-01", "unit_amount", "more than can be billed"),
]


@pytest.mark.parametrize(("facts", "code", "field", "words"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_bad_line_holds_back_the_whole_deal_and_is_told_at_its_field(
    facts: dict[str, Any], code: str, field: str, words: str
) -> None:
    made, problems = contract_of(deal(once(), line(**facts)), PRODUCTS)
    assert made is None
    assert [problem.code for problem in problems] == [code]
    place = problems[0].place
    assert (place.system, place.object, place.id, place.field) == ("billsync", "deal", "D1", f"lines[L1].{field}")
    assert words in problems[0].message
    assert "nothing of this deal is billed" in problems[0].hint


def test_every_fault_of_a_deal_is_told_at_once() -> None:
    bad = deal(line(quantity="-1", product="unknown"), line(unit_amount="-1"), ends_on="2026-01-01")
    _, problems = contract_of(bad, PRODUCTS)
    fields = [problem.place.field for problem in problems]
    assert fields == ["lines", "ends_on", "lines[L1].product", "lines[L1].quantity", "lines[L1].unit_amount"]


def test_a_deal_without_lines_has_nothing_to_bill() -> None:
    made, problems = contract_of(deal().model_copy(update={"lines": ()}), PRODUCTS)
    assert (made, [problem.code for problem in problems]) == (None, ["BILL-DEAL-01"])


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1000"), ("KWD", "0.005"), ("USD", "0"), ("USD", "10.0000")])
def test_an_amount_that_its_currency_has_is_fine(currency: str, amount: str) -> None:
    expected = PerUnitPrice(scheme="per_unit", unit_amount=Decimal(amount))
    assert contract(line(unit_amount=amount), currency=currency).lines[0].price == expected


def test_a_fine_unit_price_may_be_multiplied() -> None:
    assert contract(line(quantity="1000", unit_amount="0.0015")).lines[0].quantity == 1000
