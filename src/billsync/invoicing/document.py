"""The charges of one slot -> a document: lines, coupons, tax, prepaid credits, instalments, in one order.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from billsync.billing.instalment import due_on, instalments
from billsync.billing.prepaid import draw
from billsync.billing.price import UNIT_PLACES
from billsync.invoicing.discount import ordered
from billsync.invoicing.exchange import convert
from billsync.invoicing.policy import NO_TAX, InvoicingRules, TaxRule
from billsync.invoicing.taxation import Taxable, Taxed
from billsync.invoicing.totals import Totals, totals
from billsync.invoicing.used import Stood, Used, turned
from billsync.invoicing.window import Slot
from billsync.model.charge import Charge, Why
from billsync.model.contract import Contract
from billsync.model.convention import Policy
from billsync.model.currency import exponent
from billsync.model.customer import Customer
from billsync.model.discount import Coupon
from billsync.model.exact import apportion, round_ratio
from billsync.model.exchange import FxRate
from billsync.model.invoice import CreditNote, Discount, Draw, Invoice, InvoiceLine, TaxTotal, checked
from billsync.model.paying import Payable
from billsync.model.product import Product
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class Facts:
    """What documents are made from, beside the charges.

    Attributes:
        contracts: by id, for charges of contracts with more terms than a deal has.
        rates: of exchange; the latest one that is not later than the day of issue holds.
        used: what earlier documents used up, and their lines by charge.
    """

    customers: Mapping[str, Customer]
    products: Mapping[str, Product]
    rules: InvoicingRules
    policy: Policy
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    rates: Sequence[FxRate] = ()
    used: Used = field(default_factory=Used)


@dataclass(frozen=True, slots=True)
class Row:
    """A charge with its tax rule, and the line that it gives back (part of), where that stands on an invoice."""

    id: str
    charge: Charge
    rule: TaxRule
    was: Stood | None = None


def rows(charges: Iterable[tuple[Charge, TaxRule]], facts: Facts) -> list[Row]:
    """The charges in the order of their lines on the document, numbered from 1."""
    found = list(charges)
    agreed = _agreed_order(dict.fromkeys(charge.contract for charge, _ in found), facts)
    placed = sorted(found, key=lambda item: _position(item[0], agreed))
    return [
        Row(str(number), charge, rule, facts.used.lines.get(given_back(charge)) if charge.kind == "credit" else None)
        for number, (charge, rule) in enumerate(placed, start=1)
    ]


def given_back(charge: Charge) -> tuple[str, str]:
    """The charge and product that a credit is for."""
    return charge.corrects or "", charge.product


def _position(charge: Charge, agreed: Mapping[tuple[str, str], str]) -> tuple[str, date, str, str]:
    """Deals together, oldest first; lines as the contract has them, a deal's line 2 before its line 10."""
    place = agreed.get((charge.contract, charge.line)) or _counted(charge.line)
    return charge.deal, charge.due_on, place, charge.key


def _agreed_order(names: Iterable[str], facts: Facts) -> dict[tuple[str, str], str]:
    """(contract, line or commitment) -> its place in the contract, for those whose terms are known."""
    known = [facts.contracts[name] for name in names if name in facts.contracts]
    return {(contract.id, name): f"{number:06}" for contract in known for number, name in enumerate(contract.order)}


@lru_cache(maxsize=1024)
def _counted(line: str) -> str:
    return re.sub("[0-9]+", lambda digits: digits[0].zfill(20), line)


def converted(charge: Charge, rate: FxRate, policy: Policy) -> Charge:
    """The charge in the currency of the document, with the rate in its explanation."""
    amount = convert(charge.amount, rate, policy.rounding)
    why = charge.why
    at = f"x {plain(rate.rate)} ({rate.source}, {rate.on})"
    formula = f"{why.formula} {charge.currency}; {at} = {plain(amount)} {rate.target}"
    inputs = {**why.inputs, "contract_amount": plain(charge.amount), "contract_currency": charge.currency}
    return charge.model_copy(
        update={
            "amount": amount,
            "unit_amount": round_ratio(charge.unit_amount * rate.rate, UNIT_PLACES, policy.rounding),
            "currency": rate.target,
            "why": Why(rule=why.rule, formula=formula, inputs=inputs, source=why.source),
        }
    )


