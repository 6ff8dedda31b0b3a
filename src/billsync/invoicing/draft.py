"""Open charges -> drafts of invoices, and a draft with its number -> an invoice.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billsync.billing.price import is_too_large
from billsync.invoicing.policy import MAX_TERMS_DAYS, InvoicingRules, TaxRule
from billsync.invoicing.tax import country_of, rule_on, tax_code_of, tax_totals
from billsync.invoicing.window import Slot, slot_of
from billsync.model.charge import Charge
from billsync.model.customer import Customer
from billsync.model.invoice import Invoice, InvoiceLine
from billsync.model.problem import Place, Problem
from billsync.model.product import Product
from billsync.model.scalar import show


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice that only lacks its number.

    Attributes:
        invoice: with an empty number and series.
    """

    invoice: Invoice

    @property
    def id(self) -> str:
        """The business key that the invoice will have."""
        return self.invoice.id

    @property
    def charges(self) -> tuple[str, ...]:
        """Keys of the charges on it."""
        return tuple(line.charge for line in self.invoice.lines)


@dataclass(frozen=True, slots=True)
class _Facts:
    customers: Mapping[str, Customer]
    products: Mapping[str, Product]
    rules: InvoicingRules


def group(
    charges: Sequence[Charge],
    customers: Mapping[str, Customer],
    products: Mapping[str, Product],
    rules: InvoicingRules,
    *,
    through: date,
    known: Collection[str],
) -> tuple[list[Draft], list[Problem]]:
    """Drafts for the charges that stand on no invoice yet, ordered by date, customer and id.

    Charges whose window is not over on the day `through` wait, and so does a whole draft with a problem: BILL-DEAL-02
    (no such customer), BILL-DEAL-01 (its payment terms), BILL-TAX-01, BILL-MONEY-01.  `known` holds the ids of all
    invoices that exist: a late charge makes a further invoice of its window, dated not before `through`.
    """
    facts = _Facts(customers, products, rules)
    slots, problems = _slots(charges, facts, through)
    drafts: list[Draft] = []
    taken: set[str] = set()
    for slot in sorted(slots, key=lambda slot: (slot.last_day, slot.payer, slot.base, slot.currency)):
        count = 1
        while (invoice_id := f"{slot.base}:{count}") in known or invoice_id in taken:
            count += 1
        late = count > 1 and slot.window is not None
        issued_on = max(slot.last_day, through) if late else slot.last_day
        made, found = _draft(invoice_id, slot, issued_on, slots[slot], facts)
        problems += found
        if made is not None:
            taken.add(invoice_id)
            drafts.append(made)
    drafts.sort(key=lambda draft: (draft.invoice.issued_on, draft.invoice.customer, draft.id))
    return drafts, _each_once(problems)


def finalise(draft: Draft, number: str, series: str) -> Invoice:
    """The invoice with its number.  Raises ValueError for a blank number."""
    if not number.strip():
        raise ValueError(f"the invoice {draft.id} needs a number")
    return draft.invoice.model_copy(update={"number": number, "series": series})


def _slots(
    charges: Sequence[Charge], facts: _Facts, through: date
) -> tuple[dict[Slot, dict[str, Charge]], list[Problem]]:
    """Slot -> its charges by key (a charge that is given twice counts once), for windows that are over."""
    slots: dict[Slot, dict[str, Charge]] = {}
    problems: list[Problem] = []
    for charge in charges:
        payer = _payer(charge, facts.customers)
        if isinstance(payer, Problem):
            problems.append(payer)
            continue
        slot = slot_of(charge, payer, facts.rules.grouping)
        if slot.last_day <= through:
            slots.setdefault(slot, {})[charge.key] = charge
    return slots, problems


def _payer(charge: Charge, customers: Mapping[str, Customer]) -> str | Problem:
    """Id of the customer that gets the invoice: who it says is billed for it, else the customer itself."""
    customer = customers.get(charge.customer)
    payer = customer.bill_to or customer.id if customer else charge.customer
    if customer is not None and payer in customers:
        return payer
    return _problem(
        "BILL-DEAL-02",
        charge,
        "customer",
        f"the customer {show(payer)} is not known (yet), so nobody can be billed",
        "pull the customer from the CRM; the charges wait for it",
    )


