"""What is written into HubSpot: the state of invoices at deals, and invoice objects; twice is the same as once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Absent, Applied, Expectation, Found, Intent, Mismatch, Refused, TryLater, Unclear
from tests.hubspot.account import Account
from tests.hubspot.reader import calls, opened, read

PAID = {
    "billsync_status": "paid",
    "billsync_invoices": "INV-1, INV-2",
    "billsync_amount": Decimal("120.00"),
    "billsync_currency": "EUR",
    "billsync_issued_on": date(2026, 3, 31),
    "billsync_due_on": date(2026, 4, 30),
    "billsync_paid_on": None,
}


def _told(deal: str, **more: Any) -> Intent:
    return Intent(deal, "deals", {"hs_object_id": deal, **PAID, **more})


def test_deals_are_told_a_hundred_at_a_time_and_show_it(account: Account) -> None:
    deals = [account.made("deals", dealname=str(number)) for number in range(120)]
    with opened(account, create_properties=True) as connector:
        account.admin("DELETE", "log")
        outcomes = connector.write("deals", [_told(deal) for deal in deals])
        assert outcomes == [Applied(deal) for deal in deals]
        assert len([row for row in calls(account) if row.endswith("batch/update")]) == 2
        shown = account.documents("deals")[deals[7]]["properties"]
        assert (shown["billsync_amount"], shown["billsync_issued_on"]) == ("120.00", "2026-03-31")
        standing = [item for page in connector.standing("deals") for item in page]
        assert len(standing) == 120
        assert (standing[0].total, standing[0].state, standing[0].due_on) == (Decimal(120), "paid", date(2026, 4, 30))
        assert "billsync_status" not in read(connector, "deals").live[deals[0]].data  # our own word is no news


def test_one_bad_deal_never_stops_the_others_whatever_form_the_answer_has(account: Account) -> None:
    deals = [account.made("deals") for _ in range(3)]
    for statuses in ("traced", "always", "never"):
        account.set(multi_status=statuses)
        with opened(account, create_properties=True) as connector:
            wanted = [_told(deals[0]), _told("99"), _told(deals[1], nonsense="x"), _told(deals[2])]
            outcomes = connector.write("deals", wanted)
        assert [type(outcome) for outcome in outcomes] == [Applied, Refused, Refused, Applied]
        assert (outcomes[1].reason, outcomes[2].field) == ("gone", "nonsense")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fault", "options", "outcome"),
    [
        ("lost", {}, Unclear), ("error", {"status": 502, "when": "after"}, Unclear), ("truncated", {}, Unclear),
        ("login-page", {"when": "after"}, Unclear), ("busy", {"policy": "DAILY"}, TryLater), ("locked", {}, Applied),
        ("no-id", {}, Unclear), ("wrong-type", {}, Unclear), ("blocked", {}, TryLater),
    ],
)  # fmt: skip
def test_a_write_says_no_more_than_is_proven_and_twice_is_once(
    account: Account, fault: str, options: dict[str, Any], outcome: type
) -> None:
    deal = account.made("deals")
    with opened(account, create_properties=True) as connector:
        connector.write("deals", [_told(deal, billsync_amount=Decimal(1))])
        account.fault(fault, method="POST", path="/crm/objects/2026-03/deals/batch/update", **options)
        assert type(connector.write("deals", [_told(deal)])[0]) is outcome
        assert connector.write("deals", [_told(deal)]) == [Applied(deal)]


def test_results_that_are_missing_are_unclear_and_a_merged_deal_is_gone(account: Account) -> None:
    deals = [account.made("deals") for _ in range(3)]
    with opened(account, create_properties=True) as connector:
        connector.write("deals", [_told(deals[0])])
        account.fault("batch-cut", path="/crm/objects/2026-03/deals/batch/update")
        kinds = sorted(type(outcome).__name__ for outcome in connector.write("deals", [_told(deal) for deal in deals]))
        assert kinds == ["Applied", "Unclear", "Unclear"]
        account.human("merge", "deals", deals[0], loser=deals[1])
        outcome = connector.write("deals", [_told(deals[1])])[0]
    assert isinstance(outcome, Refused)
    assert outcome.reason == "gone"


def test_without_its_properties_nothing_is_written_and_it_is_said_which_are_missing(account: Account) -> None:
    deal = account.made("deals")
    with opened(account) as connector:
        outcome = connector.write("deals", [_told(deal)])[0]
        assert isinstance(outcome, Refused)
        assert "billsync_status" in outcome.message
        assert any("billsync_paid_on (date)" in remark for remark in connector.check().remarks)
    with opened(account, create_properties=True) as connector:
        assert not any("billsync_paid_on" in remark for remark in connector.check().remarks)


# ---------------------------------------------------------------- invoice objects


def _invoice(company: str, key: str = "INV-1", **more: Any) -> Intent:
    lines = [
        {"name": "Seats", "quantity": 3, "price": Decimal("1.00")},
        {"name": "VAT", "quantity": 1, "price": "0.57"},
    ]
    own = {"hs_currency": "EUR", "hs_invoice_status": "open", "company": company, "lines": lines}
    return Intent(key, "invoices", {**own, **more}, expect=Expectation(total=Decimal("3.57"), currency="EUR"))


def test_an_invoice_object_is_made_once_with_lines_of_its_own_however_often_it_is_written(account: Account) -> None:
    company = account.made("companies", name="Acme")
    with opened(account, create_properties=True) as connector:
        connector.check()
        connector._missing.ensure("invoices")
        assert connector.probe("invoices", ["INV-1"]) == [Absent()]
        for fault in ("lost", None, None):
            if fault:
                account.fault(fault, method="POST", path="/crm/objects/2026-03/line_items/batch/upsert")
            outcome = connector.write("invoices", [_invoice(company)])[0]
            assert isinstance(outcome, Unclear if fault else Applied)
        assert isinstance(outcome, Applied)
        assert outcome.echo["total"] == Decimal("3.57")
        (id, row), *others = account.documents("invoices").items()
        assert not others
        assert row["properties"]["hs_invoice_status"] == "open"
        assert (row["associations"]["companies"], len(row["associations"]["line_items"])) == ([company], 2)
        assert len(account.documents("line_items")) == 2
        probed = connector.probe("invoices", ["INV-1", "INV-9"])
        assert isinstance(probed[0], Found)
        assert (probed[0].remote_ids, probed[1]) == ((id,), Absent())
        standing = next(iter(connector.standing("invoices")))[0]
        assert (standing.reference, standing.total, standing.state, standing.customer) == (
            "INV-1", Decimal("3.57"), "sent", company,
        )  # fmt: skip
        voided = connector.write("invoices", [Intent("INV-1", "invoices", {}, remote_id=id, void=True)])[0]
        assert voided == Applied(id, {"state": "void"})
    assert account.documents("invoices")[id]["properties"]["hs_invoice_status"] == "voided"


def test_an_invoice_object_that_comes_to_something_else_is_for_a_person(account: Account) -> None:
    company = account.made("companies", name="Acme")
    with opened(account, create_properties=True) as connector:
        outcome = connector.write("invoices", [_invoice(company, lines=[{"name": "One", "price": "3"}])])[0]
        assert isinstance(outcome, Mismatch)
        assert "3.57" in outcome.message
        refused = connector.write("invoices", [_invoice("99", key="INV-2")])[0]
        assert isinstance(refused, Refused)
