"""The connector on the stand-in, and intents that tests send."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

from billsync.connector import Applied, Context, Expectation, Found, Intent, Keep, Memory, Outcome
from billsync_connectors.netsuite.connector import NetSuite
from tests.netsuite.stand_in import ACCOUNT, StandIn, rsa_key

DAY = date(2026, 3, 5)
TBA = {
    "consumer_key": "standin-consumer",
    "consumer_secret": "standin-consumer-secret",
    "token_id": "standin-token",
    "token_secret": "standin-token-secret",
}
EUR = "EUR"
OPEN: list[NetSuite] = []
"""Connections of the test that runs; they are closed behind it."""


def connect(there: StandIn, *, keep: Keep | None = None, **settings: Any) -> NetSuite:
    """A connection; token-based where nothing else is said."""
    own = {"url": there.url, "account": ACCOUNT, "subsidiary": "1", **settings}
    own = own if "private_key" in own else {**TBA, **own}
    made = NetSuite(Context("erp", Path(), keep or Memory()), NetSuite.config.model_validate(own))
    OPEN.append(made)
    made.session.sleep = lambda _seconds: None
    return made


def machine() -> dict[str, Any]:
    """Settings of OAuth 2.0."""
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = rsa_key().private_bytes(serialization.Encoding.PEM, form, none).decode()
    return {"client_id": "standin-client", "certificate_id": "standin-cert", "private_key": key}


def party(erp: NetSuite, key: str = "acme", currency: str = EUR) -> str:
    """A customer's id."""
    (outcome,) = erp.write("customer", [customer(key, currency=currency)])
    return remote(outcome)


def customer(key: str = "acme", *, currency: str = EUR, name: str = "", **fields: Any) -> Intent:
    payload = {"companyName": name or f"{key} GmbH", "currency": {"id": currency}, **fields}
    return Intent(key, "customer", payload)


def line(amount: str = "100.00", rate: str = "0.2", **fields: Any) -> dict[str, Any]:
    return {"item": {"id": "98"}, "quantity": "1", "rate": amount, "amount": amount, "tax_rate": rate, **fields}


def document(object: str, customer: str, key: str, *lines: Any, **fields: Any) -> Intent:
    """120.00 EUR with 20.00 of tax where nothing else is said; as the engine hands it over, numbers as text."""
    expect = fields.pop("expect", Expectation(Decimal("120.00"), Decimal("20.00"), EUR, 1, DAY))
    own = {"entity": {"id": customer}, "tranId": key, "tranDate": DAY.isoformat(), "currency": {"id": EUR}}
    return Intent(key, object, {**own, "item": {"items": list(lines or [line()])}, **fields}, expect=expect)


def invoice(customer: str, key: str = "INV-1", *lines: Any, **fields: Any) -> Intent:
    return document("invoice", customer, key, *lines, **fields)


def credit(customer: str, key: str = "CN-1", *lines: Any, **fields: Any) -> Intent:
    return document("credit_memo", customer, key, *lines, **fields)


def payment(key: str, amount: str, **fields: Any) -> Intent:
    expect = Expectation(total=Decimal(amount), currency=EUR, on=DAY)
    return Intent(key, "payment", {"payment": amount, "tranDate": DAY.isoformat(), **fields}, expect=expect)


def write(erp: NetSuite, *intents: Intent) -> list[Outcome]:
    return erp.write(intents[0].object, intents)


def done(erp: NetSuite, intent: Intent) -> str:
    """Write it; its id."""
    (outcome,) = write(erp, intent)
    return remote(outcome)


def remote(outcome: Outcome) -> str:
    assert isinstance(outcome, Applied), outcome
    return outcome.remote_id


def taken_back(object: str, key: str, id: str) -> Intent:
    return Intent(key, object, {}, remote_id=id, void=True)


def told(outcome: Outcome) -> tuple[str, str]:
    """What an outcome is, and why."""
    return type(outcome).__name__, str(getattr(outcome, "reason", ""))


def found(erp: NetSuite, object: str, key: str) -> Found:
    (probe,) = erp.probe(object, [key])
    assert isinstance(probe, Found)
    return probe


def living(there: StandIn, object: str) -> dict[str, dict[str, Any]]:
    """Records with an external id that are neither deleted nor void, by it; none is there twice."""
    rows = [row for row in there.truth(object).values() if "externalId" in row and not (row["deleted"] or row["void"])]
    named = {row["externalId"]: row for row in rows}
    assert len(named) == len(rows)
    return named