def _draft(
    invoice_id: str, slot: Slot, issued_on: date, charges: Mapping[str, Charge], facts: _Facts
) -> tuple[Draft | None, list[Problem]]:
    payer = facts.customers[slot.payer]
    lines: list[InvoiceLine] = []
    names: dict[str, str] = {}
    problems = _term_problems(payer)
    for charge in sorted(charges.values(), key=_position):
        rule = _tax_rule(charge, payer, issued_on, facts)
        if isinstance(rule, Problem):
            problems.append(rule)
            continue
        names[rule.code] = rule.name
        lines.append(_line(len(lines) + 1, charge, rule))
    total = sum((line.amount * (1 + line.tax_rate) for line in lines), Decimal(0))
    if is_too_large(total, slot.currency):
        message = f"the invoice {invoice_id} comes to more than can be billed"
        first = next(iter(charges.values()))
        problems.append(_problem("BILL-MONEY-01", first, "amount", message, "correct the amounts in the CRM"))
    if problems:
        return None, problems
    return _with_totals(invoice_id, slot, issued_on, lines, names, facts), []


def _position(charge: Charge) -> tuple[str, date, str, str]:
    """Deals together, oldest first; line 2 before line 10."""
    counted = re.sub("[0-9]+", lambda digits: digits[0].zfill(20), charge.line)
    return charge.deal, charge.due_on, counted, charge.key


def _with_totals(
    invoice_id: str,
    slot: Slot,
    issued_on: date,
    lines: Sequence[InvoiceLine],
    names: dict[str, str],
    facts: _Facts,
) -> Draft:
    policy = facts.rules.policy()
    taxes = tax_totals(lines, names, slot.currency, policy)
    subtotal = sum((line.amount for line in lines), Decimal(0))
    tax_total = sum((tax.amount for tax in taxes), Decimal(0))
    terms = facts.customers[slot.payer].payment_terms_days
    invoice = Invoice(
        id=invoice_id,
        customer=slot.payer,
        currency=slot.currency,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=facts.rules.payment_terms_days if terms is None else terms),
        window=slot.window,
        lines=tuple(lines),
        taxes=taxes,
        subtotal=subtotal,
        tax_total=tax_total,
        total=subtotal + tax_total,
        policy=policy,
    )
    return Draft(invoice)


def _line(position: int, charge: Charge, rule: TaxRule) -> InvoiceLine:
    return InvoiceLine(
        id=str(position),
        charge=charge.key,
        deal=charge.deal,
        product=charge.product,
        description=charge.description,
        period=charge.period,
        quantity=charge.quantity,
        unit_amount=charge.unit_amount,
        amount=charge.amount,
        tax_code=rule.code,
        tax_rate=rule.rate,
        why=charge.why,
    )


def _tax_rule(charge: Charge, payer: Customer, issued_on: date, facts: _Facts) -> TaxRule | Problem:
    product = facts.products.get(charge.product)
    if product is None and charge.tax_code is None:
        message = f"the product {show(charge.product)} is not known, so neither is its tax"
        return _problem("BILL-TAX-01", charge, "product", message, "pull the product, or give the line a tax code")
    code, country = tax_code_of(charge, product, facts.rules), country_of(payer)
    rule = rule_on(facts.rules, code, country, issued_on)
    if rule is not None:
        return rule
    message = f"no rate is known for the tax code {show(code)}, country {country or 'not given'}, on {issued_on}"
    return _problem("BILL-TAX-01", charge, "tax_code", message, "add it to `taxes` in the pipeline's configuration")


def _term_problems(payer: Customer) -> list[Problem]:
    days = payer.payment_terms_days
    if days is None or 0 <= days <= MAX_TERMS_DAYS:
        return []
    place = Place(system="billsync", object="customer", id=payer.id, field="payment_terms_days")
    message = f"expected payment terms of 0 to {MAX_TERMS_DAYS} days, got {days}"
    return [Problem(code="BILL-DEAL-01", message=message, hint="correct it in the CRM", place=place)]


def _problem(code: str, charge: Charge, field: str, message: str, hint: str) -> Problem:
    spot = "customer" if field == "customer" else f"lines[{charge.line}].{field}"
    place = Place(system="billsync", object="deal", id=charge.deal, field=spot)
    return Problem(code=code, message=message, hint=hint, place=place)


def _each_once(problems: Sequence[Problem]) -> list[Problem]:
    return list({problem.fingerprint: problem for problem in problems}.values())
