"""Random contracts: all four models, amendments, ramps, trials, commitments, late usage, zones, every convention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from billsync.billing.charges import Due, Facts, due
from billsync.invoicing.book import BillingDocument
from billsync.model.contract import Contract
from billsync.model.convention import Basis, Policy
from billsync.model.money import Rounding
from billsync.model.usage import UsageEvent

FIRST: Final = date(2024, 1, 1)
ZONES: Final = ("UTC", "America/New_York", "Pacific/Auckland", "Pacific/Apia", "Europe/Berlin", "Asia/Kolkata")
CURRENCIES: Final = ("USD", "JPY", "KWD")
Fields = dict[str, Any]

STARTS = st.dates(FIRST, date(2026, 6, 30)) | st.sampled_from(
    [date(2024, 1, 31), date(2024, 2, 29), date(2025, 1, 29), date(2025, 12, 31)]
)
QUANTITIES = st.integers(0, 40).map(str)
PRICES = st.decimals("0", "300", places=2).map(str)
UNITS = st.decimals("0", "9", places=4).map(str)
MONTHS = st.sampled_from([{"months": 1}, {"months": 2}, {"quarters": 1}, {"years": 1}])
CYCLES = MONTHS | st.sampled_from([{"weeks": 1}, {"weeks": 2}, {"days": 30}])


@st.composite
def tiers(draw: st.DrawFn) -> list[Fields]:
    bounds = sorted(draw(st.sets(st.integers(1, 60), max_size=2)))
    return [
        {"up_to": None if bound is None else str(bound), "unit_amount": draw(UNITS), "flat_amount": draw(PRICES)}
        for bound in (*bounds, None)
    ]


SEATS = st.one_of(
    st.builds(lambda unit: {"scheme": "per_unit", "unit_amount": unit}, UNITS),
    st.builds(lambda amount: {"scheme": "flat", "amount": amount}, PRICES),
    st.builds(lambda made: {"scheme": "volume", "tiers": made}, tiers()),
)
DEAR = st.builds(lambda amount: {"scheme": "per_unit", "unit_amount": str(amount)}, st.integers(2000, 9000))
"""Prices whose part for a day is never rounded to nothing."""

METERED = st.one_of(
    st.builds(lambda unit: {"scheme": "per_unit", "unit_amount": unit, "free_units": "3"}, UNITS),
    st.builds(lambda made: {"scheme": "graduated", "tiers": made}, tiers()),
    st.builds(lambda amount: {"scheme": "package", "size": "7", "amount": amount}, PRICES),
    st.builds(lambda rate: {"scheme": "percentage", "rate": "0.029", "fixed_amount": rate}, UNITS),
)

POLICIES = st.builds(
    Policy,
    rounding=st.sampled_from([Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.DOWN]),
    proration=st.sampled_from(["days", "days", "none"]),
    proration_unit=st.sampled_from(["day", "second"]),
    proration_basis=st.sampled_from(Basis),
    factor_places=st.sampled_from([None, None, 9]),
    end_day=st.sampled_from(["billed", "free"]),
    round_on=st.sampled_from(["legs", "net"]),
    upgrade=st.sampled_from(["now", "period_end"]),
    downgrade=st.sampled_from(["now", "period_end"]),
    credits=st.sampled_from(["lines", "credit_note"]),
    coupon_order=st.sampled_from(["as_given", "percentage_first", "fixed_first"]),
    tax_rounding=st.sampled_from(["line", "rate", "document"]),
    prices_include_tax=st.booleans(),
    commitment_rounding=st.sampled_from(["each", "difference"]),
    late_usage=st.sampled_from(["true_up_line", "next_invoice", "rerate"]),
)
"""Every convention of charges and documents."""


@dataclass(frozen=True)
class Case:
    """A contract, what happened, and the day through which it is billed."""

    contract: Contract
    facts: Facts
    policy: Policy
    through: date

    def owed(self, through: date | None = None) -> Due:
        return due(self.contract, through=through or self.through, policy=self.policy, facts=self.facts)

    def with_contract(self, **changed: Any) -> Case:
        made = Contract.model_validate(self.contract.model_dump(mode="json") | changed)
        return Case(made, self.facts, self.policy, self.through)


@st.composite
def lines(
    draw: st.DrawFn, number: int, model: str, start: date, cycles: st.SearchStrategy[Any], dear: bool = False
) -> Fields:
    made: Fields = {"id": f"L{number}", "product": "seat", "model": model}
    made["starts_on"] = (start + timedelta(days=draw(st.sampled_from([0, 0, 0, 17])))).isoformat()
    if model == "recurring":
        made |= {"every": draw(cycles), "price": draw(DEAR if dear else SEATS), "quantity": draw(_quantity(dear))}
        made |= {"in": draw(st.sampled_from(["advance", "arrears"]))}
        made |= {"aligned": draw(st.sampled_from(["anchored", "anchored", "calendar"]))}
        if draw(st.integers(0, 5)) == 0:
            made["trial"] = {"days": draw(st.integers(1, 40))}
        if draw(st.integers(0, 5)) == 0:
            made["ramp"] = [{"after": {"months": 2}, "quantity": draw(_quantity(dear))}]
    elif model == "usage":
        made |= {"every": draw(MONTHS), "price": draw(METERED), "meter": f"m{number}"}
    elif model == "one_time":
        made |= {"price": draw(SEATS), "quantity": draw(QUANTITIES)}
    else:
        parts = [{"percent": "0.3"}, {"due": {"months": 1, "on_day": 31}}]
        made |= {"price": {"scheme": "flat", "amount": draw(PRICES)}, "parts": parts}
    return made


def _quantity(dear: bool) -> st.SearchStrategy[str]:
    return st.integers(1, 40).map(str) if dear else QUANTITIES


@st.composite
def amendments(draw: st.DrawFn, names: list[str], start: date, dear: bool = False) -> Fields:
    effective = start + timedelta(days=draw(st.integers(0, 200) | st.integers(5, 80)))
    known = draw(st.sampled_from([None, None, 20, 90]))
    made: Fields = {"effective": effective.isoformat(), "when": draw(st.sampled_from([None, "now", "period_end"]))}
    if known is not None:
        made["agreed_on"] = (effective + timedelta(days=known)).isoformat()
    line = draw(st.sampled_from(names))
    kind = draw(st.sampled_from(["quantity", "quantity", "price", "ends_on", "cancel"]))
    if kind == "quantity":
        return made | {"line": line, "quantity": draw(_quantity(dear))}
    if kind == "price":
        return made | {"line": line, "price": draw(DEAR if dear else SEATS)}
    if kind == "ends_on":
        return made | {"line": line, "ends_on": (effective + timedelta(days=draw(st.integers(1, 200)))).isoformat()}
    return made | {"line": line, "cancel": True}


@st.composite
def usage(draw: st.DrawFn, meters: list[str], start: date, *, late: bool) -> list[UsageEvent]:
    found = []
    for number in range(draw(st.integers(0, 12)) if meters else 0):
        day = start + timedelta(days=draw(st.integers(-3, 150)))
        wait = draw(st.sampled_from([None, None, 3, 45])) if late else None
        found.append(
            UsageEvent(
                id=f"e{number}",
                meter=draw(st.sampled_from(meters)),
                on=day,
                value=draw(st.decimals("0", "50", places=1)),
                received_on=None if wait is None else day + timedelta(days=wait),
            )
        )
    return found


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    models: tuple[str, ...] = ("one_time", "recurring", "recurring", "usage", "instalment"),
    amended: bool = True,
    late: bool = True,
    dear: bool = False,
    fewest: int = 1,
) -> Case:
    """A whole contract, of `fewest` to three lines."""
    policy, start = draw(POLICIES), draw(STARTS)
    cycles = CYCLES if policy.proration_basis is Basis.ACTUAL_ACTUAL or policy.proration_unit == "second" else MONTHS
    chosen = draw(st.lists(st.sampled_from(models), min_size=fewest, max_size=3))
    made = [draw(lines(number, model, start, cycles, dear)) for number, model in enumerate(chosen)]
    names = [line["id"] for line in made if line["model"] == "recurring"]
    changes = [draw(amendments(names, start, dear)) for _ in range(draw(st.integers(0, 3)) if names and amended else 0)]
    if changes and draw(st.integers(0, 3)) == 0:
        moved = start + timedelta(days=draw(st.integers(0, 100)))
        changes.append({"effective": moved.isoformat(), "timezone": draw(st.sampled_from(ZONES))})
    contract = Contract.model_validate(
        {
            "id": "C",
            "customer": "acme",
            "currency": draw(st.sampled_from(CURRENCIES)),
            "start": start.isoformat(),
            "anchor": draw(st.sampled_from([None, None, start.replace(day=1).isoformat()])),
            "ends_on": draw(st.none() | st.just((start + timedelta(days=140)).isoformat())),
            "lines": made,
            "amendments": sorted(changes, key=lambda item: str(item.get("agreed_on", item["effective"]))),
            "commitments": draw(st.sampled_from([[], [], [commitment("100.00")]])),
            "cancellation": draw(st.sampled_from([{"otherwise": "prorated"}, {"otherwise": "full"}, {}])),
        }
    )
    meters = [line["meter"] for line in made if line["model"] == "usage"]
    facts = Facts(usage=draw(usage(meters, start, late=late)), zone=draw(st.sampled_from(ZONES)))
    ran = draw(st.integers(0, 260) | st.integers(120, 260))
    return Case(contract, facts, policy, start + timedelta(days=ran))


def commitment(amount: str) -> Fields:
    return {"id": "min", "product": "min", "amount": amount, "every": {"months": 1}}


TAXES: Final = [
    {"code": "standard", "rate": "0.19", "country": "DE"},
    {"code": "standard", "rate": "0.0825", "region": "TX", "country": "US"},
    {"code": "standard", "rate": "0.2"},
    {"code": "standard", "rate": "0", "kind": "reverse_charge", "needs_tax_id": "eu_vat", "country": "FR"},
    {"code": "reduced", "rate": "0.07"},
    {"code": "reduced", "rate": "0.055", "valid_from": "2025-01-01"},
]

PERCENT_COUPONS = st.builds(
    lambda percent, times: {"percent": str(percent), "times": times},
    st.decimals("0", "1", places=2),
    st.sampled_from([None, None, 2]),
)
COUPONS = PERCENT_COUPONS | st.builds(
    lambda amount, most: {"amount": str(amount), "at_most_in_all": most},
    st.integers(1, 200),
    st.sampled_from([None, "150"]),
)


@st.composite
def documents(
    draw: st.DrawFn,
    made: st.SearchStrategy[Case] | None = None,
    *,
    coupons: st.SearchStrategy[Fields] | None = COUPONS,
    exchanged: bool = True,
    codes: tuple[str, ...] = ("standard", "reduced", "none"),
) -> tuple[BillingDocument, date]:
    """A whole billing document and the day through which it is billed."""
    case = draw(cases() if made is None else made)
    names = [line.id for line in case.contract.lines]
    fields: Fields = case.contract.model_dump(mode="json")
    for line in fields["lines"]:
        line["tax_code"] = draw(st.sampled_from(codes))
    given = draw(st.lists(coupons, max_size=3)) if coupons is not None else []
    for number, coupon in enumerate(given):
        coupon |= {"id": f"K{number}", "lines": draw(st.sampled_from([None, None, [names[0]]]))}
    fields["coupons"] = given
    target = draw(st.sampled_from([None, None, "EUR", "JPY"])) if exchanged else None
    if target is None and draw(st.booleans()):  # prepaid credits are of the contract's currency
        fields["prepaid"] = [
            {"id": "P1", "amount": "120", "granted_on": fields["start"], "expires_on": "2026-05-01"},
            {"id": "P2", "amount": "70", "granted_on": fields["start"], "priority": 1},
        ]
    if draw(st.integers(0, 2)) == 0:
        fields["instalments"] = [{"percent": "0.4"}, {"due": {"days": 30, "payment_days": [5, 20]}}]
    rates = [] if target in (None, case.contract.currency) else [_rate(case.contract.currency, str(target), draw)]
    fields["invoice_currency"] = target
    document = BillingDocument.model_validate(
        {
            "customer": _customer(draw) | {"timezone": case.facts.zone},
            "contract": fields,
            "invoicing": {
                "taxes": TAXES,
                "default_tax_code": "standard",
                "grouping": draw(st.sampled_from(["deal", "deal", "customer-month"])),
                "conventions": _conventions(case.policy),
            },
            "usage": case.facts.usage,
            "rates": rates,
        }
    )
    return document, case.through


def _conventions(policy: Policy) -> Fields:
    return policy.model_dump(mode="json", exclude={"preset", "grouping"})


def _customer(draw: st.DrawFn) -> Fields:
    country = draw(st.sampled_from(["DE", "US", "FR", "JP"]))
    numbers = draw(st.sampled_from([[], [{"kind": "eu_vat", "value": "FR1"}]]))
    address = {"region": "TX", "country": country} if country == "US" else None
    return {"id": "acme", "name": "Acme", "country": country, "tax_ids": numbers, "billing_address": address}


def _rate(base: str, target: str, draw: st.DrawFn) -> Fields:
    rate = draw(st.decimals("0.01", "200", places=4))
    return {"base": base, "target": target, "rate": str(rate), "on": "2023-12-29", "source": "ECB"}
