"""Intents that the tests of the connector send."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billsync.connector import Expectation, Intent, Outcome
from billsync_connectors.sandbox.connector import Sandbox
from tests.sandbox.stand_in import StandIn

PRICE = Decimal("50.00")
TOTAL = Expectation(Decimal("119.00"), Decimal("19.00"), "EUR", 1)


def party(there: StandIn) -> str:
    """The id of a customer, made by a person where there is none."""
    known = there.documents("customer")
    made: str = (known[0] if known else there.human("create", "customer", name="Acme", reference="acme"))["id"]
    return made


def line(price: Decimal = PRICE) -> dict[str, Any]:
    return {"description": "Seats", "quantity": Decimal(2), "unit_price": price, "tax_rate": Decimal("0.19")}


def document(customer: str, number: str, **fields: Any) -> dict[str, Any]:
    """An invoice of 119.00."""
    made = {"number": number, "customer": customer, "currency": "EUR", "date": "2026-01-31", "lines": [line()]}
    return {**made, **fields}


def bill(there: StandIn, key: str = "INV-1", **fields: Any) -> Intent:
    payload = document(fields.pop("customer", None) or party(there), key, **fields)
    return Intent(key, "invoice", payload, idempotency_key=f"key-{key}", expect=TOTAL)


def write(connector: Sandbox, intents: Sequence[Intent]) -> list[Outcome]:
    return connector.write(intents[0].object, intents)
