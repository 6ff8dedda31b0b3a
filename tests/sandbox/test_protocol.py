"""The stand-in against docs/reference/sandbox-protocol.md, spoken to by a plain HTTP client."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.stand_in import StandIn

PAGE = (Path(__file__).parents[2] / "docs/reference/sandbox-protocol.md").read_text(encoding="utf-8")
INVOICE: dict[str, Any] = {
    "reference": "R-1",
    "number": "N-1",
    "currency": "EUR",
    "date": "2026-01-31",
    "lines": [{"quantity": "2", "unit_price": "50.00", "tax_rate": "0.19"}],
}


def invoice(there: StandIn, **fields: Any) -> dict[str, Any]:
    """An invoice for a customer that stands there."""
    known = there.documents("customer")
    party = known[0] if known else there.human("create", "customer", name="Acme")
    return {**INVOICE, "customer": party["id"], **fields}


def section(title: str) -> list[list[str]]:
    """The rows of the page's table under a heading."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]


def error(answer: httpx.Response) -> tuple[int, str, str]:
    told = answer.json()["error"]
    assert set(told) == {"code", "message", "field"}
    assert told["message"]
    return answer.status_code, told["code"], told["field"]


# ---------------------------------------------------------------- the page


def test_every_setting_of_the_page_is_there_with_its_default(sandbox_server: StandIn) -> None:
    there = sandbox_server.admin("GET", "settings")
    named = [name for row in section("Settings") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(there)
    defaults = {"kind": "C", "batch_max": 100, "tax_rounding": "rate", "key_lifetime_s": "86400", "user": "billsync"}
    assert {name: there[name] for name in defaults} == defaults


NEEDED = {"schema": {"object": "deals", "do": "remove", "field": "amount"}}
"""What a fault cannot be switched on without."""


def test_every_fault_of_the_page_can_be_switched_on_and_no_other(sandbox_server: StandIn) -> None:
    for row in section("Faults"):
        for name in re.findall(r"`([\w-]+)`", row[0]):
            sandbox_server.fault(name, **NEEDED.get(name, {}))
    switched = [row["fault"] for row in sandbox_server.admin("GET", "faults")["faults"]]
    assert len(switched) == len(set(switched)) == 25
    answer = sandbox_server.v1("POST", "admin/faults", {"fault": "nonsense"})
    assert error(answer) == (422, "bad_value", "fault")
    assert error(sandbox_server.v1("POST", "admin/faults", {"fault": "lost", "x": 1}))[1] == "unknown_field"


# ---------------------------------------------------------------- records


def test_an_invoice_is_summed_and_paid(sandbox_server: StandIn) -> None:
    made = sandbox_server.v1("POST", "v1/invoice", invoice(sandbox_server)).json()
    assert {name: made[name] for name in ("subtotal", "tax", "total", "open", "state", "version", "edited_by")} == {
        "subtotal": "100.00", "tax": "19.00", "total": "119.00", "open": "119.00", "state": "sent", "version": 1,
        "edited_by": "",
    }  # fmt: skip
    money = {"invoice": made["id"], "amount": "119.00", "currency": "EUR", "date": "2026-02-01"}
    paid = sandbox_server.v1("POST", "v1/payment", money).json()
    assert (paid["invoice_reference"], paid["state"]) == ("R-1", "booked")
    after = sandbox_server.v1("GET", f"v1/invoice/{made['id']}").json()
    assert (after["state"], after["open"], after["version"]) == ("paid", "0.00", 2)
    assert error(sandbox_server.v1("POST", f"v1/invoice/{made['id']}/void", {}))[1] == "has_payments"
    sandbox_server.v1("POST", f"v1/payment/{paid['id']}/void", {})
    assert sandbox_server.v1("GET", f"v1/invoice/{made['id']}").json()["state"] == "sent"
    voided = [sandbox_server.v1("POST", f"v1/invoice/{made['id']}/void", {}).json() for _ in range(2)]
    assert [(row["state"], row["open"]) for row in voided] == [("void", "0.00")] * 2
    assert voided[0]["version"] == voided[1]["version"]


@pytest.mark.parametrize(
    ("currency", "price", "rate", "tax", "total"),
    [
        ("JPY", "50", "0.105", "11", "111"),
        ("KWD", "0.0015", "0.5", "0.002", "0.005"),
        ("EUR", "0.005", "0", "0.00", "0.01"),
    ],
)
def test_amounts_have_the_currencys_own_decimals(
    sandbox_server: StandIn, currency: str, price: str, rate: str, tax: str, total: str
) -> None:
    lines = [{"quantity": "2", "unit_price": price, "tax_rate": rate}]
    made = sandbox_server.v1("POST", "v1/invoice", invoice(sandbox_server, currency=currency, lines=lines)).json()
    assert (made["tax"], made["total"]) == (tax, total)


def test_tax_is_rounded_once_per_rate_or_on_each_line(sandbox_server: StandIn) -> None:
    lines = [{"quantity": "1", "unit_price": "0.33", "tax_rate": "0.19"}] * 3
    sums = []
    for way in ("rate", "line"):
        sandbox_server.set(tax_rounding=way)
        sums.append(sandbox_server.v1("POST", "v1/invoice", invoice(sandbox_server, lines=lines)).json()["tax"])
    assert sums == ["0.19", "0.18"]


WRONG: list[tuple[dict[str, Any], tuple[int, str, str]]] = [
    ({"lines": []}, (422, "missing_value", "lines")),
    ({"date": "2026-02-30"}, (422, "bad_value", "date")),
    ({"lines": [{"quantity": "NaN", "unit_price": "1"}]}, (422, "bad_value", "lines.quantity")),
    ({"lines": [{"quantity": "1", "unit_price": True}]}, (422, "bad_value", "lines.unit_price")),
    ({"lines": [{"quantity": "1"}]}, (422, "missing_value", "lines.unit_price")),
    ({"customer": "customer-9"}, (422, "unknown_reference", "customer")),
    ({"surprise": 1}, (422, "unknown_field", "surprise")),
    ({"state": "paid"}, (422, "bad_value", "state")),
    ({"reference": 5}, (422, "bad_value", "reference")),
]


@pytest.mark.parametrize(("fields", "expected"), WRONG, ids=lambda part: str(part)[:30])
def test_what_cannot_be_kept_is_refused_and_leaves_nothing(
    sandbox_server: StandIn, fields: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert error(sandbox_server.v1("POST", "v1/invoice", invoice(sandbox_server, **fields))) == expected
    assert sandbox_server.documents() == []


def test_what_is_not_there(sandbox_server: StandIn) -> None:
    assert error(sandbox_server.v1("GET", "v1/invoice/invoice-9"))[:2] == (404, "not_found")
    assert error(sandbox_server.v1("GET", "v1/nonsense"))[:2] == (404, "no_such_object")
    assert error(sandbox_server.v1("DELETE", "v1/invoice/x"))[:2] == (404, "no_such_resource")
    bad = sandbox_server.http.post(f"{sandbox_server.url}v1/invoice", content=b"{")
    assert error(bad)[:2] == (400, "bad_request")


def test_a_change_can_be_conditional(sandbox_server: StandIn) -> None:
    made = sandbox_server.v1("POST", "v1/customer", {"name": "Acme"}).json()
    path = f"v1/customer/{made['id']}"
    assert sandbox_server.v1("PATCH", path, {"city": "Bonn"}, if_match="1").json()["version"] == 2
    assert error(sandbox_server.v1("PATCH", path, {"city": "Oslo"}, if_match="1"))[:2] == (409, "stale_version")
    assert sandbox_server.v1("PATCH", path, {"city": "Bonn"}).json()["version"] == 2


# ---------------------------------------------------------------- kinds


def test_kind_a_honours_its_keys(sandbox_server: StandIn) -> None:
    """The same key twice is one record; with another body it is refused; after its lifetime it is forgotten."""
    sandbox_server.set(kind="A", key_lifetime_s=100)
    body = invoice(sandbox_server)
    first = sandbox_server.v1("POST", "v1/invoice", body, idempotency_key="k")
    again = sandbox_server.v1("POST", "v1/invoice", body, idempotency_key="k")
    assert (again.status_code, again.json(), again.headers["idempotent-replay"]) == (201, first.json(), "true")
    other = sandbox_server.v1("POST", "v1/invoice", {**body, "date": "2026-02-01"}, idempotency_key="k")
    assert error(other)[:2] == (422, "key_reused")
    assert len(sandbox_server.documents()) == 1
    sandbox_server.forward(101)
    sandbox_server.v1("POST", "v1/invoice", body, idempotency_key="k")
    assert len(sandbox_server.documents()) == 2


def test_a_key_stands_for_single_and_batch_alike_and_not_for_a_refusal(sandbox_server: StandIn) -> None:
    sandbox_server.set(kind="A")
    body = invoice(sandbox_server)
    refused = sandbox_server.v1("POST", "v1/invoice", {**body, "currency": None}, idempotency_key="k")
    assert refused.status_code == 422
    single = sandbox_server.v1("POST", "v1/invoice", body, idempotency_key="k").json()
    batch = sandbox_server.v1("POST", "v1/invoice/batch", {"items": [{**body, "idempotency_key": "k"}]}).json()
    assert batch["results"] == [{"status": 201, "record": single}]


def test_a_key_means_nothing_on_the_other_kinds(sandbox_server: StandIn) -> None:
    body = invoice(sandbox_server)
    ids = {sandbox_server.v1("POST", "v1/invoice", body, idempotency_key="k").json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_kind_b_writes_by_our_reference(sandbox_server: StandIn) -> None:
    sandbox_server.set(kind="B")
    path = "v1/customer/by-reference/a%2Fb%20c"
    answers = [sandbox_server.v1("PUT", path, {"name": name}) for name in ("Acme", "Acme", "Other")]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert [answer.json()["version"] for answer in answers] == [1, 1, 2]
    (stands,) = sandbox_server.documents("customer")
    assert (stands["reference"], stands["name"]) == ("a/b c", "Other")


@pytest.mark.parametrize("kind", ["A", "B", "C", "D"])
def test_what_a_kind_does_not_offer(sandbox_server: StandIn, kind: str) -> None:
    sandbox_server.set(kind=kind)
    put = sandbox_server.v1("PUT", "v1/customer/by-reference/x", {"name": "Acme"})
    assert put.is_success if kind == "B" else error(put)[:2] == (400, "not_offered")
    search = sandbox_server.v1("POST", "v1/customer/search", {"references": ["x"]})
    assert error(search)[:2] == (400, "not_offered") if kind == "D" else search.is_success


def test_the_index_lags(sandbox_server: StandIn) -> None:
    sandbox_server.set(index_lag_s=60)
    sandbox_server.v1("POST", "v1/invoice", invoice(sandbox_server))

    def found(by: str, name: str) -> int:
        return len(sandbox_server.v1("POST", "v1/invoice/search", {by: [name]}).json()["records"])

    assert (found("references", "R-1"), found("numbers", "N-1"), found("ids", "invoice-1")) == (0, 0, 1)
    sandbox_server.forward(61)
    assert (found("references", "R-1"), found("numbers", "N-1")) == (1, 1)


def test_numbers_are_unique_where_that_is_the_rule(sandbox_server: StandIn) -> None:
    sandbox_server.set(unique_numbers=True)
    sandbox_server.v1("POST", "v1/invoice", invoice(sandbox_server))
    answer = sandbox_server.v1("POST", "v1/invoice", invoice(sandbox_server, reference="R-2"))
    assert error(answer) == (409, "number_taken", "number")


# ---------------------------------------------------------------- lists


def test_lists_go_by_the_time_of_change_and_tell_deletions(sandbox_server: StandIn) -> None:
    for n in range(5):
        sandbox_server.human("create", "accounts", name=f"A{n}")
    sandbox_server.human("change", "accounts", "accounts-1", sector="x")
    sandbox_server.human("delete", "accounts", "accounts-3")
    seen: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        answer = sandbox_server.http.get(f"{sandbox_server.url}v1/accounts", params={**after, "limit": "2"}).json()
        seen += answer["records"]
        after = {"after_updated": seen[-1]["updated"], "after_id": seen[-1]["id"]}
        if not answer["more"]:
            break
    assert [row["id"] for row in seen] == [f"accounts-{n}" for n in (2, 4, 5, 1, 3)]
    assert seen[-1] == {"id": "accounts-3", "version": 2, "updated": seen[-1]["updated"], "deleted": True}
    assert [row["updated"] for row in seen] == sorted(row["updated"] for row in seen)


def test_what_is_published_late_is_listed_late(sandbox_server: StandIn) -> None:
    sandbox_server.set(publish_lag_s=60)
    sandbox_server.human("create", "accounts", name="A")
    assert sandbox_server.v1("GET", "v1/accounts").json()["records"] == []
    sandbox_server.forward(61)
    assert len(sandbox_server.v1("GET", "v1/accounts").json()["records"]) == 1


# ---------------------------------------------------------------- log-in and limits


def test_tokens_end(sandbox_server: StandIn) -> None:
    sandbox_server.set(password="secret", token_lifetime_s=100, single_session=True)
    assert error(sandbox_server.v1("GET", "v1/"))[:2] == (401, "log_in")
    assert error(sandbox_server.v1("POST", "login", {"user": "billsync", "password": "wrong"}))[0] == 401
    tokens = [
        sandbox_server.v1("POST", "login", {"user": "billsync", "password": "secret"}).json()["token"] for _ in range(2)
    ]

    def status(token: str) -> int:
        return sandbox_server.v1("GET", "v1/", authorization=f"Bearer {token}").status_code

    assert [status(token) for token in tokens] == [401, 200]
    sandbox_server.forward(101)
    assert status(tokens[1]) == 401
    log = json.dumps(sandbox_server.log())
    assert not any(secret in log for secret in ("secret", *tokens))


def test_limits(sandbox_server: StandIn) -> None:
    sandbox_server.set(rate_per_s="1", burst=2, batch_max=2)
    statuses = [sandbox_server.v1("GET", "v1/").status_code for _ in range(4)]
    assert statuses[:2] == [200, 200]
    assert 429 in statuses[2:]
    sandbox_server.set(rate_per_s="0")
    items = [{"name": "Acme"}] * 3
    assert error(sandbox_server.v1("POST", "v1/customer/batch", {"items": items}))[:2] == (413, "too_many_items")
    sandbox_server.set(batch="none")
    assert error(sandbox_server.v1("POST", "v1/customer/batch", {"items": []}))[:2] == (400, "not_offered")


def test_batches(sandbox_server: StandIn) -> None:
    items = [{"name": "A"}, {"city": "no name"}, {"name": "C"}]
    results = sandbox_server.v1("POST", "v1/customer/batch", {"items": items}).json()["results"]
    assert [result["status"] for result in results] == [201, 422, 201]
    assert results[1]["error"]["code"] == "missing_value"
    sandbox_server.set(batch="atomic")
    answer = sandbox_server.v1("POST", "v1/customer/batch", {"items": items})
    assert error(answer) == (422, "item_refused", "items.2")
    assert len(sandbox_server.documents("customer")) == 2
