"""The invoice that an ERP is tried with: by the real rules, in any currency, with amounts that round."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billsync.invoicing.policy import InvoicingRules
from billsync.invoicing.sample import NUMBER, sample
from billsync.model.invoice import Invoice

DAY = date(2026, 1, 31)


def made(currency: str = "EUR", **rules: object) -> Invoice:
    found = sample(InvoicingRules.model_validate(rules), currency, DAY)
    assert isinstance(found, Invoice)
    return found


@pytest.mark.parametrize(("currency", "total"), [("EUR", "59.61"), ("JPY", "5961"), ("KWD", "5.961")])
def test_it_is_in_the_minor_units_of_its_currency(currency: str, total: str) -> None:
    """50.09 and 19 %: 9.5171."""
    invoice = made(currency, taxes=[{"code": "std", "rate": "0.19"}])
    assert (invoice.total, invoice.number, invoice.issued_on) == (Decimal(total), NUMBER, DAY)


def test_it_has_lines_of_every_code_that_holds_for_one_country_and_none_of_another() -> None:
    taxes = [
        {"code": "std", "rate": "0.19", "country": "DE"}, {"code": "low", "rate": "0.07", "country": "DE"},
        {"code": "gst", "rate": "0.10", "country": "AU"},
    ]  # fmt: skip
    assert [line.tax_code for line in made(taxes=taxes).lines] == ["std"] * 3 + ["low"] * 3


def test_tax_by_line_is_another_sum_than_tax_by_rate() -> None:
    """Two times 10.03 at 19 %: 1.91 + 1.91 are 3.82, of 20.06 it is 3.81."""
    taxes = [{"code": "std", "rate": "0.19"}]
    assert made(taxes=taxes, tax_rounding="line").tax_total != made(taxes=taxes, tax_rounding="rate").tax_total


def test_without_taxes_it_has_none_and_grouping_and_approval_do_not_hold_it_back() -> None:
    invoice = made(grouping="customer-quarter", finalise="on_approval", grace_days=9)
    assert (invoice.total, invoice.tax_total) == (Decimal("50.09"), Decimal(0))
