"""Faults that are switched on: each strikes as often as it was told to, and is executed or not as it says."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.hubspot.account import TOKEN, Account, refusal

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
BROKEN = {
    "lost": True, "dropped": False, "reset": False, "late": False, "truncated": True, "cut": True,
}  # fmt: skip
"""Faults after which there is no whole reply, and whether the request was executed."""


def made(account: Account) -> int:
    return len(account.documents("deals"))


def create(account: Account) -> httpx.Response:
    return account.ask("POST", "deals", {"properties": {"dealname": "A"}})


@pytest.mark.parametrize("name", BROKEN)
def test_a_reply_that_does_not_come_whole(account: Account, name: str) -> None:
    account.fault(name)
    with pytest.raises((httpx.TransportError, ValueError)):
        create(account).json()
    assert made(account) == (1 if BROKEN[name] else 0)
    assert create(account).status_code == 201


def test_a_late_one_is_executed_when_its_time_has_come(account: Account) -> None:
    account.fault("late", seconds=30)
    with pytest.raises(httpx.TransportError):
        create(account)
    account.forward(29)
    assert made(account) == 0
    account.forward(1)
    assert made(account) == 1


STATUS: list[tuple[str, dict[str, Any], int, str]] = [
    ("error", {"status": 502}, 502, ""),
    ("busy", {"policy": "DAILY"}, 429, ""),
    ("locked", {}, 423, "LOCKED"),
    ("migrating", {"retry_after": "7200"}, 477, "MIGRATION_IN_PROGRESS"),
    ("expired", {}, 401, "EXPIRED_AUTHENTICATION"),
]


@pytest.mark.parametrize(("name", "options", "status", "category"), STATUS)
def test_an_error_that_is_told(
    account: Account, name: str, options: dict[str, Any], status: int, category: str
) -> None:
    account.fault(name, **options)
    answer = create(account)
    assert refusal(answer)[:2] == (status, category)
    assert made(account) == 0
    assert answer.headers.get("Retry-After") == options.get("retry_after")


def test_an_error_may_come_after_all_was_done(account: Account) -> None:
    account.fault("error", status=504, when="after", body="html")
    answer = create(account)
    assert (answer.status_code, answer.headers["Content-Type"]) == (504, "text/html; charset=utf-8")
    assert made(account) == 1


@pytest.mark.parametrize(("name", "status"), [("blocked", 403), ("login-page", 200), ("redirect", 302)])
def test_a_page_in_place_of_an_answer(account: Account, name: str, status: int) -> None:
    account.fault(name)
    answer = create(account)
    assert answer.status_code == status
    assert "json" not in answer.headers["Content-Type"] or not answer.content
    assert made(account) == 0


def test_answers_that_are_not_what_they_should_be(account: Account) -> None:
    account.made("deals", dealname="A", amount="1")
    good = account.got("deals")["results"]
    account.fault("no-id")
    assert "id" not in account.got("deals")["results"][0]
    account.fault("no-properties")
    assert "properties" not in account.got("deals")["results"][0]
    account.fault("wrong-values")
    assert {type(value) for value in account.got("deals")["results"][0]["properties"].values()} & {int, list, dict}
    account.fault("bad-text")
    values = set(account.got("deals")["results"][0]["properties"].values())
    assert values == {"half \ud800 a pair", "a NUL \x00 inside"}
    account.fault("bad-json")
    assert account.ask("GET", "deals").text.startswith('{"total":NaN,"results":[],"results":[{')
    account.fault("short-page")
    assert account.got("deals")["results"] == []
    account.fault("wrong-type")
    assert account.ask("GET", "deals").headers["Content-Type"] == "text/plain"
    account.fault("bom")
    assert account.ask("GET", "deals").content.startswith(b"\xef\xbb\xbf")
    account.fault("latin-1")
    with pytest.raises(UnicodeDecodeError):
        account.ask("GET", "deals").content.decode()
    assert account.got("deals")["results"] == good


def test_bodies_that_are_too_large(account: Account) -> None:
    account.fault("huge", size=3_000_000)
    assert len(account.ask("GET", "deals").content) == 3_000_000
    account.fault("bomb", size=3_000_000)
    with account.http.stream("GET", f"{account.url}/crm/v3/objects/deals", headers=HEADERS) as answer:
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 30_000


def test_one_input_of_a_batch_is_refused_and_one_result_is_missing(account: Account) -> None:
    body = {"inputs": [{"properties": {"dealname": f"D{n}"}, "objectWriteTraceId": f"t{n}"} for n in range(3)]}
    account.fault("reject-item", item=2)
    told = account.sent("POST", "deals/batch/create", body, status=207)
    assert [error["context"] for error in told["errors"]] == [{"objectWriteTraceId": ["t1"]}]
    account.fault("batch-cut", items=1)
    assert len(account.sent("POST", "deals/batch/create", body)["results"]) == 1
    assert made(account) == 5
    account.fault("doubled", path="/crm/objects/2026-03/deals$", method="POST")
    assert create(account).status_code == 201
    assert made(account) == 7


def test_a_fault_strikes_where_it_was_told_to_and_no_oftener(account: Account) -> None:
    account.fault("error", path="/crm/objects/2026-03/companies", method="GET", next=2)
    assert account.ask("GET", "deals").status_code == 200
    assert [account.ask("GET", "companies").status_code for _ in range(3)] == [500, 500, 200]


def test_chance_is_decided_by_a_seed(account: Account) -> None:
    runs = []
    for _ in range(2):
        account.fault("error", probability="0.5", seed=4)
        runs.append([account.ask("GET", "deals").status_code for _ in range(30)])
        account.admin("DELETE", "faults")
    assert runs[0] == runs[1]
    assert {200, 500} == set(runs[0])


def test_the_log_tells_what_was_asked_and_what_became_of_it(account: Account) -> None:
    account.admin("DELETE", "log")
    account.fault("lost")
    with pytest.raises(httpx.TransportError):
        create(account)
    account.ask("GET", "deals/77")
    rows = account.admin("GET", "log")["requests"]
    assert [(row["method"], row["status"], row["fault"], row["executed"]) for row in rows] == [
        ("POST", 201, "lost", True), ("GET", 404, "", False),
    ]  # fmt: skip
    assert json.loads(rows[0]["body"])["properties"] == {"dealname": "A"}
    assert TOKEN not in json.dumps(rows)


@pytest.mark.parametrize(
    "given", [{"fault": "nonsense"}, {"fault": "lost", "x": 1}, {"fault": "error", "when": "never"}]
)
def test_a_fault_that_there_is_not_is_refused(account: Account, given: dict[str, Any]) -> None:
    password = (account.folder / "admin-password").read_text()
    answer = account.http.post(f"{account.url}/admin/faults", json=given, headers={"X-Admin-Password": password})
    assert answer.status_code == 400
