"""Price schemes: tiers are written in many ways; here they become the engine's."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billsync.billing.pricing import Change, Consumption, limit, price, rerate
from billsync.model.exact import round_ratio
from billsync.model.period import Period
from billsync.model.scheme import (
    FlatPrice,
    GraduatedPercentagePrice,
    PackagePrice,
    PercentagePrice,
    PerUnitPrice,
    RateTier,
    Tier,
    TieredPrice,
)
from tests.golden.reading import Answers, Inputs, NotCovered, day, dec, known, places_of, reads

SCHEMES = {"pricing_graduated": "graduated", "pricing_volume": "volume"}


def listed(tiers: list[dict[str, Any]]) -> tuple[Tier, ...]:
    """`[{"up_to": "10", "unit": "10", "flat": "2"}, ...]`."""
    return tuple(
        Tier(
            up_to=None if tier["up_to"] is None else dec(tier["up_to"]),
            unit_amount=tier["unit"],
            flat_amount=tier["flat"],
        )
        for tier in tiers
    )


RANGE = re.compile(
    r"(?:\d+-(?P<top>\d+)|\d+\+):?\s*(?:\(doc\))?\s*@(?P<unit>[\d.]+)\s*(?:\(doc\))?(?:\+(?P<flat>[\d.]+))?"
)
BOUND = re.compile(r"(?:(?P<top>[\d.]+)|inf):(?:flat(?P<flat>[\d.]+))?(?:@(?P<unit>[\d.]+))?")
SIZED = re.compile(r"(?P<size>[\d.]+)@(?P<unit>[\d.]+)")
BLOCK = re.compile(r"(?:<=(?P<top>\d+)|above): blocks of (?P<per>\d+) @(?P<unit>[\d.]+)")
SHARE = re.compile(r"(?:<=(?P<top>[\d.]+)|else):? ?(?P<rate>[\d.]+)%(?:\+(?P<flat>[\d.]+))?")


def matched(pattern: re.Pattern[str], text: str) -> list[dict[str, Any]]:
    """The parts of a text between semicolons, each of the pattern's form."""
    found = [pattern.fullmatch(part.strip()) for part in text.split(";")]
    if None in found:
        raise NotCovered(f"the tiers {text!r} are of no known form")
    return [{key: value for key, value in match.groupdict().items() if value} for match in found if match]


def written(text: str) -> tuple[Tier, ...]:
    """`1-10 @2; 21+ @5`, `5:flat100; inf:@1`, `10@1.5;1000@0.5` (sizes) or `<=1000: blocks of 100 @1; above: ...`."""
    for pattern in (RANGE, BOUND, BLOCK):
        if pattern.fullmatch(text.split(";", maxsplit=1)[0].strip()):
            parts = matched(pattern, text)
            names = {"top": "up_to", "unit": "unit_amount", "flat": "flat_amount", "per": "per"}
            tiers = [Tier.model_validate({names[key]: value for key, value in part.items()}) for part in parts]
            return open_ended(tiers)
    tops = Decimal(0)
    tiers = []
    for part in matched(SIZED, text):
        tops += dec(part["size"])
        tiers.append(Tier(up_to=tops, unit_amount=part["unit"]))
    return open_ended(tiers)


def open_ended(tiers: list[Tier]) -> tuple[Tier, ...]:
    """The last tier without its bound: the cases stay below it."""
    return (*tiers[:-1], tiers[-1].model_copy(update={"up_to": None}))


def tiered(scheme: str, tiers: tuple[Tier, ...]) -> TieredPrice:
    return TieredPrice.model_validate({"scheme": scheme, "tiers": tiers})


def units(quantity: Any) -> Consumption:
    return Consumption(quantity=dec(quantity))


@reads("pricing_graduated", needs="quantity tiers")
def graduated(inputs: Inputs) -> Answers:
    return {"amount": price(tiered("graduated", tiers_of(inputs)), units(inputs["quantity"])).amount}


@reads("pricing_volume", needs="quantity tiers")
def volume(inputs: Inputs) -> Answers:
    return {"amount": price(tiered("volume", tiers_of(inputs)), units(inputs["quantity"])).amount}


def tiers_of(inputs: Inputs) -> tuple[Tier, ...]:
    return written(inputs["tiers"]) if isinstance(inputs["tiers"], str) else listed(inputs["tiers"])


@reads("pricing_graduated", needs="pre_period_units units tiers")
def graduated_split(inputs: Inputs) -> Answers:
    before = dec(inputs["pre_period_units"])
    now = units(before + dec(inputs["units"]))
    return {"amount": rerate(tiered("graduated", tiers_of(inputs)), units(before), now).amount}


@reads("late_usage", needs="quantity_billed quantity_now tiers")
def late(inputs: Inputs) -> Answers:
    scheme = tiered("graduated", tiers_of(inputs))
    return {"second_invoice": rerate(scheme, units(inputs["quantity_billed"]), units(inputs["quantity_now"])).amount}


@reads("pricing_volume", needs="quantity unit flat")
def one_tier(inputs: Inputs) -> Answers:
    scheme = tiered("volume", (Tier(unit_amount=inputs["unit"], flat_amount=inputs["flat"]),))
    return {"amount": price(scheme, units(inputs["quantity"])).amount}


POLICIES = {"TOP_TIER": "volume", "ALL_TIERS": "graduated"}


