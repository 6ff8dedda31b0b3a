"""Webhooks: what happened goes out signed, in batches, again where it was refused, doubled and shuffled where asked."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.hubspot.account import Account


@dataclass
class Receiver:
    """Who is told; answers with the next of `statuses`, and 204 after them."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for _headers, body in self.taken for event in json.loads(body)]


@pytest.fixture
def receiver(account: Account) -> Iterator[Receiver]:
    told = Receiver()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.statuses.pop(0) if told.statuses else 204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}/hooks?from=%3Ahub%2Fspot"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        account.set(webhook_url=told.url, webhook_push=False)
        yield told
        account.set(webhook_url="")
        server.shutdown()
        thread.join()


def deliver(account: Account) -> int:
    count: int = account.admin("POST", "webhooks/deliver", {})["batches"]
    return count


def test_what_happened_is_told(account: Account, receiver: Receiver) -> None:
    deal, company = account.made("deals", dealname="A"), account.made("companies", name="X")
    account.human("change", "deals", deal, properties={"amount": "1500"})
    account.human("associate", "deals", deal, to_object="companies", to=company)
    account.human("delete", "deals", deal)
    account.human("restore", "deals", deal)
    deliver(account)
    types = [event["subscriptionType"] for event in receiver.events]
    assert types == [
        "deal.creation", "company.creation", "deal.propertyChange", "deal.propertyChange",
        "deal.associationChange", "company.associationChange", "deal.associationChange", "company.associationChange",
        "deal.deletion", "deal.restore",
    ]  # fmt: skip
    change = receiver.events[2]
    assert {name: change[name] for name in ("objectId", "propertyName", "propertyValue", "portalId", "occurredAt")} == {
        "objectId": int(deal), "propertyName": "amount", "propertyValue": "1500", "portalId": 62515,
        "occurredAt": 1788264000000,
    }  # fmt: skip
    tie = receiver.events[4]
    assert (tie["fromObjectId"], tie["toObjectId"], tie["associationRemoved"]) == (int(deal), int(company), False)


def test_hubspots_own_code_takes_the_signature(account: Account, receiver: Receiver) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from hubspot.utils.signature import Signature
    account.admin("POST", "clock", {"run": True})
    account.admin("POST", "reset")
    account.set(token="t", client_secret="s3cret", webhook_url=receiver.url, webhook_push=False)
    account.made("companies", name="Ünïcode 🎉")
    deliver(account)
    ((headers, body),) = receiver.taken
    told: dict[str, Any] = {
        "signature": headers["x-hubspot-signature-v3"], "request_body": body.decode(), "signature_version": "v3",
        "timestamp": headers["x-hubspot-request-timestamp"],
        "http_uri": receiver.url.replace("%3A", ":").replace("%2F", "/"),
    }  # fmt: skip
    assert Signature.is_valid(client_secret="s3cret", **told)
    assert not Signature.is_valid(client_secret="other", **told)
    assert not Signature.is_valid(client_secret="s3cret", **{**told, "request_body": body.decode() + " "})


def test_what_is_refused_comes_again_later_each_time_and_at_last_no_more(account: Account, receiver: Receiver) -> None:
    account.set(webhook_tries=3)
    receiver.statuses = [500, 302, 404]
    account.made("deals", dealname="A")
    assert (deliver(account), deliver(account)) == (1, 0)
    account.forward(60)
    assert (deliver(account), deliver(account)) == (1, 0)
    account.forward(60)
    assert deliver(account) == 0
    account.forward(60)
    assert deliver(account) == 1
    account.forward(86400)
    assert deliver(account) == 0
    assert [event["attemptNumber"] for event in receiver.events] == [0, 1, 2]


def test_events_come_in_batches_of_a_hundred_and_in_no_order_and_twice(account: Account, receiver: Receiver) -> None:
    account.human("create", "deals", properties={"dealname": "A"}, copies=150)
    deliver(account)
    assert [len(json.loads(body)) for _headers, body in receiver.taken] == [100, 50]
    ids = [event["objectId"] for event in receiver.events]
    assert ids == sorted(ids)
    receiver.taken.clear()
    account.set(webhook_shuffle=True, webhook_doubled=True)
    account.human("create", "deals", properties={"dealname": "A"}, copies=50)
    deliver(account)
    ids = [event["objectId"] for event in receiver.events]
    assert ids[:50] == ids[50:] != sorted(ids[:50])


def test_only_what_was_subscribed_to_is_told(account: Account, receiver: Receiver) -> None:
    account.set(webhook_events="deal.deletion,company.merge")
    deal = account.made("deals", dealname="A")
    account.human("delete", "deals", deal)
    one, two = account.made("companies", name="X"), account.made("companies", name="Y")
    account.human("merge", "companies", one, loser=two)
    deliver(account)
    assert [event["subscriptionType"] for event in receiver.events] == ["deal.deletion", "company.merge"]
    merge = receiver.events[1]
    assert (merge["primaryObjectId"], merge["mergedObjectIds"], merge["newObjectId"]) == (int(one), [int(two)], None)


def test_what_was_refused_by_the_api_is_not_told(account: Account, receiver: Receiver) -> None:
    bad = {"inputs": [{"properties": {"dealname": "A"}}, {"properties": {"nonsense": "1"}}]}
    assert account.ask("POST", "deals/batch/create", bad).status_code == 400
    deliver(account)
    assert receiver.taken == []


def test_they_are_pushed_without_being_asked_for(account: Account, receiver: Receiver) -> None:
    account.set(webhook_push=True)
    account.made("deals", dealname="A")
    for _ in range(200):
        if receiver.taken:
            break
        threading.Event().wait(0.02)
    assert [event["subscriptionType"] for event in receiver.events] == ["deal.creation"]