def document(
    invoice_id: str, slot: Slot, issued_on: date, made: Sequence[Row], fx: FxRate | None, facts: Facts
) -> Invoice | CreditNote:
    """An invoice, or a credit note where more is given back than charged.

    Raises ValueError where the contract's instalments are more or less than what is due.
    """
    places, policy = exponent(slot.currency), facts.policy
    agreed = _contracts(made, facts)
    coupons = list(_coupons(made, agreed, issued_on, fx, facts)) if any(item.coupons for item in agreed) else []
    sums = totals(
        [Taxable(row.id, row.charge.amount, _rate(row), _code(row)) for row in made],
        [coupon for _, coupon in coupons],
        places,
        policy.model_copy(update={"coupon_order": "as_given"}) if coupons else policy,
        own_discounts={row.id: _own_discount(row, places, policy) for row in made if row.charge.amount < 0},
    )
    lines = tuple(_lines(made, sums))
    names = {_code(row): row.rule for row in made}
    taxes = _taxes(sums.taxed, names, places, policy)
    owners = {coupon.id: contract for contract, coupon in coupons}
    discounts = _discounts(coupons, sums, owners, places)
    prepaid = _prepaid(agreed, max(sums.total, Decimal(0)), issued_on, facts)
    due = sums.total - sum((each.amount for each in prepaid), Decimal(0))
    only = _one(made, agreed)
    parts = _parts(only, max(due, Decimal(0)), issued_on, places, facts)
    given = Invoice.trusted(
        id=invoice_id,
        entity=slot.entity,
        customer=slot.payer,
        currency=slot.currency,
        issued_on=issued_on,
        due_on=max(part.due_on for part in parts) if parts else _due_on(only, slot.payer, issued_on, facts),
        window=slot.window,
        lines=lines,
        discounts=discounts,
        taxes=taxes,
        subtotal=sums.subtotal,
        discount_total=sums.discounts.total,
        tax_total=sums.taxed.total,
        total=sums.total,
        prepaid=prepaid,
        instalments=parts,
        contract_currency=fx.base if fx else None,
        fx=fx,
        policy=policy,
    )
    return _turned_round(given, facts) if sums.total < 0 else checked(given)


# ---------------------------------------------------------------- lines


def _code(row: Row) -> str:
    return row.was.line.tax_code if row.was else row.rule.code


def _rate(row: Row) -> Decimal:
    """What is given back is taxed as it was, whatever the rate is now."""
    return row.was.line.tax_rate if row.was else row.rule.rate


def _own_discount(row: Row, places: int, policy: Policy) -> Decimal:
    """The share of the discount that the line had, negative: nobody paid it, so nobody gets it back."""
    if row.was is None or not row.was.line.discount or not row.was.line.amount:
        return Decimal(0).scaleb(-places)
    share = row.was.line.discount * row.charge.amount / row.was.line.amount
    return round_ratio(share, places, policy.rounding)


def _lines(made: Sequence[Row], sums: Totals) -> Iterator[InvoiceLine]:
    for row, taxed in zip(made, sums.taxed.lines, strict=True):
        charge = row.charge
        yield InvoiceLine.trusted(
            id=row.id,
            charge=charge.key,
            deal=charge.deal,
            product=charge.product,
            description=charge.description,
            period=charge.period,
            quantity=charge.quantity,
            unit_amount=charge.unit_amount,
            amount=charge.amount,
            discount=sums.discounts.shares[row.id],
            tax_code=_code(row),
            tax_rate=_rate(row),
            tax=taxed.tax,
            corrects=charge.corrects,
            why=charge.why,
        )


def _taxes(taxed: Taxed, rules: Mapping[str, TaxRule], places: int, policy: Policy) -> tuple[TaxTotal, ...]:
    """The tax of each code and rate, in that order; lines without tax make none."""
    found = [
        TaxTotal.trusted(
            code=each.code,
            name=rules[each.code].name or each.code,
            rate=each.rate,
            base=round_ratio(each.base, places, policy.rounding),
            amount=each.tax,
            note=rules[each.code].note,
        )
        for each in taxed.rates
        if each.code != NO_TAX
    ]
    return tuple(sorted(found, key=lambda tax: (tax.code, tax.rate)))


# ---------------------------------------------------------------- discounts, prepaid credits


def _contracts(made: Sequence[Row], facts: Facts) -> list[Contract]:
    names = dict.fromkeys(row.charge.contract for row in made)
    return [facts.contracts[name] for name in names if name in facts.contracts]


