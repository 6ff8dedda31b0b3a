"""HubSpot's own client, unchanged, is the judge: it lists, searches, upserts, associates, merges, and reads errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.hubspot.account import Account

Sdk = Callable[[Account], Any]


def test_it_lists_every_company_and_the_deals_page_by_page(full: Account, sdk: Sdk) -> None:
    client = sdk(full)
    companies = client.crm.companies.get_all(properties=["name", "sector"])
    assert (len(companies), companies[0].properties["sector"]) == (85, "technolgy")
    deals = client.crm.deals.get_all(limit=250, properties=["amount"], associations=["companies", "line_items"])
    assert len({deal.id for deal in deals}) == 250
    assert deals[0].associations["line items"].results[0].type == "deal_to_line_item"
    assert deals[0].created_at.year == 2026
    assert len(client.crm.owners.owners_api.get_page(limit=100).results) == 35
    stages = client.crm.pipelines.pipelines_api.get_by_id("deals", "default").stages
    assert {stage.id: stage.metadata["isClosed"] for stage in stages}["closedlost"] == "true"


def test_it_searches(full: Account, sdk: Sdk) -> None:
    from hubspot.crm.deals import Filter, FilterGroup, PublicObjectSearchRequest

    won = Filter(property_name="dealstage", operator="EQ", value="closedwon")
    big = Filter(property_name="amount", operator="GTE", value="30000")
    request = PublicObjectSearchRequest(
        filter_groups=[FilterGroup(filters=[won, big])], sorts=["-amount"], properties=["amount"], limit=5
    )
    found = sdk(full).crm.deals.search_api.do_search(request)
    assert [row.properties["amount"] for row in found.results] == ["30288"]
    assert found.total == 1


def test_it_upserts_a_batch_by_a_unique_property(account: Account, sdk: Sdk) -> None:
    from hubspot.crm.deals import BatchInputSimplePublicObjectBatchInputUpsert
    from hubspot.crm.properties import PropertyCreate

    client = sdk(account)
    made = client.crm.properties.core_api.create(
        "deals",
        PropertyCreate(
            name="ext_id", label="Ext", type="string", field_type="text", group_name="deal", has_unique_value=True
        ),
    )
    assert (made.name, made.has_unique_value) == ("ext_id", True)

    def upsert(count: int, amount: str) -> Any:
        inputs = [
            {"id": f"k{n}", "idProperty": "ext_id", "properties": {"amount": amount}, "objectWriteTraceId": f"t{n}"}
            for n in range(count)
        ]
        return client.crm.deals.batch_api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))

    assert [row.new for row in upsert(2, "1").results] == [True, True]
    second = upsert(3, "2")
    assert sorted((row.object_write_trace_id, row.new) for row in second.results) == [
        ("t0", False), ("t1", False), ("t2", True),
    ]  # fmt: skip
    assert {row.properties["amount"] for row in second.results} == {"2"}


def test_it_reads_a_batch_of_which_some_are_not_there(account: Account, sdk: Sdk) -> None:
    from hubspot.crm.deals import BatchReadInputSimplePublicObjectId, SimplePublicObjectId

    id = account.made("deals", dealname="A")
    inputs = [SimplePublicObjectId(id=id), SimplePublicObjectId(id="77")]
    request = BatchReadInputSimplePublicObjectId(
        inputs=inputs, properties=["dealname"], properties_with_history=["dealname"]
    )
    found = sdk(account).crm.deals.batch_api.read(request)
    assert ([row.id for row in found.results], found.num_errors) == ([id], 1)
    assert found.errors[0].context == {"ids": ["77"]}
    assert found.results[0].properties_with_history["dealname"][0].value == "A"


def test_it_associates_and_reads_associations(account: Account, sdk: Sdk) -> None:
    from hubspot.crm.associations.v4 import (
        AssociationSpec,
        BatchInputPublicDefaultAssociationMultiPost,
        BatchInputPublicFetchAssociationsBatchRequest,
    )

    client = sdk(account)
    deal, company = account.made("deals", dealname="A"), account.made("companies", name="X")
    pair = {"from": {"id": deal}, "to": {"id": company}}
    body = BatchInputPublicDefaultAssociationMultiPost(inputs=[pair])
    client.crm.associations.v4.batch_api.create_default("deals", "companies", body)
    spec = [AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=5)]
    client.crm.associations.v4.basic_api.create("deals", deal, "companies", company, spec)
    one = client.crm.associations.v4.basic_api.get_page("deals", deal, "companies").results[0]
    assert (one.to_object_id, {kind.label for kind in one.association_types}) == (company, {"Primary", None})
    read = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": deal}])
    found = client.crm.associations.v4.batch_api.get_page("deals", "companies", read).results[0]
    assert [end.to_object_id for end in found.to] == [company]
    client.crm.associations.v4.basic_api.archive("deals", deal, "companies", company)
    assert client.crm.associations.v4.basic_api.get_page("deals", deal, "companies").results == []


def test_it_makes_changes_archives_and_merges(account: Account, sdk: Sdk) -> None:
    from hubspot.crm.companies import PublicMergeInput, SimplePublicObjectInput, SimplePublicObjectInputForCreate

    api = sdk(account).crm.companies.basic_api
    first = api.create(SimplePublicObjectInputForCreate(properties={"name": "X"}, associations=[]))
    second = api.create(SimplePublicObjectInputForCreate(properties={"name": "Y"}, associations=[]))
    changed = api.update(first.id, SimplePublicObjectInput(properties={"city": "Köln"}))
    assert changed.properties["city"] == "Köln"
    sdk(account).crm.companies.basic_api.merge(
        PublicMergeInput(primary_object_id=first.id, object_id_to_merge=second.id)
    )
    assert api.get_by_id(second.id, properties=["name"]).id == first.id
    api.archive(first.id)
    assert [row.id for row in api.get_page(archived=True).results] == [first.id]


def test_it_reads_what_was_refused(account: Account, sdk: Sdk) -> None:
    from hubspot.crm.contacts import ApiException, SimplePublicObjectInputForCreate

    api = sdk(account).crm.contacts.basic_api
    account.made("contacts", email="a@example.com")
    with pytest.raises(ApiException) as caught:
        api.create(SimplePublicObjectInputForCreate(properties={"email": "a@example.com"}, associations=[]))
    assert (caught.value.status, "Contact already exists" in caught.value.body) == (409, True)


def test_it_gets_tokens(account: Account, sdk: Sdk) -> None:
    code = account.admin("POST", "oauth/install", {"code": "c1"})["code"]
    app = {"client_id": "an-app", "client_secret": "its-secret", "redirect_uri": "https://x"}
    api = sdk(account).oauth.tokens_api
    first = api.create(grant_type="authorization_code", code=code, **app)
    again = api.create(grant_type="refresh_token", refresh_token=first.refresh_token, **app)
    assert (again.expires_in, again.token_type, again.access_token != first.access_token) == (1800, "bearer", True)


def test_it_asks_dated_paths_by_hand(account: Account, sdk: Sdk) -> None:
    id = account.made("deals", dealname="A")
    answer = sdk(account).api_request({"method": "GET", "path": f"/crm/objects/2026-03/deals/{id}"})
    assert answer.json()["id"] == id
