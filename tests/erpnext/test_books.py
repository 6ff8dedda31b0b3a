"""Sums, states, frozen accounts, payments, returns and what the ledger says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.erpnext.house import House


def _line(rate: Any, qty: Any = 1, **more: Any) -> dict[str, Any]:
    return {"item_name": "x", "qty": qty, "rate": float(rate), **more}


def _sums(row: dict[str, Any], *names: str) -> tuple[str, ...]:
    asked = names or ("net_total", "total_taxes_and_charges", "grand_total", "rounded_total")
    return tuple(str(Decimal(str(row[name]))) for name in asked)


@pytest.mark.parametrize(
    ("settings", "items", "sums"),
    [
        ({}, [_line("0.01")], ("0.01", "0", "0.01", "0.01")),
        ({}, [_line("1.005")], ("1", "0.19", "1.19", "1.19")),
        ({"rounding": "commercial"}, [_line("1.005")], ("1.01", "0.19", "1.2", "1.2")),
        ({}, [_line("0.13")] * 3, ("0.39", "0.07", "0.46", "0.46")),
        ({"tax_by_row": True}, [_line("0.13")] * 3, ("0.39", "0.06", "0.45", "0.45")),
        ({}, [_line("100"), _line("50", item_tax_template="7% - D")], ("150", "22.5", "172.5", "172.5")),
        ({}, [_line("0", price_list_rate=80, discount_percentage=25)], ("60", "11.4", "71.4", "71.4")),
        ({"disable_rounded_total": True}, [_line("10")], ("10", "1.9", "11.9", "0")),
    ],
)
def test_sums(site: House, settings: dict[str, Any], items: list[dict[str, Any]], sums: tuple[str, ...]) -> None:
    site.set(**settings)
    assert _sums(site.invoice(*items)) == sums


def test_taxes_in_the_price_on_other_rows_and_by_quantity(site: House) -> None:
    tax = {"charge_type": "On Net Total", "account_head": "VAT - D", "rate": 19, "included_in_print_rate": 1}
    inside = site.invoice(_line(119), taxes=[tax], taxes_and_charges=None)
    assert _sums(inside, "total", "net_total", "total_taxes_and_charges", "grand_total") == ("119", "100", "19", "119")
    taxes = [
        {"charge_type": "Actual", "account_head": "Service - D", "tax_amount": 10},
        {"charge_type": "On Previous Row Total", "row_id": "1", "account_head": "VAT - D", "rate": 10},
        {"charge_type": "On Item Quantity", "account_head": "VAT 7 - D", "rate": 0.5},
    ]
    assert _sums(site.invoice(_line(100, 4), taxes=taxes, taxes_and_charges=None))[1:3] == ("53", "453")
    bad = {"customer": "Acme", "items": [_line(1)], "taxes": [{**taxes[1], "row_id": "5"}]}
    assert "Cannot refer row" in site.wrong("POST", "resource/Sales Invoice", bad)[2]


def test_a_coin_decides_what_is_owed(site: House) -> None:
    yen = site.invoice(_line("100.4"), currency="JPY", taxes_and_charges=None)
    assert _sums(yen, "grand_total", "rounded_total", "rounding_adjustment", "outstanding_amount") == (
        "100.4", "100", "-0.4", "100",
    )  # fmt: skip
    assert _sums(site.invoice(_line("10.03"), currency="CHF", taxes_and_charges=None))[2:] == ("10.03", "10.05")


def test_a_day_is_only_kept_where_it_is_asked_for(site: House) -> None:
    assert site.invoice(posting_date="2026-02-01")["posting_date"] == "2026-03-05"
    assert site.invoice(posting_date="2026-02-01", set_posting_time=1)["posting_date"] == "2026-02-01"
    early = {"customer": "Acme", "items": [_line(1)], "due_date": "2026-03-04"}
    assert site.wrong("POST", "resource/Sales Invoice", early)[2] == "Due Date cannot be before Posting Date"


def test_draft_submitted_cancelled_amended(site: House) -> None:
    row = site.invoice(docstatus=0)
    name = row["name"]
    assert (name, row["status"], site.truth("GL Entry")) == ("ACC-SINV-2026-00001", "Draft", [])
    site.data("PUT", f"resource/Sales Invoice/{name}", {"items": [_line(70)]})
    assert site.data("PUT", f"resource/Sales Invoice/{name}", {"docstatus": 1})["status"] == "Unpaid"
    ledger = {(one["account"], one["debit"], one["credit"]) for one in site.truth("GL Entry")}
    assert ledger == {("Debtors - D", 83.3, 0), ("Sales - D", 0, 70), ("VAT - D", 0, 13.3)}
    path = f"resource/Sales Invoice/{name}"
    assert site.wrong("PUT", path, {"customer_name": "Other"})[1] == "UpdateAfterSubmitError"
    assert site.data("PUT", path, {"remarks": "may change"})["remarks"] == "may change"
    assert site.wrong("PUT", path, {"docstatus": 0})[1] == "DocstatusTransitionError"
    assert "Submitted Record cannot be deleted" in site.wrong("DELETE", path)[2]
    again = {"customer": "Acme", "items": [_line(80)], "amended_from": name}
    assert "must be cancelled before" in site.wrong("POST", "resource/Sales Invoice", again)[2]
    cancelled = site.data("POST", "method/frappe.client.cancel", {"doctype": "Sales Invoice", "name": name})
    assert cancelled["docstatus"] == 2
    assert (site.read(name)["status"], site.read(name)["outstanding_amount"]) == ("Cancelled", 0)
    assert sum(one["debit"] - one["credit"] for one in site.truth("GL Entry") if one["account"] == "Debtors - D") == 0
    assert site.data("POST", "resource/Sales Invoice", again)["name"] == f"{name}-1"


def test_frozen_accounts(site: House) -> None:
    name = site.invoice(posting_date="2026-02-10", set_posting_time=1)["name"]
    site.set(frozen_until="2026-02-28")
    late = {
        "customer": "Acme",
        "items": [_line(1)],
        "posting_date": "2026-02-27",
        "set_posting_time": 1,
        "docstatus": 1,
    }
    told = (417, "ValidationError", "You are not authorized to add or update entries before 2026-02-28")
    assert site.wrong("POST", "resource/Sales Invoice", late) == told
    assert site.wrong("PUT", f"resource/Sales Invoice/{name}", {"docstatus": 2}) == told
    assert len(site.truth("Sales Invoice")) == 1
    assert site.human("cancel", "Sales Invoice", name, force=True) == name


def test_payments_open_and_close_it_without_a_trace_in_modified(site: House) -> None:
    row = site.invoice()
    name = row["name"]
    site.pay(name, 19)
    after = site.read(name)
    assert (after["status"], after["outstanding_amount"], after["modified"]) == ("Partly Paid", 100, row["modified"])
    too_much = site.data("GET", "resource/Payment Entry")[0]["name"]
    told = {
        "party_type": "Customer",
        "party": "Acme",
        "payment_type": "Receive",
        "posting_date": "2026-03-05",
        "docstatus": 1,
    }
    told |= {"reference_no": "x", "reference_date": "2026-03-05", "paid_amount": 100.01}
    line = {"reference_doctype": "Sales Invoice", "reference_name": name, "allocated_amount": 100.01}
    refused = site.wrong("POST", "resource/Payment Entry", {**told, "references": [line]})
    assert refused[2] == "Row #1: Allocated Amount cannot be greater than outstanding amount."
    assert "Reference No" in site.wrong("POST", "resource/Payment Entry", {**told, "reference_no": None})[2]
    site.pay(name)
    assert (site.read(name)["status"], site.read(name)["outstanding_amount"]) == ("Paid", 0)
    site.data("PUT", f"resource/Payment Entry/{too_much}", {"docstatus": 2})
    assert (site.read(name)["status"], site.read(name)["outstanding_amount"]) == ("Partly Paid", 19)
    free = site.data("POST", "resource/Payment Entry", {**told, "references": []})
    assert (free["unallocated_amount"], free["status"]) == (100.01, "Submitted")


def test_an_invoice_with_a_payment_is_let_go_of_or_kept(site: House) -> None:
    name = site.invoice()["name"]
    paid = site.pay(name)["name"]
    site.set(unlink_payment=False)
    assert site.wrong("PUT", f"resource/Sales Invoice/{name}", {"docstatus": 2})[1] == "LinkExistsError"
    site.set(unlink_payment=True)
    site.data("PUT", f"resource/Sales Invoice/{name}", {"docstatus": 2})
    left = site.read(paid, "Payment Entry")
    assert (left["references"], left["unallocated_amount"]) == ([], 119)


def test_a_return_reduces_what_is_owed_or_stands_for_itself(site: House) -> None:
    name, other = site.invoice()["name"], site.invoice()["name"]
    back = {"is_return": 1, "return_against": name}
    wrong = {"customer": "Acme", "items": [_line(1)], **back}
    assert "must be negative" in site.wrong("POST", "resource/Sales Invoice", wrong)[2]
    note = site.invoice(_line(100, -1), **back)
    assert (note["grand_total"], site.read(note["name"])["status"]) == (-119, "Return")
    assert (site.read(name)["status"], site.read(name)["outstanding_amount"]) == ("Credit Note Issued", 0)
    own = site.invoice(_line(100, -1), is_return=1, return_against=other, update_outstanding_for_self=1)
    assert (site.read(other)["outstanding_amount"], site.read(own["name"])["outstanding_amount"]) == (119, -119)
    assert site.wrong("PUT", f"resource/Sales Invoice/{name}", {"docstatus": 2})[1] == "LinkExistsError"
    site.data("PUT", f"resource/Sales Invoice/{note['name']}", {"docstatus": 2})
    assert site.read(name)["outstanding_amount"] == 119


def test_whom_and_what_nobody_may_sell_to(site: House) -> None:
    site.data(
        "POST", "resource/Item", {"item_code": "LIC", "standard_rate": 12.5, "taxes": [{"item_tax_template": "7% - D"}]}
    )
    assert _sums(site.invoice({"item_code": "LIC", "qty": 4}))[:2] == ("50", "3.5")
    site.data("PUT", "resource/Item/LIC", {"disabled": 1})
    line = {"customer": "Acme", "items": [{"item_code": "LIC", "qty": 1}]}
    assert site.wrong("POST", "resource/Sales Invoice", line)[2] == "Item LIC is disabled"
    site.human("update", "Customer", "Acme", disabled=1)
    assert site.wrong("POST", "resource/Sales Invoice", {**line, "items": [_line(1)]})[1] == "PartyDisabled"
    nobody = {"customer": "Nobody", "items": [_line(1)]}
    assert site.wrong("POST", "resource/Sales Invoice", nobody)[1] == "LinkValidationError"
    assert site.wrong("POST", "resource/Sales Invoice", {"customer": "Acme", "items": []})[0] == 417


def test_a_thousand_lines_quotes_and_emoji(site: House) -> None:
    text = "‘Quotes’ “and” 🚀 \\ <b>&amp;"
    row = site.invoice(*[_line("0.01", description=text)] * 1000, taxes_and_charges=None)
    assert (len(row["items"]), row["grand_total"], row["items"][-1]["description"]) == (1000, 10, text)
