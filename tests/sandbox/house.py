"""A CRM and an ERP in one stand-in, a process of its own, and runs of the real pipeline between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from billsync import sync
from billsync.invoicing.policy import InvoicingRules
from billsync.mapping import Mapping, dependency_order, parse
from billsync.model.delivery import Delivery
from billsync.push import Options
from billsync.stage.world import End, Silent, World
from billsync.store import Store
from billsync.workspace import read_mapping
from tests.push.fakes import HandClock
from tests.sandbox.stand_in import StandIn

INBOUND = ("accounts", "products", "deals")
OUTBOUND = ("customer", "product", "invoice")


@cache
def shipped(name: str) -> Mapping:
    """A mapping of the sandbox's, as it is shipped."""
    return read_mapping(f"mappings/sandbox/{name}.yaml", Path())


written = cache(parse)


class Notes(Silent):
    """Keeps what a person would be told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@dataclass
class House:
    """One store; `run` is `billsync sync`.  `changed` are mapping files in place of the shipped ones, by name."""

    store: Store
    there: StandIn
    changed: dict[str, str] = field(default_factory=dict)
    inbound: Sequence[str] = INBOUND
    outbound: Sequence[str] = OUTBOUND
    kind: str = "C"
    extra: dict[str, Any] = field(default_factory=dict)
    runs: int = 0
    ends: tuple[str, str] = ("crm", "erp")
    opened: list[End] = field(default_factory=list)
    peer: StandIn | None = None

    def __post_init__(self) -> None:
        self.clock, self.notes = HandClock(), Notes()
        self.there.set(kind=self.kind)

    def fill(self) -> None:
        """Two customers, a product, and a won deal of each customer."""
        self.there.human("create", "accounts", "Acme", name="Acme", country="Germany", sector="retail")
        self.there.human("create", "accounts", "Bolt", name="Bolt", country="Norway", sector="retail")
        self.there.human("create", "products", "Basic", name="Basic", price="5")
        for id, account, amount in (("D-1", "Acme", "100"), ("D-2", "Bolt", "250.50")):
            self.deal(id, account, amount)

    def deal(self, id: str, account: str, amount: str, **fields: Any) -> None:
        """A won deal."""
        self.there.human(
            "create", "deals", id, account=account, product="Basic", stage="Won", amount=amount, currency="USD",
            closed_on="2017-03-01", **fields,
        )  # fmt: skip

    def mapping(self, name: str) -> Mapping:
        return written(self.changed[name], f"{name}.yaml") if name in self.changed else shipped(name)

    def world(self) -> World:
        outbound = {item.source_object: item for item in map(self.mapping, self.outbound)}
        if not self.opened:
            places = zip(self.ends, (self.there, self.peer or self.there), strict=True)
            self.opened = [End(name, place.connector(name, kind=self.kind, echoes=True)) for name, place in places]
        source, target = self.opened
        return World(
            pipeline="billing", store=self.store, source=source, target=target,
            inbound=tuple(dependency_order([self.mapping(name) for name in self.inbound])), outbound=outbound,
            payments=None, status=self.mapping("status"), through=date(2017, 12, 31), owner="me", clock=self.clock,
            rules=InvoicingRules.model_validate({"grouping": "deal", "series": "INV-{seq:04}"}), chance=Random(1),
            run=f"{self.ends[0]}@{self.runs}", options=Options(patience_s=3600), progress=self.notes, **self.extra,
        )  # fmt: skip

    def run(self, *, full: bool = False) -> sync.Report:
        """One run, an hour after the one before."""
        self.runs += 1
        self.clock.at += timedelta(hours=1)
        self.notes.said.clear()
        return sync.run(self.world(), full=full)

    def codes(self) -> list[str]:
        """Open problems."""
        with self.store.view() as tx:
            return sorted(item.problem.code for item in tx.problems.list())

    def write(self, kind: str, our_id: str, connection: str = "erp") -> Delivery:
        """The write that was planned last."""
        with self.store.view() as tx:
            return tx.outbox.latest(connection, kind, [our_id])[our_id]

    def erp(self, object: str, name: str, **by: Any) -> list[Any]:
        """A field of the records that stand there."""
        return [row.get(name) for row in self.there.documents(object) if all(row[k] == v for k, v in by.items())]

    def customer_writes(self) -> int:
        """Requests so far that wrote customers."""
        return sum(row["path"].startswith("/v1/customer") for row in self.there.log(writes=True))
