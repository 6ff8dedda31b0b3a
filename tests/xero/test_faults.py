"""What the network does; webhooks; a process that is killed; `sandbox up`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import httpx
import pytest

from billsync.connector import NoSandbox
from billsync_connectors.xero.named import NamedXero
from tests.xero.house import FREE, House, invoice


def test_committed_then_the_reply_is_lost(house: House) -> None:
    key = {"Idempotency_Key": "run-1/A-1"}
    house.fault("lost", path="/api.xro/2.0/Invoices")
    with pytest.raises(httpx.RemoteProtocolError):
        house.ask("PUT", "Invoices", {"Invoices": [invoice()]}, **key)
    assert len(house.truth("Invoices")) == 1
    assert house.made("Invoices", invoice(), **key)["InvoiceNumber"] == "INV-0001"
    assert len(house.truth("Invoices")) == 1


def test_given_up_and_executed_later(house: House) -> None:
    house.fault("late", seconds=90, path="/api.xro/2.0/Invoices")
    with pytest.raises(httpx.RemoteProtocolError):
        house.ask("PUT", "Invoices", {"Invoices": [invoice("A-1")]})
    assert house.ask("GET", "Invoices?InvoiceNumbers=A-1").json()["Invoices"] == []
    house.forward(91)
    assert len(house.ask("GET", "Invoices?InvoiceNumbers=A-1").json()["Invoices"]) == 1
    assert [one["fault"] for one in house.admin("GET", "log")["requests"]] == ["late", "", "late", ""]


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_500_before_and_after_the_commit(house: House, when: str, left: int) -> None:
    house.fault("error", when=when, method="PUT")
    assert house.ask("PUT", "Invoices", {"Invoices": [invoice("A-1")]}).status_code == 500
    assert len(house.truth("Invoices")) == left


def test_a_token_ends_in_the_middle_of_a_batch_of_requests(house: House) -> None:
    house.fault("expire", skip=1)
    assert house.ask("PUT", "Invoices", {"Invoices": [invoice("A-1")]}).status_code == 200
    assert house.ask("PUT", "Invoices", {"Invoices": [invoice("A-2")]}).status_code == 401
    house.token = house.grant(grant_type="refresh_token", refresh_token=house.tokens[0]["refresh_token"]).json()[
        "access_token"
    ]
    assert house.ask("PUT", "Invoices", {"Invoices": [invoice("A-2")]}).status_code == 200
    assert len(house.truth("Invoices")) == 2


def test_answers_that_are_not_what_was_done(house: House) -> None:
    headers = {"Authorization": f"Bearer {house.token}", "xero-tenant-id": house.tenant}
    url = f"{house.url}/api.xro/2.0/Invoices?page=1"
    house.ask("PUT", "Invoices", {"Invoices": [invoice("A-1"), invoice("A-2")]})
    house.fault("other-total", by="0.01")
    assert house.http.get(url, headers=headers).json()["Invoices"][0]["Total"] == 120.01
    house.fault("batch-cut")
    assert len(house.http.get(url, headers=headers).json()["Invoices"]) == 1
    house.fault("no-id")
    assert "InvoiceID" not in house.http.get(url, headers=headers).json()["Invoices"][0]
    house.fault("truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        house.http.get(url, headers=headers)
    house.fault("cut")
    with pytest.raises(json.JSONDecodeError):
        house.http.get(url, headers=headers).json()
    house.fault("login-page")
    assert "text/html" in house.http.get(url, headers=headers).headers["content-type"]
    house.fault("limit", problem="day", seconds=3600)
    over = house.http.get(url, headers=headers)
    assert (over.headers["x-rate-limit-problem"], over.headers["retry-after"]) == ("day", "3600")
    house.fault("reject-item", item=2, message="Order number must be unique")
    mixed = house.ask("PUT", "Invoices?summarizeErrors=false", {"Invoices": [invoice("A-3"), invoice("A-4")]}).json()
    assert [one["StatusAttributeString"] for one in mixed["Invoices"]] == ["OK", "ERROR"]
    refused = house.http.post(f"{house.url}/admin/faults", json={"fault": "lost", "colour": "red"})
    assert (refused.status_code, refused.json()["message"]) == (422, "the fault lost has no option colour")


def test_chance_with_a_seed_strikes_the_same_requests_again(house: House) -> None:
    struck = []
    for _ in range(2):
        house.admin("DELETE", "faults")
        house.fault("error", probability="0.3", seed=5, status=503)
        struck.append([house.ask("GET", "Currencies").status_code for _ in range(20)])
    assert struck[0] == struck[1]
    assert 2 < struck[0].count(503) < 12


def test_what_changed_is_told_by_signed_webhooks(house: House) -> None:
    house.set(webhook_key="whk")
    made = house.made("Invoices", invoice("A-1"))
    house.made("Payments", {"Invoice": {"InvoiceNumber": "A-1"}, "Account": {"Code": "090"}, "Amount": 5})
    told = house.admin("POST", "delivery", {})
    events = json.loads(told["body"])["events"]
    assert [(each["eventCategory"], each["eventType"]) for each in events] == [
        ("CONTACT", "CREATE"), ("INVOICE", "CREATE"), ("INVOICE", "UPDATE"),
    ]  # fmt: skip
    assert events[1]["resourceId"] == made["InvoiceID"]
    mark = base64.b64encode(hmac.digest(b"whk", told["body"].encode(), hashlib.sha256)).decode()
    assert told["signature"] == mark
    intent = house.admin("POST", "delivery", {"wrong": True})
    assert json.loads(intent["body"])["events"] == []
    assert (
        intent["signature"] != base64.b64encode(hmac.digest(b"whk", intent["body"].encode(), hashlib.sha256)).decode()
    )


def test_a_killed_one_has_all_that_it_said_yes_to(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.start()
    house.ready()
    made = house.made("Invoices", invoice("A-1"), Idempotency_Key="k")
    token = house.token
    house.kill()
    house.start()
    try:
        house.token = token
        house.set(**FREE)
        assert house.made("Invoices", invoice("A-1"), Idempotency_Key="k")["InvoiceID"] == made["InvoiceID"]
        assert house.made("Invoices", invoice())["InvoiceNumber"] == "INV-0001"
        assert len(house.truth("Invoices")) == 2
    finally:
        house.http.close()
        house.kill()


def test_it_lives_in_a_folder(tmp_path: Path) -> None:
    sandbox = NamedXero(tmp_path / "books", options={"currencies": "GBP EUR"})
    told = sandbox.up()
    try:
        assert NamedXero(tmp_path / "books").up() == told
        form = {"grant_type": "client_credentials", **{name: told[name] for name in ("client_id", "client_secret")}}
        token = httpx.post(f"{told['url']}connect/token", data=form, trust_env=False).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "xero-tenant-id": told["tenant"]}
        found = httpx.get(f"{told['url']}api.xro/2.0/Organisation", headers=headers, trust_env=False).json()
        assert found["Organisations"][0]["BaseCurrency"] == "GBP"
        assert oct((tmp_path / "books" / "client_secret").stat().st_mode & 0o777) == "0o600"
        with pytest.raises(NoSandbox, match="there is no setting nonsense"):
            sandbox.admin("PATCH", "settings", {"nonsense": 1})
        assert {row["fault"]: row["executed"] for row in NamedXero.faults()}["lost"] == "yes"
    finally:
        sandbox.down()
    assert not sandbox.running()