def _coupons(
    made: Sequence[Row], agreed: Sequence[Contract], issued_on: date, fx: FxRate | None, facts: Facts
) -> Iterator[tuple[str, Coupon]]:
    """Contract and coupon for this document's lines, in the order in which they are applied.

    A commitment's true-up is no price, so coupons of all lines leave it out.
    """
    for contract in agreed:
        left = facts.used.coupons(contract.id, contract.coupons, issued_on)
        mine = [row for row in made if row.charge.contract == contract.id and row.charge.amount >= 0]
        for coupon in ordered(left, facts.policy.coupon_order):
            lines = tuple(row.id for row in mine if _takes(row.charge, coupon))
            if lines:
                changes = {"lines": lines} | (_in_currency(coupon, fx, facts.policy) if fx else {})
                yield contract.id, coupon.model_copy(update=changes)


def _takes(charge: Charge, coupon: Coupon) -> bool:
    return charge.kind != "true_up" if coupon.lines is None else charge.line in coupon.lines


def _in_currency(coupon: Coupon, fx: FxRate, policy: Policy) -> dict[str, Decimal | None]:
    return {
        name: None if value is None else convert(value, fx, policy.rounding)
        for name, value in (("amount", coupon.amount), ("at_most", coupon.at_most))
    }


def _discounts(
    coupons: Sequence[tuple[str, Coupon]], sums: Totals, owners: Mapping[str, str], places: int
) -> tuple[Discount, ...]:
    """What each coupon gave, rounded so that they sum to what the lines show."""
    given = sums.discounts.by_coupon
    whole = sum((share for name, share in sums.discounts.shares.items() if share > 0), Decimal(0))
    if not given or not whole:
        return ()
    from_exact = apportion([amount for _, amount in given], whole, places)
    names = {coupon.id: coupon.name for _, coupon in coupons}
    return tuple(
        Discount(coupon=name, contract=owners[name], name=names[name], amount=amount)
        for (name, _), amount in zip(given, from_exact, strict=True)
    )


def _prepaid(agreed: Sequence[Contract], total: Decimal, issued_on: date, facts: Facts) -> tuple[Draw, ...]:
    left, found = total, []
    for contract in agreed:
        if not contract.prepaid or not left:
            continue
        drawn = draw(facts.used.grants(contract.id, contract.prepaid), left, issued_on)
        found += [Draw(grant=name, contract=contract.id, amount=amount) for name, amount in drawn.by_grant]
        left -= drawn.total
    return tuple(found)


# ---------------------------------------------------------------- due dates


def _one(made: Sequence[Row], agreed: Sequence[Contract]) -> Contract | None:
    """The contract of all lines, or None where they are of several, or of a deal."""
    same = len(agreed) == 1 and all(row.charge.contract == agreed[0].id for row in made)
    return agreed[0] if same else None


def _parts(contract: Contract | None, due: Decimal, issued_on: date, places: int, facts: Facts) -> tuple[Payable, ...]:
    if contract is None or not contract.instalments or not due:
        return ()
    return instalments(due, contract.instalments, issued_on, places, facts.policy.rounding)


def _due_on(contract: Contract | None, payer: str, issued_on: date, facts: Facts) -> date:
    """By the contract's rule, else the customer's own days, else the rules' rule or days."""
    if contract is not None and contract.due is not None:
        return due_on(issued_on, contract.due)
    own = facts.customers[payer].payment_terms_days
    if own is None and facts.rules.due is not None:
        return due_on(issued_on, facts.rules.due)
    return issued_on + timedelta(days=facts.rules.payment_terms_days if own is None else own)


# ---------------------------------------------------------------- credit notes


def _turned_round(given: Invoice, facts: Facts) -> CreditNote:
    """A document whose total is negative, with other signs."""
    lines = given.lines
    stood = [facts.used.lines.get((line.corrects, line.product)) for line in lines if line.corrects]
    numbers = {found.number if found else "" for found in stood}  # "" for what stands on a credit note, too
    shared = ("id", "entity", "customer", "currency", "issued_on", "window", "contract_currency", "fx", "policy")
    return CreditNote(
        **{name: getattr(given, name) for name in shared},
        invoice=next(iter(numbers)) or None if len(numbers) == 1 else None,
        lines=tuple(turned(line) for line in lines),
        taxes=tuple(_turned_tax(tax) for tax in given.taxes),
        subtotal=_minus(given.subtotal),
        discount_total=_minus(given.discount_total),
        tax_total=_minus(given.tax_total),
        total=_minus(given.total),
        reason="; ".join(dict.fromkeys(line.why.rule for line in lines if line.amount < 0)),
    )


def _turned_tax(tax: TaxTotal) -> TaxTotal:
    return tax.model_copy(update={"base": _minus(tax.base), "amount": _minus(tax.amount)})


def _minus(amount: Decimal) -> Decimal:
    return -amount if amount else amount
