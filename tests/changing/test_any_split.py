"""However a deal is split by its lines: both parts together are billed what the whole would have been, to the cent."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.billing import terms
from billsync.billing.mending import Standing, followed
from billsync.invoicing.policy import InvoicingRules
from billsync.model.contract import Contract
from billsync.model.deal import Deal
from billsync.model.product import Product
from billsync.model.proposal import Agreed
from billsync.settings.changes import Changes, Effective
from billsync.stage.changing.steps import Case, Days, steps

START = date(2023, 1, 1)
POLICY = InvoicingRules().policy()
PRODUCTS = {"p": Product(id="p", name="P")}
CYCLES: dict[str, dict[str, Any]] = {
    "once": {},
    "monthly": {"model": "recurring", "every": {"months": 1}},
    "quarterly, later": {"model": "recurring", "every": {"quarters": 1}, "billed": "arrears"},
    "by the calendar": {"model": "recurring", "every": {"months": 1}, "aligned": "calendar", "starts_on": "2023-01-10"},
}


def deal(id: str, lines: dict[str, Decimal], parent: str | None = None) -> Deal:
    told = [
        {"id": name, "product": "p", "quantity": "3", "unit_amount": str(price), **CYCLES[name]}
        for name, price in lines.items()
    ]
    data = {"id": id, "customer": id, "currency": "USD", "signed_on": START, "lines": told, "split_from": parent}
    return Deal.model_validate(data)


def contract(told: Deal) -> Contract:
    made, problems = terms.contract_of(told, PRODUCTS)
    assert made is not None, problems
    return made


def billed(agreed: Contract, standing: Standing, through: date) -> Standing:
    change, _ = followed(agreed, standing, through=through, policy=POLICY)
    return standing.after(change).all_billed()


def total(*standings: Standing) -> Decimal:
    return sum((charge.amount for standing in standings for charge in standing.billed), Decimal(0))


prices = st.decimals("0.01", "999.99", places=2)


@settings(max_examples=40)
@given(
    lines=st.fixed_dictionaries(dict.fromkeys(CYCLES, prices)),
    gone=st.sets(st.sampled_from(sorted(CYCLES)), min_size=1, max_size=3),
    on=st.integers(0, 200).map(lambda days: START + timedelta(days=days)),
    how=st.sampled_from(["today", "next_period", "from_start"]),
)
def test_the_parts_are_billed_what_the_whole_was(
    lines: dict[str, Decimal], gone: set[str], on: date, how: Effective
) -> None:
    whole = contract(deal("D1", lines))
    before = billed(whole, Standing(), on)
    agreed = Agreed(id="D1", customer="D1", contract=whole, terms=whole, lines={name: (name,) for name in lines})
    left = deal("D1", {name: price for name, price in lines.items() if name not in gone})
    part = deal("D2", {name: price for name, price in lines.items() if name in gone}, "D1")
    cases = [
        Case("D1", left, "x", contract(left), agreed=agreed, version=1, standing=before),
        Case("D2", part, "y", contract(part)),
    ]
    made, problems = steps(cases, Changes(effective=how), POLICY, Days(on, on))
    assert (problems, [(step.case.id, step.kind) for step in made]) == ([], [("D1", "changed"), ("D2", "split")])
    one, other = (step.change.agreed.contract for step in made)
    # a period in arrears is cut in two: the first part is billed at its own end, before the whole would be, and each is
    # rounded
    cut = how == "today" and "quarterly, later" in gone
    bound = Decimal("0.01") if cut else Decimal(0)
    standings = before, Standing()
    last = on + timedelta(days=400)
    for day in (on, on + timedelta(days=33), last):
        standings = billed(one, standings[0], day), billed(other, standings[1], day)
        if day == last or not cut:
            assert abs(total(*standings) - total(billed(whole, before, day))) <= bound
