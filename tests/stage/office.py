"""A CRM in a folder, an ERP that only the tests see, and runs of the real pipeline between them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from billsync import sync
from billsync.connector import (
    Capabilities,
    Checkpoint,
    Context,
    Intent,
    Outcome,
    Page,
    Record,
    Standing,
    Target,
    WriteSheet,
)
from billsync.invoicing.policy import InvoicingRules
from billsync.mapping import dependency_order
from billsync.model.invoice import InvoiceState
from billsync.model.problem import Place
from billsync.push import Options
from billsync.stage.world import End, Silent, World
from billsync.store import Store
from billsync.verify import verify
from billsync.workspace import read_mapping as read_file
from billsync_connectors.files import Files, FilesConfig
from tests.push.fakes import Books, Fake, HandClock

OBJECTS = {"accounts": {"key": "account"}, "products": {"key": "product"}, "sales_pipeline": {"key": "opportunity_id"}}
ROOT = Path()
read_mapping = cache(read_file)
"""A mapping never changes; its file, under one name, not while the tests run."""
PARTY, PRODUCT, INVOICE = (f"mappings/tryton/{name}.yaml" for name in ("party", "product", "invoice"))


class Erp(Fake):
    """Takes parties, products and invoices, and tells payments."""

    payments: list[dict[str, Any]]
    edits: dict[str, dict[str, Any]]

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        done = int((since or {}).get("at", 0))
        records = [
            Record(object, str(item["id"]), item, Place(system="erp", object=object, id=str(item["id"])))
            for item in self.payments[done:]
        ]
        yield Page(records, checkpoint={"at": len(self.payments)})

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """What is written again is as it was sent."""
        for intent in intents:
            self.edits.pop(intent.remote_id or "", None)
        return super().write(object, intents)

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        if object == "payment":
            yield [_paid(item) for item in self.payments]
        else:
            documents = [(key, remote) for key, remote in self.there.documents if "lines" in self.there.content[remote]]
            yield [self._stands(key, remote) for key, remote in documents]

    def _stands(self, key: str, remote: str) -> Standing:
        """An invoice as it stands; `edits` hold what a person did to it."""
        data = self.there.content[remote]
        total = sum((Decimal(row["quantity"]) * Decimal(row["unit_price"]) for row in data["lines"]), Decimal(0))
        paid = sum((Decimal(item["amount"]) for item in self.payments if item["invoice_reference"] == key), Decimal(0))
        left = max(total - paid, Decimal(0))
        state = "sent" if not paid else "partly_paid" if left else "paid"
        made = Standing(
            remote, key, data["currency"], total, customer=str(data["party"]), tax=Decimal(0), open=left,
            on=date.fromisoformat(data["invoice_date"]), due_on=date.fromisoformat(data["due_date"]),
            lines=len(data["lines"]), state=state,
        )  # fmt: skip
        void: dict[str, Any] = {"state": "void", "open": Decimal(0)} if remote in self.there.voided else {}
        return replace(made, **self.edits.get(remote, {}), **void)


def _paid(item: dict[str, Any]) -> Standing:
    number, day = item["invoice_reference"] or "", date.fromisoformat(item["date"])
    return Standing(str(item["id"]), "", item["currency"], Decimal(item["amount"]), applies_to=number, on=day)


@dataclass
class Office:
    """One working folder and its store; `run` is `billsync sync`."""

    folder: Path
    store: Store
    clock: HandClock = field(default_factory=HandClock)
    accounts: dict[str, str] = field(default_factory=lambda: {"Acme": "Germany", "Zoomit": "Norway"})
    deals: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    payments: list[dict[str, Any]] = field(default_factory=list)
    edits: dict[str, dict[str, Any]] = field(default_factory=dict)
    outbound: tuple[str, ...] = (PARTY, PRODUCT, INVOICE)
    runs: int = 0
    erp_class: type[Erp] = Erp

    def __post_init__(self) -> None:
        self.books = Books(Target.SEARCH)
        self.deals = {"D1": ("Acme", "Won", "100"), "D2": ("Zoomit", "Won", "250.50"), "D3": ("Acme", "Lost", "9")}

    def save(self) -> None:
        """The CRM's export, as things stand."""
        crm = self.folder / "crm"
        crm.mkdir(exist_ok=True)
        head = ["account", "sector", "year_established", "revenue", "employees", "office_location", "subsidiary_of"]
        rows = [[name, "retail", "1999", "1", "2", country, ""] for name, country in self.accounts.items()]
        _write(crm / "accounts.csv", head, rows)
        _write(crm / "products.csv", ["product", "series", "sales_price"], [["Basic", "G", "5"]])
        head = [
            "opportunity_id",
            "sales_agent",
            "product",
            "account",
            "deal_stage",
            "engage_date",
            "close_date",
            "close_value",
        ]
        deals = [
            [id, "Mo", "Basic", who, stage, "", "2017-03-01", sum_] for id, (who, stage, sum_) in self.deals.items()
        ]
        _write(crm / "sales_pipeline.csv", head, deals)

    def run(self, *, through: date = date(2017, 12, 31), full: bool = False) -> sync.Report:
        """One run, a day after the one before."""
        self.save()
        self.runs += 1
        self.clock.at += timedelta(days=1)
        report = sync.run(self.world(through), full=full)
        self.clock.at += timedelta(hours=1)
        return report

    def world(self, through: date) -> World:
        config = FilesConfig.model_validate({"folder": "crm", "objects": OBJECTS, "status_folder": "status"})
        sales = "mappings/files/crm_sales"
        inbound = [read_mapping(f"{sales}/{name}.yaml", ROOT) for name in ("accounts", "products", "opportunities")]
        outbound = {mapping.source_object: mapping for mapping in (read_mapping(path, ROOT) for path in self.outbound)}
        return World(
            pipeline="billing", store=self.store, source=End("crm", Files(Context("crm", self.folder), config)),
            target=End("erp", self.erp()), inbound=tuple(dependency_order(inbound)), outbound=outbound,
            payments=read_mapping("mappings/tryton/payment.yaml", ROOT),
            status=read_mapping(f"{sales}/status.yaml", ROOT),
            rules=InvoicingRules.model_validate({"grouping": "deal", "series": "INV-{seq:04}"}), through=through,
            run=f"billing@{self.runs}", owner="me", clock=self.clock, chance=Random(1),
            options=Options(patience_s=3600), progress=Silent(),
        )  # fmt: skip

    def erp(self) -> Erp:
        sheet = WriteSheet(target=self.books.target, reference="code", batch_max=10, voids=True)
        writes = {"party": sheet, "product": sheet, "invoice": sheet.model_copy(update={"ordered": True})}
        erp = self.erp_class(Context("erp", self.folder), None)
        erp.there, erp.clock, erp.payments, erp.edits = self.books, self.clock, self.payments, self.edits
        erp.__dict__["capabilities"] = Capabilities(system="fake", title="Fake", writes=writes)
        return erp

    def pay(self, number: str, amount: str) -> None:
        """Somebody pays."""
        id = str(len(self.payments) + 1)
        self.payments.append(
            {"id": id, "invoice_reference": number, "amount": amount, "currency": "USD", "date": "2017-05-01",
             "description": ""}
        )  # fmt: skip

    def enter(self, number: str, like: str) -> str:
        """Somebody enters an invoice in the ERP by hand, with the content of another.  Gives its id."""
        remote = f"R{len(self.books.documents) + 1}"
        self.books.documents.append((number, remote))
        self.books.content[remote] = self.books.content[self.id_of(like)]
        return remote

    def delete(self, number: str) -> None:
        """Somebody deletes an invoice in the ERP."""
        remote = self.id_of(number)
        self.books.documents[self.books.documents.index((number, remote))] = ("", remote)
        self.books.content[remote] = {}

    def rename(self, number: str, reference: str) -> None:
        """Somebody changes the reference of an invoice in the ERP."""
        remote = self.id_of(number)
        self.books.documents[self.books.documents.index((number, remote))] = (reference, remote)

    def id_of(self, number: str) -> str:
        """The id in the ERP of the first document of that number."""
        return next(remote for key, remote in self.books.documents if key == number)

    def invoices(self) -> dict[str, tuple[str, InvoiceState]]:
        """Deal -> what was invoiced for it and where that stands."""
        with self.store.view() as tx:
            return {i.invoice.lines[0].deal: (str(i.invoice.total), i.state) for i in tx.ledger.invoices()}

    def there(self) -> list[str]:
        """References of the ERP's records, as often as each stands there."""
        return sorted(key for key, _ in self.books.documents)

    def codes(self) -> list[str]:
        """Open problems."""
        with self.store.view() as tx:
            return sorted(item.problem.code for item in tx.problems.list())

    def status(self) -> dict[str, str]:
        """What the CRM was told: deal -> state."""
        with (self.folder / "status" / "status.csv").open(encoding="utf-8", newline="") as file:
            return {row["deal"]: row["state"] for row in csv.DictReader(file)}

    def sound(self) -> bool:
        """No invariant is broken."""
        return verify(self.store, now=self.clock.now(), targets=frozenset({"erp"})).broken == []


def _write(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
