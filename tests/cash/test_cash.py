"""Money in: what a payment settles, where the invoice then stands, and what the CRM is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.cash.allocate import allocate
from billsync.cash.balance import state_after
from billsync.cash.status import Row, status_of
from billsync.model.invoice import InvoiceState, may_move
from billsync.model.payment import Payment
from billsync.model.problem import Severity
from tests.invoicing.make import charge, invoice, rules

UNTAXED = rules(default_tax_code="none", grouping="customer-quarter")
MADE = invoice(charge("100.00"), made_by=UNTAXED)
AMOUNTS = st.integers(-(10**6), 10**6).map(lambda minor: Decimal(minor).scaleb(-2))


def payment(amount: str = "100.00", **facts: object) -> Payment:
    given = {"id": "P1", "invoice": MADE.number, "amount": amount, "currency": "EUR", "received_on": "2017-04-20"}
    return Payment.model_validate(given | facts)


@pytest.mark.parametrize(("paid", "settled"), [("100.00", "100.00"), ("40.00", "40.00"), ("0.01", "0.01")])
def test_a_payment_settles_what_it_can(paid: str, settled: str) -> None:
    (part,), problems = allocate(payment(paid), MADE, Decimal("100.00"))
    assert (part.payment, part.invoice, part.amount, part.on) == (
        "P1",
        "INV-2017-000001",
        Decimal(settled),
        date(2017, 4, 20),
    )
    assert problems == []


def test_an_overpayment_settles_what_is_open_and_warns_of_the_rest() -> None:
    (part,), (problem,) = allocate(payment("120.00"), MADE, Decimal("70.00"))
    assert part.amount == Decimal("70.00")
    assert (problem.code, problem.severity) == ("CASH-PAYMENT-02", Severity.WARNING)
    assert problem.message == "50.00 of the payment of 120.00 EUR is more than is open on INV-2017-000001"


def test_a_payment_of_what_is_paid_already_settles_nothing() -> None:
    parts, (problem,) = allocate(payment("100.00"), MADE, Decimal(0))
    assert (parts, problem.code) == ([], "CASH-PAYMENT-02")


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        ({"currency": "USD"}, "CASH-PAYMENT-03", "in USD, the invoice INV-2017-000001 in EUR"),
        ({"amount": "0"}, "CASH-PAYMENT-04", "above zero, got 0"),
        ({"amount": "-5.00"}, "CASH-PAYMENT-04", "above zero, got -5.00"),
        ({"amount": "5.001"}, "CASH-PAYMENT-04", "an amount of EUR"),
    ],
)
def test_a_payment_that_does_not_fit_settles_nothing(facts: dict[str, str], code: str, words: str) -> None:
    parts, (problem,) = allocate(payment(**facts), MADE, Decimal("100.00"))
    assert (parts, problem.code, problem.place.id) == ([], code, "P1")
    assert words in problem.message


@pytest.mark.parametrize(
    ("named", "words"), [(None, "names no invoice"), ("X-9", "the invoice 'X-9', which is not ours")]
)
def test_a_payment_for_no_invoice_of_ours_is_told(named: str | None, words: str) -> None:
    parts, (problem,) = allocate(payment(invoice=named), None, Decimal(0))
    assert (parts, problem.code) == ([], "CASH-PAYMENT-01")
    assert words in problem.message


@given(AMOUNTS, AMOUNTS)
def test_no_cent_of_a_payment_is_lost_or_used_twice(paid: Decimal, still_open: Decimal) -> None:
    parts, problems = allocate(payment(format(paid, "f")), MADE, still_open)
    settled = sum((part.amount for part in parts), Decimal(0))
    assert 0 <= settled <= max(still_open, Decimal(0))
    assert all(part.amount > 0 for part in parts)
    if paid > 0:
        assert bool(problems) == (settled < paid)


@given(AMOUNTS.filter(lambda amount: amount >= 0), AMOUNTS, st.sampled_from(list(InvoiceState)))
def test_money_only_moves_an_invoice_as_the_table_allows(total: Decimal, paid: Decimal, current: InvoiceState) -> None:
    after = state_after(total, paid, current)
    assert after is current or may_move(current, after)
    assert state_after(total, paid, after) is after


@pytest.mark.parametrize(
    ("paid", "current", "after"),
    [
        ("0", "finalised", "finalised"),
        ("0", "sent", "sent"),
        ("0.01", "sent", "partly_paid"),
        ("99.99", "partly_paid", "partly_paid"),
        ("100", "finalised", "paid"),
        ("101", "partly_paid", "paid"),
        ("60", "paid", "partly_paid"),
        ("0", "paid", "sent"),
        ("0", "partly_paid", "sent"),
        ("0", "uncollectible", "uncollectible"),
        ("50", "uncollectible", "partly_paid"),
        ("100", "uncollectible", "paid"),
        ("100", "void", "void"),
        ("100", "draft", "draft"),
    ],
)
def test_the_state_fits_what_was_paid(paid: str, current: str, after: str) -> None:
    assert state_after(Decimal(100), Decimal(paid), InvoiceState(current)).value == after


def test_an_invoice_over_nothing_is_paid() -> None:
    assert state_after(Decimal(0), Decimal(0), InvoiceState.SENT) is InvoiceState.PAID


FIRST = invoice(charge("100.00"), charge("30.00", deal="D2"), made_by=UNTAXED)
SECOND = invoice(charge("50.00", due_on="2017-06-30"), made_by=UNTAXED, seq=2)


def test_a_deal_is_told_its_own_lines_numbers_and_the_least_advanced_state() -> None:
    rows = [Row(SECOND, InvoiceState.SENT), Row(FIRST, InvoiceState.PAID, date(2017, 4, 20))]
    told = status_of("D1", rows)
    assert (told.invoices, told.amount, told.currency) == (
        ("INV-2017-000001", "INV-2017-000002"),
        Decimal("150.00"),
        "EUR",
    )
    assert (told.state, told.issued_on, told.due_on, told.paid_on) == (
        "sent",
        date(2017, 6, 30),
        SECOND.due_on,
        None,
    )


def test_the_day_of_the_last_payment_is_told_once_all_is_paid() -> None:
    rows = [Row(FIRST, InvoiceState.PAID, date(2017, 8, 1)), Row(SECOND, InvoiceState.PAID, date(2017, 7, 2))]
    told = status_of("D1", rows)
    assert (told.state, told.paid_on, told.due_on) == ("paid", date(2017, 8, 1), SECOND.due_on)


def test_the_earliest_day_to_pay_is_told_while_something_is_open() -> None:
    rows = [Row(FIRST, InvoiceState.PARTLY_PAID), Row(SECOND, InvoiceState.SENT)]
    assert status_of("D1", rows).due_on == FIRST.due_on


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["paid", "partly_paid"], "partly_paid"),
        (["paid", "uncollectible"], "uncollectible"),
        (["finalised", "sent"], "finalised"),
        (["void", "paid"], "paid"),
        (["void", "void"], "void"),
    ],
)
def test_the_least_advanced_state_is_told_and_void_ones_do_not_count(states: list[str], state: str) -> None:
    rows = [Row(made, InvoiceState(name)) for made, name in zip([FIRST, SECOND], states, strict=True)]
    assert status_of("D1", rows).state == state


def test_a_void_invoice_adds_nothing_to_the_amount() -> None:
    told = status_of("D1", [Row(FIRST, InvoiceState.VOID), Row(SECOND, InvoiceState.SENT)])
    assert (told.amount, told.invoices) == (Decimal("50.00"), ("INV-2017-000002",))


def test_a_deal_without_invoices_has_no_status() -> None:
    with pytest.raises(ValueError, match="no invoices"):
        status_of("D1", [])
