"""Invariants 1, 2, 4, 6, 10, 11, 13, 14 and 16 of billing engines on whole random billing documents."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.invoicing.book import BillingDocument, Book, book
from billsync.invoicing.credit_note import credit_note, left_to_credit
from billsync.invoicing.parity import RatingProfile, recompute, sendable
from billsync.model.amendment import Amendment
from billsync.model.currency import exponent
from billsync.model.exact import round_ratio
from billsync.model.invoice import CreditNote
from tests.invariants.contracts import PERCENT_COUPONS, QUANTITIES, cases, documents

RUNS = settings(max_examples=20)
Document = tuple[BillingDocument, date]
MANY_LINES = documents(cases(models=("one_time", "recurring"), fewest=3), coupons=None, codes=("standard", "reduced"))


def made(document: Document, **changed: object) -> Book:
    """All of it is billed: nothing waits for a problem."""
    contract = document[0].contract.model_copy(update=changed)
    found = book(document[0].model_copy(update={"contract": contract}), through=document[1])
    assert found.problems == ()
    return found


@RUNS
@given(documents())
def test_01_a_document_is_its_lines_less_discounts_plus_tax(document: Document) -> None:
    """1: each total is the sum of the rows that it stands for, and shares of discounts and taxes sum to theirs."""
    for item in made(document).documents:
        assert item.subtotal == sum(line.amount for line in item.lines)
        assert item.discount_total == sum(line.discount for line in item.lines)
        assert item.tax_total == sum(tax.amount for tax in item.taxes) == sum(line.tax or 0 for line in item.lines)
        added = 0 if item.policy.prices_include_tax else item.tax_total
        assert item.total == item.subtotal - item.discount_total + added
        taken = sum(line.discount for line in item.lines if line.discount > 0)
        assert not item.discounts or sum(each.amount for each in item.discounts) == taken


@RUNS
@given(MANY_LINES)
def test_01_tax_is_rounded_where_the_policy_says(document: Document) -> None:
    """1: without discounts, tax worked out anew from the lines, by the declared rounding, is the document's."""
    for item in made(document).documents:
        places, rounding, lines = exponent(item.currency), item.policy.rounding, item.lines
        exact: dict[tuple[str, Decimal], Fraction] = {}
        for line in lines:
            rate = Fraction(line.tax_rate)
            tax = Fraction(line.amount) * rate / (1 + rate if item.policy.prices_include_tax else 1)
            key = line.tax_code, line.tax_rate
            exact[key] = exact.get(key, Fraction(0)) + tax
            if item.policy.tax_rounding == "line":
                assert line.tax == round_ratio(tax, places, rounding)
        if item.policy.tax_rounding == "rate":
            assert item.tax_total == sum(round_ratio(tax, places, rounding) for tax in exact.values())
        if item.policy.tax_rounding == "document":
            assert item.tax_total == round_ratio(sum(exact.values(), Fraction(0)), places, rounding)


@RUNS
@given(documents(), st.data())
def test_02_credit_notes_never_exceed_the_invoice_and_the_last_closes_it(
    document: Document, data: st.DataObject
) -> None:
    """2: net, tax and total of all notes stay within the invoice's; once everything is credited they are equal."""
    for invoice in made(document).invoices[:3]:
        if any(line.amount < 0 for line in invoice.lines) or not any(line.amount for line in invoice.lines):
            continue
        notes: list[CreditNote] = []
        for _ in range(data.draw(st.integers(0, 3))):
            left = {name: rest for name, rest in left_to_credit(invoice, notes).items() if rest}
            if not left:
                break
            name = data.draw(st.sampled_from(sorted(left)))
            part = round_ratio(
                Fraction(left[name]) * data.draw(st.fractions(0, 1, max_denominator=9)), exponent(invoice.currency)
            )
            if part:
                notes.append(credit_note(invoice, notes, {name: part}, issued_on=invoice.issued_on))
            assert sum(note.total for note in notes) <= invoice.total
            assert sum(note.tax_total for note in notes) <= invoice.tax_total
        rest = {name: left for name, left in left_to_credit(invoice, notes).items() if left}
        if rest:
            notes.append(credit_note(invoice, notes, rest, issued_on=invoice.issued_on))
        assert sum(note.subtotal for note in notes) == invoice.subtotal
        assert sum(note.discount_total for note in notes) == invoice.discount_total
        assert sum(note.tax_total for note in notes) == invoice.tax_total
        assert sum(note.total for note in notes) == invoice.total


