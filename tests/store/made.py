"""Nouns for the tests of the store, and other processes that work on one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from billsync.connector import Record
from billsync.model.base import digest_text
from billsync.model.charge import Charge, Why
from billsync.model.customer import Customer
from billsync.model.delivery import Delivery
from billsync.model.invoice import Invoice, InvoiceLine
from billsync.model.payment import Payment
from billsync.model.problem import Place, Problem
from billsync.model.ref import Ref

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
DAY = date(2026, 1, 31)
CRM = Ref(system="crm", kind="Account", id="A-1")
WHY = Why(rule="one-time", formula="1 x 10.00 = 10.00")
LONG = "ключ-🧾-" * 40 + "".join(digest_text(str(n)) for n in range(300))
"""An id of 20,000 bytes that do not compress: no index of Postgres takes it."""


def later(seconds: int) -> datetime:
    return AT + timedelta(seconds=seconds)


def record(id: str = "A-1", *, object: str = "Account", line: int = 2, deleted: bool = False, **data: Any) -> Record:
    place = Place(file="crm/accounts.csv", line=line, system="crm", object=object, id=id)
    return Record(object=object, id=id, data={"Id": id, **data}, place=place, deleted=deleted)


def customer(id: str = "acme", name: str = "Acme") -> Customer:
    return Customer(id=id, name=name)


def charge(
    key: str = "D-1/L-1", *, deal: str = "D-1", buyer: str = "acme", due: date = DAY, amount: str = "10.00"
) -> Charge:
    money = Decimal(amount)
    return Charge(
        key=key, contract=deal, line="L-1", deal=deal, customer=buyer, product="SEAT", due_on=due,
        quantity=Decimal(1), unit_amount=money, amount=money, currency="EUR", why=WHY,
    )  # fmt: skip


def invoice(number: str, *charges: Charge, id: str | None = None) -> Invoice:
    lines = tuple(
        InvoiceLine(
            id=str(n), charge=item.key, deal=item.deal, product=item.product, description="Seats",
            quantity=item.quantity, unit_amount=item.unit_amount, amount=item.amount,
            tax_code="none", tax_rate=Decimal(0), why=WHY,
        )
        for n, item in enumerate(charges, start=1)
    )  # fmt: skip
    total = sum((item.amount for item in charges), Decimal(0))
    return Invoice(
        id=id or f"deal/{number}", number=number, series="INV", customer=charges[0].customer, currency="EUR",
        issued_on=DAY, due_on=DAY, lines=lines, subtotal=total, tax_total=Decimal(0), total=total,
    )  # fmt: skip


def payment(id: str = "pay-1", amount: str = "10.00", number: str = "INV-1") -> Payment:
    return Payment(id=id, invoice=number, amount=Decimal(amount), currency="EUR", received_on=DAY)


def delivery(key: str = "invoice:INV-1:erp:1", **fields: Any) -> Delivery:
    payload = fields.pop("payload", '{"number":"INV-1"}')
    known: dict[str, Any] = {
        "id": digest_text(key)[:16], "key": key, "connection": "erp", "object": "account.invoice", "kind": "invoice",
        "our_id": key, "payload": payload, "payload_digest": digest_text(payload),
    }  # fmt: skip
    return Delivery(**known | fields)


def problem(id: str | None = "A-1", code: str = "BILL-DEAL-01", **place: Any) -> Problem:
    spot = Place(**{"system": "crm", "object": "Account", "id": id} | place)
    return Problem(code=code, message="it cannot be billed", place=spot)


_PRELUDE = """
import os, signal, sys, time
from billsync.store import *
from billsync.model.delivery import DeliveryState
from tests.store.made import *
url = sys.argv[1]
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
"""


def other(code: str, *args: str) -> subprocess.Popen[str]:
    """Another process that runs this code; `url` is its first argument, `die()` kills it as `kill -9` does."""
    command = [sys.executable, "-c", _PRELUDE + code, *args]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def told(process: subprocess.Popen[str]) -> str:
    """What the process wrote, when it has ended."""
    out, _ = process.communicate(timeout=60)
    return out.strip()
