"""What people do in Xero comes back: payments, edits, voids; log-in, consent, webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from billsync.connector import Applied, Fault, Hint, Hook, Refused, TryLater
from tests.xero.desk import Desk


def _records(desk: Desk, object: str, mark: Any = None) -> tuple[dict[str, Any], Any]:
    """Id -> data (None where it is gone), and the last checkpoint."""
    found: dict[str, Any] = {}
    for page in desk.erp.read(object, mark):
        assert not page.problems
        found |= {record.id: None if record.deleted else dict(record.data) for record in page.records}
        mark = page.checkpoint
    return found, mark


def test_payments_of_people_come_back_and_are_told_when_they_go(desk: Desk) -> None:
    invoice = desk.made_bill("INV-1")
    _, mark = _records(desk, "payment")
    pay = {"Invoice": {"InvoiceID": invoice}, "Account": {"Code": "090"}, "Date": "2026-03-20", "Amount": 50}
    id = desk.house.human("create", "Payment", "", **pay)
    found, mark = _records(desk, "payment", mark)
    told = found[id]
    assert (told["Invoice"]["InvoiceNumber"], told["Amount"], told["Date"]) == ("INV-1", 50, date(2026, 3, 20))
    assert desk.erp.fetch("invoice", [invoice])[0].data["AmountDue"] == 70
    desk.house.forward(600)
    desk.house.human("delete", "Payment", id)
    assert _records(desk, "payment", mark)[0] == {id: None}
    assert desk.erp.fetch("payment", [id]) == []


def test_edits_in_the_middle_of_a_walk_lose_nothing(desk: Desk) -> None:
    """Pages of two; what changes goes to the end of the list, and all behind it would move up by one."""
    desk.erp = desk.connector(page_size=2)
    ids = [desk.made_bill(f"INV-{n}") for n in range(7)]
    desk.house.forward(60)
    seen = set()
    for n, page in enumerate(desk.erp.read("invoice", None)):
        seen |= {record.id for record in page.records}
        if n < 3:
            desk.house.human("update", "Invoice", ids[n], Reference=f"see mail {n}")
    assert seen == set(ids)
    standing = [one for page in desk.erp.standing("invoice") for one in page]
    assert sorted(one.reference for one in standing) == [f"INV-{n}" for n in range(7)]


def test_many_of_one_second_and_pages_that_are_short(desk: Desk) -> None:
    """All of one second do not fit into a page, and a page has fewer records than it could have."""
    desk.erp = desk.connector(page_size=3)
    ids = {
        outcome.remote_id
        for outcome in desk.write(*(desk.bill(f"I-{n}") for n in range(8)))
        if isinstance(outcome, Applied)
    }
    desk.strike("short-page", "invoice", "GET", rows=1, next=2)
    assert set(_records(desk, "invoice")[0]) == ids


def test_what_stands_there_is_told_in_our_words(desk: Desk) -> None:
    invoice, void = desk.made_bill("INV-1"), desk.made_bill("INV-2")
    desk.write(desk.money("P-1", invoice, 20), replace(desk.money("P-2", invoice, 30)))
    desk.write(desk.credit("CN-1", invoice, 10))
    desk.house.human("void", "Invoice", void)
    bill = {"Type": "ACCPAY", "Contact": {"Name": "A supplier"}, "InvoiceNumber": "INV-1", "Date": "2026-03-05"}
    desk.house.human(
        "create", "Invoice", "", **bill, LineItems=[{"Description": "x", "UnitAmount": 1, "AccountCode": "400"}]
    )
    told = {one.number: one for page in desk.erp.standing("invoice") for one in page}
    sums: dict[Any, Any] = {name: (one.total, one.tax, one.open, one.state, one.lines) for name, one in told.items()}
    assert sums == {
        "INV-1": (120, 20, 58, "partly_paid", 1),
        "INV-2": (120, 20, 0, "void", 1),
    }
    assert (told["INV-1"].customer, told["INV-1"].due_on) == (desk.customer, date(2026, 4, 4))
    notes: list[Any] = [
        (one.reference, one.total, one.open, one.state) for page in desk.erp.standing("credit_note") for one in page
    ]
    assert notes == [("CN-1", 12, 0, "paid")]
    paid: list[Any] = [
        (one.reference, one.applies_to, one.total, one.state) for page in desk.erp.standing("payment") for one in page
    ]
    assert paid == [("P-1", "INV-1", 20, "booked"), ("P-2", "INV-1", 30, "booked")]


# ---------------------------------------------------------------- letting in


def _let_in(desk: Desk, redirect: str = "http://127.0.0.1:9/back") -> dict[str, str]:
    """What a browser brings back from the page of consent."""
    address = desk.erp.consent(redirect, "state-1")
    answer = httpx.get(address, trust_env=False, follow_redirects=False)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_a_person_lets_us_in_and_tokens_turn(desk: Desk) -> None:
    redirect = "http://127.0.0.1:9/back"
    answer = _let_in(desk)
    assert answer["state"] == "state-1"
    desk.erp.consented(answer, redirect)
    first = json.loads(desk.keep.get("oauth") or "")
    desk.erp = desk.connector(tenant="demo company (global)")
    assert desk.erp.check().identity == "Demo Company (Global)"
    desk.house.admin("POST", "expire", {})
    desk.made_bill("INV-1")
    second = json.loads(desk.keep.get("oauth") or "")
    assert (second["refresh"] != first["refresh"], second["access"] != first["access"]) == (True, True)
    with pytest.raises(Refused, match="the code is not accepted"):
        desk.erp.consented(answer, redirect)
    with pytest.raises(Refused, match="access_denied"):
        desk.erp.consented({"error": "access_denied"}, redirect)


def test_the_answer_to_an_exchange_is_lost_and_the_old_token_works_once_more(desk: Desk) -> None:
    desk.erp.consented(_let_in(desk), "http://127.0.0.1:9/back")
    desk.house.admin("POST", "expire", {})
    desk.door.disturbed = True
    desk.house.fault("lost", path="/connect/token", method="POST")
    (outcome,) = desk.write(desk.bill("INV-1"))
    assert isinstance(outcome, TryLater)
    assert (outcome.reason, outcome.offline) == ("auth", True)
    assert isinstance(desk.write(desk.bill("INV-1"))[0], Applied)


def test_two_connectors_share_what_was_exchanged(desk: Desk) -> None:
    """Whoever comes second finds the first one's tokens, and exchanges nothing."""
    desk.erp.consented(_let_in(desk), "http://127.0.0.1:9/back")
    other = desk.connector()
    other.check()
    desk.house.admin("POST", "expire", {})
    before = desk.door.asked("POST", "/connect/token")
    desk.erp.check()
    other.check()
    assert desk.door.asked("POST", "/connect/token") - before == 1


