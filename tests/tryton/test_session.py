"""Logging in at Tryton: once, kept, and never so often that the right password is locked out."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from billsync.connector import Refused, TryLater, Unsure
from billsync_connectors.tryton import Tryton
from tests.tryton.stories import Relay, invoice, party

pytestmark = pytest.mark.tryton
Connect = Callable[..., Tryton]


def test_check_says_as_whom(connect: Connect) -> None:
    health = connect().check()
    assert (health.system, health.version) == ("Tryton", "8.2")
    assert "Sandbox Company" in health.identity


def test_a_wrong_password_is_tried_once(connect: Connect, relay: Relay, tag: str) -> None:
    erp = connect(url=relay.url, password="wrong")
    with pytest.raises(TryLater, match="check user and password") as caught:
        erp.check()
    assert (caught.value.reason, caught.value.offline) == ("auth", True)
    [outcome] = erp.write("invoice", [invoice(f"{tag}-1", "1")])
    [probe] = erp.probe("invoice", [f"{tag}-1"])
    assert isinstance(outcome, TryLater)
    assert isinstance(probe, Unsure)
    assert probe.offline
    assert relay.calls("common.db.login") == 1
    assert "wrong" not in str(outcome)


def test_a_session_that_ended_is_renewed_once(connect: Connect, relay: Relay, tag: str) -> None:
    erp = connect(url=relay.url)
    erp.check()
    erp._http.authorize("Session bm9ib2R5OjE6eA==")
    assert party(erp, tag)
    assert relay.calls("common.db.login") == 2


def test_an_unknown_database_and_company_are_told(connect: Connect, relay: Relay) -> None:
    with pytest.raises(Refused, match="does not know the database"):
        connect(url=relay.url.replace("billsync", "elsewhere")).check()
    with pytest.raises(Refused, match="no company Nobody Ltd"):
        connect(company="Nobody Ltd").check()
    assert connect(company="Sandbox Company").check().version


def test_tryton_that_is_not_there_is_offline(connect: Connect, tag: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        erp = connect(url=f"http://127.0.0.1:{probe.getsockname()[1]}/billsync/")
    [outcome] = erp.write("invoice", [invoice(f"{tag}-1", "1")])
    assert isinstance(outcome, TryLater)
    assert (outcome.reason, outcome.offline) == ("not_sent", True)
    assert "is it running" in outcome.message
