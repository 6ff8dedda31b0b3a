"""Credit notes of stored invoices: in parts, by line, and together the invoice to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.invoicing.credit_note import credit_note, left_to_credit, spread
from billsync.model.charge import Why
from billsync.model.convention import Policy
from billsync.model.invoice import CreditNote, Discount, Invoice, InvoiceLine, TaxTotal
from billsync.model.money import allocate

DAY = date(2026, 2, 1)
WHY = Why(rule="one-time", formula="")


def invoice(
    amounts: list[Decimal], *, rate: str = "0.19", discount: Decimal = Decimal(0), inclusive: bool = False
) -> Invoice:
    """An invoice of these lines, one coupon and one rate."""
    cuts = allocate(discount, amounts, 2) if discount else (Decimal(0),) * len(amounts)
    net = sum(amounts, Decimal(0)) - discount
    factor = Decimal(rate) / (1 + Decimal(rate)) if inclusive else Decimal(rate)
    tax = (net * factor).quantize(Decimal("0.01"))
    nets = [amount - cut for amount, cut in zip(amounts, cuts, strict=True)]
    shares = allocate(tax, nets, 2) if any(nets) else nets
    lines = tuple(
        InvoiceLine(
            id=str(n), charge=f"C-1/L{n}", deal="D-1", product="SEAT", description="", quantity=Decimal(1),
            unit_amount=amount, amount=amount, discount=cut, tax_code="DE", tax_rate=Decimal(rate), tax=share, why=WHY,
        )
        for n, (amount, cut, share) in enumerate(zip(amounts, cuts, shares, strict=True), start=1)
    )  # fmt: skip
    return Invoice(
        id="deal:D-1:1", number="INV-1", customer="acme", currency="EUR", issued_on=DAY, due_on=DAY, lines=lines,
        discounts=(Discount(coupon="SPRING", contract="C-1", amount=discount),) if discount else (),
        taxes=(TaxTotal(code="DE", name="VAT", rate=Decimal(rate), base=net - (tax if inclusive else 0), amount=tax),),
        subtotal=sum(amounts, Decimal(0)), discount_total=discount, tax_total=tax,
        total=net if inclusive else net + tax, policy=Policy(prices_include_tax=inclusive),
    )  # fmt: skip


def test_the_whole_invoice_is_given_back_with_its_discount_and_tax() -> None:
    bill = invoice([Decimal("60.00"), Decimal("40.00")], discount=Decimal("10.00"))
    note = credit_note(bill, [], left_to_credit(bill, []), issued_on=DAY, reason="wrong customer")
    assert (note.id, note.invoice, note.reason) == ("deal%3AD-1%3A1:credit:1", "INV-1", "wrong customer")
    assert (note.subtotal, note.discount_total, note.tax_total, note.total) == (
        bill.subtotal, bill.discount_total, bill.tax_total, bill.total,
    )  # fmt: skip
    assert note.discounts == bill.discounts
    assert note.taxes == bill.taxes
    assert [(line.quantity, line.corrects) for line in note.lines] == [(Decimal(1), "C-1/L1"), (Decimal(1), "C-1/L2")]


def test_three_thirds_are_the_whole_and_the_last_one_takes_the_cent() -> None:
    bill = invoice([Decimal("10.00")])
    notes: list[CreditNote] = []
    for part in ("3.33", "3.33", "3.34"):
        notes.append(credit_note(bill, notes, {"1": Decimal(part)}, issued_on=DAY))
    assert [str(note.total) for note in notes] == ["3.96", "3.96", "3.98"]
    assert left_to_credit(bill, notes) == {"1": Decimal("0.00")}
    with pytest.raises(ValueError, match="at most 0 is left to credit of the line 1"):
        credit_note(bill, notes, {"1": Decimal("0.01")}, issued_on=DAY)
    with pytest.raises(ValueError, match="the line 2 is not on the invoice"):
        credit_note(bill, [], {"2": Decimal(1)}, issued_on=DAY)


def test_what_a_later_invoice_gave_back_is_not_given_back_again() -> None:
    bill = invoice([Decimal("31.00")])
    back = bill.lines[0].model_copy(
        update={"charge": "C-1/L1/credit", "corrects": "C-1/L1", "amount": Decimal("-11.00"), "tax": Decimal("-2.09")}
    )
    later = Invoice.trusted(**{**dict(bill), "id": "deal:D-1:2", "number": "INV-2", "lines": (back,)})
    assert left_to_credit(bill, [later]) == {"1": Decimal("20.00")}
    rest = credit_note(bill, [later], {"1": Decimal("20.00")}, issued_on=DAY)
    assert rest.total + Decimal("13.09") == bill.total


def test_an_amount_over_lines_is_in_proportion_to_what_is_left() -> None:
    left = {"1": Decimal("60.00"), "2": Decimal("40.00"), "3": Decimal("0.00")}
    assert spread(Decimal("10.00"), left, "EUR") == {"1": Decimal("6.00"), "2": Decimal("4.00")}
    with pytest.raises(ValueError, match=r"not within what is left to credit: 100\.00"):
        spread(Decimal("100.01"), left, "EUR")


MONEY = st.integers(1, 200_00).map(lambda cents: Decimal(cents).scaleb(-2))


@given(
    amounts=st.lists(MONEY, min_size=1, max_size=4),
    cut=st.integers(0, 100),
    inclusive=st.booleans(),
    rate=st.sampled_from(["0", "0.07", "0.19", "0.255"]),
    data=st.data(),
)
def test_notes_in_any_parts_come_to_the_invoice(
    amounts: list[Decimal], cut: int, inclusive: bool, rate: str, data: st.DataObject
) -> None:
    discount = (sum(amounts, Decimal(0)) * cut / 100).quantize(Decimal("0.01"))
    bill = invoice(amounts, rate=rate, discount=discount, inclusive=inclusive)
    notes: list[CreditNote] = []
    while any(left := left_to_credit(bill, notes).values()):
        if len(notes) == 3:
            items = left_to_credit(bill, notes)
        else:
            cents = [data.draw(st.integers(0, int(rest * 100))) for rest in left]
            items = {line.id: Decimal(part).scaleb(-2) for line, part in zip(bill.lines, cents, strict=True)}
        if any(items.values()):
            notes.append(credit_note(bill, notes, items, issued_on=DAY))
        else:
            break
    if not any(left_to_credit(bill, notes).values()):
        for name in ("subtotal", "discount_total", "tax_total", "total"):
            assert sum(getattr(note, name) for note in notes) == getattr(bill, name), name
    assert sum(note.total for note in notes) <= bill.total
