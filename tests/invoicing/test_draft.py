"""Charges on invoices: each on one, windows that are over, late ones on a further invoice, sums that always add up."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.invoicing.draft import finalise
from billsync.invoicing.policy import InvoicingRules
from billsync.model.charge import Charge
from billsync.model.money import Rounding
from tests.invoicing.make import charge, dec, drafts, invoice, rules

CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3}


@st.composite
def open_charges(draw: st.DrawFn) -> list[Charge]:
    made = []
    for n in range(draw(st.integers(0, 12))):
        currency = draw(st.sampled_from(sorted(CURRENCIES)))
        amount = draw(st.decimals("0", "99999", places=CURRENCIES[currency]))
        day = date(2017, 1, 1) + timedelta(days=draw(st.integers(0, 300)))
        made.append(
            charge(
                format(amount, "f"),
                day.isoformat(),
                line=f"L{n}",
                deal=draw(st.sampled_from(["D1", "D2", "D3"])),
                customer=draw(st.sampled_from(["acme", "shop", "quick"])),
                currency=currency,
                tax_code=draw(st.sampled_from([None, "none", "zero"])),
                product=draw(st.sampled_from(["seat", "book"])),
            )
        )
    return made


@st.composite
def some_rules(draw: st.DrawFn) -> InvoicingRules:
    rate = draw(st.decimals("0", "0.5", places=4))
    return InvoicingRules.model_validate(
        {
            "grouping": draw(st.sampled_from(["deal", "customer-month", "customer-quarter"])),
            "tax_rounding": draw(st.sampled_from(["rate", "line"])),
            "rounding": draw(st.sampled_from(list(Rounding))),
            "default_tax_code": "standard",
            "taxes": [
                {"code": "standard", "rate": rate},
                {"code": "reduced", "rate": "0.07"},
                {"code": "zero", "rate": 0},
            ],
        }
    )


@given(open_charges(), some_rules(), st.integers(0, 365))
def test_every_charge_stands_on_one_invoice_or_waits(charges: list[Charge], made_by: InvoicingRules, days: int) -> None:
    through = date(2017, 1, 1) + timedelta(days=days)
    found, problems = drafts(charges, made_by, through=through.isoformat())
    on = Counter(key for draft in found for key in draft.charges)
    assert problems == []
    assert set(on.values()) <= {1}
    assert set(on) <= {item.key for item in charges if item.due_on <= through}
    for draft in found:
        assert draft.invoice.window is None or draft.invoice.window.last_day <= through


@given(open_charges(), some_rules())
def test_totals_add_up_to_the_minor_unit(charges: list[Charge], made_by: InvoicingRules) -> None:
    amounts = {item.key: item.amount for item in charges}
    found, _ = drafts(charges, made_by)
    assert sum(len(draft.charges) for draft in found) == len(charges)
    for made in (draft.invoice for draft in found):
        assert made.subtotal == sum(amounts[line.charge] for line in made.lines)
        assert made.tax_total == sum(tax.amount for tax in made.taxes)
        assert made.total == made.subtotal + made.tax_total
        taxed = sum(line.amount for line in made.lines if line.tax_code != "none")
        assert sum(tax.base for tax in made.taxes) == taxed


@given(open_charges(), some_rules())
def test_tax_is_off_by_less_than_one_unit_for_each_rounding_that_was_made(
    charges: list[Charge], made_by: InvoicingRules
) -> None:
    for made in (draft.invoice for draft in drafts(charges, made_by)[0]):
        unit = Decimal(1).scaleb(-CURRENCIES[made.currency])
        for tax in made.taxes:
            lines = [line for line in made.lines if (line.tax_code, line.tax_rate) == (tax.code, tax.rate)]
            roundings = 1 if made_by.tax_rounding == "rate" else len(lines)
            assert abs(tax.amount - tax.base * tax.rate) < unit * roundings or tax.amount == tax.base * tax.rate


@given(open_charges(), some_rules(), st.integers(0, 365))
def test_running_twice_makes_nothing_new(charges: list[Charge], made_by: InvoicingRules, days: int) -> None:
    """What stands on an invoice is no longer open; the rest comes later, under ids that were never used."""
    through = (date(2017, 1, 1) + timedelta(days=days)).isoformat()
    first, _ = drafts(charges, made_by, through=through)
    done = {key for draft in first for key in draft.charges}
    ids = {draft.id for draft in first}
    rest = [item for item in charges if item.key not in done]
    assert drafts(rest, made_by, through=through, known=ids) == ([], [])
    later, _ = drafts(rest, made_by, known=ids)
    assert ids.isdisjoint(draft.id for draft in later)
    assert done | {key for draft in later for key in draft.charges} == {item.key for item in charges}


@given(open_charges(), some_rules(), st.randoms())
def test_the_order_of_charges_does_not_matter(charges: list[Charge], made_by: InvoicingRules, chance: Random) -> None:
    shuffled = list(charges)
    chance.shuffle(shuffled)
    assert drafts(shuffled, made_by) == drafts(charges, made_by)
    assert drafts(charges + charges, made_by) == drafts(charges, made_by)


def test_drafts_are_in_order_of_date_customer_and_id() -> None:
    charges = [
        charge(deal="D3", due_on="2017-02-01"),
        charge(deal="D2", customer="quick", tax_code="none"),
        charge(deal="D1"),
        charge(deal="D0"),
    ]
    assert [draft.id for draft in drafts(charges)[0]] == ["deal:D3:1", "deal:D0:1", "deal:D1:1", "deal:D2:1"]


def test_a_deal_gets_one_invoice_per_due_day() -> None:
    charges = [charge(line="A"), charge(line="B"), charge(line="C", due_on="2017-04-30")]
    first, second = drafts(charges)[0]
    assert (first.id, first.charges) == ("deal:D1:1", ("D1/A/2017-03-31", "D1/B/2017-03-31"))
    assert (second.id, second.invoice.issued_on) == ("deal:D1:2", date(2017, 4, 30))
    (third,) = drafts([charge(line="D", due_on="2017-05-31")], known={"deal:D1:1", "deal:D1:2"})[0]
    assert third.id == "deal:D1:3"


@pytest.mark.parametrize(
    ("grouping", "before", "after", "name", "issued"),
    [
        ("customer-month", "2017-02-27", "2017-02-28", "acme:2017-02:EUR:1", date(2017, 2, 28)),
        ("customer-quarter", "2017-03-30", "2017-03-31", "acme:2017-Q1:EUR:1", date(2017, 3, 31)),
    ],
)
def test_a_window_is_invoiced_on_its_last_day_not_before(
    grouping: str, before: str, after: str, name: str, issued: date
) -> None:
    charges = [charge(deal="D1", due_on="2017-02-01"), charge(deal="D2", due_on="2017-02-28", customer="shop")]
    made_by = rules(grouping=grouping)
    assert drafts(charges, made_by, through=before) == ([], [])
    (made,) = drafts(charges, made_by, through=after)[0]
    assert (made.id, made.invoice.issued_on, len(made.charges)) == (name, issued, 2)


def test_a_late_charge_makes_a_further_invoice_that_is_not_dated_back() -> None:
    made_by = rules(grouping="customer-quarter")
    (late,) = drafts([charge(due_on="2017-02-01")], made_by, through="2017-05-20", known={"acme:2017-Q1:EUR:1"})[0]
    assert (late.id, late.invoice.issued_on) == ("acme:2017-Q1:EUR:2", date(2017, 5, 20))


def test_two_currencies_never_share_an_invoice() -> None:
    made_by = rules(grouping="customer-quarter")
    found, _ = drafts([charge(deal="D1"), charge("1000", deal="D2", currency="JPY")], made_by)
    assert [(draft.id, draft.invoice.total) for draft in found] == [
        ("acme:2017-Q1:EUR:1", Decimal("11.90")),
        ("acme:2017-Q1:JPY:1", Decimal(1190)),
    ]


def test_who_is_billed_for_another_gets_the_invoice() -> None:
    made = invoice(charge(customer="shop"))
    assert (made.customer, made.taxes[0].rate) == ("acme", Decimal("0.19"))


def test_the_due_date_follows_the_customers_terms_else_the_rules() -> None:
    made_by = rules(payment_terms_days=14, default_tax_code="none")
    assert invoice(charge(), made_by=made_by).due_on == date(2017, 4, 14)
    assert invoice(charge(customer="quick"), made_by=made_by).due_on == date(2017, 4, 7)


@pytest.mark.parametrize(("rounding", "tax"), [("rate", "1.55"), ("line", "1.56")])
def test_tax_is_rounded_once_per_rate_or_on_each_line(rounding: str, tax: str) -> None:
    charges = [charge("2.72", line=f"L{n}") for n in range(3)]
    made = invoice(*charges, made_by=rules(tax_rounding=rounding))
    assert (made.tax_total, made.total) == (Decimal(tax), Decimal("8.16") + Decimal(tax))
    assert made.policy.tax_rounding == rounding


def test_each_rate_has_its_own_total() -> None:
    made = invoice(
        charge("100.00", line="A"), charge("50.00", line="B", product="book"), charge("7.00", line="C", tax_code="none")
    )
    assert [(tax.code, tax.name, tax.base, tax.amount) for tax in made.taxes] == [
        ("reduced", "VAT reduced", *dec("50.00", "3.50")),
        ("standard", "VAT", *dec("100.00", "19.00")),
    ]
    assert [(line.tax_code, line.tax_rate) for line in made.lines] == [
        ("standard", Decimal("0.19")),
        ("reduced", Decimal("0.07")),
        ("none", Decimal(0)),
    ]
    assert made.total == Decimal("179.50")


def test_an_unknown_tax_code_holds_back_its_whole_draft_and_no_other() -> None:
    charges = [charge(deal="D1", line="A", tax_code="luxury"), charge(deal="D1", line="B"), charge(deal="D2")]
    found, (problem,) = drafts(charges)
    assert [draft.id for draft in found] == ["deal:D2:1"]
    assert problem.code == "BILL-TAX-01"
    assert "'luxury', country DE, on 2017-03-31" in problem.message
    assert (problem.place.id, problem.place.field) == ("D1", "lines[A].tax_code")


def test_a_rate_for_another_country_does_not_hold() -> None:
    _, (problem,) = drafts([charge(customer="quick")])
    assert "country not given" in problem.message


def test_an_unknown_product_is_not_taxed_by_guess() -> None:
    found, (problem,) = drafts([charge(product="gone"), charge(deal="D2", product="gone", tax_code="standard")])
    assert ([draft.id for draft in found], problem.code) == (["deal:D2:1"], "BILL-TAX-01")


def test_an_unknown_customer_is_told_once_per_deal() -> None:
    charges = [charge(customer="nobody", line="A"), charge(customer="nobody", line="B"), charge(deal="D2")]
    found, (problem,) = drafts(charges)
    assert (len(found), problem.code, problem.place.id) == (1, "BILL-DEAL-02", "D1")


def test_amounts_without_room_are_a_problem_rather_than_a_crash() -> None:
    charges = [charge("9" * 15 + ".00", line=f"L{n}") for n in range(20)]
    found, (problem,) = drafts(charges)
    assert (found, problem.code) == ([], "BILL-MONEY-01")


def test_ids_of_odd_names_stay_apart() -> None:
    found, _ = drafts([charge(deal="a"), charge(deal="a:1")], known={"deal:a:1"})
    assert [draft.id for draft in found] == ["deal:a%3A1:1", "deal:a:2"]


def test_an_invoice_needs_a_number() -> None:
    (draft,) = drafts([charge()])[0]
    with pytest.raises(ValueError, match="needs a number"):
        finalise(draft, " ", "INV-2017")
    made = finalise(draft, "INV-2017-000001", "INV-2017")
    assert (made.number, made.series, draft.invoice.number) == ("INV-2017-000001", "INV-2017", "")


def test_lines_are_counted_as_people_count() -> None:
    charges = [*(charge(line=name) for name in ("10", "2", "1")), charge(deal="D0", line="9")]
    made = invoice(*charges, made_by=rules(grouping="customer-month"))
    assert [line.charge for line in made.lines] == [
        "D0/9/2017-03-31",
        "D1/1/2017-03-31",
        "D1/2/2017-03-31",
        "D1/10/2017-03-31",
    ]
