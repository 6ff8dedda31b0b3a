"""Limits, and what goes wrong on request: each fault is seen, and what it leaves behind."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync_connectors.salesforce.server.faults import CATALOGUE
from billsync_connectors.salesforce.server.settings import Settings
from tests.salesforce.stand_in import BASE, StandIn, code

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "salesforce-stand-in.md"
ITEMS = {"records": [{"attributes": {"type": "Account"}, "Name": name} for name in ("A", "B", "C")]}


def names(org: StandIn) -> list[str]:
    return [row["Name"] for row in org.truth("Account").values()]


def test_the_days_requests_are_counted(org: StandIn) -> None:
    org.stand()
    org.set(daily_limit=100)
    assert org.ask("GET", "limits").headers["sforce-limit-info"] == "api-usage=1/100"
    org.admin("POST", "use", {"requests": 98})
    answer = org.ask("GET", "limits")
    assert answer.json()["DailyApiRequests"] == {"Max": 100, "Remaining": 0}
    refused = org.ask("GET", "limits")
    assert refused.json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert (refused.status_code, "retry-after" in refused.headers) == (403, False)
    assert len(org.grant(grant_type="client_credentials")) == 2  # logging in does not count
    org.forward(24 * 3600)
    org.login()
    assert org.ask("GET", "limits").status_code == 200


def test_too_many_long_requests_at_once_are_another_403(org: StandIn) -> None:
    org.set(others_long=25)
    answer = org.ask("GET", "limits")
    assert code(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answer.json()[0]["message"].startswith("ConcurrentRequests")
    org.set(others_long=24)
    assert org.ask("GET", "limits").status_code == 200


def posted(org: StandIn, fault: str, **options: Any) -> httpx.Response:
    org.fault(fault, method="POST", **options)
    return org.ask("POST", "composite/sobjects", ITEMS)


BROKEN = {
    "lost": 3, "dropped": 0, "reset": 0, "truncated": 3, "late": 0,
}  # fmt: skip


@pytest.mark.parametrize(("fault", "executed"), BROKEN.items())
def test_no_reply_and_what_was_done_nevertheless(org: StandIn, fault: str, executed: int) -> None:
    org.stand()
    with pytest.raises(httpx.TransportError):
        posted(org, fault)
    assert len(names(org)) == executed
    if fault == "late":
        org.forward(31)
        org.ask("GET", "limits")
        assert len(names(org)) == 3


SEEN: dict[str, tuple[dict[str, Any], int, int]] = {
    "error": ({}, 500, 0),
    "unavailable": ({"when": "after"}, 503, 3),
    "edge": ({}, 420, 0),
    "redirect": ({}, 302, 0),
    "login-page": ({}, 200, 0),
    "expire": ({}, 401, 0),
    "daily-limit": ({}, 403, 0),
    "concurrent": ({}, 403, 0),
    "slow": ({"milliseconds": 50}, 200, 3),
    "drip": ({"milliseconds": 0}, 200, 3),
    "doubled": ({}, 200, 6),
    "wrong-type": ({}, 200, 3),
    "bom": ({}, 200, 3),
    "cut": ({}, 200, 3),
    "huge": ({"size": 100_000}, 200, 3),
}


@pytest.mark.parametrize("fault", SEEN)
def test_replies_that_are_broken(org: StandIn, fault: str) -> None:
    options, status, executed = SEEN[fault]
    answer = posted(org, fault, **options)
    assert (answer.status_code, len(names(org))) == (status, executed)
    body = answer.content
    assert {
        "error": b'"errorCode":"UNKNOWN_EXCEPTION"' in body,
        "unavailable": body.startswith(b"<html>"),
        "edge": body == b"",
        "redirect": answer.headers.get("location") == "/login",
        "login-page": b"<form>" in body,
        "expire": b'"errorCode":"INVALID_SESSION_ID"' in body,
        "daily-limit": b"TotalRequests" in body,
        "concurrent": b"ConcurrentRequests" in body,
        "wrong-type": answer.headers["content-type"] == "text/plain",
        "bom": body.startswith(b"\xef\xbb\xbf["),
        "cut": body.startswith(b"[") and not body.endswith(b"]"),
        "huge": len(body) == 100_000,
    }.get(fault, answer.text.count('"success":true') == 3)


def test_one_item_meets_a_locked_row(org: StandIn) -> None:
    found = posted(org, "lock", item=2).json()
    assert [each["success"] for each in found] == [True, False, True]
    assert found[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert names(org) == ["A", "C"]
    org.fault("lock")
    assert code(org.ask("POST", "sobjects/Account", {"Name": "D"})) == (400, "UNABLE_TO_LOCK_ROW")
    assert names(org) == ["A", "C"]


def test_one_item_is_refused(org: StandIn) -> None:
    found = posted(org, "reject-item", item=3, message="no").json()
    assert found[2]["errors"][0] == {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no", "fields": []}
    assert names(org) == ["A", "B"]


def test_results_without_ids_or_without_some_of_them(org: StandIn) -> None:
    assert [sorted(each) for each in posted(org, "no-id").json()] == [["errors", "success"]] * 3
    assert len(posted(org, "batch-cut", items=2).json()) == 2
    assert len(names(org)) == 6


def test_pages_that_are_short_and_locators_that_are_gone(org: StandIn) -> None:
    org.ask("POST", "composite/sobjects", ITEMS)
    path = "query?q=SELECT+Name,IsDeleted,AnnualRevenue+FROM+Account+ORDER+BY+Name"
    org.fault("short-page", rows=1)
    first = org.ask("GET", path).json()
    assert (len(first["records"]), first["done"]) == (1, False)
    assert len(org.ask("GET", first["nextRecordsUrl"]).json()["records"]) == 2
    org.fault("short-page", rows=1)
    first = org.ask("GET", path).json()
    org.fault("locators")
    assert code(org.ask("GET", first["nextRecordsUrl"])) == (400, "INVALID_QUERY_LOCATOR")
    org.fault("text-numbers")
    assert org.ask("GET", path).json()["records"][0]["IsDeleted"] == "false"
    org.fault("big-field", size=1_000_000)
    assert {len(row["Description"]) for row in org.ask("GET", path).json()["records"]} == {1_000_000}


def test_a_token_ends_in_the_middle_of_the_pages(org: StandIn) -> None:
    org.ask("POST", "composite/sobjects", ITEMS)
    org.fault("short-page", rows=2)
    url = org.ask("GET", "query?q=SELECT+Name+FROM+Account").json()["nextRecordsUrl"]
    org.fault("expire", path=f"{BASE}/query/")
    assert org.ask("GET", url).status_code == 401
    org.login()
    assert len(org.ask("GET", url).json()["records"]) == 1


def test_faults_by_chance_are_the_same_each_time(org: StandIn) -> None:
    def seen() -> list[int]:
        org.fault("error", status=503, probability="0.5", seed=7)
        found = [org.ask("GET", "limits").status_code for _ in range(12)]
        org.admin("DELETE", "faults")
        return found

    first = seen()
    assert first == seen()
    assert set(first) == {200, 503}


def test_a_fault_lets_some_pass_first(org: StandIn) -> None:
    org.fault("error", skip=2, next=1, path=f"{BASE}/limits$")
    assert [org.ask("GET", "limits").status_code for _ in range(4)] == [200, 200, 500, 200]


def test_the_page_tells_of_every_setting_and_fault() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_-]+)`", page))
    assert set(CATALOGUE) | {setting.name for setting in fields(Settings)} <= told


def test_every_fault_of_the_catalogue_is_tried_here() -> None:
    tried = {
        "lock",
        "reject-item",
        "no-id",
        "batch-cut",
        "short-page",
        "locators",
        "text-numbers",
        "job-fails",
        "big-field",
    }
    assert set(CATALOGUE) == {*BROKEN, *SEEN, *tried}
