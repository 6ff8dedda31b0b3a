"""The books outlive the process, people work in them too, and a storm is the same each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync_connectors.netsuite.named import NamedNetSuite
from tests.netsuite.stand_in import StandIn, line, sale


def test_a_killed_process_forgets_nothing(tmp_path: Path) -> None:
    account = StandIn(tmp_path)
    account.start()
    account.ready()
    account.set(job_s=3600)
    customer = account.customer()
    account.fault("lost", method="PUT")
    with pytest.raises(httpx.TransportError):
        account.ask("PUT", "invoice/eid:inv-1", sale(customer))
    job = account.ask("POST", "invoice", sale(customer), Prefer="respond-async").headers["location"]
    before = account.truth("invoice")
    account.kill()
    account.start()
    assert account.truth("invoice") == before
    assert next(iter(before.values()))["externalId"] == "inv-1"
    assert account.ask("GET", job).json()["completed"] is False
    account.forward(3601)
    account.login()
    assert len(account.truth("invoice")) == 2
    assert account.get(f"invoice/{account.invoice(customer)}")["tranId"] == "INV103"
    account.stop()


def test_the_books_say_who_did_what(account: StandIn) -> None:
    customer = account.customer()
    mine = account.invoice(customer)
    theirs = account.human("create", "invoice", **sale(customer, line(5)))
    account.human("update", "invoice", mine, memo="called")
    gone = account.invoice(customer)
    account.human("void", "invoice", gone)
    told = {id: (row["made_by"], row["edited_by"], row["void"]) for id, row in account.truth("invoice").items()}
    assert told == {mine: ("app", "human", False), theirs: ("human", "", False), gone: ("app", "human", True)}


def test_two_customers_become_one(account: StandIn) -> None:
    winner, loser = account.customer("Acme"), account.customer("Acme Inc")
    id = account.invoice(loser)
    account.human("merge", "customer", winner, loser=loser)
    assert account.get(f"invoice/{id}")["entity"]["id"] == winner
    assert account.get(f"customer/{winner}")["balance"] == 100
    assert account.ask("GET", f"customer/{loser}").status_code == 404
    assert account.rows("SELECT recordid FROM deletedrecord") == [{"recordid": loser}]


def blown(account: StandIn) -> tuple[Any, Any]:
    account.ready()
    account.stand()
    customer = account.customer()
    for number in range(12):
        account.invoice(customer, line(number + 1))
    done = account.admin("POST", "storm", {"seed": 5, "edits": 60})
    return done, account.truth("invoice")


def test_a_storm_is_repeatable_and_the_books_stay_right(account: StandIn) -> None:
    done, invoices = blown(account)
    assert (done, invoices) == blown(account)
    assert sum(done.values()) == 60
    assert len(done) > 6
    customer = next(iter(account.truth("customer").values()))
    live = [row for row in invoices.values() if not row["deleted"]]
    free = sum(row["unapplied"] for row in account.truth("customerPayment").values() if not row["deleted"])
    assert customer["balance"] == sum(row["amountRemaining"] for row in live) - free
    assert all(0 <= row["amountRemaining"] <= row["total"] for row in live)


def test_a_named_one_starts_stops_and_keeps_its_secrets(tmp_path: Path) -> None:
    named = NamedNetSuite(tmp_path / "ns", options={"nexus": "other", "language": "de"})
    settings = named.up()
    try:
        assert settings["account"] == "1234567_SB1"
        assert len(settings["token_secret"]) > 20
        assert named.running()
        named.fault("lost", {"method": "PUT"})
        assert {each["fault"] for each in named.faults()} >= {"lost", "half-job", "changed"}
    finally:
        named.down()
    assert not named.running()
    assert NamedNetSuite(tmp_path / "ns").up() == settings
    NamedNetSuite(tmp_path / "ns").down()
