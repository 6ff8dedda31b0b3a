"""kill -9 at every point that a run passes, against each kind of target: started again, each document is there once.

A first run that is not struck notes its points; every one of them is then struck in a folder of its own.  The suite
takes a part of them, `--soak 40` all.  Runs are processes, forked from a server that has everything imported.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from billsync import answers, schedule
from billsync.model.delivery import DONE
from billsync.store import Store
from billsync.verify import verify
from tests.crash import forks
from tests.sandbox.stand_in import StandIn

DEALS = 4
DAY = date(2017, 3, 1)
CONFIG = """
store: {store}
connections:
  crm:
    connector: files
    folder: crm
    objects: {{accounts: {{key: account}}, products: {{key: product}}, sales_pipeline: {{key: opportunity_id}}}}
    status_folder: status
  erp: {{connector: sandbox, url: "{url}", kind: {kind}, settle_s: 0, batch_max: 2}}
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
        - mappings/sandbox/customer.yaml
        - mappings/sandbox/product.yaml
        - mappings/sandbox/invoice.yaml
        - mappings/files/crm_sales/status.yaml
      payments: [mappings/sandbox/payment.yaml]
    invoicing: {{grouping: deal, series: "INV-{{year}}-{{seq:04}}"}}
    billing: {{through: {day}}}
    push: {{patience_s: 60}}
"""


@dataclass(frozen=True)
class Case:
    """A folder with a CRM of 2 customers, 2 products and 4 won deals, and a stand-in that begins empty."""

    folder: Path
    there: StandIn
    kind: str
    store_url: str

    def make(self) -> Case:
        """Write the files, empty the stand-in."""
        self.there.ready()
        self.there.set(kind=self.kind)
        crm = self.folder / "crm"
        crm.mkdir(parents=True)
        accounts = ["account,sector,year_established,revenue,employees,office_location,subsidiary_of"]
        accounts += [f"{name},retail,1999,251.41,495,United States," for name in ("Acme", "Zoomit")]
        deals = ["opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"]
        deals += [f"D{n},Mo,{'AB'[n % 2]},{('Acme', 'Zoomit')[n % 2]},Won,,{DAY},{100 + n}.25" for n in range(DEALS)]
        for name, rows in (
            ("accounts", accounts),
            ("products", ["product,series,sales_price", "A,G,5", "B,G,5"]),
            ("sales_pipeline", deals),
        ):
            (crm / f"{name}.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
        store = self.store_url or f"sqlite:///{self.folder}/store.db"
        config = CONFIG.format(store=f'"{store}"', url=self.there.url, kind=self.kind, day=DAY)
        (self.folder / "billsync.yaml").write_text(config, encoding="utf-8")
        return self

    def run(self, point: str = "none", occurrence: int = 1) -> int:
        """One run in a process of its own; its exit code, -9 where it was killed."""
        return forks.run(self.folder / "billsync.yaml", point, occurrence)

    def points(self) -> list[tuple[str, int]]:
        """Each point that was passed, with how often it had been passed by then."""
        seen: Counter[str] = Counter()
        found = []
        for name in (self.folder / "points.txt").read_text(encoding="utf-8").splitlines():
            seen[name] += 1
            found.append((name, seen[name]))
        return found

    def answer(self) -> int:
        """A person looks into the ERP and answers every write under review; how many there were."""
        store, at = Store.open(self.store_url or f"sqlite:///{self.folder}/store.db"), schedule.SystemClock().now()
        with store.tx("answers") as tx:
            items = [item for item in tx.problems.list() if item.problem.code.startswith("PUSH-REVIEW")]
            for item in items:
                delivery = answers.delivery_of(tx, item)
                assert delivery is not None
                found = [
                    doc["id"] for doc in self.there.documents(delivery.object) if doc["reference"] == delivery.our_id
                ]
                assert answers.resolve(tx, item, exists=found[0] if found else None, at=at)
        store.close()
        return len(items)

    def check(self) -> None:
        """Each deal billed once, each document there once, sums equal to the cent, no invariant broken."""
        store = Store.open(self.store_url or f"sqlite:///{self.folder}/store.db")
        with store.view() as tx:
            deals = [line.deal for item in tx.ledger.invoices() for line in item.invoice.lines]
            numbers = [item.invoice.number for item in tx.ledger.invoices()]
            total = sum((item.invoice.total for item in tx.ledger.invoices()), Decimal(0))
            states = {state for found in tx.outbox.counts().values() for state in found}
        verdict = verify(store, now=schedule.SystemClock().now(), targets=frozenset({"erp"}))
        store.close()
        there = self.there.documents("invoice")
        assert sorted(deals) == [f"D{n}" for n in range(DEALS)]
        assert sorted(document["reference"] for document in there) == sorted(numbers)
        assert sum((Decimal(document["total"]) for document in there), Decimal(0)) == total
        assert states <= DONE
        assert verdict.broken == []


def _part(points: list[tuple[str, int]], soak: int, share: int, chance: Random) -> Iterator[tuple[str, int]]:
    """All points of a soak; in the suite the first of each name, in turn, and some others."""
    if soak > 2:
        yield from points
        return
    firsts = [point for point in points if point[1] == 1]
    yield from chance.sample(firsts, min(share, len(firsts)))
    others = [point for point in points if point[1] > 1]
    yield from chance.sample(others, min(share // 3, len(others)))


def _enumerate(folder: Path, there: StandIn, kind: str, store_urls: Iterator[str], request: Any, share: int) -> None:
    soak = int(request.config.getoption("--soak"))
    clean = Case(folder / "clean", there, kind, next(store_urls)).make()
    assert clean.run() == 0
    clean.check()
    points, today = clean.points(), schedule.SystemClock().now().toordinal()
    assert {name for name, _ in points} >= {"store:claim:after-commit", "store:outcome:before-commit", "http:after"}
    for number, (point, occurrence) in enumerate(_part(points, soak, share, Random(today))):
        case = Case(folder / str(number), there, kind, next(store_urls)).make()
        assert case.run(point, occurrence) == -9, (point, occurrence)
        code = case.run()
        if kind == "D" and code == 1:
            assert case.answer() > 0, (point, occurrence)
            code = case.run()
        assert code == 0, (kind, point, occurrence)
        case.check()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["A", "B", "C", "D"])
def test_killed_at_every_point(
    kind: str, tmp_path: Path, sandbox_server: StandIn, request: pytest.FixtureRequest
) -> None:
    _enumerate(tmp_path, sandbox_server, kind, itertools.repeat(""), request, share=3)


@pytest.mark.slow
def test_killed_at_every_point_on_postgres(
    tmp_path: Path, sandbox_server: StandIn, postgres_urls: Iterator[str], request: pytest.FixtureRequest
) -> None:
    _enumerate(tmp_path, sandbox_server, "C", postgres_urls, request, share=3)
