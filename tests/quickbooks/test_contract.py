"""Each object that the stand-in shows is one that Intuit's own schemas know."""

from __future__ import annotations

from typing import Any

from tests.quickbooks.schemas import faults
from tests.quickbooks.stand_in import StandIn, line

KINDS = (
    "Customer", "Item", "Invoice", "CreditMemo", "Payment", "Account", "Term", "TaxCode", "TaxRate", "PaymentMethod",
    "CompanyCurrency", "ExchangeRate",
)  # fmt: skip
GOOD: dict[str, Any] = {
    "CustomerRef": {"value": "1"}, "TxnDate": "2026-11-22", "EmailStatus": "NotSet",
    "Line": [{"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"Qty": 3, "UnitPrice": 1}}],
}  # fmt: skip


def test_the_schemas_find_what_is_wrong() -> None:
    """A judge that lets everything pass is none."""
    assert list(faults("Invoice", GOOD)) == []
    for bad in (
        {"DueDat": "x"}, {"EmailStatus": "Nope"}, {"DocNumber": 7}, {"FreeFormAddress": "yes"},
        {"CustomerRef": {"value": "1", "id": "2"}}, {"Line": [{"DetailType": "Nope"}]},
        {"Line": [{"SalesItemLineDetail": {"Quantity": 3}}]},
    ):  # fmt: skip
        assert len(list(faults("Invoice", {**GOOD, **bad}))) == 1, bad


def test_every_answer_is_as_the_schemas_have_it(company: StandIn) -> None:
    customer = company.customer(
        PrimaryEmailAddr={"Address": "ap@acme.test"}, BillAddr={"Line1": "1 Hill", "City": "Bayshore"}, Notes="n"
    )
    tax = {"value": "TAX"}
    off = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 5}}
    text = {"DetailType": "DescriptionOnly", "Description": "as agreed"}
    row = company.invoice(customer, line("19.99", 3, TaxCodeRef=tax, ServiceDate="2026-03-01"), off, text)
    euro = company.customer("Euro", CurrencyRef={"value": "EUR"})
    company.invoice(euro, line(5))
    company.post("creditmemo", {"CustomerRef": {"value": customer}, "Line": [line(5)]})
    link = {"Amount": 5, "LinkedTxn": [{"TxnId": row["Id"], "TxnType": "Invoice"}]}
    company.post("payment", {"CustomerRef": {"value": customer}, "TotalAmt": 9, "Line": [link]})
    company.ask("POST", f"invoice/{row['Id']}/send", sendTo="ap@acme.test")
    company.human("void", "Invoice", row["Id"])
    found = {kind: company.query(f"select * from {kind}").get(kind, []) for kind in KINDS}
    assert all(found.values())
    wrong = [f"{kind} {each}" for kind, rows in found.items() for shown in rows for each in faults(kind, shown)]
    assert wrong == []
    for name, path in (("CompanyInfo", "companyinfo/1"), ("Preferences", "preferences")):
        assert list(faults(name, company.ask("GET", path).json()[name])) == []
