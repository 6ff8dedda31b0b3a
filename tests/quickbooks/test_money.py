"""Totals and taxes, computed the way QuickBooks does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.quickbooks.stand_in import StandIn, code, exact, line


def code_of(company: StandIn, name: str) -> dict[str, str]:
    rows = company.query(f"select * from TaxCode where Name = '{name}'")["TaxCode"]
    return {"value": rows[0]["Id"]}


def figures(row: dict[str, Any]) -> tuple[Any, Any]:
    return row["TxnTaxDetail"]["TotalTax"], row["TotalAmt"]


def test_a_us_sale_is_taxed_once(company: StandIn) -> None:
    """As in a sample company: 425.00 at 8 percent are 34.00, for those lines that say TAX."""
    tax = {"value": "TAX"}
    row = company.invoice(company.customer(), line(10, 15, TaxCodeRef=tax), line(275, TaxCodeRef=tax), line(3))
    assert figures(row) == (34, 462)
    (told,) = row["TxnTaxDetail"]["TaxLine"]
    assert told["TaxLineDetail"]["NetAmountTaxable"] == 425
    assert told["TaxLineDetail"]["TaxPercent"] == 8
    assert set(row["TxnTaxDetail"]) == {"TxnTaxCodeRef", "TotalTax", "TaxLine"}
    free = company.customer("Church", Taxable=False)
    assert figures(company.invoice(free, line(10, TaxCodeRef=tax))) == (0, 10)


def test_taxable_items_are_taxed_without_a_word(company: StandIn) -> None:
    """Why totals differ: the item says that it is taxed, though the writer says nothing."""
    goods = company.query("select * from Item where Name = 'Goods'")["Item"][0]["Id"]
    assert figures(company.invoice(company.customer(), line(100, item=goods))) == (8, 108)


def test_what_the_writer_says_the_tax_is_does_not_count(company: StandIn) -> None:
    customer = company.customer()
    said = {"TxnTaxDetail": {"TotalTax": 1}}
    assert figures(company.invoice(customer, line(100, TaxCodeRef={"value": "TAX"}), **said)) == (8, 108)
    company.set(tax_override=True)
    assert figures(company.invoice(customer, line(100, TaxCodeRef={"value": "TAX"}), **said)) == (1, 101)
    company.set(tax_skew="0.01", tax_override=False)
    assert figures(company.invoice(customer, line(100, TaxCodeRef={"value": "TAX"}))) == (
        Decimal("8.01"),
        Decimal("108.01"),
    )


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [
        ("0.01", "1", "0.01"),
        ("1.005", "1", "1.01"),
        ("0.335", "3", "1.01"),
        ("0.00001", "100", "0"),
        ("2.675", "1", "2.68"),
    ],
)
def test_half_cents_go_up(company: StandIn, price: str, quantity: str, amount: str) -> None:
    assert company.invoice(company.customer(), line(price, quantity))["TotalAmt"] == Decimal(amount)


@pytest.mark.parametrize("currency", ["JPY", "KWD", "EUR"])
def test_every_currency_has_two_decimals(company: StandIn, currency: str) -> None:
    """A yen can be broken there, a Kuwaiti dinar's thousandth cannot be written."""
    customer = company.customer(CurrencyRef={"value": currency})
    row = company.invoice(customer, line("1234.565"))
    assert (row["TotalAmt"], row["CurrencyRef"]["value"]) == (Decimal("1234.57"), currency)
    assert row["HomeTotalAmt"] == (row["TotalAmt"] * row["ExchangeRate"]).quantize(Decimal("0.01"))
    change = {"Id": customer, "SyncToken": company.get("Customer", customer)["SyncToken"], "sparse": True}
    assert code(company.ask("POST", "customer", {**change, "CurrencyRef": {"value": "USD"}})) == (400, "6000")


def test_one_currency_only(company: StandIn) -> None:
    company.set(multi_currency=False)
    refused = company.ask("POST", "customer", {"DisplayName": "Jean", "CurrencyRef": {"value": "EUR"}})
    assert code(refused) == (400, "6000")
    assert "Multi currency should be enabled" in refused.text


