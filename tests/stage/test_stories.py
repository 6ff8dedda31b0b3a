"""What happens in a CRM and an ERP between two runs, and what billsync makes of it: nothing lost, doubled or wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from billsync.model.invoice import InvoiceState
from billsync.store import Store
from tests.stage.office import INVOICE, PARTY, PRODUCT, Office

S = InvoiceState
ALL = ["Acme", "Basic", "INV-0001", "INV-0002", "Zoomit"]


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Office:
    return Office(tmp_path, store)


def test_the_second_run_writes_nothing(office: Office) -> None:
    assert office.run().exit_code == 0
    assert office.there() == ALL
    assert office.status() == {"D1": "sent", "D2": "sent"}
    requests, told = office.books.requests, (office.folder / "status/status.csv").stat().st_mtime_ns
    for again in (office.run(), office.run(full=True), office.run(through=date(2017, 1, 1))):
        assert again.exit_code == 0
        assert not [name for name, count in again.counts.items() if count and "read" not in name]
    assert office.books.requests == requests
    assert (office.folder / "status/status.csv").stat().st_mtime_ns == told
    assert office.sound()


def test_a_deal_that_goes_before_it_is_billed_is_never_billed(office: Office) -> None:
    office.run(through=date(2017, 1, 1))
    del office.deals["D1"]
    assert office.run().exit_code == 0
    assert office.invoices() == {"D2": ("250.50", S.SENT)}


def test_a_deal_that_goes_after_it_was_billed_is_told_and_comes_back_without_a_second_invoice(office: Office) -> None:
    office.run()
    gone = office.deals.pop("D1")
    assert office.run().exit_code == 1
    assert office.codes() == ["BILL-DEAL-04"]
    office.deals["D1"] = gone
    assert office.run().exit_code == 0
    assert (office.codes(), office.there(), office.sound()) == ([], ALL, True)


def test_a_changed_amount_is_told_and_nothing_is_sent_again(office: Office) -> None:
    office.run()
    office.deals["D1"] = ("Acme", "Won", "120")
    assert office.run().exit_code == 1
    assert (office.codes(), office.invoices()["D1"][0], office.there()) == (["BILL-DEAL-03"], "100.00", ALL)
    office.deals["D1"] = ("Acme", "Won", "100")
    assert office.run().exit_code == 0
    assert office.sound()


def test_lost_and_won_again_is_one_invoice(office: Office) -> None:
    office.run()
    for stage in ("Lost", "Won", "Lost", "Won"):
        office.deals["D1"] = ("Acme", stage, "100")
        office.run()
    assert (office.codes(), office.there(), office.sound()) == ([], ALL, True)


def test_many_rows_that_vanish_are_told_and_not_believed(office: Office) -> None:
    office.deals |= {f"X{n}": ("Acme", "Won", "10") for n in range(30)}
    office.run()
    kept = dict(office.deals)
    office.deals = {"D1": kept["D1"]}
    assert office.run().exit_code == 1
    assert office.codes() == ["READ-GONE-01"]
    office.deals = kept
    assert office.run().exit_code == 0
    assert (office.codes(), office.sound()) == ([], True)


def test_a_customer_who_moves_is_one_update_of_the_same_party(office: Office) -> None:
    office.run()
    requests = office.books.requests
    office.accounts["Acme"] = "Italy"
    office.run()
    assert office.books.requests == requests + 1
    assert office.there() == ALL
    party = dict(office.books.documents)["Acme"]
    assert office.books.content[party]["country"] == "IT"


def test_a_customer_who_was_refused_and_is_mended_in_the_crm_gets_the_invoice(office: Office) -> None:
    office.books.faults.extend(["refused"])
    assert office.run().exit_code == 1
    assert office.codes() == ["PUSH-REFUSED-01"]
    office.accounts["Acme"] = "Italy"
    assert office.run().exit_code == 0
    assert (office.codes(), office.there(), office.sound()) == ([], ALL, True)


def test_an_unknown_customer_is_told_and_added_later(office: Office) -> None:
    office.deals["D4"] = ("Nobody", "Won", "7")
    assert office.run().exit_code == 1
    assert office.codes() == ["MAP-REF-01"]
    office.accounts["Nobody"] = "Poland"
    assert office.run().exit_code == 0
    assert office.invoices()["D4"] == ("7.00", S.SENT)
    assert (office.codes(), office.sound()) == ([], True)


def test_payments_settle_the_invoice_and_the_crm_is_told_each_state_once(office: Office) -> None:
    office.run()
    office.pay("INV-0001", "40")
    office.run()
    assert (office.invoices()["D1"][1], office.status()["D1"]) == (S.PARTLY_PAID, "partly_paid")
    office.pay("INV-0001", "60")
    assert office.run().counts["status writes confirmed"] == 1
    assert (office.invoices()["D1"][1], office.status()["D1"]) == (S.PAID, "paid")
    office.pay("INV-0001", "5")
    office.run()
    assert (office.invoices()["D1"][1], office.codes()) == (S.PAID, ["CASH-PAYMENT-02"])
    assert office.sound()


def test_invoices_made_before_there_was_a_mapping_for_them_are_sent_when_there_is_one(office: Office) -> None:
    office.outbound = (PARTY, PRODUCT)
    office.run()
    assert office.there() == ["Acme", "Basic", "Zoomit"]
    office.outbound = (PARTY, PRODUCT, INVOICE)
    assert office.run().exit_code == 0
    assert (office.there(), office.sound()) == (ALL, True)


def test_a_mapping_that_changes_sends_no_invoice_again_but_mends_a_refused_one(office: Office) -> None:
    office.outbound = (PARTY, PRODUCT)
    office.run()
    office.outbound = (PARTY, PRODUCT, INVOICE)
    office.books.faults.extend(["refused"])
    assert office.run().exit_code == 1
    assert office.there() == ["Acme", "Basic", "INV-0002", "Zoomit"]
    changed = office.folder / "invoice.yaml"
    text = Path(INVOICE).read_text(encoding="utf-8").partition("\ntests:")[0]
    changed.write_text(text.replace("fields:\n", "fields:\n  comment: {const: mended}\n", 1), encoding="utf-8")
    office.outbound = (PARTY, PRODUCT, str(changed))
    assert office.run().exit_code == 0
    assert (office.there(), office.codes(), office.sound()) == (ALL, [], True)
    mended = [key for key, remote in office.books.documents if office.books.content[remote].get("comment") == "mended"]
    assert mended == ["INV-0001"]


def test_an_erp_that_is_down_loses_nothing(office: Office) -> None:
    office.books.faults.extend(["down"] * 50)
    assert office.run().exit_code == 3
    office.books.faults.clear()
    assert office.run().exit_code == 0
    assert (office.there(), office.sound()) == (ALL, True)
