"""The connector against the stand-in: each answer, whole or broken, gets the outcome that it proves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billsync.connector import (
    Absent,
    Applied,
    Expectation,
    Found,
    Intent,
    Outcome,
)
from billsync_connectors.sandbox.connector import Sandbox
from tests.sandbox.stand_in import StandIn


def customer(key: str = "acme", **fields: Any) -> Intent:
    return Intent(key, "customer", {"name": "Acme", **fields}, idempotency_key=f"key-{key}")


def bill(there: StandIn, key: str = "INV-1", **fields: Any) -> Intent:
    """An invoice of 119.00 for a customer that stands there."""
    known = there.documents("customer")
    party = known[0] if known else there.human("create", "customer", name="Acme", reference="acme")
    line = {"description": "Seats", "quantity": Decimal(2), "unit_price": Decimal("50.00"), "tax_rate": Decimal("0.19")}
    payload = {"number": key, "customer": party["id"], "currency": "EUR", "date": "2026-01-31", "lines": [line]}
    expect = Expectation(Decimal("119.00"), Decimal("19.00"), "EUR", 1)
    return Intent(key, "invoice", {**payload, **fields}, idempotency_key=f"key-{key}", expect=expect)


def write(connector: Sandbox, *intents: Intent) -> list[Outcome]:
    return connector.write(intents[0].object, intents)


def test_an_invoice_stands_there_as_it_was_meant(sandbox_server: StandIn) -> None:
    erp = sandbox_server.connector()
    (outcome,) = write(erp, bill(sandbox_server))
    assert isinstance(outcome, Applied)
    assert outcome.echo["total"] == Decimal("119.00")
    assert erp.probe("invoice", ["INV-1", "INV-2"]) == [Found((outcome.remote_id,), echo=outcome.echo), Absent()]
    (page,) = erp.standing("invoice")
    assert (page[0].total, page[0].tax, page[0].state, page[0].reference) == (119, 19, "sent", "INV-1")