@RUNS
@given(documents())
def test_04_credits_are_used_once_and_never_below_zero(document: Document) -> None:
    """4: due is the total less prepaid credits, zero or more, and its instalments; grants and coupons have an end."""
    contract, found = document[0].contract, made(document)
    drawn: dict[str, Decimal] = {}
    given_: dict[str, list[Decimal]] = {}
    for invoice in found.invoices:
        used = sum(draw.amount for draw in invoice.prepaid)
        assert 0 <= used <= invoice.total
        assert invoice.due == invoice.total - used
        assert not invoice.instalments or sum(part.amount for part in invoice.instalments) == invoice.due
        for draw in invoice.prepaid:
            [grant] = [each for each in contract.prepaid if each.id == draw.grant]
            assert grant.granted_on <= invoice.issued_on
            assert grant.expires_on is None or invoice.issued_on < grant.expires_on
            drawn[draw.grant] = drawn.get(draw.grant, Decimal(0)) + draw.amount
        for discount in invoice.discounts:
            given_.setdefault(discount.coupon, []).append(discount.amount)
    assert all(drawn.get(grant.id, 0) <= grant.amount for grant in contract.prepaid)
    for coupon in contract.coupons:
        amounts = given_.get(coupon.id, [])
        assert coupon.times is None or len(amounts) <= coupon.times
        if coupon.at_most_in_all is not None and contract.invoice_currency is None:
            assert sum(amounts) <= coupon.at_most_in_all
    assert all(note.total > 0 for note in found.credit_notes)


@RUNS
@given(documents(), st.lists(st.integers(0, 260), max_size=3))
def test_06_and_13_each_charge_stands_on_one_document_that_never_changes(document: Document, days: list[int]) -> None:
    """6, 13: however often and whenever billing runs, no charge is on two documents, none is lost, none changes."""
    whole, through = document
    state = Book()
    for day in sorted({*days, (through - whole.contract.start).days}):
        on = min(whole.contract.start + timedelta(days=day), through)
        after = book(whole, through=on, before=state)
        assert after.invoices[: len(state.invoices)] == state.invoices
        assert after.credit_notes[: len(state.credit_notes)] == state.credit_notes
        state = after
    again = book(whole, through=through, before=state)
    assert (again.invoices, again.credit_notes) == (state.invoices, state.credit_notes)
    keys = Counter(line.charge for item in state.documents for line in item.lines)
    assert all(count == 1 for count in keys.values())
    numbers = [item.number for item in state.documents]
    assert len(numbers) == len(set(numbers))
    ids = [item.id for item in state.documents]
    assert len(ids) == len(set(ids))
    if whole.invoicing.policy().grouping == "deal":
        assert set(keys) == {charge.key for charge in state.charges}


@RUNS
@given(documents(), st.integers(0, 200))
def test_13_what_is_learned_later_changes_no_document(document: Document, days: int) -> None:
    """3, 13: what no earlier run knew makes further documents, and never gives more back than was charged."""
    whole, through = document
    contract = whole.contract.model_copy(update={"amendments": ()})
    prompt = tuple(event for event in whole.usage if event.received_on is None)
    unaware = whole.model_copy(update={"contract": contract, "usage": prompt})
    before = book(unaware, through=min(through, contract.start + timedelta(days=days)))
    after = book(whole, through=through, before=before)
    assert after.invoices[: len(before.invoices)] == before.invoices
    assert after.credit_notes[: len(before.credit_notes)] == before.credit_notes
    keys = Counter(line.charge for item in after.documents for line in item.lines)
    assert all(count == 1 for count in keys.values())
    charged = {charge.key: charge.amount for charge in after.charges if charge.kind != "credit"}
    back: dict[str, Decimal] = {}
    for charge in after.charges:
        if charge.kind == "credit" and charge.corrects:
            back[charge.corrects] = back.get(charge.corrects, Decimal(0)) - charge.amount
    assert all(amount <= charged[key] for key, amount in back.items())


