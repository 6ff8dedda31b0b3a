"""The mappings and rules of the simulated pipeline: real ones, read by the real reader."""

from __future__ import annotations

from functools import cache

from billsync.mapping import Mapping, dependency_order, parse

INBOUND = (
    """
mapping: sim.accounts
version: 1
from: crm.accounts
to: customer
key: id
fields:
  id: {from: id}
  name: {from: name}
  currency: {from: currency}
  country: {from: country}
""",
    """
mapping: sim.products
version: 1
from: crm.products
to: product
key: id
fields:
  id: {from: id}
  name: {from: name}
""",
    """
mapping: sim.deals
version: 1
from: crm.deals
to: deal
when: "stage = 'won'"
key: id
fields:
  id: {from: id}
  name: {from: name}
  customer: {ref: crm.accounts, from: account}
  currency: {from: currency}
  stage: {from: stage}
  signed_on: {from: signed_on, as: date}
  lines:
    each: lines
    fields:
      id: {from: id}
      product: {ref: crm.products, from: product}
      quantity: {from: quantity, as: decimal}
      unit_amount: {from: price, as: money}
      model: {const: one_time}
""",
)
OUTBOUND = (
    """
mapping: sim.customer
version: 1
from: customer
to: erp.customer
key: id
fields:
  name: {from: name}
  country: {from: country}
""",
    """
mapping: sim.product
version: 1
from: product
to: erp.product
key: id
fields:
  name: {from: name}
""",
    """
mapping: sim.invoice
version: 1
from: invoice
to: erp.invoice
key: id
fields:
  number: {from: number}
  customer: {ref: customer, from: customer}
  currency: {from: currency}
  date: {from: issued_on}
  lines:
    each: lines
    fields:
      deal: {from: deal}
      product: {ref: product, from: product}
      quantity: {from: quantity}
      price: {from: unit_amount}
""",
)
PAYMENT = """
mapping: sim.payment
version: 1
from: erp.payment
to: payment
key: id
fields:
  id: {from: id}
  invoice: {from: invoice}
  amount: {from: amount, as: money}
  currency: {from: currency}
  received_on: {from: date, as: date}
"""
STATUS = """
mapping: sim.status
version: 1
from: status
to: crm.status
key: deal
fields:
  state: {from: state}
  amount: {from: amount}
"""


def _nothing(name: str) -> str:
    raise FileNotFoundError(name)


@cache
def inbound() -> tuple[Mapping, ...]:
    return tuple(dependency_order([_read(text) for text in INBOUND]))


@cache
def outbound() -> dict[str, Mapping]:
    return {mapping.source_object: mapping for mapping in map(_read, OUTBOUND)}


@cache
def payments() -> Mapping:
    return _read(PAYMENT)


@cache
def status() -> Mapping:
    return _read(STATUS)


def _read(text: str) -> Mapping:
    return parse(text.encode(), text.split()[1], read_file=_nothing)
