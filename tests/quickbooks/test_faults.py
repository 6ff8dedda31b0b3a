"""Limits, and what goes wrong on request: each fault is seen, and what it leaves behind."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync_connectors.quickbooks.server.faults import CATALOGUE
from billsync_connectors.quickbooks.server.settings import Settings
from tests.quickbooks.stand_in import LINE, StandIn, code

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "quickbooks-stand-in.md"


def posted(company: StandIn, fault: str, **options: Any) -> httpx.Response:
    customer = company.customer()
    company.fault(fault, method="POST", **options)
    return company.ask("POST", "invoice", {"CustomerRef": {"value": customer}, "Line": [LINE]}, requestid="r")


@pytest.mark.parametrize(
    ("fault", "executed"), {"lost": 1, "dropped": 0, "reset": 0, "truncated": 1, "late": 0}.items()
)
def test_no_reply_and_what_was_done_nevertheless(company: StandIn, fault: str, executed: int) -> None:
    company.stand()
    with pytest.raises(httpx.TransportError):
        posted(company, fault)
    assert len(company.truth("Invoice")) == executed
    if fault == "late":
        company.forward(31)
        assert len(company.truth("Invoice")) == 1


SEEN: dict[str, tuple[dict[str, Any], int, int, str]] = {
    "error": ({}, 500, 0, '"type":"SystemFault"'),
    "fault-200": ({}, 200, 0, '"code":"6000"'),
    "unavailable": ({"when": "after"}, 503, 1, "<html>"),
    "redirect": ({}, 302, 0, ""),
    "login-page": ({}, 200, 0, "<form>"),
    "throttle": ({}, 429, 0, '"code":"3001"'),
    "expire": ({}, 401, 0, '"code":"3200"'),
    "disconnect": ({}, 401, 0, '"code":"3200"'),
    "in-flight": ({}, 400, 0, '"code":"600"'),
    "stale": ({}, 400, 0, '"code":"5010"'),
    "slow": ({"milliseconds": 60}, 200, 1, '"TotalAmt":100'),
    "drip": ({"milliseconds": 1}, 200, 1, '"TotalAmt":100'),
    "doubled": ({}, 200, 1, '"TotalAmt":100'),
    "wrong-type": ({}, 200, 1, '"TotalAmt":100'),
    "bom": ({}, 200, 1, "\ufeff"),
    "cut": ({}, 200, 1, '{"Invoice"'),
    "no-id": ({}, 200, 1, '"TotalAmt":100'),
    "other-content": ({}, 200, 1, '"TotalAmt":1100'),
    "huge": ({"size": 50_000}, 200, 1, "   "),
}


@pytest.mark.parametrize("fault", SEEN)
def test_replies_that_are_broken(company: StandIn, fault: str) -> None:
    options, status, executed, text = SEEN[fault]
    answer = posted(company, fault, **options)
    assert (answer.status_code, len(company.truth("Invoice"))) == (status, executed)
    assert text in answer.content.decode()
    assert (fault == "wrong-type") == (answer.headers["content-type"] == "text/plain")
    assert fault != "cut" or not answer.text.endswith("}")
    assert answer.elapsed.total_seconds() >= {"slow": 0.05, "drip": 0.5}.get(fault, 0)
    assert (fault == "no-id") == ('"Id"' not in answer.text and "TotalAmt" in answer.text)


def batch(company: StandIn, fault: str, **options: Any) -> httpx.Response:
    company.set(shuffle_batch=False)
    items = [{"bId": name, "operation": "create", "Customer": {"DisplayName": name}} for name in "ABC"]
    company.fault(fault, method="POST", **options)
    return company.ask("POST", "batch", {"BatchItemRequest": items}, requestid="b")


def test_batches_in_part(company: StandIn) -> None:
    found = batch(company, "reject-item", item=2).json()["BatchItemResponse"]
    assert [("Fault" in each, each["bId"]) for each in found] == [(False, "A"), (True, "B"), (False, "C")]
    assert len(company.truth("Customer")) == 2
    company.ready()
    assert len(batch(company, "batch-cut", items=2).json()["BatchItemResponse"]) == 2
    assert len(company.truth("Customer")) == 3
    company.ready()
    with pytest.raises(httpx.TransportError):
        batch(company, "half-batch", items=2)
    assert len(company.truth("Customer")) == 2


def test_a_short_page_and_faults_that_let_some_pass(company: StandIn) -> None:
    company.fault("short-page", rows=2, skip=1)
    sizes = [len(company.query("select * from Term")["Term"]) for _ in range(3)]
    assert sizes == [5, 2, 5]
    company.fault("error", path="/v3/company/9341450000000001/term/1$")
    assert company.ask("GET", "term/2").status_code == 200
    assert company.ask("GET", "term/1").status_code == 500


def test_faults_by_chance_are_the_same_each_time(company: StandIn) -> None:
    def seen() -> list[int]:
        company.fault("error", status=503, probability="0.5", seed=7)
        found = [company.ask("GET", "term/1").status_code for _ in range(12)]
        company.admin("DELETE", "faults")
        return found

    first = seen()
    assert first == seen()
    assert set(first) == {200, 503}


def test_limits(company: StandIn) -> None:
    company.stand()
    company.set(second_limit=3, minute_limit=5, batch_minute_limit=1)
    asked = [company.ask("GET", "term/1") for _ in range(4)]
    assert [each.status_code for each in asked] == [200, 200, 200, 429]
    assert "retry-after" not in asked[3].headers
    company.forward(2)
    assert [company.ask("GET", "term/1").status_code for _ in range(3)] == [200, 200, 429]
    company.forward(60)
    items = {"BatchItemRequest": [{"bId": "1", "Query": "select * from Term"}]}
    assert [company.ask("POST", "batch", items).status_code for _ in range(2)] == [200, 429]
    assert company.ask("GET", "term/1").status_code == 200


def test_reads_of_the_month(company: StandIn) -> None:
    company.set(retry_after="60")
    company.admin("POST", "use", {"requests": 499_999})
    assert company.ask("GET", "term/1").status_code == 200
    answer = company.ask("GET", "term/1")
    assert (code(answer), answer.headers["retry-after"]) == ((429, "3001"), "60")
    assert company.customer()  # writes are not counted


def test_a_subscription_that_ended_answers_200(company: StandIn) -> None:
    company.set(subscription=False)
    assert code(company.ask("POST", "customer", {"DisplayName": "Acme"})) == (200, "6190")
    assert company.ask("GET", "term/1").status_code == 200
    assert company.truth("Customer") == {}


def test_what_cannot_be_switched_on_is_said(company: StandIn) -> None:
    for path, value in (
        ("faults", {"fault": "nope"}),
        ("faults", {"fault": "lost", "x": 1}),
        ("clock", {"set": "soon"}),
    ):
        assert company.http.post(f"{company.url}/admin/{path}", json=value).status_code == 422
    assert company.http.patch(f"{company.url}/admin/settings", json={"country": "XX"}).status_code == 422
    assert company.http.get(f"{company.url}/admin/nothing").status_code == 404


def test_every_fault_and_setting_stands_on_its_page() -> None:
    page = PAGE.read_text()
    named = set(re.findall(r"`([a-z0-9_-]+)`", page))
    assert set(CATALOGUE) <= named
    assert {field.name for field in fields(Settings)} <= named
