"""Deals, products and charges for tests: only what a story needs to say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from billsync.billing.charges import due
from billsync.billing.terms import contract_of
from billsync.model.charge import Charge
from billsync.model.contract import Contract
from billsync.model.convention import Policy
from billsync.model.deal import Cycle, Deal, DealLine
from billsync.model.product import Product

PRODUCTS = {"seat": Product(id="seat", name="Seat"), "setup": Product(id="setup", name="Setup")}


def line(**facts: Any) -> DealLine:
    """A monthly seat at 10.00, unless said otherwise; `every={"weeks": 2}` as in YAML."""
    every = facts.pop("every", {"months": 1})
    given = {"id": "L1", "product": "seat", "quantity": "1", "unit_amount": "10.00", "model": "recurring"} | facts
    return DealLine.model_validate(given | ({"every": Cycle(**every)} if every else {}))


def once(**facts: Any) -> DealLine:
    """A setup, billed once."""
    return line(**{"id": "S1", "product": "setup", "model": "one_time", "every": None} | facts)


def deal(*lines: DealLine, **facts: Any) -> Deal:
    """A deal of the customer `acme` in USD, signed on 2026-01-31, unless said otherwise."""
    given = {"id": "D1", "customer": "acme", "currency": "USD", "signed_on": "2026-01-31"} | facts
    return Deal.model_validate(given | {"lines": lines or (line(),)})


def contract(*lines: DealLine, **facts: Any) -> Contract:
    """The contract of such a deal, which must have no problems."""
    made, problems = contract_of(deal(*lines, **facts), PRODUCTS)
    assert made is not None, problems
    return made


def charges(made: Contract, through: str, policy: Policy | None = None) -> Sequence[Charge]:
    """Its charges through a day."""
    return due(made, through=date.fromisoformat(through), policy=policy or Policy()).charges