@settings(max_examples=40)
@given(documents(cases(models=("recurring",), amended=False, dear=True), coupons=None), st.integers(0, 100), QUANTITIES)
def test_08_there_and_back_again_is_nothing_also_when_it_was_billed(
    document: Document, days: int, quantity: str
) -> None:
    """8: a change that was billed and is then taken back from its own day leaves the sum as it was, in any basis."""
    whole, through = document
    line, on = whole.contract.lines[0], whole.contract.start + timedelta(days=days)
    there = Amendment(effective=on, line=line.id, quantity=Decimal(quantity), when="now")
    back = there.model_copy(update={"quantity": line.quantity, "agreed_on": on + timedelta(days=1)})
    if line.ramp or whole.invoicing.policy().proration == "none":
        return  # a quantity holds for a ramp's later steps too; where nothing is priced in part, what was billed stays
    known = [whole.contract.model_copy(update={"amendments": made}) for made in ((), (there,), (there, back))]
    plain, once, twice = (
        sum(charge.amount for charge in book(whole.model_copy(update={"contract": made}), through=through).charges)
        for made in known
    )
    assert plain == twice or through <= on, once


@RUNS
@given(documents(cases(models=("recurring", "one_time"), amended=False), coupons=PERCENT_COUPONS))
def test_10_the_order_of_percentages_makes_no_difference(document: Document) -> None:
    """10: coupons of a percentage give the same totals in any order."""
    coupons = [coupon.model_copy(update={"times": None}) for coupon in document[0].contract.coupons]
    totals = {
        tuple(item.total for item in made(document, coupons=tuple(order)).documents) for order in permutations(coupons)
    }
    assert len(totals) == 1


@RUNS
@given(documents(cases(late=False)), st.lists(st.integers(0, 260), max_size=3))
def test_11_a_preview_is_what_runs_make_to_the_byte(document: Document, days: list[int]) -> None:
    """11: in one go or run by run, the same documents come out, where nothing became known late."""
    whole, through = document
    if any(item.agreed_on and item.agreed_on > item.effective for item in whole.contract.amendments):
        return
    state = Book()
    for day in sorted({*days, (through - whole.contract.start).days}):
        on = min(whole.contract.start + timedelta(days=day), through)
        state = book(whole, through=on, before=state)
    preview = book(whole, through=through)
    assert [item.json_text() for item in preview.documents] == [item.json_text() for item in state.documents]


@RUNS
@given(documents())
def test_14_one_currency_its_decimals_and_the_rate_stand_on_each_document(document: Document) -> None:
    """14: amounts have the currency's decimals; in another currency than the contract's, the rate stands on it."""
    contract = document[0].contract
    for item in made(document).documents:
        assert item.currency in (contract.invoice_currency, contract.currency)
        assert (item.fx is not None) == (item.currency != contract.currency)
        if item.fx is not None:
            assert (item.fx.base, item.fx.target) == (contract.currency, item.currency)
        amounts = [item.subtotal, item.discount_total, item.tax_total, item.total]
        amounts += [amount for line in item.lines for amount in (line.amount, line.discount, line.tax or Decimal(0))]
        assert all(round_ratio(amount, exponent(item.currency)) == amount for amount in amounts)


@RUNS
@given(documents(), st.integers(0, 6))
def test_16_the_target_makes_our_amount_of_every_line(document: Document, places: int) -> None:
    """16: a line is sent so that the target's own arithmetic gives our amount, or it is not sent."""
    for invoice in made(document).invoices:
        profile = RatingProfile(unit_price_places=places, places=exponent(invoice.currency))
        for line in invoice.lines:
            if places < profile.places:
                continue
            quantity, unit = sendable(line.quantity, line.amount, profile)
            assert recompute(quantity, line.amount, profile).unit_price == unit
            assert round_ratio(quantity * unit, profile.places) == line.amount
