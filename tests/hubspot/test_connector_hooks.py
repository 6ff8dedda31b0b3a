"""Webhooks: proven by their signature, then nothing but hints."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from billsync.connector import Hint, Hook, Refused
from billsync_connectors.hubspot.hooks import hints
from tests.hubspot.account import Account
from tests.hubspot.reader import opened

SECRET = "its-secret"
# Made with HubSpot's own client: hubspot.utils.signature.Signature.get_signature(...), version v3.
GOLDEN = Hook(
    method="POST",
    url="https://hub.example.com/hooks/crm?x=%3Ay%2F%20z",
    headers={
        "x-hubspot-signature-v3": "",
        "x-hubspot-request-timestamp": "1788264000000",
    },
    body=b'[{"subscriptionType":"deal.propertyChange","objectId":123}]',
    at=datetime(2026, 9, 1, 12, 0, 1, tzinfo=UTC),
)


def _signed(hook: Hook) -> Hook:
    """As HubSpot's own client computes it."""
    from hubspot.utils.signature import Signature

    made = Signature.get_signature(
        client_secret=SECRET,
        request_body=hook.body.decode(),
        signature_version="v3",
        http_uri=hook.url.replace("%3A", ":").replace("%2F", "/"),
        http_method=hook.method,
        timestamp=hook.headers["x-hubspot-request-timestamp"],
    )
    return replace(hook, headers={**hook.headers, "x-hubspot-signature-v3": made})


@pytest.fixture
def hook(sdk: Any) -> Hook:
    return _signed(GOLDEN)


def test_a_signed_request_is_taken_and_anything_else_is_not(hook: Hook) -> None:
    assert hints(hook, SECRET) == [Hint("deals", "123")]
    others = [
        replace(hook, body=hook.body.replace(b"123", b"124")),
        replace(hook, method="PUT"),
        replace(hook, url=hook.url.replace("hub", "bad")),
        replace(hook, headers={**hook.headers, "x-hubspot-request-timestamp": "1788264000001"}),
        replace(hook, headers={**hook.headers, "x-hubspot-request-timestamp": "soon"}),
        replace(
            hook, headers={"x-hubspot-signature": "v2 and v1 are not accepted", "x-hubspot-signature-version": "v2"}
        ),
        replace(hook, headers={**hook.headers, "x-hubspot-signature-v3": "Zoë"}),
    ]
    for other in others:
        with pytest.raises(Refused) as told:
            hints(other, SECRET)
        assert told.value.reason == "bad_signature"
    for secret in ("another", ""):
        with pytest.raises(Refused, match=r"signature|client_secret"):
            hints(hook, secret)


def test_a_request_that_was_caught_cannot_be_sent_again_later(hook: Hook) -> None:
    for late in (timedelta(seconds=302), timedelta(seconds=-400)):
        with pytest.raises(Refused) as told:
            hints(replace(hook, at=hook.at + late), SECRET)
        assert told.value.reason == "too_old"


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ({"subscriptionType": "company.deletion", "objectId": 7}, [("companies", "7")]),
        ({"subscriptionType": "contact.privacyDeletion", "objectId": 7}, [("contacts", "7")]),
        ({"subscriptionType": "line_item.restore", "objectId": 7}, [("line_items", "7")]),
        ({"subscriptionType": "object.creation", "objectTypeId": "0-3", "objectId": 7}, [("deals", "7")]),
        (
            {"subscriptionType": "deal.merge", "primaryObjectId": 1, "mergedObjectIds": [2, 3], "newObjectId": None},
            [("deals", "1"), ("deals", "2"), ("deals", "3")],
        ),
        (
            {"subscriptionType": "deal.associationChange", "associationType": "DEAL_TO_COMPANY", "fromObjectId": 1,
             "toObjectId": 2, "associationRemoved": True},
            [("deals", "1"), ("companies", "2")],
        ),
        ({"subscriptionType": "conversation.creation", "objectId": 7}, []),
        ({"subscriptionType": "deal.creation", "objectId": True}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_an_event_names_records(sdk: Any, event: Mapping[str, Any], found: list[tuple[str, str]]) -> None:
    hook = _signed(replace(GOLDEN, body=json.dumps([event, event]).encode()))
    assert [(hint.object, hint.id) for hint in hints(hook, SECRET)] == found


@pytest.mark.parametrize("body", [b"{}", b"[1]", b"[", b'[{"a": NaN}]', b"\xff"])
def test_events_that_cannot_be_read_are_refused(sdk: Any, body: bytes) -> None:
    hook = replace(GOLDEN, body=body)
    if body == b"\xff":
        with pytest.raises(Refused):
            hints(hook, SECRET)
        return
    with pytest.raises(Refused) as told:
        hints(_signed(hook), SECRET)
    assert told.value.reason == "bad_request"


def test_what_the_stand_in_sends_is_understood(account: Account) -> None:
    """Over real HTTP: a deal that goes to another company is known at once, though nothing in it changed."""
    got: list[Hook] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            at = datetime.fromtimestamp(int(headers["x-hubspot-request-timestamp"]) / 1000, UTC)
            got.append(Hook("POST", url, headers, body, at))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/hooks/crm"
        deal, company = account.made("deals"), account.made("companies")
        account.set(webhook_url=url, webhook_push=False)
        account.human("associate", "deals", deal, to_object="companies", to=company)
        account.admin("POST", "webhooks/deliver")
        server.shutdown()
    account.set(webhook_url="")
    with opened(account, client_secret="its-secret") as connector:
        found = {hint for hook in got for hint in connector.hints(hook)}
    assert found == {Hint("deals", deal), Hint("companies", company)}
