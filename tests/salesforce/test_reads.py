"""The connector reads an org that is not a friend: what it shows is what is there, and it asks little."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Refused, TryLater
from tests.salesforce.copy import Copy, calls, connect, differs, truth
from tests.salesforce.stand_in import StandIn

DEAL: dict[str, Any] = {"StageName": "Prospecting", "CloseDate": "2026-12-31"}


def accounts(org: StandIn, count: int) -> list[str]:
    return [org.human("create", "Account", Name=f"A {number}") for number in range(count)]


def priced(org: StandIn) -> str:
    """A price book entry."""
    product = org.human("create", "Product2", Name="Seat", ProductCode="SEAT", IsActive=True)
    (book,) = (id for id, row in org.truth("Pricebook2").items() if row["IsStandard"])
    return org.human("create", "PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice="9.99", IsActive=True)


def sold(org: StandIn, entry: str, lines: int = 1, **fields: Any) -> str:
    """An opportunity with line items."""
    deal = org.human("create", "Opportunity", Name="Seats", **DEAL, **fields)
    for number in range(lines):
        org.human("create", _LINE, OpportunityId=deal, PricebookEntryId=entry, Quantity=number + 1, UnitPrice="9.99")
    return deal


_LINE = "OpportunityLineItem"


def quiet(org: StandIn) -> None:
    """All that was done lies behind the lag."""
    org.forward(600)


def test_records_are_shaped_as_queries_give_them(org: StandIn) -> None:
    entry = priced(org)
    account = org.human("create", "Account", Name="Muster", BillingCountry="Germany")
    deal = sold(org, entry, 2, AccountId=account)
    shown = Copy(connect(org), "Opportunity").read().live[deal]
    assert (shown["Id"], shown["Amount"], shown["CloseDate"]) == (deal, Decimal("29.97"), "2026-12-31")
    assert shown["Account"] == {"Name": "Muster", "BillingCountry": "Germany"}
    lines = shown["OpportunityLineItems"]["records"]
    assert [(line["Quantity"], line["UnitPrice"]) for line in lines] == [(1, Decimal("9.99")), (2, Decimal("9.99"))]
    assert lines[0]["Product2"] == {"Name": "Seat", "ProductCode": "SEAT"}
    assert "SystemModstamp" not in shown


def test_more_records_of_one_instant_than_a_page_has_are_all_shown(org: StandIn) -> None:
    org.stand()
    accounts(org, 23)
    copy = Copy(connect(org, page_size=5), "Account").read()
    assert differs(copy, truth(org, "Account")) == []
    assert len(copy.live) == 23


def test_a_round_without_changes_is_one_call(org: StandIn) -> None:
    sold(org, priced(org))
    accounts(org, 3)
    copies = [Copy(connect(org), object).read() for object in ("Account", "Opportunity", "Product2", "Order", "User")]
    quiet(org)
    for copy in copies:
        copy.read()
    calls(org)
    for copy in copies:
        before = dict(copy.live)
        copy.read()
        assert (len(calls(org)), copy.live) == (1, before)


def test_all_objects_are_described_in_one_call(org: StandIn) -> None:
    connector = connect(org)
    for object in ("Account", "Opportunity", "Product2", "Order"):
        names = [field.name for field in connector.describe(object).fields]
        assert len(names) == len(set(names)) > 10
    assert len(calls(org)) == 1


def test_deletes_merges_and_what_comes_back(org: StandIn) -> None:
    ids = accounts(org, 6)
    contact = org.human("create", "Contact", LastName="Muster", AccountId=ids[1])
    copy = Copy(connect(org, lag_s=0), "Account").read()
    quiet(org)
    copy.read()
    org.human("delete", "Account", ids[5])
    org.human("merge", "Account", ids[0], losers=[ids[1]])
    copy.read()
    assert (set(copy.live), copy.deleted) == (set(ids) - {ids[1], ids[5]}, {ids[1], ids[5]})
    assert [row["Id"] for row in copy.live[ids[0]]["Contacts"]["records"]] == [contact]
    org.human("undelete", "Account", ids[5])
    assert set(copy.read().live) == set(ids) - {ids[1]}


def test_what_was_purged_between_two_reads_is_gone(org: StandIn) -> None:
    ids = accounts(org, 3)
    copy = Copy(connect(org), "Account").read()
    quiet(org)
    copy.read()
    org.human("delete", "Account", ids[1])
    org.human("purge", "Account", ids[1])
    quiet(org)
    assert set(copy.read().live) == {ids[0], ids[2]}


def test_a_merge_moves_opportunities_and_they_are_shown_again(org: StandIn) -> None:
    ids = accounts(org, 2)
    deal = org.human("create", "Opportunity", Name="D", AccountId=ids[1], **DEAL)
    copy = Copy(connect(org), "Opportunity").read()
    quiet(org)
    copy.read()
    org.human("merge", "Account", ids[0], losers=[ids[1]])
    assert copy.read().live[deal]["AccountId"] == ids[0]


def test_a_parent_that_changed_is_shown_in_records_that_did_not(org: StandIn) -> None:
    (account,) = accounts(org, 1)
    deal = sold(org, priced(org), AccountId=account)
    other = org.human("create", "Opportunity", Name="Other", **DEAL)
    copy = Copy(connect(org), "Opportunity").read()
    quiet(org)
    copy.read()
    org.human("update", "Account", account, Name="New name")
    (product,) = org.truth("Product2")
    org.human("update", "Product2", product, Name="New seat")
    quiet(org)
    calls(org)
    copy.read()
    shown = copy.live[deal]
    assert shown["Account"]["Name"] == "New name"
    assert shown["OpportunityLineItems"]["records"][0]["Product2"]["Name"] == "New seat"
    assert other in copy.live
    assert len(calls(org)) == 3  # the round; the account's opportunities; the product's


def test_an_edited_price_is_a_changed_product(org: StandIn) -> None:
    entry = priced(org)
    copy = Copy(connect(org), "Product2").read()
    quiet(org)
    copy.read()
    org.human("update", "PricebookEntry", entry, UnitPrice="12.50")
    (shown,) = copy.read().live.values()
    assert shown["PricebookEntries"]["records"][0]["UnitPrice"] == Decimal("12.5")


def test_children_that_do_not_come_with_their_record_are_asked_for(org: StandIn) -> None:
    org.set(child_page=2)
    deal = sold(org, priced(org), 5)
    shown = Copy(connect(org), "Opportunity").read().live[deal]["OpportunityLineItems"]
    assert ([line["Quantity"] for line in shown["records"]], shown["totalSize"]) == ([1, 2, 3, 4, 5], 5)


def test_a_transaction_that_is_committed_late_is_not_missed(org: StandIn) -> None:
    accounts(org, 2)
    copy = Copy(connect(org, lag_s=0), "Account").read()
    late = org.human("create", "Account", late=240, Name="Late")
    org.forward(120)
    accounts(org, 1)  # with a later stamp, and seen before
    assert late not in copy.read().live
    org.forward(130)
    assert late in copy.read().live


def test_a_cursor_that_is_too_old_reads_everything_and_notices_what_is_gone(org: StandIn) -> None:
    ids = accounts(org, 3)
    copy = Copy(connect(org), "Account").read()
    org.human("delete", "Account", ids[0])
    org.human("purge", "Account", ids[0])
    org.forward(20 * 86400)
    org.login()
    assert set(copy.read().live) == {ids[1], ids[2]}


def test_records_that_leave_the_condition_count_as_gone(org: StandIn) -> None:
    ids = [org.human("create", "Account", Name=f"A {n}", Type="Customer") for n in range(3)]
    org.human("create", "Account", Name="Prospect", Type="Prospect")
    copy = Copy(connect(org, objects={"Account": {"where": "Type = 'Customer'"}}), "Account").read()
    assert set(copy.live) == set(ids)
    org.human("update", "Account", ids[0], Type="Former")
    org.human("update", "Account", ids[1], Name="Renamed")
    copy.read()
    assert (set(copy.live), copy.live[ids[1]]["Name"]) == ({ids[1], ids[2]}, "Renamed")


def test_a_read_that_was_killed_goes_on_where_it_stopped(org: StandIn) -> None:
    accounts(org, 40)
    quiet(org)
    copy = Copy(connect(org, page_size=5), "Account").read(most=3)
    assert len(copy.live) == 15
    copy.connector = connect(org, page_size=5)
    first = copy.pages
    copy.read()
    assert copy.pages - first <= 7
    assert differs(copy, truth(org, "Account")) == []


def furnished(org: StandIn) -> None:
    """Some of everything, as it was a while ago."""
    entry, ids = priced(org), accounts(org, 12)
    for number in range(48):
        sold(org, entry, number % 3, AccountId=ids[number % 12])
    org.human("create", "Contact", LastName="Muster", AccountId=ids[0])
    quiet(org)


@pytest.mark.parametrize("seed", range(5))
def test_people_work_while_it_is_read(org: StandIn, seed: int) -> None:
    """Edits, deletes, merges and late commits between pages: in the end both are equal."""
    furnished(org)
    for object in ("Opportunity", "Account", "Product2"):
        copy = Copy(connect(org, lag_s=60, page_size=5), object)

        def storm(page: int, object: str = object) -> None:
            if page < 5:
                org.admin("POST", "storm", {"seed": seed * 100 + page + len(object), "edits": 20, "late_s": 40})

        copy.read(storm).read(storm)
        org.forward(100)
        copy.read()
        assert differs(copy, truth(org, object)) == []


def test_bulk_jobs_bring_the_same_records(org: StandIn) -> None:
    furnished(org)
    connector = connect(org, bulk_from=1)
    for object in ("Product2", "Account", "Opportunity"):
        by_query = Copy(connect(org), object).read()
        connector.describe(object)
        calls(org)
        copy = Copy(connector, object).read()
        assert [path.endswith("/jobs/query") for path in calls(org)].count(True) == 2
        assert (copy.live, copy.problems) == (by_query.live, [])


def test_a_bulk_read_that_was_killed_goes_on_with_its_jobs(org: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billsync_connectors.salesforce.bulk.ROWS", 4)
    entry = priced(org)
    deals = {sold(org, entry) for _ in range(10)}
    copy = Copy(connect(org, bulk_from=1), "Opportunity").read(most=2)
    assert len(copy.live) == 4
    calls(org)
    copy.connector = connect(org, bulk_from=1)
    copy.read()
    assert set(copy.live) == deals
    assert not any(path.endswith("/jobs/query") for path in calls(org))
    assert all(row["OpportunityLineItems"]["totalSize"] == 1 for row in copy.live.values())


def test_a_job_that_fails_is_read_by_queries(org: StandIn) -> None:
    ids = accounts(org, 7)
    org.fault("job-fails")
    assert set(Copy(connect(org, bulk_from=1), "Account").read().live) == set(ids)


def test_the_orgs_currency_is_read_only_where_it_has_several(org: StandIn) -> None:
    org.set(multi_currency=False)
    accounts(org, 1)
    (shown,) = Copy(connect(org), "Account").read().live.values()
    assert "CurrencyIsoCode" not in shown


def test_custom_fields_are_read_and_formulas_where_they_are_named(org: StandIn) -> None:
    org.set(custom_fields="Opportunity.Margin__c percent 5,1")
    deal = org.human("create", "Opportunity", Name="D", Margin__c="12.5", **DEAL)
    shown = Copy(connect(org), "Opportunity").read().live[deal]
    assert (shown["Margin__c"], "Days_Open__c" in shown) == (Decimal("12.5"), False)
    named = connect(org, objects={"Opportunity": {"fields": ["Name", "Days_Open__c"], "related": {}}})
    assert set(Copy(named, "Opportunity").read().live[deal]) == {"Id", "Name", "Days_Open__c"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"fields": ["Nmae"]}, "did you mean Name"),
        ({"add": ["Parnt.Name"]}, "no field Parnt.Name"),
        ({"related": {"Contcats": []}}, "did you mean Contacts"),
        ({"where": "Nonsense = 1"}, "INVALID_FIELD"),
    ],
)
def test_fields_that_are_not_there_are_told_with_those_that_may_be_meant(
    org: StandIn, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        Copy(connect(org, objects={"Account": settings}), "Account").read()


def test_objects_that_are_not_there_are_refused(org: StandIn) -> None:
    with pytest.raises(Refused, match="no object Site__c"):
        Copy(connect(org, objects={"Site__c": {}}), "Site__c").read()


def test_fetch_shows_what_is_there_whatever_it_is_asked(org: StandIn) -> None:
    ids = accounts(org, 3)
    org.human("delete", "Account", ids[2])
    found = connect(org).fetch("Account", [*ids, "nonsense", "001dM00000zzzzzQAA", "' OR Name != '"])
    assert [record.id for record in found] == ids[:2]


@pytest.mark.parametrize("checkpoint", [{"from": "yesterday"}, {"until": 5}, {"at": "x"}, {"at": ["", 1]}])
def test_a_checkpoint_that_is_none_is_refused(org: StandIn, checkpoint: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="sync --full"):
        list(connect(org).read("Account", checkpoint))


def test_what_is_left_to_others_is_not_used(org: StandIn) -> None:
    accounts(org, 1)
    org.set(daily_limit=1000)
    connector = connect(org, reserve="0.25")
    assert "reads may make" in " ".join(connector.check().remarks)
    org.admin("POST", "use", {"requests": 760})
    with pytest.raises(TryLater, match=r"of the org's 1000 calls .* 25% are left to others") as caught:
        Copy(connector, "Account").read()
    assert (caught.value.reason, caught.value.after_s) == ("budget", 3600)
