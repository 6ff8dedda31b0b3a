"""A contract's documents: amendments repaired, usage late or over a threshold, cancellations, currencies, bundles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from billsync.invoicing.book import Book, book
from billsync.invoicing.recognition import deferred, recognised
from tests.invoicing.billing import CALLS, SEATS, agreed, booked, dec, lines, used

UP = {"effective": "2026-01-11", "line": "seats", "quantity": "8"}


def test_an_upgrade_gives_back_the_days_that_are_left_and_charges_them_anew() -> None:
    made = booked(agreed(contract={"amendments": [UP]}), "2026-02-01")
    assert lines(made) == {
        "seats/2026-01-01": Decimal("50.00"),
        "seats/2026-01-01/credit/2026-01-11": Decimal("-33.87"),  # 50 x 21/31
        "seats/2026-01-11": Decimal("54.19"),  # 80 x 21/31
        "seats/2026-02-01": Decimal("80.00"),
    }
    assert [item.issued_on for item in made.documents] == [date(2026, 1, 1), date(2026, 1, 11), date(2026, 2, 1)]


def test_the_net_is_rounded_where_the_policy_says_so() -> None:
    both = agreed(
        SEATS | {"quantity": "1"},
        contract={"start": "2026-03-01", "amendments": [UP | {"effective": "2026-03-15", "quantity": "2"}]},
        invoicing={"conventions": {"round_on": "net"}},
    )
    legs = agreed(
        SEATS | {"quantity": "1"},
        contract={"start": "2026-03-01", "amendments": [UP | {"effective": "2026-03-15", "quantity": "2"}]},
    )
    assert booked(both, "2026-03-15").invoices[1].total == Decimal("5.48")  # 10 x 17/31 = 5.483
    assert booked(legs, "2026-03-15").invoices[1].total == Decimal("5.49")  # 10.97 - 5.48


def test_a_downgrade_waits_for_the_next_period_unless_it_says_now() -> None:
    down = UP | {"quantity": "2"}
    waiting = booked(agreed(contract={"amendments": [down]}), "2026-02-01")
    assert lines(waiting) == {"seats/2026-01-01": Decimal("50.00"), "seats/2026-02-01": Decimal("20.00")}
    at_once = booked(agreed(contract={"amendments": [down | {"when": "now"}]}), "2026-01-31")
    note = at_once.credit_notes[0]
    assert (note.total, note.invoice, note.number) == (Decimal("20.32"), "INV-2026-000001", "CN-2026-000001")
    assert [line.amount for line in note.lines] == dec("33.87", "-13.55")


def test_what_is_given_back_may_stand_on_credit_notes_only() -> None:
    made = booked(
        agreed(contract={"amendments": [UP]}, invoicing={"conventions": {"credits": "credit_note"}}), "2026-01-31"
    )
    assert [item.total for item in made.invoices] == dec("50.00", "54.19")
    assert [(note.total, note.invoice) for note in made.credit_notes] == [(Decimal("33.87"), "INV-2026-000001")]


def test_an_amendment_that_is_told_late_repairs_every_period_that_was_billed() -> None:
    late = UP | {"effective": "2026-01-01", "agreed_on": "2026-02-15", "quantity": "4", "when": "now"}
    made = booked(agreed(contract={"amendments": [late]}), "2026-02-28")
    assert lines(made.credit_notes[0]) == {
        "seats/2026-01-01/credit/2026-01-01": Decimal("50.00"),
        "seats/2026-01-01/2": Decimal("-40.00"),
        "seats/2026-02-01/credit/2026-02-01": Decimal("50.00"),
        "seats/2026-02-01/2": Decimal("-40.00"),
    }
    assert (made.credit_notes[0].issued_on, made.credit_notes[0].total) == (date(2026, 2, 15), Decimal("20.00"))


def test_what_was_really_billed_stays_and_is_repaired_when_the_contract_says_otherwise() -> None:
    """The amendment holds from January, but billing ran in January and February without it."""
    before = booked(agreed(), "2026-02-01")
    amended = agreed(contract={"amendments": [UP | {"effective": "2026-01-01"}]})
    after = booked(amended, "2026-02-03", before=before)
    assert after.invoices[:2] == before.invoices
    assert after.invoices[2].total == Decimal("60.00")  # 2 x (80 - 50)
    assert booked(amended, "2026-02-03", before=after) == after
    following = booked(amended, "2026-03-01", before=after)
    assert following.invoices[3].total == Decimal("80.00")


@pytest.mark.parametrize(
    ("rule", "back"),
    [
        ({"otherwise": "none"}, None),
        ({"otherwise": "prorated"}, "24.19"),  # 50 x 15/31
        ({"otherwise": "full"}, "50.00"),
        ({"ladder": [{"days": 14, "refund": "full"}, {"days": 20, "refund": "prorated"}]}, "24.19"),
        ({"ladder": [{"days": 16, "refund": "full"}], "otherwise": "none"}, "50.00"),
    ],
)
def test_a_cancellation_gives_back_what_its_rule_says(rule: dict[str, Any], back: str | None) -> None:
    stop = {"effective": "2026-01-17", "cancel": True}
    made = booked(agreed(contract={"cancellation": rule, "amendments": [stop]}), "2026-06-30")
    assert [note.total for note in made.credit_notes] == ([] if back is None else dec(back))
    assert len(made.invoices) == 1
    assert made.next_on is None


def test_the_day_on_which_service_ends_is_billed_where_the_policy_says_so() -> None:
    stop = {"effective": "2026-01-17", "cancel": True}
    terms = {"cancellation": {"otherwise": "prorated"}, "amendments": [stop]}
    made = booked(agreed(contract=terms, invoicing={"conventions": {"end_day": "billed"}}), "2026-01-31")
    assert made.credit_notes[0].total == Decimal("22.58")  # 50 x 14/31


def test_a_credit_takes_its_share_of_the_discount_and_the_tax_of_its_day_along() -> None:
    made = booked(
        agreed(
            contract={
                "coupons": [{"id": "HALF", "percent": "0.5", "times": 1}],
                "amendments": [UP | {"quantity": "0", "when": "now"}],
            },
            invoicing={
                "default_tax_code": "vat",
                "taxes": [{"code": "vat", "rate": "0.19"}, {"code": "vat", "rate": "0.16", "valid_from": "2026-01-05"}],
            },
        ),
        "2026-01-31",
    )
    first, note = made.invoices[0], made.credit_notes[0]
    assert (first.discount_total, first.total) == (Decimal("25.00"), Decimal("29.75"))
    assert [(line.amount, line.discount, line.tax_rate) for line in note.lines if line.corrects] == [
        (Decimal("33.87"), Decimal("16.94"), Decimal("0.19"))
    ]
    assert note.total == Decimal("20.15")  # 16.93 + 19 %: 3.2167


def test_what_was_charged_anew_on_a_credit_note_goes_back_with_its_discount_too() -> None:
    """5 seats at half price; 2 from 11 January on, on a credit note; none from 21 January on: the coupon is over."""
    down = [UP | {"quantity": "2", "when": "now"}, UP | {"effective": "2026-01-21", "quantity": "0", "when": "now"}]
    made = booked(
        agreed(contract={"coupons": [{"id": "HALF", "percent": "0.5", "ends_on": "2026-01-15"}], "amendments": down}),
        "2026-01-31",
    )
    assert [note.total for note in made.credit_notes] == dec("10.16", "3.55")  # (33.87 - 13.55)/2; 13.55 x 11/21 / 2
    assert sum(item.total for item in made.invoices) - Decimal("13.71") == Decimal("11.29")  # (50 x 10 + 20 x 10)/31/2


def test_what_goes_back_in_another_currency_is_converted_as_it_was() -> None:
    rates = [
        {"base": "EUR", "target": "JPY", "rate": "160", "on": "2025-12-30", "source": "ECB"},
        {"base": "EUR", "target": "JPY", "rate": "170", "on": "2026-01-10", "source": "ECB"},
    ]
    none = UP | {"effective": "2026-01-01", "agreed_on": "2026-01-12", "quantity": "0", "when": "now"}
    made = booked(agreed(contract={"invoice_currency": "JPY", "amendments": [none]}, rates=rates), "2026-01-31")
    assert (made.invoices[0].total, made.credit_notes[0].total) == (Decimal(8000), Decimal(8000))
    back = next(line for line in made.credit_notes[0].lines if line.corrects)
    assert back.why.formula.endswith("x 160 (ECB, 2025-12-30) = -8000 JPY")


def test_trial_and_ramp() -> None:
    ramp = [
        {"after": {"months": 2}, "quantity": "10"},
        {"starts_on": "2026-05-01", "price": {"scheme": "flat", "amount": "99"}},
    ]
    made = booked(
        agreed(SEATS | {"trial": {"days": 14}, "ramp": ramp}, contract={"anchor": "2026-01-01"}), "2026-05-01"
    )
    assert [(line.charge, line.amount) for item in made.invoices for line in item.lines] == [
        ("C/seats/2026-01-15", Decimal("27.42")),  # 50 x 17/31
        ("C/seats/2026-02-01", Decimal("50.00")),
        ("C/seats/2026-03-01", Decimal("22.58")),  # 50 x 14/31
        ("C/seats/2026-03-15", Decimal("54.84")),  # 100 x 17/31
        ("C/seats/2026-04-01", Decimal("100.00")),
        ("C/seats/2026-05-01", Decimal("99.00")),
    ]


def test_lines_end_together_whenever_they_begin() -> None:
    second = SEATS | {
        "id": "more",
        "starts_on": "2026-06-10",
        "every": {"years": 1},
        "price": {"scheme": "flat", "amount": "365"},
    }
    made = booked(agreed(second, contract={"ends_on": "2027-01-01", "anchor": "2026-01-01"}), "2027-12-31")
    assert lines(made) == {"more/2026-06-10": Decimal("205.00")}  # 365 x 205/365
    assert made.next_on is None


# ---------------------------------------------------------------- usage


EVENTS = (("e1", "2026-01-10", "900"), ("e2", "2026-01-20", "600"), ("e3", "2026-02-02", "100"))


def test_usage_is_rated_by_period_and_an_event_that_is_told_twice_counts_once() -> None:
    made = booked(agreed(CALLS, usage=[*used(*EVENTS), *used(EVENTS[0])]), "2026-03-01")
    assert lines(made) == {"calls/2026-01-01": Decimal("5.00"), "calls/2026-02-01": Decimal("0.00")}
    line = made.invoices[0].lines[0]
    assert line.why.inputs["events"] == "2"
    assert line.why.inputs["first event"] == "e1 on 2026-01-10"


def test_a_day_of_usage_is_one_of_the_customers_zone() -> None:
    event = [{"id": "e", "meter": "api", "at": "2026-02-01T03:00:00Z", "value": "2000"}]
    home = booked(agreed(CALLS, usage=event), "2026-03-01")
    there = booked(agreed(CALLS, usage=event, customer={"timezone": "America/New_York"}), "2026-03-01")
    assert lines(home) == {"calls/2026-01-01": Decimal("0.00"), "calls/2026-02-01": Decimal("10.00")}
    assert lines(there) == {"calls/2026-01-01": Decimal("10.00"), "calls/2026-02-01": Decimal("0.00")}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("rerate", {"calls/2026-01-01/late/2026-02-10": "6.00", "calls/2026-02-01": "0.00"}),
        ("true_up_line", {"calls/2026-01-01/late/2026-02-10": "0.00", "calls/2026-02-01": "0.00"}),
        ("next_invoice", {"calls/2026-02-01": "0.00"}),
    ],
)
def test_late_usage_is_billed_by_the_policy(policy: str, expected: dict[str, str]) -> None:
    """600 calls of January are told on 10 February: with the 900 before they make 500 paid ones and 100 more."""
    events = used(("e1", "2026-01-10", "1000"), ("e2", "2026-01-20", "600"), e2="2026-02-10")
    made = booked(agreed(CALLS, usage=events, invoicing={"conventions": {"late_usage": policy}}), "2026-03-01")
    wanted = {"calls/2026-01-01": "0.00"} | expected
    assert lines(made) == {
        key: Decimal(amount) for key, amount in wanted.items() if "late" not in key or amount != "0.00"
    }


def test_a_threshold_is_billed_on_its_day_and_nothing_twice() -> None:
    events = used(("e1", "2026-01-05", "4000"), ("e2", "2026-01-09", "3000"), ("e3", "2026-01-25", "500"))
    made = booked(agreed(CALLS | {"threshold": "50"}, usage=events), "2026-02-01")
    assert lines(made) == {"calls/2026-01-01/threshold/1": Decimal("60.00"), "calls/2026-01-01": Decimal("5.00")}
    assert made.invoices[0].issued_on == date(2026, 1, 9)
    assert sum(item.total for item in made.invoices) == Decimal("65.00")


def test_events_that_come_without_a_word_of_when_are_the_difference_of_their_period() -> None:
    before = booked(agreed(CALLS, usage=used(*EVENTS)), "2026-02-01")
    more = agreed(CALLS, usage=used(*EVENTS, ("e9", "2026-01-31", "250")))
    after = booked(more, "2026-02-10", before=before)
    assert after.invoices[0] == before.invoices[0]
    assert lines(after.invoices[1]) == {"calls/2026-01-01/late/2026-02-10": Decimal("2.50")}
    assert booked(more, "2026-02-20", before=after) == after
    assert lines(booked(more, "2026-03-01", before=after).invoices[2]) == {"calls/2026-02-01": Decimal("0.00")}


def test_a_commitment_is_made_up_for_again_when_fees_of_its_period_come_late() -> None:
    events = used(("e1", "2026-01-10", "2000"), ("e2", "2026-01-20", "1500"), e2="2026-02-12")
    minimum = {"id": "min", "product": "MIN", "amount": "80", "every": {"months": 1}, "lines": ["calls"]}
    made = booked(agreed(CALLS, usage=events, contract={"commitments": [minimum]}), "2026-02-28")
    assert lines(made.invoices[0]) == {"calls/2026-01-01": Decimal("10.00"), "min/2026-01-01": Decimal("70.00")}
    assert lines(made.invoices[1]) == {
        "calls/2026-01-01/late/2026-02-12": Decimal("15.00"),
        "min/2026-01-01/again/2026-02-12": Decimal("-15.00"),
    }
    assert made.invoices[1].total == 0


def test_what_was_cancelled_before_it_began_is_never_billed() -> None:
    setup = {
        "id": "setup",
        "product": "SETUP",
        "model": "one_time",
        "starts_on": "2026-03-01",
        "price": {"scheme": "flat", "amount": "9"},
    }
    made = booked(agreed(setup, contract={"amendments": [{"effective": "2026-02-01", "cancel": True}]}), "2026-12-31")
    assert (made.documents, made.next_on) == ([], None)


# ---------------------------------------------------------------- documents


def test_a_milestone_is_owed_when_it_is_reached() -> None:
    project = {
        "id": "project",
        "product": "PROJECT",
        "model": "instalment",
        "price": {"scheme": "flat", "amount": "1000.01"},
        "parts": [{"percent": "0.5"}, {"milestone": "accepted", "due": {"days": 10}}],
    }
    waiting = booked(agreed(project), "2026-12-31")
    assert [item.total for item in waiting.invoices] == dec("500.01")
    done = booked(agreed(project, milestones={"accepted": "2026-03-10"}), "2026-12-31")
    assert [(item.issued_on, item.total) for item in done.invoices[1:]] == [(date(2026, 3, 20), Decimal("500.00"))]


def test_an_invoice_in_instalments_of_which_each_is_due_by_itself() -> None:
    terms = {
        "instalments": [{"percent": "0.5"}, {"due": {"months": 1, "on_day": 31}}],
        "prepaid": [{"id": "P", "amount": "9.99", "granted_on": "2025-01-01", "expires_on": "2026-01-15"}],
    }
    made = booked(agreed(contract=terms), "2026-02-01")
    first, second = made.invoices
    assert [(part.due_on, part.amount) for part in first.instalments] == [
        (date(2026, 1, 1), Decimal("20.01")),  # half of 50.00 - 9.99, rounded
        (date(2026, 2, 28), Decimal("20.00")),
    ]
    assert (first.due, first.due_on, second.prepaid) == (Decimal("40.01"), date(2026, 2, 28), ())


def test_another_currency_shows_its_rate_day_and_source() -> None:
    rates = [
        {"base": "EUR", "target": "JPY", "rate": "160.123", "on": "2025-12-30", "source": "ECB"},
        {"base": "EUR", "target": "JPY", "rate": "170", "on": "2026-01-02", "source": "ECB"},
    ]
    made = booked(agreed(contract={"invoice_currency": "JPY"}, rates=rates), "2026-01-31")
    invoice = made.invoices[0]
    assert (invoice.currency, invoice.total, invoice.contract_currency) == ("JPY", Decimal(8006), "EUR")
    assert invoice.fx is not None
    assert (invoice.fx.on, invoice.fx.source) == (date(2025, 12, 30), "ECB")
    assert invoice.lines[0].why.formula == "5 x 10.00 = 50.00 EUR; x 160.123 (ECB, 2025-12-30) = 8006 JPY"


def test_without_a_rate_nothing_is_invoiced_and_one_is_told_why() -> None:
    made = book(agreed(contract={"invoice_currency": "USD"}), through=date(2026, 1, 31))
    assert [problem.code for problem in made.problems] == ["BILL-FX-01"]
    assert (made.documents, len(made.charges)) == ([], 1)


def test_tax_in_the_price_is_not_added_again() -> None:
    taxes = [{"code": "vat", "rate": "0.19"}]
    made = booked(
        agreed(invoicing={"default_tax_code": "vat", "taxes": taxes, "conventions": {"prices_include_tax": True}}),
        "2026-01-31",
    )
    invoice = made.invoices[0]
    assert (invoice.total, invoice.tax_total, invoice.taxes[0].base) == tuple(dec("50.00", "7.98", "42.02"))


def test_a_registered_payer_abroad_owes_the_tax_itself() -> None:
    taxes = [
        {"code": "vat", "name": "VAT", "rate": "0.19"},
        {
            "code": "vat",
            "rate": "0",
            "kind": "reverse_charge",
            "country": "FR",
            "needs_tax_id": "eu_vat",
            "note": "Reverse charge",
        },
    ]
    rules = {"default_tax_code": "vat", "taxes": taxes}
    abroad = {"country": "FR", "tax_ids": [{"kind": "eu_vat", "value": "FR40303265045"}]}
    registered = booked(agreed(invoicing=rules, customer=abroad), "2026-01-31").invoices[0]
    assert (registered.tax_total, registered.taxes[0].note) == (Decimal("0.00"), "Reverse charge")
    other = booked(agreed(invoicing=rules, customer={"country": "FR"}), "2026-01-31").invoices[0]
    assert other.tax_total == Decimal("9.50")


BUNDLE = {
    "id": "SEAT",
    "name": "Starter kit",
    "parts": [
        {"product": "BOOK", "selling_price": "20", "quantity": "2"},
        {"product": "COURSE", "selling_price": "60"},
    ],
}


def test_a_bundle_stands_as_its_parts_with_their_own_taxes() -> None:
    products = [
        BUNDLE,
        {"id": "BOOK", "name": "Book", "tax_code": "low"},
        {"id": "COURSE", "name": "Course", "tax_code": "vat"},
    ]
    rules = {"taxes": [{"code": "vat", "rate": "0.19"}, {"code": "low", "rate": "0.07"}]}
    down = UP | {"quantity": "0", "when": "now"}
    made = booked(agreed(products=products, invoicing=rules, contract={"amendments": [down]}), "2026-01-31")
    first, note = made.invoices[0], made.credit_notes[0]
    assert [(line.product, line.quantity, line.amount, line.tax) for line in first.lines] == [
        ("BOOK", Decimal(10), Decimal("20.00"), Decimal("1.40")),
        ("COURSE", Decimal(5), Decimal("30.00"), Decimal("5.70")),
    ]
    assert [(line.product, line.amount, line.tax_rate) for line in note.lines if line.corrects] == [
        ("BOOK", Decimal("13.55"), Decimal("0.07")),
        ("COURSE", Decimal("20.32"), Decimal("0.19")),
    ]


def test_prices_come_from_the_pinned_version_of_the_book() -> None:
    bare = {name: value for name, value in SEATS.items() if name != "price"}
    books = [
        {"id": "list", "version": 1, "prices": [{"product": "SEAT", "currency": "EUR", "unit_amount": "9"}]},
        {
            "id": "list",
            "version": 2,
            "prices": [
                {"product": "SEAT", "currency": "EUR", "unit_amount": "11"},
                {"product": "SEAT", "currency": "EUR", "unit_amount": "12", "valid_from": "2026-01-01"},
                {"product": "SEAT", "currency": "EUR", "unit_amount": "13", "valid_from": "2026-01-02"},
                {"product": "SEAT", "currency": "USD", "unit_amount": "14"},
            ],
        },
    ]
    totals = []
    for terms in ({"price_version": 1}, {}):
        made = booked(agreed(bare, price_books=books, contract={"price_book": "list"} | terms), "2026-01-31")
        totals.append(made.invoices[0].total)
    assert totals == dec("45.00", "60.00")
    missing = book(
        agreed(bare, price_books=books, contract={"price_book": "list", "currency": "GBP"}), through=date(2026, 1, 31)
    )
    assert [problem.code for problem in missing.problems] == ["BILL-PRICE-01"]
    assert "has no price of 'SEAT' in GBP on 2026-01-01" in missing.problems[0].message


def test_what_no_ledger_holds_is_told_in_a_sentence() -> None:
    huge = SEATS | {"quantity": "999999999999999999", "price": {"scheme": "per_unit", "unit_amount": "999999999999"}}
    found = book(agreed(huge), through=date(2026, 1, 31))
    assert found.problems[0].message.startswith("the line seats comes to more than can be billed: 999999999999999999 x")


def test_documents_over_nothing_may_be_left_out() -> None:
    free = SEATS | {"quantity": "0"}
    assert len(booked(agreed(free), "2026-02-01").invoices) == 2
    assert booked(agreed(free, invoicing={"conventions": {"zero_invoices": "suppress"}}), "2026-02-01").invoices == ()


def test_deferred_revenue_ties_to_the_documents() -> None:
    year = SEATS | {"every": {"years": 1}, "price": {"scheme": "flat", "amount": "365.00"}}
    stop = {"effective": "2026-04-01", "cancel": True}
    made = booked(agreed(year, contract={"amendments": [stop]}), "2026-12-31")
    rows = deferred(made.documents, date(2026, 12, 31))
    assert [row.closing for row in rows[:4]] == dec("334.00", "306.00", "275.00", "0.00")
    assert made.credit_notes[0].total == Decimal("275.00")
    total = sum(item.amount for document in made.documents for item in recognised(document))
    assert total == Decimal("90.00") == sum(row.earned for row in rows)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"amendments": [UP | {"line": "seat"}]}, "an amendment names the line 'seat', which is not there"),
        ({"amendments": [{"effective": "2026-01-11", "line": "seats"}]}, "an amendment changes something"),
        ({"lines": [SEATS, SEATS]}, "the line id 'seats' stands twice"),
        ({"lines": [SEATS | {"model": "usage"}]}, "a line of the model usage needs `meter`"),
        ({"lines": [SEATS | {"every": None}]}, "a line of the model recurring needs `every`"),
        ({"lines": [SEATS | {"price": {"scheme": "dynamic"}}]}, "a dynamic price needs usage"),
        (
            {"lines": [SEATS | {"ends_on": "2025-12-01"}]},
            "the line seats ends on 2025-12-01, which is not after its start",
        ),
        ({"ends_on": "2026-01-01"}, "the contract ends on 2026-01-01, which is not after its start"),
        ({"coupons": [{"id": "X", "percent": "0.1"}, {"id": "X", "percent": "0.2"}]}, "the coupon id 'X' stands twice"),
        ({"instalments": [{"milestone": "done"}]}, "milestones belong to a line"),
    ],
)
def test_a_contract_that_cannot_be_billed_is_refused_in_words(facts: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        agreed(contract=facts)


def test_billing_in_steps_is_billing_at_once() -> None:
    document = agreed(
        SEATS,
        CALLS | {"threshold": "10"},
        usage=used(*EVENTS, ("e4", "2026-01-25", "3000"), ("e5", "2026-01-31", "70"), e5="2026-02-20"),
        contract={
            "amendments": [UP, UP | {"effective": "2026-02-20", "quantity": "3", "when": "now"}],
            "coupons": [{"id": "A", "amount": "12.34", "at_most_in_all": "30"}],
            "commitments": [{"id": "min", "product": "MIN", "amount": "75", "every": {"months": 1}}],
            "prepaid": [{"id": "P", "amount": "40", "granted_on": "2026-01-01"}],
        },
    )
    whole = booked(document, "2026-04-30")
    step = Book()
    for day in ("2026-01-01", "2026-01-11", "2026-01-25", "2026-02-01", "2026-02-28", "2026-04-30"):
        step = booked(document, day, before=step)
    assert step.documents == whole.documents
    assert sum(discount.amount for item in whole.invoices for discount in item.discounts) == Decimal("30.00")
    assert sum(draw.amount for item in whole.invoices for draw in item.prepaid) == Decimal("40.00")
