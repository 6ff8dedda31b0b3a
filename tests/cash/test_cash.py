"""Money in: what a payment settles, where the invoice then stands, and what the CRM is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.cash.allocate import Receipt, complaints, shares, unbookable
from billsync.cash.balance import state_after
from billsync.cash.status import Row, status_of
from billsync.model.invoice import Invoice, InvoiceState, may_move
from billsync.model.payment import Payment
from billsync.model.problem import Severity
from tests.invoicing.make import charge, invoice, rules

UNTAXED = rules(default_tax_code="none", grouping="customer-quarter")
MADE = invoice(charge("100.00"), made_by=UNTAXED)
AMOUNTS = st.integers(-(10**6), 10**6).map(lambda minor: Decimal(minor).scaleb(-2))


def payment(amount: str = "100.00", **facts: object) -> Payment:
    given = {"id": "P1", "invoice": MADE.number, "amount": amount, "currency": "EUR", "received_on": "2017-04-20"}
    return Payment.model_validate(given | facts)


def receipt(amount: str = "100.00", net: str | None = None, back: str = "0", **facts: str | None) -> Receipt:
    made = payment(amount, **facts)
    return Receipt(made, made.amount - Decimal(back) if net is None else Decimal(net), Decimal(back))


def told(receipt: Receipt, invoice: Invoice | None = MADE, settled: str = "0") -> list[tuple[str, str]]:
    return [(found.code, found.message) for found in complaints(receipt, invoice, Decimal(settled))]


@pytest.mark.parametrize(
    ("amounts", "settled"),
    [
        (["100.00"], ["100.00"]),
        (["40.00"], ["40.00"]),
        (["120.00"], ["100.00"]),
        (["40.00", "0.01", "80.00", "5.00"], ["40.00", "0.01", "59.99"]),
    ],
)
def test_payments_settle_what_they_can_the_first_received_first(amounts: list[str], settled: list[str]) -> None:
    receipts = [receipt(amount, id=f"P{n}", received_on=f"2017-04-{n + 1:02}") for n, amount in enumerate(amounts)]
    wanted = {f"P{n}": Decimal(amount) for n, amount in enumerate(settled)}
    assert shares(MADE, InvoiceState.SENT, receipts[::-1]) == wanted


@pytest.mark.parametrize(
    ("state", "facts"),
    [("void", {}), ("sent", {"currency": "USD"}), ("sent", {"net": "0"}), ("sent", {"back": "100.00"})],
)
def test_what_is_void_foreign_or_gone_back_settles_nothing(state: str, facts: dict[str, str]) -> None:
    assert shares(MADE, InvoiceState(state), [receipt(**facts)]) == {}


def test_an_overpayment_warns_of_the_rest() -> None:
    (problem,) = complaints(receipt("120.00"), MADE, Decimal("70.00"))
    assert (problem.code, problem.severity) == ("CASH-PAYMENT-02", Severity.WARNING)
    assert problem.message == "50.00 of the payment of 120.00 EUR is more than is open on INV-2017-000001"
    assert complaints(receipt("120.00", back="50.00"), MADE, Decimal("70.00")) == []


@pytest.mark.parametrize("amount", ["0", "-5.00", "5.001", "999999999999999999.99"])
def test_what_is_no_amount_is_not_booked(amount: str) -> None:
    problem = unbookable(payment(amount))
    assert problem is not None
    assert (problem.code, problem.place.id) == ("CASH-PAYMENT-04", "P1")
    assert "an amount of EUR above zero" in problem.message
    assert unbookable(payment("0.01")) is None


def test_a_payment_for_no_invoice_of_ours_or_in_other_money_is_told() -> None:
    assert told(receipt(invoice=None), None)[0][0] == "CASH-PAYMENT-01"
    assert "the invoice 'X-9', which is not ours" in told(receipt(invoice="X-9"), None)[0][1]
    assert told(receipt(currency="USD")) == [
        ("CASH-PAYMENT-03", "the payment is in USD, the invoice INV-2017-000001 in EUR")
    ]


def test_more_back_than_came_in_is_told() -> None:
    found = told(Receipt(payment(), Decimal(0), Decimal("130.00")), None)
    assert found == [("CASH-REFUND-02", "130.00 EUR went back of the 100.00 that came in")]


@given(st.lists(st.tuples(AMOUNTS.filter(lambda amount: amount > 0), st.integers(1, 28)), max_size=6), st.randoms())
def test_no_cent_is_lost_or_used_twice_whatever_the_order(paid: list[tuple[Decimal, int]], chance: Random) -> None:
    receipts = [
        receipt(format(amount, "f"), id=f"P{n}", received_on=f"2017-04-{day:02}")
        for n, (amount, day) in enumerate(paid)
    ]
    found = shares(MADE, InvoiceState.SENT, receipts)
    chance.shuffle(receipts)
    assert shares(MADE, InvoiceState.SENT, receipts) == found
    assert sum(found.values()) == min(MADE.total, sum(amount for amount, _ in paid))
    assert all(0 < found[item.payment.id] <= item.net for item in receipts if item.payment.id in found)


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
