"""Batches: all or nothing, or some of each; results in no order; upserts by a unique property."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.hubspot.account import Account, refusal


@pytest.fixture
def keyed(account: Account) -> Account:
    """With a unique property `ext_id` of deals."""
    own = {"name": "ext_id", "label": "Ext", "groupName": "deal", "type": "string", "fieldType": "text"}
    made = account.sent("POST", f"/crm/properties/{account.version}/deals", {**own, "hasUniqueValue": True}, status=201)
    assert (made["hasUniqueValue"], made["createdAt"]) == (True, "2026-09-01T12:00:00Z")
    return account


def inputs(*items: dict[str, Any], trace: bool = False) -> dict[str, Any]:
    return {"inputs": [{**item, **({"objectWriteTraceId": f"t{n}"} if trace else {})} for n, item in enumerate(items)]}


def deal(**properties: Any) -> dict[str, Any]:
    return {"properties": properties}


def test_a_batch_makes_all_and_tells_them_in_another_order(account: Account) -> None:
    made = account.sent("POST", "deals/batch/create", inputs(*[deal(dealname=f"D{n}") for n in range(20)]), status=201)
    names = [row["properties"]["dealname"] for row in made["results"]]
    assert made["status"] == "COMPLETE"
    assert names != sorted(names, key=lambda name: int(name[1:]))
    assert sorted(names) == sorted(f"D{n}" for n in range(20))
    assert len({row["updatedAt"] for row in made["results"]}) == 1


def test_without_trace_ids_one_bad_input_fails_them_all(account: Account) -> None:
    answer = account.ask("POST", "deals/batch/create", inputs(deal(dealname="A"), deal(nonsense="1")))
    assert refusal(answer)[:2] == (400, "VALIDATION_ERROR")
    assert account.documents("deals") == {}
    assert account.search("deals")["total"] == 0


def test_with_trace_ids_the_good_ones_are_made_and_the_bad_ones_told(account: Account) -> None:
    body = inputs(deal(dealname="A"), deal(nonsense="1"), deal(dealname="C"), trace=True)
    made = account.sent("POST", "deals/batch/create", body, status=207)
    traces = {row["objectWriteTraceId"]: row["properties"]["dealname"] for row in made["results"]}
    assert traces == {"t0": "A", "t2": "C"}
    assert made["numErrors"] == 1
    (error,) = made["errors"]
    assert (error["status"], error["category"], error["context"]) == (
        "error", "VALIDATION_ERROR", {"objectWriteTraceId": ["t1"]},
    )  # fmt: skip
    assert error["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert len(account.documents("deals")) == 2


@pytest.mark.parametrize(("way", "status"), [("always", 207), ("never", 400)])
def test_an_account_may_always_or_never_tell_several_statuses(account: Account, way: str, status: int) -> None:
    account.set(multi_status=way)
    answer = account.ask(
        "POST", "deals/batch/create", inputs(deal(dealname="A"), deal(nonsense="1"), trace=way == "never")
    )
    assert (answer.status_code, len(account.documents("deals"))) == (status, 1 if status == 207 else 0)


def test_reading_what_is_not_there_is_a_207(account: Account) -> None:
    id = account.made("deals", dealname="A")
    found = account.sent("POST", "deals/batch/read", {"properties": ["dealname"], "inputs": [{"id": id}, {"id": "77"}]})
    assert [row["id"] for row in found["results"]] == [id]
    (error,) = found["errors"]
    assert (error["category"], error["context"]) == ("OBJECT_NOT_FOUND", {"ids": ["77"]})


def test_an_upsert_makes_what_is_not_there_and_says_so(keyed: Account) -> None:
    first = inputs({"id": "k1", "idProperty": "ext_id", **deal(dealname="A")})
    made = keyed.sent("POST", "deals/batch/upsert", first)["results"][0]
    assert (made["new"], made["properties"]["ext_id"]) == (True, "k1")
    second = inputs(
        {"id": "K1", "idProperty": "ext_id", **deal(dealname="B")},
        {"id": "k2", "idProperty": "ext_id", **deal(dealname="C")},
    )
    found = {row["properties"]["dealname"]: row for row in keyed.sent("POST", "deals/batch/upsert", second)["results"]}
    assert {name: row["new"] for name, row in found.items()} == {"B": False, "C": True}
    assert found["B"]["id"] == made["id"]
    assert len(keyed.documents("deals")) == 2
    assert keyed.got("deals/k2", idProperty="ext_id")["id"] == found["C"]["id"]


def test_an_upsert_is_the_way_to_write_twice_without_harm(keyed: Account) -> None:
    body = inputs({"id": "k1", "idProperty": "ext_id", **deal(dealname="A")})
    keyed.fault("lost", path="/crm/objects/2026-03/deals/batch/upsert")
    with pytest.raises(Exception, match="disconnected"):
        keyed.ask("POST", "deals/batch/upsert", body)
    assert keyed.sent("POST", "deals/batch/upsert", body)["results"][0]["new"] is False
    assert len(keyed.documents("deals")) == 1


def test_many_writers_at_once_make_one_record_and_the_last_one_wins(keyed: Account) -> None:
    def write(number: int) -> tuple[bool, str]:
        body = inputs({"id": "k1", "idProperty": "ext_id", **deal(amount=str(number))})
        (row,) = keyed.sent("POST", "deals/batch/upsert", body)["results"]
        return row["new"], row["id"]

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(write, range(40)))
    assert [new for new, _id in told].count(True) == 1
    assert len({id for _new, id in told}) == len(keyed.documents("deals")) == 1


def test_only_a_unique_property_finds_records(account: Account) -> None:
    body = inputs({"id": "x", "idProperty": "dealname", **deal(amount="1")})
    assert refusal(account.ask("POST", "deals/batch/upsert", body))[:2] == (400, "VALIDATION_ERROR")
    assert refusal(account.ask("GET", "deals/x", idProperty="dealname"))[0] == 400


def test_the_same_id_twice_in_a_batch_is_refused(account: Account) -> None:
    id = account.made("deals", dealname="A")
    answer = account.ask(
        "POST", "deals/batch/update", inputs({"id": id, **deal(amount="1")}, {"id": id, **deal(amount="2")})
    )
    message = f"Duplicate IDs found in batch input: [{id}]. IDs must be unique"
    assert refusal(answer) == (400, "VALIDATION_ERROR", message)
    assert answer.json()["context"] == {"ids": [id]}


def test_another_record_has_the_value_already(keyed: Account) -> None:
    first = keyed.made("deals", ext_id="k1")
    answer = keyed.ask("POST", "deals", deal(ext_id="k1"))
    status, category, message = refusal(answer)
    assert (status, category) == (400, "VALIDATION_ERROR")
    assert message.startswith("Cannot set PropertyValueCoordinates{portalId=62515, objectTypeId=ObjectTypeId{legacy")
    assert message.endswith(f"{first} already has that value.")


def test_contacts_by_address_are_upserted_all_or_none(account: Account) -> None:
    body = inputs(
        {"id": "a@example.com", "idProperty": "email", **deal(firstname="A")},
        {"id": "b@example.com", "idProperty": "email", **deal(nonsense="B")},
        trace=True,
    )
    assert account.ask("POST", "contacts/batch/upsert", body).status_code == 400
    assert account.documents("contacts") == {}


def test_a_batch_has_a_hundred_inputs_at_most(account: Account) -> None:
    body = inputs(*[deal(dealname="A")] * 101)
    assert refusal(account.ask("POST", "deals/batch/create", body))[0] == 400
    assert account.ask("POST", "deals/batch/archive", {"inputs": [{"id": "77"}]}).status_code == 204


def test_status_and_payment_go_back_to_the_deal(keyed: Account) -> None:
    for name, type, field in (("billing_status", "string", "text"), ("billing_paid_on", "date", "date")):
        own = {"name": name, "label": name, "groupName": "deal", "type": type, "fieldType": field}
        keyed.sent("POST", "/crm/v3/properties/deals", own, status=201)
    id = keyed.made("deals", dealname="A", ext_id="k1")
    item = {"id": "k1", "idProperty": "ext_id", **deal(billing_status="paid", billing_paid_on="2026-09-01")}
    keyed.sent("POST", "deals/batch/update", inputs(item))
    found = keyed.got(f"deals/{id}", properties="billing_status,billing_paid_on")["properties"]
    assert (found["billing_status"], found["billing_paid_on"]) == ("paid", "2026-09-01")
    version = found["hs_lastmodifieddate"]
    keyed.forward(60)
    keyed.sent("POST", "deals/batch/update", inputs(item))
    assert keyed.got(f"deals/{id}")["properties"]["hs_lastmodifieddate"] == version
