"""Asynchronous work: many records in one request, each for itself, once."""

from __future__ import annotations

from typing import Any

import httpx

from tests.netsuite.stand_in import StandIn, code, line, sale

COLLECTION = "application/vnd.oracle.resource+json; type=collection"


def sent(
    account: StandIn, items: list[Any], method: str = "POST", path: str = "invoice", key: str = ""
) -> httpx.Response:
    headers = {"Prefer": "respond-async", "Content-Type": COLLECTION}
    if key:
        headers["X-NetSuite-idempotency-key"] = key
    own = {"Authorization": f"Bearer {account.token}", **headers}
    return account.http.request(
        method, f"{account.url}/services/rest/record/v1/{path}", json={"items": items}, headers=own
    )


def looked(account: StandIn, job: str, rest: str = "") -> Any:
    return account.ask("GET", job + rest).json()


def test_a_job_and_its_tasks(account: StandIn) -> None:
    customer = account.customer()
    answer = sent(account, [sale(customer, line(1)), sale("999"), sale(customer, line(3))])
    job = answer.headers["location"]
    assert (answer.status_code, answer.headers["preference-applied"], answer.content) == (202, "respond-async", b"")
    assert job.startswith("/services/rest/async/v1/job/")
    first, last = looked(account, job), looked(account, job)
    assert (first["completed"], first["progress"]) == (False, "pending")
    assert (last["completed"], last["progress"]) == (True, "failed")
    assert [each["id"] for each in looked(account, job, "/task")["items"]] == ["1", "2", "3"]
    states = [looked(account, job, f"/task/{n}")["progress"] for n in (1, 2, 3)]
    assert states == ["succeeded", "failed", "succeeded"]
    done = account.ask("GET", f"{job}/task/1/result")
    assert (done.status_code, done.headers["location"].rpartition("/")[2]) == (204, "10123")
    assert code(account.ask("GET", f"{job}/task/2/result")) == (400, "USER_ERROR")
    assert len(account.truth("invoice")) == 2
    assert code(account.ask("GET", f"{job}9")) == (404, "NONEXISTENT_ID")


def test_the_same_key_makes_no_second_job(account: StandIn) -> None:
    account.stand()
    customer = account.customer()
    first = sent(account, [sale(customer)], key="8f14e45f")
    again = sent(account, [sale(customer)], key="8f14e45f")
    assert code(again) == (400, "IDEMPOTENCY_ERROR")
    assert again.headers["location"] == first.headers["location"]
    account.forward(86_400)
    account.login()
    assert sent(account, [sale(customer)], key="8f14e45f").status_code == 202
    assert len(account.truth("invoice")) == 2


def test_a_key_means_nothing_to_a_request_that_waits(account: StandIn) -> None:
    customer = account.customer()
    for _ in range(2):
        account.made("POST", "invoice", sale(customer), X_NetSuite_idempotency_key="8f14e45f")
    assert len(account.truth("invoice")) == 2


def test_upserts_changes_and_deletes_by_the_hundred(account: StandIn) -> None:
    items = [{"externalId": f"c-{n}", "companyName": f"C {n}", "subsidiary": {"id": "1"}} for n in range(100)]
    for _ in range(2):
        assert sent(account, items, "PUT", "customer").status_code == 202
    rows = account.truth("customer")
    assert len(rows) == 100
    ids = list(rows)
    sent(account, [{"id": id, "phone": "1"} for id in ids], "PATCH", "customer")
    sent(account, [{"id": id} for id in ids[:99]], "DELETE", "customer")
    left = [row for row in account.truth("customer").values() if not row["deleted"]]
    assert [row["phone"] for row in left] == ["1"]
    assert code(sent(account, items + items[:1], "PUT", "customer")) == (400, "INVALID_CONTENT")


def test_one_record_can_wait_too(account: StandIn) -> None:
    account.stand()
    account.set(job_s=60)
    customer = account.customer()
    job = account.ask("POST", "invoice", sale(customer), Prefer="respond-async").headers["location"]
    assert account.truth("invoice") == {}
    assert looked(account, job)["completed"] is False
    assert code(account.ask("GET", f"{job}/task/1/result")) == (404, "NONEXISTENT_ID")
    account.forward(60)
    assert (looked(account, job)["progress"], len(account.truth("invoice"))) == ("succeeded", 1)


def test_jobs_in_part(account: StandIn) -> None:
    customer = account.customer()
    items = [sale(customer, line(n)) for n in (1, 2, 3)]
    account.fault("reject-task", task=2, detail="no", method="POST")
    job = sent(account, items).headers["location"]
    assert code(account.ask("GET", f"{job}/task/2/result")) == (400, "USER_ERROR")
    assert len(account.truth("invoice")) == 2
    account.fault("half-job", tasks=1, method="POST")
    job = sent(account, items).headers["location"]
    assert [looked(account, job, f"/task/{n}")["completed"] for n in (1, 2, 3)] == [True, False, False]
    assert len(account.truth("invoice")) == 3


def test_a_job_that_was_accepted_without_a_word(account: StandIn) -> None:
    customer = account.customer()
    account.fault("lost", method="POST")
    try:
        sent(account, [sale(customer)], key="k")
    except httpx.TransportError:
        found = sent(account, [sale(customer)], key="k")
    assert code(found) == (400, "IDEMPOTENCY_ERROR")
    assert len(account.truth("invoice")) == 1
