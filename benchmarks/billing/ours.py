"""billsync: stored contracts and usage to charges to numbered invoices, by one run, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from random import Random

from benchmarks.billing.contracts import MONTH, RATE, SEAT, TIERS, Given, contracts
from billsync import sync
from billsync.connector import Context
from billsync.invoicing.policy import InvoicingRules
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.period import add_months
from billsync.model.product import Product
from billsync.model.ref import Ref
from billsync.model.usage import CustomerUsage
from billsync.push import Options
from billsync.stage.world import End, Silent, World
from billsync.store import Store, Tx
from billsync_connectors.files import Files, FilesConfig

AT = datetime(2026, 2, 1, tzinfo=UTC)
LAST = date(2026, 1, 31)
PRODUCTS = [Product(id=id, name=id, tax_code="VAT") for id in ("SEAT", "CALL", "FEE")]
TAX = {"code": "VAT", "name": "VAT", "rate": RATE, "country": "DE"}
RULES = {"taxes": [TAX], "series": "INV-{year}-{seq:07}"}


@dataclass
class Still:
    """A clock that stands."""

    def now(self) -> datetime:
        return AT

    def sleep(self, _seconds: float) -> None:
        """Nobody waits."""


def contract_of(given: Given) -> Contract:
    """The contract as billsync has it."""
    monthly = {"every": {"months": 1}, "billed": "arrears", "aligned": "calendar"}
    seats = {"model": "recurring", "quantity": given.seats, "price": {"scheme": "per_unit", "unit_amount": SEAT}}
    tiers = [{"up_to": up_to, "unit_amount": price} for up_to, price in TIERS]
    calls = {"model": "usage", "meter": "calls", "price": {"scheme": "graduated", "tiers": tiers}}
    fee = {"model": "recurring", "starts_on": MONTH[0], "price": {"scheme": "flat", "amount": given.fee}}
    lines = [
        {"id": "seats", "product": "SEAT", **seats, **monthly},
        {"id": "calls", "product": "CALL", **calls, **monthly},
        {"id": "fee", "product": "FEE", **fee, **monthly},
    ]
    return Contract.model_validate(
        {"id": given.id, "customer": given.customer, "currency": "EUR", "start": given.start, "lines": lines}
    )


def usage_of(given: Given) -> CustomerUsage:
    """The month's calls, counted elsewhere."""
    return CustomerUsage(id=f"{given.id}/2026-01", customer=given.customer, meter="calls", on=LAST, value=given.calls)


def fill(store: Store, count: int) -> None:
    """What a run finds: products, customers, contracts, and what was used."""
    with store.tx("fill") as tx:
        tx.facts.put("product", [(each, _from("products", each.id), "m") for each in PRODUCTS], run="r", at=AT)
    given = contracts(count)
    while page := list(islice(given, 1000)):
        customers = [Customer(id=each.customer, name=each.customer, country="DE") for each in page]
        with store.tx("fill") as tx:
            _put(tx, "customer", customers)
            _put(tx, "contract", [contract_of(each) for each in page])
            _put(tx, "usage", [usage_of(each) for each in page])


def fill_aged(store: Store, count: int, age: int) -> None:
    """Contracts of so many months, of the same lines, with what was used in each month."""
    start = add_months(MONTH[0], 1 - age)
    with store.tx("fill") as tx:
        tx.facts.put("product", [(each, _from("products", each.id), "m") for each in PRODUCTS], run="r", at=AT)
        for each in contracts(count):
            contract = contract_of(each)
            lines = tuple(line.altered(starts_on=start) for line in contract.lines)
            _put(tx, "customer", [Customer(id=each.customer, name=each.customer, country="DE")])
            _put(tx, "contract", [contract.altered(start=start, lines=lines)])
            _put(tx, "usage", [_used(each, add_months(start, month)) for month in range(age)])


def _used(given: Given, on: date) -> CustomerUsage:
    return CustomerUsage(id=f"{given.id}/{on}", customer=given.customer, meter="calls", on=on, value=given.calls)


def _put(tx: Tx, kind: str, nouns: Sequence[Customer | Contract | CustomerUsage]) -> None:
    tx.facts.put(kind, [(noun, _from(kind, noun.id), "m") for noun in nouns], run="r", at=AT)


def _from(kind: str, id: str) -> Ref:
    return Ref(system="crm", kind=kind, id=id)


def world(store: Store, folder: Path, through: date = MONTH[1]) -> World:
    """A run that bills and sends nothing."""
    config = FilesConfig.model_validate({"folder": ".", "objects": {"deals": {"key": "id"}}})
    return World(
        pipeline="billing", store=store, source=End("crm", Files(Context("crm", folder), config)), target=None,
        inbound=(), outbound={}, payments=None, status=None, rules=InvoicingRules.model_validate(RULES),
        through=through, run="billing@1", owner="me", clock=Still(), chance=Random(1), options=Options(patience_s=1),
        progress=Silent(),
    )  # fmt: skip


def run(store: Store, folder: Path, through: date = MONTH[1]) -> None:
    """Charges and invoices of all that is due, as `billsync bill` makes them."""
    sync.bill(world(store, folder, through))


def made(store: Store) -> int:
    """How many invoices there are."""
    with store.view() as tx:
        return sum(count for _, count, _, _ in tx.ledger.totals())
