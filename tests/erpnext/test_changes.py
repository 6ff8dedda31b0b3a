"""What comes back from ERPNext: payments, edits and voids that people make there, each once, none missed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Intent, Refused, TryLater
from tests.erpnext.house import House
from tests.erpnext.office import applied, connect, customer, invoice, payment, read


def amounts(records: list[Any]) -> dict[str, Any]:
    return {record.id: None if record.deleted else record.data["amount"] for record in records}


def test_payments_come_back_and_are_taken_back(site: House) -> None:
    erp = connect(site)
    assert read(erp, "payment") == ([], {})
    assert list(erp.read("invoice", None)) == []
    who = customer(erp)
    first, second = applied(erp.write("invoice", [invoice("A-1", who), invoice("A-2", who)]))
    applied(erp.write("payment", [payment("P-1", first, "20.00")]))
    by_hand = site.pay(second, 50)["name"]
    records, mark = read(erp, "payment")
    told = {record.data["description"]: record.data for record in records}
    assert told["P-1"]["invoice_reference"] == "A-1"
    assert told["T-1"] == {
        "id": by_hand, "invoice_reference": "A-2", "amount": "50", "currency": "EUR", "date": "2026-03-05",
        "description": "T-1",
    }  # fmt: skip
    site.forward(7200)
    site.human("cancel", "Payment Entry", by_hand)
    records, mark = read(erp, "payment", mark)
    assert amounts(records)[by_hand] is None
    site.human("delete", "Payment Entry", by_hand)
    records, mark = read(erp, "payment", mark)
    assert by_hand in amounts(records)
    assert erp.fetch("payment", [by_hand]) == []


def test_one_payment_of_two_invoices_is_two(site: House) -> None:
    erp = connect(site)
    who = customer(erp)
    names = applied(erp.write("invoice", [invoice("A-1", who), invoice("A-2", who)]))
    parts = [{"reference_doctype": "Sales Invoice", "reference_name": name, "allocated_amount": 30} for name in names]
    both = site.pay(names[0], 60, references=parts)["name"]
    records, _ = read(erp, "payment")
    assert {id: None if value is None else Decimal(value) for id, value in amounts(records).items()} == {
        both: None, f"{both}#{names[0]}": 30, f"{both}#{names[1]}": 30,
    }  # fmt: skip
    assert [record.data for record in erp.fetch("payment", [f"{both}#{names[0]}"])] == [records[1].data]
    there = [item for page in erp.standing("payment") for item in page]
    assert sorted((item.applies_to, item.total) for item in there) == [("A-1", Decimal(30)), ("A-2", Decimal(30))]


def test_edits_and_voids_of_invoices_are_seen(site: House) -> None:
    erp = connect(site, page_size=3)
    who = customer(erp)
    ids = applied(erp.write("invoice", [invoice(f"A-{n}", who) for n in range(8)]))
    site.human("create", "Sales Invoice", customer=who, items=[{"item_name": "x", "rate": 1}])  # not ours
    records, mark = read(erp, "invoice")
    assert [record.id for record in records] == ids
    site.forward(7200)
    site.human("cancel", "Sales Invoice", ids[2])
    records, _ = read(erp, "invoice", mark)
    [void] = [record for record in records if record.data["state"] == "void"]
    assert (void.id, records[-1]) == (ids[2], void), "what is new comes last, after what was there shortly before"
    assert erp.fetch("invoice", [ids[2], "nothing"]) == [void]


def test_more_in_one_instant_than_a_page_holds(site: House) -> None:
    erp = connect(site, page_size=2)
    who = customer(erp)
    site.admin("POST", "clock", {"tick_ms": 0})
    applied(erp.write("invoice", [invoice(f"A-{n}", who) for n in range(7)]))
    pages = list(erp.read("invoice", None))
    assert [len(page.records) for page in pages] == [2, 2, 2, 1, 0]
    rest = list(erp.read("invoice", pages[1].checkpoint))
    seen = [record.data["reference"] for page in (*pages[:2], *rest) for record in page.records]
    assert seen == [f"A-{n}" for n in range(7)]
    assert pages[-1].complete


def test_an_hour_that_comes_twice(site: House) -> None:
    """In the last night of October the site's clock goes back: what is stamped earlier is later all the same."""
    erp = connect(site, time_zone="Europe/Berlin")
    who = customer(erp)
    applied(erp.write("invoice", [invoice("A-0", who)]))
    site.admin("POST", "clock", {"set": "2026-10-25T00:55:00Z"})  # 02:55, before the hour is repeated
    applied(erp.write("invoice", [invoice("A-1", who)]))
    mark = read(erp, "invoice")[1]
    site.admin("POST", "clock", {"set": "2026-10-25T01:00:00Z"})  # 02:00 again
    [id] = applied(erp.write("invoice", [invoice("A-2", who)]))
    assert id in {record.id for record in read(erp, "invoice", mark)[0]}


def test_a_short_list_is_no_end_and_broken_answers_are_faults(site: House) -> None:
    erp = connect(site, page_size=5)
    who = customer(erp)
    applied(erp.write("invoice", [invoice(f"A-{n}", who) for n in range(7)]))
    site.fault("short-page", path="/api/method/frappe.client.get_list", rows=2)
    assert len(read(erp, "invoice")[0]) == 7
    site.fault("short-page", path="/api/method/frappe.client.get_list", rows=2)
    assert sum(len(page) for page in erp.standing("invoice")) == 7
    site.fault("login-page", path="/api/method/frappe.client.get_list")
    with pytest.raises(TryLater, match="something else than JSON"):
        read(erp, "invoice")
    with pytest.raises(Refused, match="not one of ERPNext's"):
        read(erp, "invoice", {"since": "yesterday"})
    with pytest.raises(Refused, match="not read from ERPNext"):
        erp.read("item", None)


def test_a_void_that_is_lost_is_seen_when_it_is_asked_again(site: House) -> None:
    erp = connect(site)
    [id] = applied(erp.write("invoice", [invoice("A-1", customer(erp))]))
    site.fault("lost", path="/api/method/frappe.client.cancel")
    void = Intent("A-1", "invoice", {}, remote_id=id, void=True)
    assert type(erp.write("invoice", [void])[0]).__name__ == "Unclear"
    applied(erp.write("invoice", [void]))
