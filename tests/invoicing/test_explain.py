"""An invoice in words: a person in finance finds every amount, its arithmetic and where it came from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billsync.invoicing.draft import group
from billsync.invoicing.explain import Agreed, explain, explain_note
from billsync.model.contract import Contract
from billsync.model.discount import Coupon
from billsync.model.exchange import FxRate
from billsync.model.invoice import CreditNote, Discount, Draw, TaxTotal
from billsync.model.paying import DueRule, Instalment, Payable
from billsync.model.period import Period
from tests.invoicing.make import CUSTOMERS, PRODUCTS, charge, drafts, invoice, rules


def test_an_invoice_explains_itself() -> None:
    service = charge(
        "1234.50",
        line="A",
        quantity="3",
        unit_amount="411.50",
        period=Period(date(2017, 3, 1), date(2017, 4, 1)),
    )
    made = invoice(service, charge("5.00", line="B", tax_code="none"), made_by=rules(grouping="customer-quarter"))
    assert explain(made, "partly_paid", Decimal("500.00")) == [
        "Invoice INV-2017-000001 for acme: 1,474.06 EUR",
        "  state: partly_paid; 500.00 EUR paid, 974.06 open",
        "  issued on 2017-03-31 for 2017-01-01 to 2017-03-31",
        "  due on 2017-04-30: 30 days after it was issued",
        "  known here as acme:2017-Q1:EUR:1",
        "",
        "Lines",
        "  1. Seat, 2017-03-01 to 2017-03-31: 1,234.50 EUR",
        "     how:  3 x 411.50 = 1234.50",
        "     rule: one-time",
        "     tax:  standard, 19 %; 234.56 is its share",
        "     from: crm.csv:2",
        "  2. Seat: 5.00 EUR",
        "     how:  1 x 5.00 = 5.00",
        "     rule: one-time",
        "     tax:  no tax",
        "     from: crm.csv:2",
        "",
        "Tax",
        "  VAT: 1,234.50 x 19 % = 234.56 EUR, rounded half up once, on the sum of its lines",
        "",
        "Total",
        "  1,239.50 before tax + 234.56 tax = 1,474.06 EUR",
        "",
        "Made by",
        "  preset: default",
        "  grouping: one invoice per customer, currency and quarter",
        "  amounts: rounded half up to the currency's decimals",
        "  part of a cycle: in proportion to its days",
        "  the day on which service ends: free",
        "  changes: dearer at once, cheaper from the next period",
        "  repairs: what is given back and what is charged are rounded each",
        "  what is given back: lines on the next invoice",
        "  coupons: percentages first, then fixed amounts; those of some lines before those of all",
        "  tax: comes on top of the prices, after discounts; rounded once for each rate",
        "  commitments: commitment and fees are rounded each",
        "  late usage: its period is rated again and the difference billed",
        "  documents over nothing: kept",
    ]


def test_other_conventions_are_told_too() -> None:
    made_by = rules(tax_rounding="line", proration="none", payment_terms_days=1)
    text = "\n".join(explain(invoice(charge(), made_by=made_by), "sent", Decimal(0)))
    assert "each line's tax rounded half up, then summed" in text
    assert "part of a cycle: in full" in text
    assert "1 day after" in text


def test_a_draft_without_tax_explains_itself() -> None:
    (draft,) = drafts([charge()], rules(default_tax_code=""))[0]
    text = explain(draft.invoice, "draft", Decimal(0))
    assert text[0] == "Invoice draft deal:D1:1 for acme: 10.00 EUR"
    assert text[text.index("Tax") + 1] == "  none"


def test_odd_rates_are_told_exactly() -> None:
    made_by = rules(taxes=[{"code": "qst", "rate": "0.09975"}], default_tax_code="qst")
    found, _ = group([charge("4495.16")], CUSTOMERS, PRODUCTS, made_by, through=date(2017, 12, 31), known=())
    assert "  qst: 4,495.16 x 9.975 % = 448.39 EUR" in "\n".join(explain(found[0].invoice, "sent", Decimal(0)))


def test_a_document_with_everything_explains_everything() -> None:
    line = charge("100.00", quantity="2", unit_amount="50.00", period=Period(date(2017, 3, 1), date(2017, 4, 1)))
    (draft,) = drafts([line])[0]
    plain = draft.invoice.lines[0]
    why = plain.why.model_copy(update={"inputs": {"line": "seats"}})
    made = draft.invoice.model_copy(
        update={
            "number": "INV-1",
            "lines": (plain.model_copy(update={"why": why, "discount": Decimal("10.00"), "tax": Decimal("17.10")}),),
            "discounts": (Discount(contract="C", coupon="TEN", name="Ten off", amount=Decimal("10.00")),),
            "discount_total": Decimal("10.00"),
            "taxes": (
                TaxTotal(
                    code="standard", name="VAT", rate=Decimal("0.19"), base=Decimal("90.00"), amount=Decimal("17.10")
                ),
            ),
            "tax_total": Decimal("17.10"),
            "total": Decimal("107.10"),
            "prepaid": (Draw(contract="C", grant="G1", amount=Decimal("7.10")),),
            "instalments": (
                Payable(due_on=date(2017, 4, 30), amount=Decimal("40.00")),
                Payable(due_on=date(2017, 5, 31), amount=Decimal("60.00")),
            ),
            "contract_currency": "USD",
            "fx": FxRate(base="USD", target="EUR", rate=Decimal("0.95"), on=date(2017, 2, 28), source="ECB"),
            "replaces": "INV-0",
        }
    )
    agreed = Contract(
        id="C",
        customer="acme",
        currency="USD",
        start=date(2017, 1, 1),
        lines=(),
        coupons=(Coupon(id="TEN", percent=Decimal("0.1"), at_most=Decimal(50)),),
        instalments=(
            Instalment(percent=Decimal("0.4"), due=DueRule(days=30)),
            Instalment(due=DueRule(months=1, on_day=31)),
        ),
    )
    text = explain(made, "finalised", Decimal(0), Agreed(agreed, {"seats": "c.yaml:7"}))
    for words in (
        "  in place of INV-0, which is void",
        "     less: 10.00 by discounts, so that 90.00 is left",
        "     tax:  standard, 19 %; 17.10 is its share",
        "     from: crm.csv:2, c.yaml:7",
        "  TEN (Ten off): 10.00 EUR, 10 % of what is left of all lines, at most 50 a document",
        "  VAT: 90.00 x 19 % = 17.10 EUR, rounded half up once, on the sum of its lines",
        "  100.00 before tax - 10.00 discounts + 17.10 tax = 107.10 EUR",
        "  1 USD = 0.95 EUR, the rate of 2017-02-28 by ECB, on each line",
        "  prepaid credit G1 pays 7.10 EUR",
        "  part 1: 40.00 EUR due on 2017-04-30: 40 % of the total, due 30 days later",
        "  part 2: 60.00 EUR due on 2017-05-31: all that is left, due 1 month later, on day 31 of the month reached",
        "  40.00 + 60.00 = 100.00 EUR",
    ):
        assert words in text, words


def test_a_credit_note_says_what_it_takes_back() -> None:
    (draft,) = drafts([charge("10.00")])[0]
    made = draft.invoice
    shared = ("id", "customer", "currency", "issued_on", "taxes", "subtotal", "tax_total", "total", "policy")
    note = CreditNote(
        number="CN-1",
        invoice="INV-7",
        reason="billed twice",
        lines=(made.lines[0].model_copy(update={"corrects": "D1/1/2017-01-01"}),),
        **{name: getattr(made, name) for name in shared},
    )
    text = explain_note(note)
    assert text[0] == f"Credit note CN-1 for acme: {made.total} EUR of the invoice INV-7"
    assert "  why: billed twice" in text
    assert "     for:  gives back of the charge D1/1/2017-01-01" in text


def test_tax_inside_of_prices_is_told_as_such() -> None:
    made = invoice(charge("119.00"), made_by=rules(conventions={"prices_include_tax": True}))
    text = explain(made, "sent", Decimal(0))
    assert "  VAT: 19 % inside of 119.00, on 100.00 = 19.00 EUR, rounded half up once, on the sum of its lines" in text
    assert "  119.00 with tax = 119.00 EUR, 19.00 of it tax" in text
    assert "  tax: is in the prices; rounded once for each rate" in text


def test_a_documents_own_rounding_and_parts_by_seconds_are_told() -> None:
    conventions = {"tax_rounding": "document", "proration_unit": "second", "factor_places": 9, "credits": "credit_note"}
    text = explain(invoice(charge("10.00"), made_by=rules(conventions=conventions)), "sent", Decimal(0))
    assert "  VAT: 10.00 x 19 % = 1.90 EUR, its share of all tax, which is rounded half up once" in text
    assert "  part of a cycle: in proportion to its seconds, the factor kept with 9 decimals" in text
    assert "  what is given back: credit notes only" in text
