"""An invoice in words: a person in finance finds every amount, its arithmetic and where it came from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billsync.invoicing.draft import group
from billsync.invoicing.explain import explain
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
        "     tax:  standard, 19 %",
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
        "  grouping: one invoice per customer, currency and quarter",
        "  amounts: rounded half up to the currency's decimals",
        "  part of a cycle: in proportion to its days",
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
