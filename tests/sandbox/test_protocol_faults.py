"""The stand-in's faults, as a plain HTTP client sees them, and what outlives its death."""

from __future__ import annotations

import gzip
import json
import zlib
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.sandbox.stand_in import StandIn
from tests.sandbox.test_protocol import invoice

GONE = (httpx.RemoteProtocolError, httpx.ReadError)


def strike(there: StandIn, fault: str, **options: Any) -> httpx.Response:
    """The answer to a creation that the fault strikes."""
    there.fault(fault, method="POST", path="/v1/customer", **options)
    return there.v1("POST", "v1/customer", {"name": "Café", "reference": "R"})


CLOSED = [
    ("lost", {}, 1), ("dropped", {}, 0), ("late", {"seconds": 30}, 0), ("truncated", {}, 1),
    ("reset", {}, 0), ("reset", {"when": "after"}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "options", "executed"), CLOSED)
def test_no_whole_reply(sandbox_server: StandIn, fault: str, options: dict[str, Any], executed: int) -> None:
    with pytest.raises(GONE):
        strike(sandbox_server, fault, **options)
    assert len(sandbox_server.documents("customer")) == executed
    (logged,) = sandbox_server.log()
    assert (logged["fault"], logged["executed"], logged["references"]) == (fault, bool(executed), ["R"])


def test_a_late_one_takes_effect_when_its_time_comes(sandbox_server: StandIn) -> None:
    with pytest.raises(GONE):
        strike(sandbox_server, "late", seconds=30)
    sandbox_server.forward(29)
    assert sandbox_server.documents("customer") == []
    sandbox_server.forward(2)
    assert len(sandbox_server.documents("customer")) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_error_statuses(sandbox_server: StandIn, status: int, when: str) -> None:
    assert strike(sandbox_server, "error", status=status, when=when).status_code == status
    assert len(sandbox_server.documents("customer")) == (when == "after")


@pytest.mark.parametrize("asked", ["120", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "abc", "", None])
def test_busy_with_any_retry_after(sandbox_server: StandIn, asked: str | None) -> None:
    answer = strike(sandbox_server, "busy", retry_after=asked)
    assert (answer.status_code, answer.headers.get("retry-after")) == (429, asked)
    assert sandbox_server.documents("customer") == []


def test_bodies_that_cannot_be_used(sandbox_server: StandIn) -> None:
    """Each executed once, each answered with a success that is none."""
    cut = strike(sandbox_server, "cut")
    page = strike(sandbox_server, "login-page", when="after")
    plain = strike(sandbox_server, "wrong-type")
    marked = strike(sandbox_server, "bom")
    latin = strike(sandbox_server, "latin-1")
    assert {answer.is_success for answer in (cut, page, plain, marked, latin)} == {True}
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.content)
    assert page.headers["content-type"].startswith("text/html")
    assert plain.headers["content-type"] == "text/plain"
    assert json.loads(plain.content)["name"] == "Café"
    assert marked.content.startswith(b"\xef\xbb\xbf")
    with pytest.raises(UnicodeDecodeError):
        latin.content.decode("utf-8")
    assert len(sandbox_server.documents("customer")) == 5


def test_records_that_are_not_what_was_sent(sandbox_server: StandIn) -> None:
    assert "id" not in strike(sandbox_server, "no-id").json()
    assert strike(sandbox_server, "other-content").json()["reference"] == "SOMETHING-ELSE"
    assert sandbox_server.references("customer") == ["R", "R"]
    sandbox_server.fault("other-content")
    made = sandbox_server.v1("POST", "v1/invoice", invoice(sandbox_server)).json()
    assert Decimal(made["total"]) == 1119


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(sandbox_server: StandIn, status: int) -> None:
    answer = strike(sandbox_server, "redirect", status=status, location="http://127.0.0.2:1/")
    assert (answer.status_code, answer.headers["location"]) == (status, "http://127.0.0.2:1/")
    assert sandbox_server.documents("customer") == []


def test_slow_and_dripping(sandbox_server: StandIn) -> None:
    sandbox_server.fault("slow", seconds=1)
    assert sandbox_server.v1("GET", "v1/").elapsed.total_seconds() > 0.9
    sandbox_server.fault("drip", pause_s="0.001")
    assert sandbox_server.v1("GET", "v1/").json()["system"] == "sandbox"
    assert sandbox_server.admin("GET", "faults")["faults"] == []


def test_batch_faults(sandbox_server: StandIn) -> None:
    items = {"items": [{"name": str(n)} for n in range(4)]}
    sandbox_server.fault("batch-cut", items=2)
    assert len(sandbox_server.v1("POST", "v1/customer/batch", items).json()["results"]) == 2
    sandbox_server.fault("reject-item", item=3)
    results = sandbox_server.v1("POST", "v1/customer/batch", items).json()["results"]
    assert [result["status"] for result in results] == [201, 201, 422, 201]
    assert len(sandbox_server.documents("customer")) == 7


def test_doubled(sandbox_server: StandIn) -> None:
    first = strike(sandbox_server, "doubled").json()["id"]
    assert [row["id"] for row in sandbox_server.documents("customer")] == [first, "customer-2"]


def test_huge_bodies(sandbox_server: StandIn) -> None:
    assert len(strike(sandbox_server, "huge", size=3_000_000).content) == 3_000_000
    sandbox_server.fault("bomb", size=3_000_000)
    with sandbox_server.http.stream("GET", f"{sandbox_server.url}v1/") as answer:
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 10_000
    assert len(gzip.decompress(packed)) == len(zlib.decompress(packed, 31)) == 3_000_000


def test_a_fault_by_chance_can_be_repeated(sandbox_server: StandIn) -> None:
    runs = []
    for _ in range(2):
        sandbox_server.fault("error", probability="0.3", seed=7)
        runs.append([sandbox_server.v1("GET", "v1/").status_code for _ in range(30)])
        sandbox_server.admin("DELETE", "faults")
    assert runs[0] == runs[1]
    assert 3 <= runs[0].count(500) <= 15


# ---------------------------------------------------------------- what outlives a kill


def test_everything_but_the_faults_outlives_a_kill(sandbox_server: StandIn) -> None:
    sandbox_server.set(kind="A", index_lag_s=5)
    body = invoice(sandbox_server)
    first = sandbox_server.v1("POST", "v1/invoice", body, idempotency_key="k").json()
    sandbox_server.forward(1000)
    with pytest.raises(GONE):
        strike(sandbox_server, "late", seconds=50)
    sandbox_server.kill()
    sandbox_server.start()
    assert sandbox_server.v1("POST", "v1/invoice", body, idempotency_key="k").json() == first
    assert sandbox_server.admin("GET", "settings")["index_lag_s"] == "5"
    sandbox_server.forward(51)
    assert sandbox_server.references("customer")[-1] == "R"
    assert len(sandbox_server.log()) == 4
