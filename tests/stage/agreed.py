"""An office whose source tells contracts and what was used, as files, beside its deals."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from billsync.connector import Context
from billsync.invoicing.policy import InvoicingRules
from billsync.mapping import Mapping, dependency_order, parse
from billsync.stage.world import End, World
from billsync_connectors.files import Files, FilesConfig
from tests.stage.office import OBJECTS, ROOT, Office, _write, read_mapping

CONTRACT = """
mapping: agreed.contract
version: 1
from: files.contracts
to: contract
key: id
fields:
  id: {from: id}
  customer: {ref: files.accounts, from: customer}
  currency: {from: currency}
  start: {from: start, as: date}
  entity: {from: entity, default: ""}
  lines:
    each: lines
    key: id
    fields:
      id: {from: id}
      product: {from: product}
      description: {from: description, default: ""}
      model: {from: model}
      quantity: {from: quantity, as: decimal, default: 1}
      every:
        fields:
          months: {from: every.months, as: integer}
      meter: {from: meter}
      price:
        fields:
          scheme: {from: price.scheme}
          tiers:
            each: price.tiers
            fields:
              up_to: {from: up_to, as: decimal, default: null}
              unit_amount: {from: unit_amount, as: decimal}
  amendments:
    each: amendments
    fields:
      effective: {from: effective, as: date}
      agreed_on: {from: agreed_on, as: date}
      line: {from: line}
      quantity: {from: quantity, as: decimal}
"""
USAGE = """
mapping: agreed.usage
version: 1
from: files.usage
to: usage
key: id
fields:
  id: {from: id}
  customer: {ref: files.accounts, from: customer}
  meter: {from: meter}
  on: {from: day, as: date}
  value: {from: value, as: decimal}
"""


@cache
def mapping(text: str) -> Mapping:
    return parse(text, "agreed.yaml")


@dataclass
class Agreed(Office):
    """Contracts by id, usage rows as (id, customer, meter, day, value), deals that are won beside them."""

    contracts: dict[str, dict[str, Any]] = field(default_factory=dict)
    usage: list[tuple[str, ...]] = field(default_factory=list)
    rules: dict[str, Any] = field(default_factory=dict)
    won: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def save(self) -> None:
        self.deals = self.won
        super().save()
        lines = [json.dumps({"id": id, "amendments": [], **told}) for id, told in self.contracts.items()]
        (self.folder / "crm" / "contracts.jsonl").write_text("".join(f"{line}\n" for line in lines))
        _write(
            self.folder / "crm" / "usage.csv",
            ["id", "customer", "meter", "day", "value"],
            [list(r) for r in self.usage],
        )

    def world(self, through: date) -> World:
        made = super().world(through)
        objects = {**OBJECTS, "contracts": {"key": "id"}, "usage": {"key": "id"}}
        config = FilesConfig.model_validate({"folder": "crm", "objects": objects, "status_folder": "status"})
        sales = "mappings/files/crm_sales"
        inbound = [read_mapping(f"{sales}/{name}.yaml", ROOT) for name in ("accounts", "products", "opportunities")]
        inbound += [mapping(CONTRACT), mapping(USAGE)]
        return replace(
            made,
            source=End("crm", Files(Context("crm", self.folder), config)),
            inbound=tuple(dependency_order(inbound)),
            rules=InvoicingRules.model_validate({"grouping": "deal", "series": "INV-{seq:04}", **self.rules}),
        )


TIERS = [{"up_to": "1000", "unit_amount": "0.02"}, {"unit_amount": "0.01"}]


def plain(**changes: Any) -> dict[str, Any]:
    """Five seats at 10.00 a month in advance, and calls at 0.02 in arrears, from 1 January."""
    seats = {"id": "seats", "product": "Basic", "model": "recurring", "every": {"months": 1}, "quantity": "5",
             "price": {"scheme": "volume", "tiers": [{"unit_amount": "10.00"}]}}  # fmt: skip
    calls = {"id": "calls", "product": "Basic", "model": "usage", "every": {"months": 1}, "meter": "calls",
             "price": {"scheme": "graduated", "tiers": TIERS}}  # fmt: skip
    return {"customer": "Acme", "currency": "USD", "start": "2017-01-01", "lines": [seats, calls], **changes}
