"""What the connector reads: everything, then what changed, and what leaves a trace only elsewhere."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billsync.conformance.copy import Copy
from billsync.connector import Refused, TryLater
from tests.hubspot.account import Account
from tests.hubspot.reader import READ, calls, faults, opened, read, small


@pytest.fixture
def account(account: Account) -> Account:
    """Its clock stands still, so that its limits would never let go."""
    account.set(burst_max=100_000, search_per_s=100_000)
    return account


def test_a_deal_is_shown_with_all_that_an_invoice_needs(account: Account) -> None:
    company = account.made("companies", name="Acme")
    other = account.made("companies", name="Other")
    product = account.made("products", name="Seat", price="10.50", hs_sku="0012")
    deal = account.made(
        "deals",
        dealname="Seats \U0001f4ba",
        amount="21.00",
        dealstage="closedwon",
        closedate="2026-03-05T10:11:12.345Z",
    )
    line = account.made(
        "line_items", name="Seat", price="10.50", quantity="2", hs_product_id=product,
        hs_recurring_billing_start_date="2026-04-01",
    )  # fmt: skip
    for end, id in (("companies", company), ("companies", other), ("line_items", line)):
        account.human("associate", "deals", deal, to_object=end, to=id)
    with opened(account) as connector:
        for shown in (read(connector, "deals").live[deal], *connector.fetch("deals", [deal, "1"])):
            data = shown.data
            assert (data["company"], sorted(data["companies"])) == (company, sorted([company, other]))
            assert (data["is_won"], data["is_closed"], data["probability"]) == (True, True, Decimal(1))
            assert (data["stage_label"], data["pipeline_label"]) == ("Closed Won", "Sales Pipeline")
            assert (data["amount"], data["dealname"]) == (Decimal("21.00"), "Seats \U0001f4ba")
            assert data["closedate"] == datetime(2026, 3, 5, 10, 11, 12, 345000, tzinfo=UTC)
            inside = data["line_items"][0]
            assert (inside["hs_product_id"], inside["price"], inside["quantity"]) == (product, Decimal("10.50"), 2)
            assert inside["hs_recurring_billing_start_date"] == date(2026, 4, 1)
            assert not any("lastmodified" in name for name in data)


def test_a_read_where_nothing_changed_costs_the_same_few_calls_whatever_there_is(account: Account) -> None:
    small(account, deals=25)
    account.forward(3600)
    with opened(account, page_size=10) as connector:
        copies = {object: read(connector, object) for object in READ}
        account.forward(3600)
        account.admin("DELETE", "log")
        news = [read(connector, object, copies[object]).news for object in READ]
    assert news == [0, 0, 0, 0]
    assert calls(account) == [
        "GET objects/2026-03/companies",
        "POST objects/2026-03/contacts/search",
        "GET objects/2026-03/contacts",
        "POST objects/2026-03/companies/search",
        "GET objects/2026-03/contacts",
        "POST objects/2026-03/contacts/search",
        "GET objects/2026-03/products",
        "POST objects/2026-03/products/search",
        "GET objects/2026-03/deals",
        "POST objects/2026-03/line_items/search",
        "GET objects/2026-03/line_items",
        "POST objects/2026-03/companies/search",
        "POST objects/2026-03/deals/search",
    ]


def _tell_of(account: Account, what: str, deal: str, line: str, company: str, other: str) -> None:
    if what == "edited":
        account.human("change", "deals", deal, properties={"amount": "77.01"})
    elif what == "a line edited":
        account.human("change", "line_items", line, properties={"quantity": "7"})
    elif what == "a line archived":
        account.human("delete", "line_items", line)
    elif what == "a line more":
        more = account.made("line_items", name="More", price="1", quantity="3")
        account.human("associate", "deals", deal, to_object="line_items", to=more)
    elif what == "its company merged":
        account.human("merge", "companies", other, loser=company)
    elif what == "archived":
        account.human("delete", "deals", deal)
    elif what == "archived and restored":
        account.human("delete", "deals", deal)
        account.human("restore", "deals", deal)
    elif what == "merged away":
        winner = account.made("deals", dealname="Winner")
        account.human("merge", "deals", winner, loser=deal)
    else:
        account.human("associate", "deals", deal, to_object="companies", to=company, gone=True)
        account.human("associate", "deals", deal, to_object="companies", to=other)


TRACES = [
    "edited", "a line edited", "a line archived", "a line more", "its company merged", "archived",
    "archived and restored", "merged away",
]  # fmt: skip


@pytest.mark.parametrize("what", [*TRACES, "another company's"])
def test_what_happens_to_a_deal_is_shown_by_the_next_read(account: Account, what: str) -> None:
    small(account, deals=3)
    account.forward(3600)
    deal, row = next(iter(account.documents("deals").items()))
    line, company = row["associations"]["line_items"][0], row["associations"]["companies"][0]
    other = account.made("companies", name="The other one")
    with opened(account) as connector:
        copy = read(connector, "deals")
        account.forward(3600)
        _tell_of(account, what, deal, line, company, other)
        account.forward(10)
        assert faults(account, "deals", copy) != [] or what == "archived and restored"
        read(connector, "deals", copy)
        if what not in TRACES:  # nothing tells of it: the sweep finds it
            assert faults(account, "deals", copy) == [f"{deal}: companies"]
            account.forward(24 * 3600)
            read(connector, "deals", copy)
        assert faults(account, "deals", copy) == []


@pytest.mark.parametrize("seed", [2, 3])
def test_after_a_storm_while_it_reads_the_copy_is_what_stands_there(account: Account, seed: int) -> None:
    odd = {
        "ids": "scattered",
        "ties": "shifting",
        "merge_mints": seed == 2,
        "merged_in_archive": seed == 3,
        "association_page": 2,
    }
    account.ready(lag_create_s=10, lag_update_s=60, burst_max=100_000, search_per_s=10_000, **odd)
    small(account, deals=25)
    copies: dict[str, Copy] = {}

    def storm(number: int, _page: Any) -> None:
        account.forward(1)
        if number % 3 == 0:
            account.admin("POST", "storm", {"seed": seed * 100 + number, "edits": 20})

    with opened(account, page_size=7, sweep_hours=0) as connector:
        for _ in range(2):
            for object in READ:
                copies[object] = read(connector, object, copies.get(object), storm)
        account.forward(61)
        for object in READ:
            read(connector, object, copies[object])
            assert faults(account, object, copies[object]) == []


def test_more_records_in_one_instant_than_search_ever_shows(account: Account) -> None:
    """The cap of 10,000 made small: an import of 60 in one instant, while 20 a page are shown of 40 at most."""
    account.set(search_cap=40, ties="shifting")
    with opened(account, page_size=10, sweep_hours=None) as connector:
        copy = read(connector, "deals")
        account.forward(600)
        account.admin("POST", "human", {"do": "create", "object": "deals", "properties": {}, "copies": 60})
        for number in range(30):
            account.forward(1)
            account.made("deals", dealname=str(number))
        read(connector, "deals", copy)
    assert len(copy.live) == 90


def test_a_change_that_search_shows_late_is_found(account: Account) -> None:
    deal = account.made("deals", amount="1")
    with opened(account) as connector:
        copy = read(connector, "deals")
        account.forward(600)
        read(connector, "deals", copy)
        account.set(lag_update_s=50, lag_spread=False)
        account.human("change", "deals", deal, properties={"amount": "2"})
        account.forward(20)
        account.set(lag_create_s=0)
        account.made("deals", amount="9")  # is seen at once, with a later stamp
        read(connector, "deals", copy)
        assert copy.live[deal].data["amount"] == 1
        account.forward(40)
        read(connector, "deals", copy)
    assert copy.live[deal].data["amount"] == 2


def test_a_deal_that_comes_back_while_the_bin_is_read_is_not_gone(account: Account) -> None:
    """Search will not show it for a while: its invoices must not be taken back meanwhile."""
    deal = account.made("deals")
    account.forward(600)
    with opened(account) as connector:
        copy = read(connector, "deals")
        account.forward(600)
        account.set(lag_update_s=50, lag_spread=False)
        account.human("delete", "deals", deal)
        listed = connector._walk.listed

        def restored(*given: Any, **named: Any) -> Any:
            for step in listed(*given, **named):
                if step.rows:
                    account.human("restore", "deals", deal)
                yield step

        connector._walk.listed = restored  # type: ignore[method-assign]
        read(connector, "deals", copy)
    assert deal in copy.live


def test_a_process_that_dies_after_any_page_goes_on_behind_it(account: Account) -> None:
    small(account, deals=20)
    copy = Copy()
    for round in range(2):
        for _ in range(200):  # each process reads one page, stores it, and dies
            with opened(account, page_size=4) as connector:
                pages = connector.read("deals", copy.checkpoint)
                copy.take(next(pages))
                if "step" not in (copy.checkpoint or {}):
                    break
        assert faults(account, "deals", copy) == []
        if round == 0:
            account.forward(600)
            for id, row in list(account.documents("deals").items())[:15]:
                account.human("change", "deals", id, properties={"amount": "5.55"})
                account.human("delete", "line_items", row["associations"]["line_items"][0])
            account.forward(60)


def test_a_list_that_is_cut_short_is_no_picture_of_all_there_is(account: Account) -> None:
    small(account, deals=12)
    for step, items in (("first look", 1), ("both looks", 2)):
        account.fault("short-page", next=items, path="/crm/objects/2026-03/deals")
        with opened(account, page_size=5) as connector:
            pages = list(connector.read("deals", None))
        assert pages[-1].snapshot == (step == "first look")


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("wrong-values", {}), ("no-id", {}), ("no-properties", {}), ("truncated", {}), ("login-page", {}),
        ("wrong-type", {}), ("batch-cut", {}), ("migrating", {}), ("busy", {"policy": "DAILY"}), ("short-page", {}),
    ],
)  # fmt: skip
def test_whatever_goes_wrong_nothing_is_lost(account: Account, fault: str, options: dict[str, Any]) -> None:
    """It is TryLater or Refused, or nothing at all; and the next read has everything."""
    small(account, deals=6)
    account.forward(3600)
    with opened(account, page_size=3) as connector:
        copy = read(connector, "deals")
        objects = ("deals/search", "line_items/search", "deals/batch/read", "line_items/batch/read")
        paths = [*(f"objects/2026-03/{path}" for path in objects), "associations/2026-03/deals/line_items/batch"]
        for amount, path in enumerate(paths, 2):
            for number, (id, row) in enumerate(account.documents("deals").items()):
                if number % 2:
                    account.human("change", "deals", id, properties={"amount": str(amount)})
                else:
                    line = row["associations"]["line_items"][0]
                    account.human("change", "line_items", line, properties={"quantity": str(amount)})
            account.forward(200)
            account.fault(fault, path=f"/crm/{path}", **options)
            with contextlib.suppress(TryLater, Refused):
                read(connector, "deals", copy)
            account.admin("DELETE", "faults")
            read(connector, "deals", copy)
            assert faults(account, "deals", copy) == []


def test_a_settings_property_is_read_and_an_unknown_object_is_refused(account: Account) -> None:
    ticket = account.made("tickets", subject="Help")
    with opened(account, properties={"deals": ("hs_mrr",)}, linked={"deals": ("contacts",)}) as connector:
        assert {"hs_mrr", "contacts", "company", "id"} <= {field.name for field in connector.describe("deals").fields}
        assert connector.fetch("tickets", [ticket])[0].data["subject"] == "Help"
        with pytest.raises(Refused, match="name it in `properties`"):
            connector.read("cars", None)
        with pytest.raises(Refused, match="--full"):
            list(connector.read("deals", {"marks": "?"}))


def test_check_tells_whose_account_it_is_and_what_is_missing(account: Account) -> None:
    account.set(scopes="crm.objects.deals.read crm.objects.companies.read crm.schemas.deals.read")
    with opened(account, portal="1", properties={"deals": ("colour",)}) as connector:
        health = connector.check()
    assert "account 62515" in health.identity
    assert "requests are left today" in health.identity
    told = " / ".join(health.remarks)
    for part in ("says 1", "crm.objects.contacts.read", "crm.objects.line_items.read", "no property colour"):
        assert part in told
    assert "billsync_status" in told
    assert "crm.objects.deals.read" not in told


def test_more_associations_than_an_answer_shows_are_asked_for(account: Account) -> None:
    """Of a list, and of a batch of associations; a merged company's deals too."""
    company, deal = account.made("companies", name="Big"), account.made("deals")
    for number in range(7):
        contact, line = account.made("contacts", firstname=str(number)), account.made("line_items", quantity="1")
        account.human("associate", "contacts", contact, to_object="companies", to=company)
        account.human("associate", "deals", deal, to_object="line_items", to=line)
    for _ in range(7):
        account.human("associate", "deals", account.made("deals"), to_object="companies", to=company)
    account.set(list_page=5, association_page=3)
    with opened(account, page_size=5) as connector:
        assert len(read(connector, "companies").live[company].data["contacts"]) == 7
        copy = read(connector, "deals")
        assert len(copy.live[deal].data["line_items"]) == 7
        account.forward(600)
        winner = account.made("companies", name="Bigger")
        account.human("merge", "companies", winner, loser=company)
        account.forward(60)
        read(connector, "deals", copy)
    assert faults(account, "deals", copy) == []
    assert sum(record.data["company"] == winner for record in copy.live.values()) == 7
