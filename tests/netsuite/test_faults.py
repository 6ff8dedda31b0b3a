"""Governance, and what goes wrong on request: each fault is seen, and what it leaves behind."""

from __future__ import annotations

import re
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync_connectors.netsuite.server.faults import CATALOGUE
from billsync_connectors.netsuite.server.settings import Settings
from tests.netsuite.stand_in import StandIn, code, sale

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "netsuite-stand-in.md"


def put(account: StandIn, fault: str, **options: Any) -> httpx.Response:
    customer = account.customer()
    account.fault(fault, method="PUT", **options)
    return account.ask("PUT", "invoice/eid:inv-1", sale(customer), params={"replace": "item"})


@pytest.mark.parametrize(
    ("fault", "executed"), {"lost": 1, "dropped": 0, "reset": 0, "late": 0}.items()
)  # fmt: skip
def test_no_reply_and_what_was_done_nevertheless(account: StandIn, fault: str, executed: int) -> None:
    account.stand()
    with pytest.raises(httpx.TransportError):
        put(account, fault)
    assert len(account.truth("invoice")) == executed
    if fault == "late":
        account.forward(31)
        assert len(account.truth("invoice")) == 1
    account.ask("PUT", "invoice/eid:inv-1", sale("647"), params={"replace": "item"})
    assert len(account.truth("invoice")) == 1  # the upsert makes good what nobody could know


SEEN: dict[str, tuple[dict[str, Any], int, int, str]] = {
    "error": ({"when": "after"}, 500, 1, "UNEXPECTED_ERROR"),
    "unavailable": ({}, 503, 0, "<html>"),
    "redirect": ({}, 302, 0, ""),
    "login-page": ({}, 200, 0, "<form>"),
    "throttle": ({}, 429, 0, "CONCURRENCY_LIMIT_EXCEEDED"),
    "expire": ({}, 401, 0, "INVALID_LOGIN"),
    "changed": ({}, 400, 0, "RCRD_HAS_BEEN_CHANGED"),
    "locked": ({}, 400, 0, "locked by a user defined workflow"),
    "slow": ({"milliseconds": 60}, 204, 1, ""),
    "doubled": ({}, 204, 1, ""),
    "no-location": ({}, 204, 1, ""),
}


@pytest.mark.parametrize("fault", SEEN)
def test_replies_that_are_broken(account: StandIn, fault: str) -> None:
    options, status, executed, text = SEEN[fault]
    answer = put(account, fault, **options)
    assert (answer.status_code, len(account.truth("invoice"))) == (status, executed)
    assert text in answer.text
    assert answer.elapsed.total_seconds() >= (0.05 if fault == "slow" else 0)
    assert ("location" in answer.headers) == (fault in ("slow", "doubled", "redirect"))


BODIES = {
    "wrong-type": '"tranId"', "bom": "\ufeff{", "cut": "{", "drip": '"tranId"', "other-content": '"XINV101"',
    "huge": "     ",
}  # fmt: skip


@pytest.mark.parametrize("fault", [*BODIES, "truncated"])
def test_records_that_come_broken(account: StandIn, fault: str) -> None:
    id = account.invoice(account.customer())
    more = {"drip": {"milliseconds": 1}, "huge": {"size": 50_000}}.get(fault, {})
    account.fault(fault, method="GET", **more)
    if fault == "truncated":
        with pytest.raises(httpx.TransportError):
            account.ask("GET", f"invoice/{id}")
        return
    answer = account.ask("GET", f"invoice/{id}")
    assert BODIES[fault] in answer.content.decode()
    assert (fault == "cut") == (not answer.text.rstrip().endswith("}") and fault != "huge")
    assert answer.elapsed.total_seconds() >= (0.5 if fault == "drip" else 0)
    assert (answer.headers["content-type"] == "text/plain") == (fault == "wrong-type")


def test_a_short_page_and_faults_that_let_some_pass(account: StandIn) -> None:
    account.fault("short-page", rows=2, skip=1)
    assert [account.query("SELECT id FROM currency")["count"] for _ in range(3)] == [6, 2, 6]
    account.fault("error", path="/services/rest/record/v1/term/1$")
    assert [account.ask("GET", f"term/{n}").status_code for n in (2, 1, 1)] == [200, 500, 200]


def test_faults_by_chance_are_the_same_each_time(account: StandIn) -> None:
    def seen() -> list[int]:
        account.fault("error", status=503, probability="0.5", seed=7)
        found = [account.ask("GET", "term/1").status_code for _ in range(12)]
        account.admin("DELETE", "faults")
        return found

    first = seen()
    assert first == seen()
    assert set(first) == {200, 503}


def test_as_many_at_once_as_are_let_in(account: StandIn) -> None:
    account.set(others=5)
    refused = account.ask("GET", "term/1")
    assert code(refused) == (429, "CONCURRENCY_LIMIT_EXCEEDED")
    assert "retry-after" not in refused.headers
    script = {"script": "customscript_void_transaction", "deploy": "customdeploy1"}
    answer = account.ask("POST", "/app/site/hosting/restlet.nl", {}, params=script)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "SSS_REQUEST_LIMIT_EXCEEDED")
    account.login()  # logging in does not count
    account.set(others=4)
    assert account.ask("GET", "term/1").status_code == 200


def test_slow_requests_are_in_each_others_way(account: StandIn) -> None:
    account.set(concurrency=1)
    account.fault("slow", milliseconds=1500)
    thread = threading.Thread(target=lambda: httpx.get(
        f"{account.url}/services/rest/record/v1/term/1", headers={"Authorization": f"Bearer {account.token}"}
    ))  # fmt: skip
    thread.start()
    while not account.admin("GET", "governance")["under_way"]:
        threading.Event().wait(0.02)
    assert account.ask("GET", "term/1").status_code == 429
    thread.join()
    assert account.ask("GET", "term/1").status_code == 200


def test_what_cannot_be_switched_on_is_said(account: StandIn) -> None:
    for path, value in (
        ("faults", {"fault": "nope"}),
        ("faults", {"fault": "lost", "x": 1}),
        ("clock", {"set": "soon"}),
    ):
        assert account.http.post(f"{account.url}/admin/{path}", json=value).status_code == 422
    assert account.http.patch(f"{account.url}/admin/settings", json={"nexus": "Mars"}).status_code == 422
    assert account.http.get(f"{account.url}/admin/nothing").status_code == 404


def test_every_fault_and_setting_stands_on_its_page() -> None:
    named = set(re.findall(r"`([a-z0-9_-]+)`", PAGE.read_text()))
    assert set(CATALOGUE) <= named
    assert {field.name for field in fields(Settings)} <= named
