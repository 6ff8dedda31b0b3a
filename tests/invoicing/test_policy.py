"""Rules as they stand in the configuration: what cannot work is refused when it is read, in words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billsync.invoicing.numbering import number_of, series_of
from billsync.invoicing.pattern import check_pattern, number, series
from billsync.invoicing.policy import InvoicingRules
from billsync.invoicing.tax import rule_on
from billsync.model.customer import Customer
from tests.invoicing.make import charge, drafts, rules

PATTERNS = [
    ("INV-{year}-{seq:06}", "INV-2017-000042", "INV-2017"),
    ("{year}{month}-{seq:04}", "201708-0042", "201708"),
    ("Q{quarter}/{year}/{seq}", "Q3/2017/42", "Q3/2017"),
    ("{seq:05}/{year}", "00042/2017", "2017"),
    ("{seq}", "42", "all"),
    ("{{{seq}}}", "{42}", "{}"),
]


@pytest.mark.parametrize(("pattern", "written", "counter"), PATTERNS)
def test_a_pattern_gives_numbers_and_the_name_of_their_counter(pattern: str, written: str, counter: str) -> None:
    day = date(2017, 8, 31)
    assert check_pattern(pattern) == pattern
    assert (number(pattern, day, 42), series(pattern, day)) == (written, counter)


@pytest.mark.parametrize(
    "pattern",
    ["INV-{year}", "{seq}-{seq}", "", "INV-{seq", "INV-{seq:x}", "INV-{seq:6}", "INV-{day}-{seq}", "{}", "{0}-{seq}",
     "{seq!r}", "{year:>9}-{seq}", "{seq.__class__}", " {seq}", "A\n{seq}", "x" * 60 + "{seq}", "{seq:000}"],
)  # fmt: skip
def test_a_pattern_that_cannot_count_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="expected a pattern such as"):
        InvoicingRules(series=pattern)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_two_invoices_never_get_one_number(first: date, second: date) -> None:
    """Numbers differ where the counter differs; where the counter is the same, its value does."""
    for pattern, _, _ in PATTERNS:
        if series(pattern, first) == series(pattern, second):
            assert number(pattern, first, 1) != number(pattern, second, 2)
        else:
            assert number(pattern, first, 1) != number(pattern, second, 1)


def test_a_draft_draws_from_the_series_of_its_date() -> None:
    (draft,) = drafts([charge(due_on="2016-12-31")])[0]
    assert series_of(rules(), draft) == "INV-2016"
    assert number_of(rules(), draft, 7) == "INV-2016-000007"
    with pytest.raises(ValueError, match="count from 1"):
        number_of(rules(), draft, 0)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"taxes": [{"code": "a", "rate": "19"}]}, "0.19 for 19 %"),
        ({"taxes": [{"code": "a", "rate": "-0.1"}]}, "from 0 to 1"),
        ({"taxes": [{"code": "none", "rate": "0.1"}]}, "choose another"),
        ({"taxes": [{"code": "a", "rate": "0.1"}, {"code": "a", "rate": "0.2"}]}, "two rates"),
        ({"default_tax_code": "b"}, "'b' is not among the codes"),
        ({"grouping": "week"}, "customer-month"),
        ({"payment_terms_days": -1}, "greater than or equal to 0"),
        ({"payment_terms_days": 10**9}, "less than or equal to 3650"),
        ({"rounding": "nearest"}, "half_up"),
        ({"net_days": 3}, "not permitted"),
    ],
)
def test_rules_that_cannot_work_are_refused_in_words(facts: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        InvoicingRules.model_validate(facts)


def test_the_rate_of_the_country_wins_then_the_latest_one_that_is_valid() -> None:
    made_by = rules(
        taxes=[
            {"code": "standard", "rate": "0.10"},
            {"code": "standard", "rate": "0.19", "country": "DE"},
            {"code": "standard", "rate": "0.16", "country": "DE", "valid_from": "2020-07-01"},
            {"code": "standard", "rate": "0.19", "country": "DE", "valid_from": "2021-01-01"},
        ]
    )

    def rate(country: str | None, day: date) -> Decimal | None:
        rule = rule_on(made_by, "standard", Customer(id="c", name="C", country=country), day)
        return rule.rate if rule else None

    days = [date(2020, 6, 30), date(2020, 7, 1), date(2020, 12, 31), date(2021, 1, 1)]
    assert [rate("DE", day) for day in days] == [Decimal(text) for text in ("0.19", "0.16", "0.16", "0.19")]
    assert [rate("FR", days[0]), rate(None, days[0])] == [Decimal("0.10")] * 2
    assert rule_on(made_by, "other", Customer(id="c", name="C", country="DE"), days[0]) is None


def test_the_policy_that_is_pinned_says_what_the_rules_say() -> None:
    policy = rules(grouping="customer-month", tax_rounding="line", rounding="floor", proration="none").policy()
    assert (policy.grouping, policy.tax_rounding, policy.rounding.value, policy.proration) == (
        "customer-month",
        "line",
        "floor",
        "none",
    )
