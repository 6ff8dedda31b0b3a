"""Credit notes: however an invoice is credited, the notes never exceed it, and together they are it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.invoicing.crediting import Invoiced, InvoicedLine, Note, by_origin, credit
from billsync.invoicing.taxation import Taxable
from billsync.invoicing.totals import totals
from billsync.model.convention import Conventions
from billsync.model.discount import Coupon

D = Decimal


def invoiced(lines: list[Taxable], coupons: list[Coupon], by: Conventions) -> Invoiced:
    made = totals(lines, coupons, 2, by)
    rows = tuple(InvoicedLine(line.id, line.amount, line.rate, made.discounts.discounts[line.id]) for line in lines)
    return Invoiced(rows, made.net, made.taxed.total, 2)


@st.composite
def invoices(draw: st.DrawFn) -> Invoiced:
    amounts = draw(st.lists(st.decimals("0.01", "1000", places=2), min_size=1, max_size=5))
    rate = st.sampled_from([D("0"), D("0.07"), D("0.2"), D("0.2333")])
    lines = [Taxable(f"L{n}", amount, draw(rate), "t") for n, amount in enumerate(amounts)]
    coupons = draw(st.sampled_from([[], [Coupon(id="c", percent=D("0.15"))], [Coupon(id="c", amount=D("3.33"))]]))
    rounding = draw(st.sampled_from(["line", "rate", "document"]))
    return invoiced(lines, coupons, Conventions.model_validate({"tax_rounding": rounding}))


@given(invoices(), st.lists(st.tuples(st.integers(0, 4), st.fractions(0, 1)), max_size=8))
def test_notes_never_exceed_the_invoice_and_the_last_closes_it(
    invoice: Invoiced, parts: list[tuple[int, Fraction]]
) -> None:
    notes: list[Note] = []
    left = {line.id: Fraction(line.amount) for line in invoice.lines}
    for index, part in parts:
        name = invoice.lines[index % len(invoice.lines)].id
        notes.append(credit(invoice, notes, {name: left[name] * part}))
        left[name] -= left[name] * part
        assert sum(note.net for note in notes) <= invoice.net
        assert sum(note.tax for note in notes) <= invoice.tax
        assert notes[-1].net >= 0
        assert notes[-1].tax >= 0
    notes.append(credit(invoice, notes, left))
    assert sum(note.net for note in notes) == invoice.net
    assert sum(note.tax for note in notes) == invoice.tax
    assert sum(note.total for note in notes) == invoice.net + invoice.tax


def test_more_than_is_left_is_refused() -> None:
    invoice = invoiced([Taxable("a", D(100), D("0.2"))], [], Conventions())
    note = credit(invoice, [], {"a": D(60)})
    with pytest.raises(ValueError, match="at most 40 is left"):
        credit(invoice, [note], {"a": D(41)})
    with pytest.raises(ValueError, match="at most"):
        credit(invoice, [], {"a": D(-1)})
    with pytest.raises(ValueError, match="not on the invoice"):
        credit(invoice, [], {"b": D(1)})


def test_a_discount_is_not_given_back() -> None:
    invoice = invoiced([Taxable("a", D(100), D("0.2"))], [Coupon(id="c", amount=D(25))], Conventions())
    note = credit(invoice, [], {"a": D(40)})
    assert (note.discount, note.net, note.tax) == (D(10), D(30), D(6))


@given(st.decimals("0", "1000", places=2), st.decimals("0.01", "1000", places=2), st.decimals("0", "2000", places=2))
def test_a_refund_goes_back_the_way_it_came(balance: Decimal, card: Decimal, wanted: Decimal) -> None:
    paid = {"balance": balance, "card": card}
    amount = min(wanted, balance + card)
    back = by_origin(amount, paid, 2)
    assert sum(back.values()) == amount
    assert all(back[way] <= paid[way] for way in paid)
    with pytest.raises(ValueError, match="cannot go back"):
        by_origin(balance + card + 1, paid, 2)
