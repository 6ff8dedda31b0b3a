"""What comes back: changes, deletes and voids, hints of webhooks; and who is let in, with tokens that change."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from billsync.connector import Applied, Checkpoint, Hint, Hook, Intent, Memory, Record, Refused, TryLater
from billsync_connectors.quickbooks.connector import QuickBooks
from tests.quickbooks.office import Office
from tests.quickbooks.stand_in import REALM, StandIn

BACK = "http://127.0.0.1:9/back"
VERIFIER = "verifier-token"


@pytest.fixture
def office(company: StandIn) -> Office:
    return Office(company)


def news(erp: QuickBooks, object: str, since: Checkpoint | None) -> tuple[dict[str, Record], Checkpoint, bool]:
    """Records by id, the last checkpoint, and whether every live record was shown."""
    found: dict[str, Record] = {}
    for page in erp.read(object, since):
        found.update({record.id: record for record in page.records})
        since, whole = page.checkpoint, page.snapshot
    assert since is not None
    return found, since, whole


def test_payments_of_people_come_back_and_so_does_what_they_take_back(office: Office) -> None:
    invoice = office.id("invoice", "INV-1", office.bill())
    ours = office.id("payment", "p-1", office.paid(invoice, "10"))
    memo = {**office.bill("CN-1", office.line("5")), "InvoiceRef": {"value": invoice}}
    office.id("credit_memo", "CN-1", memo)
    found, since, whole = news(office.erp, "payment", None)
    assert whole
    assert {id: row.data["reference"] for id, row in found.items()} == {ours: "p-1"}  # the credit is no payment
    fields = office.paid(
        invoice, "20", TxnDate="2026-03-06", PaymentRefNum="wire", CustomerRef={"value": office.customer}
    )
    theirs = office.there.human("create", "Payment", **json.loads(json.dumps(fields, default=str)))
    office.there.forward(3600)
    found, since, whole = news(office.erp, "payment", since)
    assert not whole
    data = found[theirs].data
    assert (data["invoice_number"], data["TotalAmt"], data["reference"], data["PaymentRefNum"]) == (
        "INV-1",
        20,
        "",
        "wire",
    )
    office.there.human("void", "Payment", theirs)
    office.there.human("delete", "Payment", ours)
    found, since, _ = news(office.erp, "payment", since)
    assert {id: row.deleted for id, row in found.items()} == {theirs: True, ours: True}


def test_an_invoice_shows_what_is_open_and_what_people_did(office: Office) -> None:
    first, second = (office.id("invoice", name, office.bill(name)) for name in ("INV-1", "INV-2"))
    _, since, _ = news(office.erp, "invoice", None)
    office.id("payment", "p-1", office.paid(first, "19"))
    office.there.human("void", "Invoice", second)
    found, since, _ = news(office.erp, "invoice", since)
    assert (found[first].data["Balance"], found[second].data["void"]) == (100, True)
    (again,) = office.erp.fetch("invoice", [first, "999"])
    assert again == found[first]


@pytest.mark.parametrize("why", ["too long ago", "too many", "refused"])
def test_where_changes_cannot_have_been_told_everything_is_read(office: Office, why: str) -> None:
    ids = [office.id("invoice", f"INV-{n}", office.bill(f"INV-{n}")) for n in range(4)]
    erp = office.open(changes_max=3) if why == "too many" else office.erp
    _, since, _ = news(erp, "invoice", None)
    office.there.human("delete", "Invoice", ids[0])
    if why == "too long ago":
        office.there.forward(40 * 86_400)
    if why == "refused":
        office.there.fault("fault-200", code=2190, path=f"/v3/company/{REALM}/cdc")
    found, _, whole = news(erp, "invoice", since)
    assert whole
    assert sorted(found) == sorted(ids[1:])


# ---------------------------------------------------------------- webhooks


def hook(body: bytes, secret: str = VERIFIER) -> Hook:
    signed = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return Hook(
        "POST", "https://x.example/hooks/erp", {"intuit-signature": signed}, body, datetime(2026, 3, 5, tzinfo=UTC)
    )


@pytest.mark.parametrize("old", [False, True])
def test_a_webhook_in_either_form_names_what_changed(office: Office, old: bool) -> None:
    erp = office.open(webhook_verifier=VERIFIER)
    office.there.admin("POST", "hooks", {"url": "http://127.0.0.1:9/", "verifier": VERIFIER, "old_format": old})
    id = office.id("invoice", "INV-1", office.bill())
    body = office.there.admin("GET", "hooks")["sent"][-1]["body"].encode()
    assert Hint("invoice", id) in erp.hints(hook(body))
    assert erp.hints(hook(body.replace(REALM.encode(), b"123"))) == []
    for forged in (hook(body, "other"), hook(body + b" ", "")):
        with pytest.raises(Refused, match="signature"):
            erp.hints(forged)
    for bad in (b"[1]", b"{}", b"nonsense"):
        with pytest.raises(Refused) as told:
            erp.hints(hook(bad))
        assert told.value.reason == "bad_request"
    with pytest.raises(Refused, match="webhook_verifier"):
        office.erp.hints(hook(body))


# ---------------------------------------------------------------- tokens


def test_a_person_lets_billsync_in(office: Office) -> None:
    keep = Memory()
    office.keep = keep
    erp = office.open(refresh_token=None, realm="")
    with pytest.raises(TryLater, match="billsync connect erp"):
        erp.check()
    page = erp.consent(BACK, "s-1")
    there = office.there.http.get(page)
    told = {name: values[0] for name, values in parse_qs(urlsplit(there.headers["location"]).query).items()}
    assert told["state"] == "s-1"
    erp.consented(told, BACK)
    assert office.open(refresh_token=None, realm="").check().identity.startswith("Stand-In Company")
    with pytest.raises(Refused, match="not accepted"):
        erp.consented(told, BACK)  # a code is good once
    with pytest.raises(Refused, match="access_denied"):
        erp.consented({"error": "access_denied", "state": "s-1"}, BACK)
    with pytest.raises(Refused, match="for company 7"):
        office.open(realm=REALM).consented({**told, "realmId": "7"}, BACK)


class Noted(Memory):
    """Notes what was kept before which request."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Mapping[str, Any]] = []

    def put(self, name: str, value: str) -> None:
        self.kept.append(json.loads(value))
        super().put(name, value)


