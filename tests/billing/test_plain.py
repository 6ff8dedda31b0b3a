"""The short way of plain lines makes what the general one makes, charge for charge."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from billsync.billing.amendment import Convention
from billsync.billing.line import epochs
from billsync.billing.made import Making
from billsync.billing.plain import is_plain, plainly
from billsync.billing.recurring import recurring
from billsync.billing.timeline import ZoneHistory
from billsync.model.contract import Contract
from billsync.model.convention import Policy

START = date(2026, 1, 31)
DAYS = st.integers(0, 500).map(lambda number: START + timedelta(days=number))
AMOUNTS = (
    st.decimals(0, 10**9, places=4) | st.decimals(0, 100, places=12) | st.sampled_from(["0", "0.005", Decimal("1E+3")])
)
PRICES = st.fixed_dictionaries({"scheme": st.just("flat"), "amount": AMOUNTS}) | st.fixed_dictionaries(
    {"scheme": st.just("per_unit"), "unit_amount": AMOUNTS}, optional={"free_units": st.sampled_from(["0", "3"])}
)
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "rounding": st.sampled_from(["half_even", "down", "ceiling"]),
        "proration": st.just("none"),
        "proration_basis": st.sampled_from(["30/360", "actual/365", "fixed 30"]),
        "proration_unit": st.just("second"),
        "factor_places": st.integers(4, 8),
    },
)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(st.none() | DAYS)
    return {
        "id": draw(st.sampled_from(["1", "a/b", "50 %"])),
        "product": "P",
        "model": "recurring",
        "quantity": draw(AMOUNTS),
        "price": draw(PRICES),
        "every": draw(st.sampled_from([{"months": 1}, {"months": 5}, {"quarters": 1}, {"years": 1}])),
        "aligned": draw(st.sampled_from(["anchored", "calendar"])),
        "anchor": draw(st.none() | DAYS),
        "billed": draw(st.sampled_from(["advance", "arrears"])),
        "starts_on": start,
        "ends_on": draw(st.none() | st.integers(1, 400).map(lambda days: (start or START) + timedelta(days=days))),
    }


@given(lines(), st.none() | DAYS, DAYS, st.none() | DAYS, st.sampled_from(["EUR", "JPY", "KWD"]), POLICIES)
def test_a_plain_line_comes_out_as_by_the_general_way(
    line: dict[str, Any],
    ends_on: date | None,
    through: date,
    since: date | None,
    currency: str,
    conventions: dict[str, Any],
) -> None:
    given = {"id": "C", "customer": "K", "currency": currency, "start": START, "lines": [line]}
    ends_on = None if ends_on is None or ends_on <= START else ends_on
    contract, policy = Contract.model_validate({**given, "ends_on": ends_on}), Policy.model_validate(conventions)
    [item] = contract.lines
    if not is_plain(contract, item):
        assert line["price"].get("free_units") == "3"
        return
    places = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    by = Making(contract, policy, Convention.by(policy, places, ZoneHistory("Europe/Berlin")), "here")
    wanted = recurring(epochs(contract, item, policy), through, by, since)
    assert plainly(contract, item, through, by, since) == wanted
    event(f"{min(len(wanted[0]), 3)} charges or more")
