"""What a person is shown and what is tried when a sandbox is connected; files; apps that are let in."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from billsync.connector import Applied, Attachment, Context, Expectation, Intent, Memory, Refused, TryLater
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.connector import Sandbox
from tests.sandbox.stand_in import StandIn

HERE = "http://127.0.0.1:9/back"


def payload(there: StandIn, **line: Any) -> dict[str, Any]:
    """An invoice of 3 x 10.05 with 19 % tax, 35.88."""
    party = there.human("create", "customer", name="Acme")
    lines = [{"quantity": "3", "unit_price": "10.05", "tax_rate": "0.19", **line}]
    return {"number": "TRY", "customer": party["id"], "currency": "EUR", "date": "2026-01-31", "lines": lines}


def test_the_books_are_told_with_what_is_chosen_from_them(sandbox_server: StandIn) -> None:
    there = sandbox_server
    there.set(taxes="A:0.19:VAT,B:0.19:VAT services", currency="JPY", closed_through="2025-12-31")
    there.human("create", "product", name="Seat")
    there.human("create", "customer", name="Old", active=False)
    books = there.connector().books()
    assert [(tax.id, tax.rate) for tax in books.taxes] == [("A", Decimal("0.19")), ("B", Decimal("0.19"))]
    assert [account.id for account in books.accounts if account.kind == "revenue"] == ["4000", "4100"]
    assert [choice.id for choice in books.currencies if choice.default] == ["JPY"]
    assert [item.name for item in books.items] == ["Seat"]
    assert books.parties == ()
    assert books.facts["closed_through"] == "2025-12-31"
    assert set(books.settings) <= set(SandboxSettings.model_fields)


def test_a_trial_shows_what_the_draft_came_to_and_leaves_nothing(sandbox_server: StandIn) -> None:
    intent = Intent("try", "invoice", payload(sandbox_server))
    tried = sandbox_server.connector().trial("invoice", intent)
    assert (tried.echo["total"], tried.echo["tax"], tried.left) == (Decimal("35.88"), Decimal("5.73"), "")
    assert sandbox_server.documents() == []
    with pytest.raises(Refused, match="cannot try a payment"):
        sandbox_server.connector().trial("payment", intent)


def test_what_a_trial_could_not_remove_is_named(sandbox_server: StandIn) -> None:
    intent = Intent("try", "invoice", payload(sandbox_server))
    sandbox_server.fault("error", path="/v1/invoice/invoice-1/discard", status=503)
    tried = sandbox_server.connector().trial("invoice", intent)
    assert (tried.left, tried.echo["total"]) == ("invoice-1", Decimal("35.88"))
    assert "503" in tried.message


def test_only_a_draft_can_be_discarded(sandbox_server: StandIn) -> None:
    made = sandbox_server.v1("POST", "v1/invoice", payload(sandbox_server)).json()
    answer = sandbox_server.v1("POST", f"v1/invoice/{made['id']}/discard", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_open")
    assert len(sandbox_server.documents()) == 1


def test_our_tax_codes_and_the_account_go_out_as_the_settings_say(sandbox_server: StandIn) -> None:
    sandbox_server.set(check_taxes=True)
    intent = Intent(
        "R-1", "invoice", payload(sandbox_server, tax_code="standard"),
        expect=Expectation(total=Decimal("35.88"), on=date(2026, 1, 31)),
    )  # fmt: skip
    (refused,) = sandbox_server.connector(batch_max=1).write("invoice", [intent])
    assert isinstance(refused, Refused)
    assert refused.reason == "unknown_tax"
    erp = sandbox_server.connector(tax_codes={"standard": "V19"}, revenue_account="4100")
    assert isinstance(erp.write("invoice", [intent])[0], Applied)
    (line,) = sandbox_server.documents()[0]["lines"]
    assert (line["tax_code"], line["account"]) == ("V19", "4100")


def test_a_file_lies_at_its_document_once(sandbox_server: StandIn) -> None:
    made = sandbox_server.v1("POST", "v1/invoice", payload(sandbox_server)).json()
    erp = sandbox_server.connector()
    for content in (b"one", b"%PDF-1.7 two", b"%PDF-1.7 two"):
        erp.attach("invoice", made["id"], Attachment("a.pdf", "application/pdf", content))
    (file,) = sandbox_server.v1("GET", f"v1/invoice/{made['id']}/files").json()["files"]
    assert (file["name"], file["size"]) == ("a.pdf", 12)
    with pytest.raises(Refused, match="there is no invoice invoice-9"):
        erp.attach("invoice", "invoice-9", Attachment("a.pdf", "application/pdf", b"x"))
    with pytest.raises(Refused, match="takes no files for its payments"):
        erp.attach("payment", "payment-1", Attachment("a.pdf", "application/pdf", b"x"))


# ---------------------------------------------------------------- apps


def app(there: StandIn, keep: Memory, secret: str = "s3cret-of-app") -> Sandbox:
    """A connection by an app of the stand-in."""
    settings = SandboxSettings.model_validate({"url": there.url, "client_id": "app", "client_secret": secret})
    made = Sandbox(Context("erp", there.folder, keep), settings)
    there.opened.append(made)
    return made


def agree(there: StandIn, connector: Sandbox, state: str = "st") -> dict[str, str]:
    """What the browser of a person who agrees brings back."""
    answer = there.http.get(connector.consent(HERE, state))
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_a_person_lets_the_app_in_and_it_goes_on_by_itself(sandbox_server: StandIn) -> None:
    there, keep = sandbox_server, Memory()
    there.set(client_id="app", client_secret="s3cret-of-app", token_lifetime_s=60)
    erp = app(there, keep)
    with pytest.raises(TryLater, match="billsync connect erp"):
        erp.check()
    brought = agree(there, erp)
    assert brought["state"] == "st"
    erp.consented(brought, HERE)
    assert erp.check().system == "Sandbox"
    first = json.loads(keep.get("oauth") or "")
    there.forward(61)
    assert app(there, keep).check().system == "Sandbox"
    assert erp.check().system == "Sandbox"  # finds what the other one exchanged
    assert json.loads(keep.get("oauth") or "")["refresh"] != first["refresh"]
    assert [row["path"] for row in there.log()].count("/token") == 2
    assert all(row["body"] == "" for row in there.log() if row["path"] == "/token")


def test_a_no_a_code_used_twice_and_a_wrong_secret_are_told(sandbox_server: StandIn) -> None:
    there, keep = sandbox_server, Memory()
    there.set(client_id="app", client_secret="s3cret-of-app")
    brought = agree(there, app(there, keep))
    with pytest.raises(TryLater, match="client_id or client_secret is wrong") as told:
        app(there, keep, "an0ther-secret").consented(brought, HERE)
    assert "an0ther-secret" not in told.value.message
    app(there, keep).consented(brought, HERE)
    with pytest.raises(TryLater, match="too long ago"):
        app(there, keep).consented(brought, HERE)
    there.set(consent="denied")
    with pytest.raises(Refused, match="access_denied"):
        app(there, keep).consented(agree(there, app(there, keep)), HERE)
    with pytest.raises(Refused, match="lets nobody in by a browser"):
        there.connector().consent(HERE, "st")


@pytest.mark.parametrize("grace_s", [0, 600])
def test_a_lost_answer_to_an_exchange_is_asked_for_again_within_the_grace(
    sandbox_server: StandIn, grace_s: int
) -> None:
    there, keep = sandbox_server, Memory()
    there.set(client_id="app", client_secret="s3cret-of-app", token_lifetime_s=60, refresh_grace_s=grace_s)
    erp = app(there, keep)
    erp.consented(agree(there, erp), HERE)
    there.forward(61)
    there.fault("lost", path="/token")
    with pytest.raises(TryLater):
        erp.check()
    if grace_s:
        assert erp.check().system == "Sandbox"
    else:
        with pytest.raises(TryLater, match="billsync connect erp"):
            erp.check()
