"""A working folder without an ERP, and the real command line run in it, inside this process."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from billsync.cli import run

CONFIG = """\
store: sqlite:///billsync.db
connections:
  crm:
    connector: files
    folder: crm
    objects:
      accounts: {key: account}
      products: {key: product}
      deals: {key: id}
pipelines:
  billing:
    source: crm
    mappings:
      inbound: [mappings/files/crm_sales/accounts.yaml, mappings/files/crm_sales/products.yaml, deals.yaml]
    billing: {through: 2026-12-31}
"""
MAPPING = """\
mapping: scratch.deals
version: 1
from: files.deals
to: deal
key: id
fields:
  id: {from: id}
  name: {from: id}
  customer: {ref: files.accounts, from: account}
  currency: {from: currency}
  signed_on: {from: day, as: date}
  lines:
    each: $
    fields:
      id: {const: "1"}
      product: {ref: files.products, from: product}
      quantity: {from: quantity, as: decimal}
      unit_amount: {from: amount, as: money}
      model: {const: one_time}
"""
ACCOUNTS = "account,sector,year_established,revenue,employees,office_location,subsidiary_of\nAcme,x,1996,1,2,Germany,\n"
PRODUCTS = "product,series,sales_price\nBasic,B,550\n"
HEADER = "id,product,account,day,quantity,amount,currency\n"
GOOD = "G-1,Basic,Acme,2026-02-03,2,500,USD\n"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out, parse_float=_no_floats)


def _no_floats(text: str) -> Any:
    raise AssertionError(f"an amount is a JSON number: {text}")


@dataclass(frozen=True, slots=True)
class Place:
    """A working folder; `billsync` runs the command in it."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def write(self, name: str, content: str | bytes) -> Path:
        """A file of the folder, written byte for byte."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def deals(self, *rows: str, header: str = HEADER) -> None:
        """The CRM's deals."""
        self.write("crm/deals.csv", header + "".join(f"{row}\n" for row in rows))

    def billsync(self, *arguments: str) -> Said:
        """Run a command."""
        self.patch.chdir(self.folder)
        self.patch.setattr(sys, "argv", ["billsync", *arguments])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run()
        out, err = self.capsys.readouterr()
        assert "Traceback" not in out + err
        assert isinstance(left.value.code, int)
        return Said(left.value.code, out, err)

    def problems(self) -> list[dict[str, Any]]:
        """The open problems."""
        found: list[dict[str, Any]] = self.billsync("errors", "list", "--format", "json").json
        return found

    def billed(self) -> dict[str, str]:
        """Customer's deals that stand on invoices, with their totals."""
        listed = self.billsync("invoice", "list", "--format", "json").json
        shown = [self.billsync("invoice", "show", item["number"], "--format", "json").json for item in listed]
        return {line["deal"]: line["amount"] for item in shown for line in item["document"]["lines"]}
