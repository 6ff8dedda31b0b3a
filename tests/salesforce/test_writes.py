"""The connector writes: each record has an outcome of its own, and what is not known is not claimed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Absent, Applied, Found, Intent, Refused, TryLater, Unclear
from tests.salesforce.copy import calls, connect
from tests.salesforce.stand_in import StandIn

DEAL: dict[str, Any] = {"StageName": "Closed Won", "CloseDate": "2026-03-31"}
TOLD = {"Invoice_Status__c": "Invoiced", "Invoice_Amount__c": Decimal("12.50"), "Invoice_Date__c": date(2026, 3, 31)}


def deals(org: StandIn, count: int, **fields: Any) -> list[str]:
    return [org.human("create", "Opportunity", Name=f"D {number}", **DEAL, **fields) for number in range(count)]


def intents(ids: list[str], object: str = "Opportunity", **more: Any) -> list[Intent]:
    return [Intent(id, object, {"Id": id, **TOLD, **more}) for id in ids]


def test_status_is_written_to_many_opportunities_in_one_call(org: StandIn) -> None:
    ids = deals(org, 3)
    calls(org)
    assert connect(org).write("Opportunity", intents(ids)) == [Applied(id) for id in ids]
    assert len(calls(org)) == 1
    rows = org.truth("Opportunity")
    assert {
        (rows[id]["Invoice_Status__c"], rows[id]["Invoice_Amount__c"], rows[id]["Invoice_Date__c"]) for id in ids
    } == {("Invoiced", 12.5, "2026-03-31")}


def test_one_bad_record_stops_no_other(org: StandIn) -> None:
    ids = deals(org, 4)
    org.human("delete", "Opportunity", ids[1])
    org.admin("POST", "lock", {"id": ids[2], "seconds": 60})
    first, gone, locked, last = connect(org).write("Opportunity", intents(ids))
    assert (first, last) == (Applied(ids[0]), Applied(ids[3]))
    assert isinstance(gone, Refused)
    assert gone.reason == "gone"
    assert isinstance(locked, TryLater)
    assert (locked.reason, locked.offline) == ("locked", False)


def test_a_refusal_names_the_field(org: StandIn) -> None:
    (id,) = deals(org, 1)
    (outcome,) = connect(org).write("Opportunity", [Intent(id, "Opportunity", {"Nonsense__c": "x"})])
    assert isinstance(outcome, Refused)
    assert "Nonsense__c" in outcome.message


def test_a_result_that_is_missing_is_unclear_and_the_next_try_settles_it(org: StandIn) -> None:
    ids = deals(org, 3)
    connector = connect(org)
    org.fault("batch-cut", method="PATCH")
    first, *others = connector.write("Opportunity", intents(ids))
    assert first == Applied(ids[0])
    assert all(isinstance(other, Unclear) for other in others)
    assert connector.write("Opportunity", intents(ids)) == [Applied(id) for id in ids]


UNKNOWN = ("lost", "truncated", "login-page", "redirect", "error")


@pytest.mark.parametrize("fault", UNKNOWN)
def test_what_may_have_happened_is_unclear(org: StandIn, fault: str) -> None:
    ids = deals(org, 2)
    org.fault(fault, method="PATCH", **({"when": "after"} if fault in ("error", "login-page", "redirect") else {}))
    assert {type(outcome) for outcome in connect(org).write("Opportunity", intents(ids))} == {Unclear}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("daily-limit", "daily_limit"), ("concurrent", "concurrent"), ("edge", "busy"), ("lock", "locked")],
)
def test_what_did_not_happen_is_tried_later(org: StandIn, fault: str, reason: str) -> None:
    ids = deals(org, 1)
    org.fault(fault, method="PATCH")
    (outcome,) = connect(org).write("Opportunity", intents(ids))
    assert isinstance(outcome, TryLater)
    assert (outcome.reason, outcome.after_s is not None) == (reason, True)


def test_a_session_that_ended_is_begun_anew_and_nothing_is_written_twice(org: StandIn) -> None:
    (id,) = deals(org, 1)
    connector = connect(org)
    connector.describe("Opportunity")
    org.admin("POST", "expire")
    calls(org)
    assert connector.write("Opportunity", intents([id])) == [Applied(id)]
    executed = [row for row in org.admin("GET", "log")["requests"] if row["executed"] and row["method"] == "PATCH"]
    assert len(executed) == 1


def test_by_an_external_id_records_are_found_and_never_made_unless_that_is_wanted(org: StandIn) -> None:
    (id,) = deals(org, 1, External_Id__c="D-1")
    connector = connect(org, writes={"Opportunity": {"by": "External_Id__c"}})
    found, absent = connector.write("Opportunity", [Intent(key, "Opportunity", TOLD) for key in ("d-1", "D-9")])
    assert found == Applied(id)
    assert isinstance(absent, Refused)
    assert connector.probe("Opportunity", ["D-1", "D-9"]) == [Found((id,)), Absent()]
    assert len(org.truth("Opportunity")) == 1


def test_an_account_is_made_once_by_its_external_id(org: StandIn) -> None:
    connector = connect(org, writes={"Account": {"by": "External_Id__c", "creates": True}})
    intent = Intent("A'1", "Account", {"Name": "Muster"})
    (first,), (second,) = connector.write("Account", [intent]), connector.write("Account", [intent])
    assert isinstance(first, Applied)
    assert first == second
    assert {row["External_Id__c"] for row in org.truth("Account").values()} == {"A'1"}
    assert connector.probe("Account", ["A'1"]) == [Found((first.remote_id,))]


def test_an_external_id_that_several_have_is_for_a_person(org: StandIn) -> None:
    deals(org, 2, Legacy_Code__c="L-1")
    connector = connect(org, writes={"Opportunity": {"by": "Legacy_Code__c"}})
    (outcome,) = connector.write("Opportunity", [Intent("L-1", "Opportunity", TOLD)])
    assert isinstance(outcome, Refused)
    assert outcome.reason == "several"


def test_what_was_told_is_listed_for_reconciling(org: StandIn) -> None:
    ids = deals(org, 3)
    connector = connect(org)
    connector.write("Opportunity", intents(ids[:2], Invoice_Due_On__c=date(2026, 4, 30)))
    (page,) = connector.standing("Opportunity")
    assert [item.reference for item in page] == ids[:2]
    assert (page[0].state, str(page[0].total), page[0].currency) == ("sent", "12.50", "USD")
    assert (page[0].on, page[0].due_on) == (date(2026, 3, 31), date(2026, 4, 30))


def test_what_was_written_is_read_back_as_it_was_written(org: StandIn) -> None:
    (id,) = deals(org, 1)
    connector = connect(org)
    connector.write("Opportunity", intents([id]))
    (record,) = connector.fetch("Opportunity", [id])
    assert {name: record.data[name] for name in TOLD} == {**TOLD, "Invoice_Date__c": "2026-03-31"}