def discount(**detail: Any) -> dict[str, Any]:
    amount = {"Amount": detail.pop("amount")} if "amount" in detail else {}
    return {"DetailType": "DiscountLineDetail", **amount, "DiscountLineDetail": detail}


def test_discounts_before_and_after_tax(company: StandIn) -> None:
    customer, tax = company.customer(), {"value": "TAX"}
    lines = [line(100, TaxCodeRef=tax), line(100), discount(PercentBased=True, DiscountPercent="10")]
    assert figures(company.invoice(customer, *lines)) == (8, 188)
    after = company.invoice(customer, *lines, ApplyTaxAfterDiscount=True)
    assert figures(after) == (Decimal("7.2"), Decimal("187.2"))
    assert [each["Amount"] for each in after["Line"]] == [100, 100, 200, 20]
    assert figures(company.invoice(customer, line(100), discount(amount=30, PercentBased=False))) == (0, 70)


def test_lines_have_their_own_codes_elsewhere(company: StandIn) -> None:
    company.set(country="GB", home_currency="GBP")
    customer = company.customer(CurrencyRef={"value": "GBP"})
    refused = company.ask("POST", "invoice", {"CustomerRef": {"value": customer}, "Line": [line(5)]})
    assert code(refused) == (400, "6000")
    assert "Make sure all your transactions have a GST/HST rate" in refused.text
    full, low, zero = (code_of(company, name) for name in ("20.0% S", "5.0% R", "0.0% Z"))
    lines = [
        line("10.03", TaxCodeRef=full),
        line("10.03", TaxCodeRef=full),
        line(4, TaxCodeRef=low),
        line(1, TaxCodeRef=zero),
    ]
    row = company.invoice(customer, *lines)
    assert figures(row) == (Decimal("4.22"), Decimal("29.28"))  # 2.006 and 2.006 become 2.01 each, on their lines
    assert [each["Amount"] for each in row["TxnTaxDetail"]["TaxLine"]] == [Decimal("4.02"), Decimal("0.2"), 0]
    company.set(tax_rounding="rate")
    assert figures(company.invoice(customer, *lines)) == (Decimal("4.21"), Decimal("29.27"))
    assert row["GlobalTaxCalculation"] == "TaxExcluded"


def test_prices_with_the_tax_inside(company: StandIn) -> None:
    company.set(country="DE", home_currency="EUR")
    customer = company.customer(CurrencyRef={"value": "EUR"})
    own = line(100, TaxCodeRef=code_of(company, "19% USt"), TaxInclusiveAmt="119.00")
    row = company.invoice(customer, own, GlobalTaxCalculation="TaxInclusive")
    assert figures(row) == (19, 119)
    odd = {**line("0.84", TaxCodeRef=code_of(company, "19% USt"), TaxInclusiveAmt="0.99"), "Amount": "0.83"}
    row = company.invoice(customer, odd, GlobalTaxCalculation="TaxInclusive")
    assert figures(row) == (Decimal("0.16"), Decimal("0.99"))


def test_a_code_of_several_rates(company: StandIn) -> None:
    company.set(country="CA", home_currency="CAD")
    customer = company.customer(CurrencyRef={"value": "CAD"})
    row = company.invoice(customer, line("99.99", TaxCodeRef=code_of(company, "GST/QST QC")))
    assert [each["Amount"] for each in row["TxnTaxDetail"]["TaxLine"]] == [Decimal(5), Decimal("9.97")]
    assert figures(row) == (Decimal("14.97"), Decimal("114.96"))


def test_numbers_may_come_as_text(company: StandIn) -> None:
    customer = company.customer()
    own = {"DetailType": "SalesItemLineDetail", "Amount": "59.97"}
    detail = {"ItemRef": {"value": "1"}, "UnitPrice": "19.99", "Qty": "3"}
    answer = company.ask(
        "POST", "invoice", {"CustomerRef": {"value": customer}, "Line": [{**own, "SalesItemLineDetail": detail}]}
    )
    assert exact(answer)["Invoice"]["TotalAmt"] == Decimal("59.97")
