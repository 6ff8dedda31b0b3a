"""Deal -> contract by rules.  A deal is billed whole or not at all: one bad line holds all of it back.  (pure)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from billsync.billing.calendar import LONGEST_CYCLE_YEARS, every_of, is_too_long
from billsync.billing.price import is_too_large, product
from billsync.model.contract import Contract, ContractLine
from billsync.model.currency import exponent
from billsync.model.deal import Deal, DealLine
from billsync.model.money import round_amount
from billsync.model.period import calendar_anchor
from billsync.model.problem import Place, Problem
from billsync.model.product import Product
from billsync.model.scalar import plain, show
from billsync.model.scheme import PerUnitPrice

_HINT: Final = "correct it in the CRM; until then nothing of this deal is billed"
_YEARS: Final = range(1900, 2200)


def contract_of(deal: Deal, products: Mapping[str, Product]) -> tuple[Contract | None, list[Problem]]:
    """The contract of a deal, or None and every reason why there is none.

    A line starts on its own day, else the deal's, else the day of signature; it ends on its own day, else the deal's.
    Problems: BILL-DEAL-01, BILL-LINE-01, BILL-MONEY-01, at `billsync/deal/<id>`.
    """
    problems = list(_deal_problems(deal))
    for line in deal.lines:
        problems += _line_problems(deal, line, products)
    if problems:
        return None, problems
    lines = tuple(_contract_line(deal, line, products[line.product]) for line in deal.lines)
    start = min(_start(deal, line) for line in deal.lines)
    contract = Contract.trusted(  # of a deal's checked values, whose faults are told above
        id=deal.id, customer=deal.customer, deal=deal.id, currency=deal.currency, start=start, lines=lines
    )
    return contract, []


def _contract_line(deal: Deal, line: DealLine, sold: Product) -> ContractLine:
    start = _start(deal, line)
    calendar = line.every is not None and line.aligned == "calendar"
    return ContractLine.trusted(
        id=line.id,
        product=line.product,
        description=line.description or sold.name,
        model=line.model,
        quantity=line.quantity,
        price=PerUnitPrice.trusted(scheme="per_unit", unit_amount=line.unit_amount),
        every=line.every,
        billed=line.billed,
        anchor=calendar_anchor(line.every.length, start) if calendar and line.every else start,
        starts_on=start,
        ends_on=_end(deal, line),
        tax_code=line.tax_code,
    )


def _start(deal: Deal, line: DealLine) -> date:
    return line.starts_on or deal.starts_on or deal.signed_on


def _end(deal: Deal, line: DealLine) -> date | None:
    """The deal's term does not cut what is billed once at its start."""
    if line.model == "one_time" and line.billed == "advance":
        return line.ends_on
    return line.ends_on or deal.ends_on


def _deal_problems(deal: Deal) -> Iterator[Problem]:
    if not deal.lines:
        yield _problem("BILL-DEAL-01", deal, "lines", "the deal has no lines, so there is nothing to bill")
    for line_id, times in Counter(line.id for line in deal.lines).items():
        if times > 1:
            message = f"the line id {show(line_id)} stands {times} times: each line needs its own"
            yield _problem("BILL-DEAL-01", deal, "lines", message)
    start = deal.starts_on or deal.signed_on
    if deal.ends_on is not None and deal.ends_on <= start:
        message = f"the deal ends on {deal.ends_on}, which is not after its start on {start}"
        yield _problem("BILL-DEAL-01", deal, "ends_on", message)


def _line_problems(deal: Deal, line: DealLine, products: Mapping[str, Product]) -> Iterator[Problem]:
    def wrong(field: str, message: str, code: str = "BILL-LINE-01") -> Problem:
        return _problem(code, deal, f"lines[{line.id}].{field}", f"line {show(line.id)}: {message}")

    if line.product not in products:
        yield wrong("product", f"the product {show(line.product)} is not known")
    for field, value in (("quantity", line.quantity), ("unit_amount", line.unit_amount)):
        if value < 0:
            yield wrong(field, f"expected a {field} of zero or more, got {plain(value)}")
    for field, message in (*_cycle_faults(line), *_date_faults(deal, line)):
        yield wrong(field, message)
    for message in _money_faults(deal, line):
        yield wrong("unit_amount", message, "BILL-MONEY-01")


def _cycle_faults(line: DealLine) -> Iterator[tuple[str, str]]:
    if line.model == "recurring" and line.every is None:
        yield "every", "a recurring line needs `every`, such as {months: 1}"
    if line.model == "one_time" and line.every is not None:
        yield "every", f"a one-time line is billed once, but it says {every_of(line.every)}"
    if line.every is not None and is_too_long(line.every):
        yield "every", f"a cycle is at most {LONGEST_CYCLE_YEARS} years long, got {every_of(line.every)}"


def _date_faults(deal: Deal, line: DealLine) -> Iterator[tuple[str, str]]:
    start, end = _start(deal, line), _end(deal, line)
    own_days = line.starts_on is not None or line.ends_on is not None
    if end is not None and end <= start and own_days:
        yield "ends_on", f"it ends on {end}, which is not after its start on {start}"
    if line.model == "one_time" and line.billed == "arrears" and end is None:
        yield "ends_on", "a one-time line in arrears is billed at its end, and neither it nor the deal has one"
    if start.year not in _YEARS:
        yield "starts_on", f"it starts in the year {start.year}: expected {_YEARS[0]} to {_YEARS[-1]}"


def _money_faults(deal: Deal, line: DealLine) -> Iterator[str]:
    """Rounding belongs to arithmetic: a price that is the amount must be one that the currency has."""
    value = product(line.quantity, line.unit_amount)
    if is_too_large(value, deal.currency):
        yield f"{plain(line.quantity)} x {plain(line.unit_amount)} {deal.currency} is more than can be billed"
    elif line.quantity == 1 and round_amount(value, deal.currency) != value:
        decimals = exponent(deal.currency)
        yield f"the amount {plain(value)} has more than the {decimals} decimals that {deal.currency} has"


def _problem(code: str, deal: Deal, field: str, message: str) -> Problem:
    place = Place(system="billsync", object="deal", id=deal.id, field=field)
    return Problem(code=code, message=message, hint=_HINT, place=place)