def test_a_refresh_token_that_changed_is_kept_before_it_is_used(office: Office) -> None:
    office.keep = keep = Noted()
    erp = office.open()
    erp.check()
    first = keep.kept[-1]["refresh"]
    office.there.forward(2 * 86_400)
    assert isinstance(erp.write("invoice", _intents(office))[0], Applied)
    assert keep.kept[-1]["refresh"] != first
    office.there.admin("POST", "expire")
    other = office.open()  # another process, which knows only what was kept
    assert other.check().identity
    assert office.there.refresh == first  # the one of the configuration is dead by now


def test_a_token_that_ends_in_the_middle_of_a_batch_is_renewed_once(office: Office) -> None:
    office.there.fault("expire", method="POST", path=f"/v3/company/{REALM}/invoice$", skip=1)
    outcomes = office.erp.write("invoice", _intents(office, 3))
    assert [type(outcome) for outcome in outcomes] == [Applied] * 3
    assert len(office.numbers()) == 3


def test_who_was_disconnected_loses_nothing_and_is_told_what_to_do(office: Office) -> None:
    office.there.admin("POST", "disconnect")
    outcomes = office.erp.write("invoice", _intents(office, 2))
    assert all(isinstance(outcome, TryLater) and outcome.offline for outcome in outcomes)
    assert "billsync connect erp" in str(outcomes[0])
    assert office.there.refresh not in str(outcomes)


def test_a_company_of_another_environment_is_told(office: Office) -> None:
    with pytest.raises(TryLater, match="3100"):
        office.open(realm="1").check()


def _intents(office: Office, count: int = 1) -> list[Any]:
    names = [f"INV-{n}" for n in range(count)]
    return [Intent(name, "invoice", office.bill(name), idempotency_key=f"key {name}") for name in names]
