"""`make bench`: each job beside its limit, on the same input, in turn, several rounds; medians and ratios.

The limit is the least that could do the work by hand: what a ratio of 1.0 would be.  Absolute numbers say nothing.
"""

from __future__ import annotations

import csv
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from billsync.billing import charges, terms
from billsync.connector import Record
from billsync.invoicing import draft
from billsync.invoicing.policy import InvoicingRules
from billsync.mapping import parse
from billsync.model.charge import Charge
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.problem import Place
from billsync.model.product import Product
from billsync.store import Store

ROOT = Path(__file__).parents[1]
ROUNDS = 5
AT = datetime(2026, 1, 1, tzinfo=UTC)
Job = Callable[[], int]


def won() -> list[dict[str, str]]:
    """The demo's won deals as the CSV has them."""
    with (ROOT / "demo/crm_sales_opportunities/sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["deal_stage"] == "Won"]


def records() -> list[Record]:
    return [Record("sales_pipeline", row["opportunity_id"], row, Place(file="x.csv", line=1)) for row in won()]


def mapping_jobs() -> tuple[Job, Job]:
    """Record to validated deal: by the shipped mapping, and by hand with the same validation."""
    path = ROOT / "mappings/files/crm_sales/opportunities.yaml"
    mapping, rows = parse(path.read_bytes(), path.name), records()

    def ours() -> int:
        return sum(mapping.apply(record, lambda _name, id: id).noun is not None for record in rows)

    def by_hand() -> int:
        for record in rows:
            row = record.data
            line = {
                "id": "1",
                "product": {"GTXPro": "GTX Pro"}.get(row["product"], row["product"]),
                "quantity": "1",
                "unit_amount": row["close_value"],
            }
            Deal.model_validate(
                {
                    "id": row["opportunity_id"],
                    "customer": row["account"],
                    "currency": "USD",
                    "stage": row["deal_stage"],
                    "signed_on": row["close_date"],
                    "owner": row["sales_agent"],
                    "lines": [line],
                }
            )
        return len(rows)

    return ours, by_hand


def billing_jobs() -> tuple[Job, Job]:
    """Deals to finished invoices per customer and quarter, and a bare Decimal loop over the same lines."""
    path = ROOT / "mappings/files/crm_sales/opportunities.yaml"
    mapping = parse(path.read_bytes(), path.name)
    deals = [noun for record in records() if isinstance(noun := mapping.apply(record, lambda _n, id: id).noun, Deal)]
    products = {line.product: Product(id=line.product, name=line.product) for deal in deals for line in deal.lines}
    customers = {deal.customer: Customer(id=deal.customer, name=deal.customer) for deal in deals}
    rules, through = InvoicingRules(grouping="customer-quarter"), date(2017, 12, 31)

    def ours() -> int:
        made: list[Charge] = []
        for deal in deals:
            contract, _ = terms.contract_of(deal, products)
            if contract is not None:
                made += charges.due(contract, through=through, policy=rules.policy()).charges
        drafts, _ = draft.group(made, customers, products, rules, through=through, known=set())
        return len([draft.finalise(item, number=str(n), series="X") for n, item in enumerate(drafts)]) and len(made)

    def bare() -> int:
        totals: dict[tuple[str, int], Decimal] = {}
        for deal in deals:
            for line in deal.lines:
                key = (deal.customer, (deal.signed_on.month - 1) // 3)
                amount = (line.quantity * line.unit_amount).quantize(Decimal("0.01"))
                totals[key] = totals.get(key, Decimal(0)) + amount
        return len(deals)

    return ours, bare


def store_jobs() -> tuple[Job, Job]:
    """Records into the inbox (hashed, compared, with their places), and a bare bulk insert of the same JSON."""
    rows = records()

    def ours() -> int:
        with tempfile.TemporaryDirectory() as folder:
            store = Store.open(f"sqlite:///{folder}/store.db", create=True)
            with store.tx("absorb") as tx:
                tx.inbox.absorb("crm", rows, run="r", at=AT)
            store.close()
        return len(rows)

    def bare() -> int:
        with tempfile.TemporaryDirectory() as folder:
            engine = create_engine(f"sqlite:///{folder}/bare.db")
            with engine.begin() as connection:
                connection.execute(text("create table inbox (id text primary key, data text)"))
                values = [{"id": record.id, "data": json.dumps(dict(record.data))} for record in rows]
                connection.execute(text("insert into inbox values (:id, :data)"), values)
            engine.dispose()
        return len(rows)

    return ours, bare


BENCHMARKS = {
    "map and validate a deal / by hand with the same validation": mapping_jobs,
    "bill and invoice a deal / a bare Decimal loop": billing_jobs,
    "absorb a record into the inbox / a bare bulk insert": store_jobs,
}


def measure(job: Job) -> float:
    """CPU microseconds a piece."""
    begun = time.process_time()
    done = job()
    return (time.process_time() - begun) * 1e6 / done


def main() -> None:
    """Print a table, and write JSON beside it."""
    results: list[dict[str, Any]] = []
    for name, make in BENCHMARKS.items():
        ours, limit = make()
        measure(ours), measure(limit)
        pairs = [(measure(ours), measure(limit)) for _ in range(ROUNDS)]
        mine, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        results.append({"job": name, "us": round(mine, 1), "limit_us": round(bare, 1), "ratio": round(ratio, 2)})
        print(f"{name:<62} {mine:9.1f} us  {bare:9.1f} us  {ratio:7.2f} x")
    out = ROOT / "benchmarks" / "out"
    out.mkdir(exist_ok=True)
    (out / "core.json").write_text(json.dumps({"python": sys.version, "results": results}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
