"""A CRM whose deals have lines, an ERP that only the tests see, and runs of the pipeline under a policy of changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from billsync.connector import Context
from billsync.invoicing.policy import InvoicingRules
from billsync.mapping import Mapping, dependency_order, parse
from billsync.model.proposal import ProposalState
from billsync.settings.changes import Changes
from billsync.stage import facts
from billsync.stage.changing import deciding
from billsync.stage.changing.deciding import Answer
from billsync.stage.world import End, World
from billsync.store import StoredProposal
from billsync.verify import verify
from billsync_connectors.files import Files, FilesConfig
from tests.stage.office import INVOICE, OBJECTS, PARTY, PRODUCT, ROOT, Office, read_mapping

NOTE = "mappings/tryton/credit_note.yaml"
DEAL = """
mapping: shop.deal
version: 1
from: files.won
to: deal
key: id
when: stage = "Won"
fields:
  id: {from: id}
  customer: {ref: files.accounts, from: customer}
  currency: {from: currency, default: USD}
  signed_on: {from: signed, as: date}
  ends_on: {from: ends, as: date}
  effective_on: {from: effective, as: date}
  split_from: {from: split_from}
  renews: {from: renews}
  lines:
    each: lines
    key: id
    fields:
      id: {from: id}
      product: {from: product}
      description: {from: description, default: ""}
      quantity: {from: quantity, as: decimal}
      unit_amount: {from: price, as: decimal}
      model: {from: model}
      billed: {from: billed, default: advance}
      starts_on: {from: starts, as: date}
      every:
        fields:
          months: {from: months, as: integer}
"""


@cache
def mapping(text: str) -> Mapping:
    return parse(text, "shop.yaml")


def seats(quantity: int = 10, price: str = "10.00", id: str = "seats", months: int = 1, **more: Any) -> dict[str, Any]:
    """A line that recurs: ten seats at 10.00 a month."""
    return {"id": id, "product": "Basic", "model": "recurring", "months": months, "quantity": str(quantity),
            "price": price, **more}  # fmt: skip


def setup(price: str = "500.00", id: str = "setup", **more: Any) -> dict[str, Any]:
    """A line that is billed once."""
    return {"id": id, "product": "Basic", "model": "one_time", "quantity": "1", "price": price, **more}


def deal(*lines: dict[str, Any], customer: str = "Acme", signed: str = "2017-01-01", **more: Any) -> dict[str, Any]:
    return {"customer": customer, "stage": "Won", "signed": signed, "lines": list(lines or [seats()]), **more}


@dataclass
class Shop(Office):
    """Deals by id, as the CRM has them; `policy` is what stands under `changes:`."""

    outbound: tuple[str, ...] = (PARTY, PRODUCT, INVOICE, NOTE)
    won: dict[str, dict[str, Any]] = field(default_factory=dict)
    policy: dict[str, Any] | None = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    sends: bool = False
    """Whether documents go to the ERP: what is proposed and agreed does not depend on it."""

    def save(self) -> None:
        self.deals = {}
        super().save()
        lines = [json.dumps({"id": id, **told}) for id, told in self.won.items()]
        (self.folder / "crm" / "won.jsonl").write_text("".join(f"{line}\n" for line in lines))

    def world(self, through: date) -> World:
        made = super().world(through)
        config = FilesConfig.model_validate(
            {"folder": "crm", "objects": {**OBJECTS, "won": {"key": "id"}}, "status_folder": "status"}
        )
        sales = "mappings/files/crm_sales"
        inbound = [read_mapping(f"{sales}/{name}.yaml", ROOT) for name in ("accounts", "products")]
        return replace(
            made,
            source=End("crm", Files(Context("crm", self.folder), config)),
            inbound=tuple(dependency_order([*inbound, mapping(DEAL)])),
            rules=InvoicingRules.model_validate({"grouping": "deal", "series": "INV-{seq:04}", **self.rules}),
            changes=None if self.policy is None else Changes.model_validate(self.policy),
            target=made.target if self.sends else None,
            status=None,
        )

    def sound(self) -> bool:
        targets = frozenset({"erp"} if self.sends else ())
        return verify(self.store, now=self.clock.now(), targets=targets).broken == []

    def read(self, through: date) -> None:
        """A run that was stopped as soon as it had read the CRM."""
        self.save()
        self.runs += 1
        self.clock.at += timedelta(days=1)
        world = self.world(through)
        facts.read(world)
        facts.make(world)

    # ------------------------------------------------------------ what a person does

    def approve(self, id: str, through: date, reason: str = "fine") -> Answer:
        self.runs += 1
        world = self.world(through)
        assert world.changes is not None
        with self.store.view() as tx:
            stored = tx.changes.get(id)
        assert stored is not None
        return deciding.approve(world, world.changes, stored.proposal.lead, who="mo", reason=reason)

    def reject(self, id: str) -> Answer:
        with self.store.tx("reject") as tx:
            return deciding.reject(tx, id, who="mo", reason="no", at=self.clock.now())

    # ------------------------------------------------------------ what is seen

    def proposals(self, state: ProposalState | None = None) -> list[StoredProposal]:
        with self.store.view() as tx:
            return tx.changes.list(state=state)

    def waiting(self) -> list[StoredProposal]:
        return self.proposals(ProposalState.WAITING)

    def kinds(self) -> list[tuple[str, str, str]]:
        """(id, kind, state) of all proposals."""
        return [(item.id, item.proposal.kind, str(item.state)) for item in self.proposals()]

    def totals(self) -> list[str]:
        """What was billed, document after document; credit notes below zero."""
        with self.store.view() as tx:
            made = [(i.invoice.issued_on, 0, i.invoice.number, i.invoice.total) for i in tx.ledger.invoices()]
            made += [(i.note.issued_on, 1, i.note.number, -i.note.total) for i in tx.ledger.credit_notes()]
        return [str(row[-1]) for row in sorted(made)]

    def owed(self) -> str:
        """What all documents come to, less what was given back."""
        return str(sum(map(Decimal, self.totals()), Decimal(0)))

    def money(self, deals: Iterable[str] | None = None) -> str:
        """`billed`, as it is written."""
        return str(self.billed(deals))

    def billed(self, deals: Iterable[str] | None = None) -> Decimal:
        """All that was billed less all that was given back, before tax, of these deals or of all."""
        with self.store.view() as tx:
            names = self.won if deals is None else deals
            stored = tx.ledger.charges_of_many(names)
        return sum(
            (item.charge.amount for of_deal in stored.values() for item in of_deal.values() if not item.is_open),
            Decimal(0),
        )
