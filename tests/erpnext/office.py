"""What the connector's stories share: a connection to the site, and intents as the engine makes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from billsync.connector import Applied, Context, Expectation, Intent, Outcome, Standing
from billsync_connectors.erpnext.connector import ERPNext
from billsync_connectors.erpnext.settings import ERPNextSettings
from tests.erpnext.house import House

OPENED: list[ERPNext] = []
DAY = date(2026, 3, 2)


def connect(site: House, **settings: Any) -> ERPNext:
    """A connection as configured; reads are repeated at once."""
    told = {"url": f"{site.url}/", "api_key": "billsync0key000", "api_secret": "stand-in", "create_fields": True}
    chosen = ERPNextSettings.model_validate({**told, **settings})
    made = ERPNext(Context("erp", Path()), chosen, sleep=lambda _seconds: None)
    OPENED.append(made)
    return made


def customer(erp: ERPNext, key: str = "acme") -> str:
    return applied(erp.write("customer", [Intent(key, "customer", {"customer_name": "Acme"})]))[0]


def invoice(key: str, customer: str, total: str = "71.36", tax: str | None = "11.39", **changes: Any) -> Intent:
    """Three seats at 19.99 and 19 % tax: 59.97 + 11.39 = 71.36."""
    line = {"description": "Seats", "qty": "3", "rate": "19.99", "tax_code": "DE19", "tax_rate": "0.19"}
    data = {
        "customer": customer,
        "posting_date": "2026-03-02",
        "due_date": "2026-04-01",
        "currency": "EUR",
        "items": [line | changes.pop("line", {})],
    }
    data |= changes
    expect = Expectation(
        total=Decimal(total), tax=None if tax is None else Decimal(tax), currency=str(data["currency"]),
        lines=len(data["items"]), on=DAY,
    )  # fmt: skip
    return Intent(key, "invoice", data, expect=expect)


def credit(key: str, customer: str, against: str | None, price: str) -> Intent:
    """One seat given back, without tax."""
    line = {"description": "Seat", "qty": "1", "rate": price, "tax_rate": "0"}
    data = {"customer": customer, "posting_date": "2026-03-02", "currency": "EUR", "items": [line]}
    expect = Expectation(total=Decimal(price), currency="EUR", lines=1, on=DAY)
    return Intent(key, "credit_note", {**data, "return_against": against}, expect=expect)


def payment(key: str, invoice: str | None, amount: str, **changes: Any) -> Intent:
    data = {"invoice": invoice, "paid_amount": amount, "currency": "EUR", "posting_date": "2026-03-04", **changes}
    return Intent(key, "payment", data, expect=Expectation(total=Decimal(amount), on=date(2026, 3, 4)))


def applied(outcomes: Sequence[Outcome]) -> list[str]:
    """The ids; every outcome must be `Applied`."""
    found = [outcome.remote_id for outcome in outcomes if isinstance(outcome, Applied)]
    assert len(found) == len(outcomes), outcomes
    return found


def standing(erp: ERPNext, object: str = "invoice") -> dict[str, Standing]:
    """What stands there, by our reference."""
    return {item.reference: item for page in erp.standing(object) for item in page}


def read(erp: ERPNext, object: str, mark: Any = None) -> tuple[list[Any], Any]:
    """All records since a checkpoint, and the next one."""
    records: list[Any] = []
    for page in erp.read(object, mark):
        records += page.records
        mark = page.checkpoint
    return records, mark