def test_who_is_not_let_in_is_told_what_to_do(desk: Desk) -> None:
    def told(**settings: Any) -> str:
        with pytest.raises(TryLater) as caught:
            desk.connector(**settings).check()
        assert caught.value.offline
        return caught.value.message

    desk.door.disturbed = True
    assert "billsync connect erp" in told(client_secret="wrong-word")
    assert "wrong-word" not in told(client_secret="wrong-word")
    assert "connected to this organisation" in told(tenant="00000000-1111-4222-8333-444444444444")
    assert "the consent is for: Demo Company (Global), Second Ltd" in told(tenant="Third Ltd")


def test_messages_hold_no_secrets(desk: Desk) -> None:
    desk.door.disturbed = True
    desk.house.fault("error", path="/api.xro", next=5)
    with pytest.raises(Fault) as caught:
        desk.erp.check()
    assert desk.house.token not in caught.value.message


# ---------------------------------------------------------------- webhooks


def test_webhooks_are_hints_once_they_are_proven(desk: Desk) -> None:
    desk.house.set(webhook_key="whk-1234")
    desk.erp = desk.connector(webhook_key="whk-1234")
    invoice = desk.made_bill("INV-1")
    told = desk.house.admin("POST", "delivery", {})
    intent = desk.house.admin("POST", "delivery", {})
    wrong = desk.house.admin("POST", "delivery", {"wrong": True})

    def heard(delivery: dict[str, Any], body: str = "") -> list[Hint]:
        headers = {"x-xero-signature": delivery["signature"]}
        content = (body or delivery["body"]).encode()
        return list(
            desk.erp.hints(Hook("POST", "https://hub/xero", headers, content, datetime(2026, 3, 5, tzinfo=UTC)))
        )

    assert Hint("invoice", invoice) in heard(told)
    assert json.loads(intent["body"])["events"] == heard(intent) == []
    for bad in (wrong, {**told, "body": told["body"] + " "}, {**told, "signature": "ü"}):
        with pytest.raises(Refused, match="the signature is not"):
            heard(bad)
    mark = base64.b64encode(hmac.digest(b"whk-1234", b"[]", hashlib.sha256)).decode()
    with pytest.raises(Refused, match="expected a list of events"):
        heard({"signature": mark}, "[]")
    with pytest.raises(Refused, match="webhook_key"):
        desk.connector().hints(Hook("POST", "https://hub/xero", {}, b"{}", datetime(2026, 3, 5, tzinfo=UTC)))
