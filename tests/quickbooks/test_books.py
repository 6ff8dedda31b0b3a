"""The books outlive the process, people work in them too, and a storm is the same each time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from billsync_connectors.quickbooks.named import NamedQuickBooks
from tests.quickbooks.stand_in import LINE, StandIn, line


def test_a_killed_process_forgets_nothing(tmp_path: Path) -> None:
    company = StandIn(tmp_path)
    company.start()
    company.ready()
    sent = {"CustomerRef": {"value": company.customer()}, "Line": [LINE]}
    first = company.ask("POST", "invoice", sent, requestid="inv-1")
    company.fault("lost", method="POST")
    with pytest.raises(Exception, match="disconnected"):
        company.ask("POST", "invoice", sent, requestid="inv-2")
    before = company.truth("Invoice")
    company.kill()
    company.start()
    assert company.truth("Invoice") == before
    assert company.ask("POST", "invoice", sent, requestid="inv-1").json() == first.json()
    assert company.ask("POST", "invoice", sent, requestid="inv-2").status_code == 200
    assert len(company.truth("Invoice")) == 2
    assert company.invoice(company.customer("B"))["DocNumber"] == "1003"
    company.stop()


def test_the_books_say_who_did_what(company: StandIn) -> None:
    customer = company.customer()
    mine, theirs = (
        company.invoice(customer)["Id"],
        company.human("create", "Invoice", CustomerRef={"value": customer}, Line=[line(5)]),
    )
    company.human("update", "Invoice", mine, PrivateNote="called")
    gone = company.invoice(customer)["Id"]
    company.human("void", "Invoice", gone)
    told = {id: (row["made_by"], row["edited_by"], row["void"]) for id, row in company.truth("Invoice").items()}
    assert told == {mine: ("app", "human", False), theirs: ("human", "", False), gone: ("app", "human", True)}


def test_two_customers_become_one(company: StandIn) -> None:
    winner, loser = company.customer("Acme"), company.customer("Acme Inc")
    row = company.invoice(loser)
    company.human("merge", "Customer", winner, loser=loser)
    assert company.get("Invoice", row["Id"])["CustomerRef"] == {"value": winner, "name": "Acme"}
    assert company.ask("GET", f"customer/{loser}").status_code == 400


def blown(company: StandIn) -> tuple[Any, Any]:
    company.ready()
    company.stand()
    customer = company.customer()
    for number in range(12):
        company.invoice(customer, line(number + 1))
    done = company.admin("POST", "storm", {"seed": 5, "edits": 60})
    return done, company.truth("Invoice")


def test_a_storm_is_repeatable_and_the_books_stay_right(company: StandIn) -> None:
    done, invoices = blown(company)
    assert (done, invoices) == blown(company)
    assert sum(done.values()) == 60
    assert len(done) > 6
    customer = next(iter(company.truth("Customer").values()))
    live = [row for row in invoices.values() if not row["deleted"]]
    free = sum(row["UnappliedAmt"] for row in company.truth("Payment").values() if not row["deleted"])
    assert customer["Balance"] == sum(row["Balance"] for row in live) - free
    assert all(0 <= row["Balance"] <= row["TotalAmt"] for row in live)


class Heard(BaseHTTPRequestHandler):
    """Somebody who is told."""

    got: list[tuple[str, bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.headers["intuit-signature"], body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def ear() -> Iterator[str]:
    Heard.got = []
    server = HTTPServer(("127.0.0.1", 0), Heard)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


def heard(count: int) -> list[tuple[str, bytes]]:
    for _ in range(200):
        if len(Heard.got) >= count:
            break
        threading.Event().wait(0.02)
    return Heard.got


def test_events_are_signed_and_say_no_more_than_that_something_changed(company: StandIn, ear: str) -> None:
    company.admin("POST", "hooks", {"url": ear, "verifier": "secret"})
    customer = company.customer()
    ((signed, body),) = heard(1)
    assert signed == base64.b64encode(hmac.digest(b"secret", body, hashlib.sha256)).decode()
    qb = company.sdk()
    assert qb.validate_webhook_signature(body.decode(), signed, "secret") is True
    (event,) = json.loads(body)
    assert (event["type"], event["intuitentityid"], event["data"]) == ("qbo.customer.created.v1", customer, {})
    assert event["time"].endswith("000Z")
    row = company.invoice(customer)
    heard(2)
    company.human("void", "Invoice", row["Id"])
    types = {event["type"] for _, body in heard(3) for event in json.loads(body)}
    assert {"qbo.invoice.created.v1", "qbo.invoice.voided.v1"} <= types


def test_the_form_of_events_before_2026(company: StandIn, ear: str) -> None:
    company.admin("POST", "hooks", {"url": ear, "verifier": "secret", "old_format": True})
    company.customer()
    ((_, body),) = heard(1)
    (told,) = json.loads(body)["eventNotifications"]
    assert told["dataChangeEvent"]["entities"][0]["operation"] == "Create"


def test_a_named_one_starts_stops_and_keeps_its_consent(tmp_path: Path) -> None:
    named = NamedQuickBooks(tmp_path / "qbo", options={"country": "GB", "home_currency": "GBP"})
    settings = named.up()
    try:
        assert (settings["country"], settings["realm"]) == ("GB", "9341450000000001")
        assert settings["refresh_token"].startswith("RT1-")
        assert named.running()
        named.fault("lost", {"method": "POST"})
        assert {each["fault"] for each in named.faults()} >= {"lost", "half-batch", "stale"}
        assert named.admin("GET", "faults")["faults"][0]["fault"] == "lost"
    finally:
        named.down()
    assert not named.running()
    assert NamedQuickBooks(tmp_path / "qbo").up() == settings
    NamedQuickBooks(tmp_path / "qbo").down()