@reads("pricing_usage_blocks", needs="units policy tiers")
def blocks(inputs: Inputs) -> Answers:
    scheme = tiered(known(POLICIES, inputs["policy"]), written(inputs["tiers"]))
    return {"amount": price(scheme, units(inputs["units"])).amount}


@reads("pricing_usage_blocks", needs="units block blocks_already_billed")
def more_blocks(inputs: Inputs) -> Answers:
    size = dec(inputs["block"])
    scheme = PackagePrice(scheme="package", size=size, amount=Decimal(1))
    billed = units(size * dec(inputs["blocks_already_billed"]))
    return {"blocks_to_bill": rerate(scheme, billed, units(inputs["units"])).amount}


@reads("pricing_package", needs="quantity package_size price", may="free_units")
def package(inputs: Inputs) -> Answers:
    scheme = PackagePrice(
        scheme="package",
        size=inputs["package_size"],
        amount=inputs["price"],
        free_units=inputs.get("free_units", Decimal(0)),
    )
    return {"amount": price(scheme, units(inputs["quantity"])).amount}


@reads("pricing_percentage", needs="events rate", may="fixed free_ev free_amt mn mx")
def percentage(inputs: Inputs) -> Answers:
    names = {"free_ev": "free_transactions", "free_amt": "free_amount", "mn": "minimum", "mx": "maximum"}
    given = {names[name]: inputs[name] for name in names if name in inputs}
    if "free_transactions" in given:
        given["free_transactions"] = int(given["free_transactions"])
    scheme = PercentagePrice.model_validate(
        {"scheme": "percentage", "rate": percent(inputs["rate"]), "fixed_amount": inputs.get("fixed", "0"), **given}
    )
    return {"amount": price(scheme, Consumption(transactions=tuple(dec(event) for event in inputs["events"]))).amount}


def percent(text: Any) -> Decimal:
    return dec(text).scaleb(-2)


@reads("pricing_graduated_percentage", needs="amount tiers")
def graduated_percentage(inputs: Inputs) -> Answers:
    parts = matched(SHARE, inputs["tiers"])
    tiers = tuple(
        RateTier(up_to=part.get("top"), rate=percent(part["rate"]), flat_amount=part.get("flat", Decimal(0)))
        for part in parts
    )
    scheme = GraduatedPercentagePrice(scheme="graduated_percentage", tiers=tiers)
    return {"amount": price(scheme, units(inputs["amount"])).amount}


@reads("pricing_prorated_graduated", needs="period tiers events")
def prorated_graduated(inputs: Inputs) -> Answers:
    first, last = (day(text) for text in inputs["period"])
    period = Period(first, last + timedelta(days=1))
    changes = [Change(day(on), dec(by)) for on, by in inputs["events"]]
    scheme = tiered("prorated_graduated", written(inputs["tiers"]))
    made = [price(scheme, Consumption(period=period, changes=tuple(changes[: n + 1]))) for n in range(len(changes))]
    return {"running": [round_ratio(part.amount, 2) for part in made]}


@reads("maximum_spend", needs="quantity tier_price maximum")
def maximum(inputs: Inputs) -> Answers:
    made = limit(of_tier(inputs), maximum=dec(inputs["maximum"]))
    return {"discount": made.discount, "net": made.net}


@reads("minimum_spend", needs="quantity tier_price minimum")
def minimum(inputs: Inputs) -> Answers:
    return {"top_up": limit(of_tier(inputs), minimum=dec(inputs["minimum"])).top_up}


def of_tier(inputs: Inputs) -> Decimal:
    made = price(FlatPrice(scheme="flat", amount=inputs["tier_price"]), units(inputs["quantity"])).amount
    return dec(made)


@reads("minimum_spend", needs="minimum already_billed period_amount")
def minimum_over_parts(inputs: Inputs) -> Answers:
    made = limit(
        dec(inputs["period_amount"]), minimum=dec(inputs["minimum"]), already_billed=dec(inputs["already_billed"])
    )
    return {"top_up": made.top_up}


@reads("minimum_spend", needs="currency commitment used")
def minimum_used(inputs: Inputs) -> Answers:
    return {"true_up": limit(dec(inputs["used"]), minimum=dec(inputs["commitment"])).top_up}


@reads("pricing_dynamic", needs="cap previously_billed charge")
def capped_over_parts(inputs: Inputs) -> Answers:
    billed = dec(inputs["previously_billed"])
    made = limit(dec(inputs["charge"]), maximum=dec(inputs["cap"]), already_billed=billed)
    return {"discount": made.discount, "net": made.net}


@reads("progressive_billing", needs="unit_price unit_price_in units_first units_total threshold unit subscription_fee")
def progressive(inputs: Inputs) -> Answers:
    known({"major": True}, inputs["unit_price_in"])
    minor = 2 - places_of(inputs)
    scheme = PerUnitPrice(scheme="per_unit", unit_amount=inputs["unit_price"])
    first, whole = units(inputs["units_first"]), units(inputs["units_total"])
    early = dec(price(scheme, first).amount).scaleb(minor)
    if early < dec(inputs["threshold"]):
        raise NotCovered("the threshold is not reached")
    rest = dec(rerate(scheme, first, whole).amount).scaleb(minor)
    return {"threshold_invoice": early, "final_invoice": dec(inputs["subscription_fee"]) + rest}
