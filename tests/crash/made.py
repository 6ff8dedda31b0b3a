"""A small CRM export whose invoices all fall on one day, so that many cases can share one ERP."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from billsync import schedule, settings
from billsync.model.money import from_minor
from billsync.store import Store
from billsync.verify import verify
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.crash import forks

_DAYS = itertools.count()
DEALS = 6

CONFIG = """
store: {store}
connections:
  crm:
    connector: files
    folder: crm
    objects: {{accounts: {{key: account}}, products: {{key: product}}, sales_pipeline: {{key: opportunity_id}}}}
    status_folder: status
  erp: {{connector: tryton, sandbox: {{folder: "{erp}"}}}}
pipelines:
  billing:
    source: crm
    target: erp
    mappings:
      inbound:
        - mappings/files/crm_sales/accounts.yaml
        - mappings/files/crm_sales/products.yaml
        - mappings/files/crm_sales/opportunities.yaml
      outbound:
        - mappings/tryton/party.yaml
        - mappings/tryton/product.yaml
        - mappings/tryton/invoice.yaml
        - mappings/files/crm_sales/status.yaml
      payments: [mappings/tryton/payment.yaml]
    invoicing: {{grouping: deal, series: "{tag}-{{year}}-{{seq:04}}"}}
    billing: {{through: {day}}}
    push: {{settle_s: 1, patience_s: 60}}
"""


@dataclass(frozen=True)
class Case:
    """One working folder: 3 customers, 2 products, 6 won deals and 1 lost one, all on one day."""

    folder: Path
    tag: str
    sandbox: TrytonSandbox
    total: Decimal

    @property
    def config(self) -> Path:
        return self.folder / "billsync.yaml"

    def run(self, point: str = "none", occurrence: int = 1, *victim: str) -> int:
        """A run in a process of its own; its exit code, -9 where it was killed."""
        return forks.run(self.config, point, occurrence, *(int(process) for process in victim))

    def documents(self) -> list[dict[str, Any]]:
        """This case's invoices in the ERP."""
        return [item for item in self.sandbox.invoices() if (item["reference"] or "").startswith(f"{self.tag}-")]

    def check(self) -> None:
        """Each deal billed once; both sides equal to the cent; nothing doubled; no invariant broken."""
        there = self.documents()
        store = Store.open(settings.load(self.config).store)
        try:
            with store.view() as tx:
                ((_, count, total, _),) = tx.ledger.totals()
                deals = [line.deal for item in tx.ledger.invoices() for line in item.invoice.lines]
            verdict = verify(store, now=schedule.SystemClock().now(), targets=frozenset({"erp"}))
        finally:
            store.close()
        assert sorted(deals) == sorted(set(deals))
        assert len(deals) == count == DEALS
        assert from_minor(total, "USD") == self.total
        assert len(there) == len({item["reference"] for item in there}) == DEALS
        assert sum(item["total_amount"] for item in there) == self.total
        assert {item["state"] for item in there} == {"posted"}
        assert verdict.broken == []

    def points(self) -> list[str]:
        return (self.folder / "points.txt").read_text(encoding="utf-8").splitlines()


def make_case(folder: Path, sandbox: TrytonSandbox, store: str = "sqlite:///store.db", year: int = 2017) -> Case:
    """A new case, on a day after all others of this process; the ERP counts each year's invoices by themselves."""
    number = next(_DAYS)
    day = date(year, 1, 2) + timedelta(days=number)
    tag = f"K{os.getpid()}x{number:03}"
    crm = folder / "crm"
    crm.mkdir(parents=True)
    accounts = [f"{tag} Acme", f"{tag} Betasoloin", f"{tag} Zoomit"]
    rows = ["account,sector,year_established,revenue,employees,office_location,subsidiary_of"]
    rows += [
        f"{name},retail,1999,251.41,495,United States,{accounts[0] if i else ''}" for i, name in enumerate(accounts)
    ]
    (crm / "accounts.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    products = [f"{tag} Basic", f"{tag} Pro"]
    (crm / "products.csv").write_text(
        "product,series,sales_price\n" + "".join(f"{name},GTX,550\n" for name in products), encoding="utf-8"
    )
    header = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
    amounts = [Decimal(f"{1000 + 7 * n}.{n:02}") for n in range(DEALS)]
    deals = [
        f"{tag}-D{n},Moses Frase,{products[n % 2]},{accounts[n % 3]},Won,2016-10-20,{day},{amount}"
        for n, amount in enumerate(amounts)
    ]
    lost = f"{tag}-D9,Moses Frase,{products[0]},{accounts[0]},Lost,2016-10-20,{day},0"
    (crm / "sales_pipeline.csv").write_text("\n".join([header, *deals, lost]) + "\n", encoding="utf-8")
    text = CONFIG.format(store=store, erp=sandbox.folder, tag=tag, day=day)
    (folder / "billsync.yaml").write_text(text, encoding="utf-8")
    return Case(folder, tag, sandbox, sum(amounts, Decimal(0)))
