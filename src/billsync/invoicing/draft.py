"""Open charges -> drafts of invoices and credit notes, and a draft with its number -> a document.  (pure)"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from billsync.billing.price import is_too_large
from billsync.invoicing.bundle import unbundled
from billsync.invoicing.document import Facts, Row, converted, document, given_back, rows
from billsync.invoicing.policy import MAX_TERMS_DAYS, InvoicingRules, TaxRule
from billsync.invoicing.tax import country_of, rule_on, tax_code_of
from billsync.invoicing.used import Used
from billsync.invoicing.window import Slot, slot_of
from billsync.model.charge import Charge
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.exchange import FxRate
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.problem import Place, Problem
from billsync.model.product import Product
from billsync.model.scalar import show

_INVOICE: Final = ""
_CREDIT: Final = ":credit"
"""Endings of the ids of one slot's documents; an id is free where none of them exists."""


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
        return tuple(dict.fromkeys(line.charge for line in self.invoice.lines))


@dataclass(frozen=True, slots=True)
class Drafts:
    """What open charges come to.

    Attributes:
        documents: invoices and credit notes without numbers, by date, customer and id.
        problems: why the others wait.
    """

    documents: tuple[Invoice | CreditNote, ...]
    problems: tuple[Problem, ...]

    @property
    def invoices(self) -> list[Draft]:
        """The invoices among them."""
        return [Draft(item) for item in self.documents if isinstance(item, Invoice)]

    @property
    def credit_notes(self) -> list[CreditNote]:
        """The credit notes among them."""
        return [item for item in self.documents if isinstance(item, CreditNote)]


@dataclass(frozen=True, slots=True)
class Terms:
    """What documents of contracts need beside their charges; see `document.Facts`.

    Attributes:
        used: what earlier documents used up; it is not changed.
    """

    contracts: Mapping[str, Contract]
    rates: Sequence[FxRate] = ()
    used: Used | None = None


NO_TERMS = Terms({})


def group(
    charges: Sequence[Charge],
    customers: Mapping[str, Customer],
    products: Mapping[str, Product],
    rules: InvoicingRules,
    *,
    through: date,
    known: Collection[str],
    terms: Terms = NO_TERMS,
) -> tuple[list[Draft], list[Problem]]:
    """The invoices among the `drafts`, and the problems; charges of credit notes stay open."""
    found = drafts(charges, customers, products, rules, through=through, known=known, terms=terms)
    return found.invoices, list(found.problems)


def drafts(
    charges: Sequence[Charge],
    customers: Mapping[str, Customer],
    products: Mapping[str, Product],
    rules: InvoicingRules,
    *,
    through: date,
    known: Collection[str],
    terms: Terms = NO_TERMS,
) -> Drafts:
    """Documents for the charges that stand on none yet.

    Charges whose window is not over on the day `through` wait, and so does a whole draft with a problem: BILL-DEAL-02
    (no such customer), BILL-DEAL-01 (its payment terms), BILL-TAX-01, BILL-FX-01, BILL-MONEY-01.  `known` holds the ids
    of all documents that exist: a late charge makes a further one of its window, dated not before `through`.
    """
    used = terms.used.copy() if terms.used else Used()
    facts = Facts(customers, products, rules, rules.policy(), terms.contracts, terms.rates, used)
    slots, problems = _slots(charges, facts, through)
    made: list[Invoice | CreditNote] = []
    taken = {name.removesuffix(_CREDIT) for name in known}
    for slot in sorted(slots, key=lambda slot: (slot.last_day, slot.payer, slot.base, slot.currency)):
        count = 1
        while f"{slot.base}:{count}" in taken:
            count += 1
        name = f"{slot.base}:{count}"
        late = count > 1 and slot.window is not None
        issued_on = max(slot.last_day, through) if late else slot.last_day
        for part, charged in _apart(slots[slot], facts):
            found, faults = _document(name + part, slot, issued_on, charged, facts)
            problems += faults
            if found is None:
                continue
            taken.add(name)
            made.append(found)
            if isinstance(found, Invoice):
                used.add(found)
            else:
                used.add_note(found)
    made.sort(key=lambda item: (item.issued_on, item.customer, item.id))
    return Drafts(tuple(made), tuple(_each_once(problems)))


def finalise(draft: Draft, number: str, series: str) -> Invoice:
    """The invoice with its number.  Raises ValueError for a blank number."""
    if not number.strip():
        raise ValueError(f"the invoice {draft.id} needs a number")
    return draft.invoice.altered(number=number, series=series)


def finalise_note(note: CreditNote, number: str, series: str, *, invoice: str | None = None) -> CreditNote:
    """The credit note with its number, and that of the invoice that it corrects where it has none yet.

    Raises ValueError for a blank number.
    """
    if not number.strip():
        raise ValueError(f"the credit note {note.id} needs a number")
    return note.model_copy(update={"number": number, "series": series, "invoice": note.invoice or invoice})


def _apart(charges: Mapping[str, Charge], facts: Facts) -> list[tuple[str, dict[str, Charge]]]:
    """The charges of a slot in one document, or what is given back in one of its own, where the policy says so."""
    back = {key: charge for key, charge in charges.items() if charge.kind == "credit"}
    if not back or facts.policy.credits == "lines":
        return [(_INVOICE, dict(charges))]
    forth = {key: charge for key, charge in charges.items() if key not in back}
    return [*([(_INVOICE, forth)] if forth else []), (_CREDIT, back)]


def _slots(
    charges: Sequence[Charge], facts: Facts, through: date
) -> tuple[dict[Slot, dict[str, Charge]], list[Problem]]:
    """Slot -> its charges by key (a charge that is given twice counts once), for windows that are over."""
    slots: dict[Slot, dict[str, Charge]] = {}
    problems: list[Problem] = []
    for charge in charges:
        payer = _payer(charge, facts.customers)
        if isinstance(payer, Problem):
            problems.append(payer)
            continue
        contract = facts.contracts.get(charge.contract)
        currency, entity = (contract.invoice_currency, contract.entity) if contract else (None, "")
        slot = slot_of(charge, payer, facts.policy.grouping, currency=currency, entity=entity)
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


def _document(
    name: str, slot: Slot, issued_on: date, charges: Mapping[str, Charge], facts: Facts
) -> tuple[Invoice | CreditNote | None, list[Problem]]:
    payer = facts.customers[slot.payer]
    ruled: list[tuple[Charge, TaxRule]] = []
    problems = _term_problems(payer)
    fx = _rate_on(charges, slot, issued_on, facts)
    if isinstance(fx, Problem):
        return None, [*problems, fx]
    rules: dict[tuple[str | None, str], TaxRule] = {}
    for charge in [part for whole in charges.values() for part in unbundled(whole, facts.products)]:
        asked = (charge.tax_code, charge.product)
        rule = rules.get(asked) or _tax_rule(charge, payer, issued_on, facts)
        if isinstance(rule, Problem):
            problems.append(rule)
        else:
            rules[asked] = rule
            ruled.append((converted(charge, _own_rate(charge, facts) or fx, facts.policy) if fx else charge, rule))
    problems += _too_large(name, slot, ruled)
    if problems:
        return None, problems
    made = rows(ruled, facts)
    if facts.policy.zero_invoices == "suppress" and not any(row.charge.amount for row in made):
        return None, []
    return _composed(name, slot, issued_on, made, fx, facts)


def _own_rate(charge: Charge, facts: Facts) -> FxRate | None:
    """What is given back is converted as it was, so that it is never more than was billed."""
    stood = facts.used.lines.get(given_back(charge)) if charge.kind == "credit" else None
    return stood.fx if stood else None


def _composed(
    name: str, slot: Slot, issued_on: date, made: Sequence[Row], fx: FxRate | None, facts: Facts
) -> tuple[Invoice | CreditNote | None, list[Problem]]:
    try:
        return document(name, slot, issued_on, made, fx, facts), []
    except ValueError as error:
        hint = "correct the contract's instalments"
        return None, [_problem("BILL-DEAL-01", made[0].charge, "instalments", str(error), hint)]


def _rate_on(charges: Mapping[str, Charge], slot: Slot, issued_on: date, facts: Facts) -> FxRate | Problem | None:
    """The rate from the contract's currency to the document's, None where they are the same."""
    first = next(iter(charges.values()))
    if first.currency == slot.currency:
        return None
    known = [
        rate
        for rate in facts.rates
        if (rate.base, rate.target) == (first.currency, slot.currency) and rate.on <= issued_on
    ]
    if known:
        return max(known, key=lambda rate: rate.on)
    message = f"no rate from {first.currency} to {slot.currency} is known on {issued_on} or before"
    return _problem("BILL-FX-01", first, "invoice_currency", message, "add the rate; the charges wait for it")


def _too_large(name: str, slot: Slot, ruled: Sequence[tuple[Charge, TaxRule]]) -> list[Problem]:
    total = sum((charge.amount * (1 + rule.rate) for charge, rule in ruled), Decimal(0))
    if not is_too_large(total, slot.currency):
        return []
    message = f"the invoice {name} comes to more than can be billed"
    return [_problem("BILL-MONEY-01", ruled[0][0], "amount", message, "correct the amounts in the CRM")]


def _tax_rule(charge: Charge, payer: Customer, issued_on: date, facts: Facts) -> TaxRule | Problem:
    product = facts.products.get(charge.product)
    if product is None and charge.tax_code is None:
        message = f"the product {show(charge.product)} is not known, so neither is its tax"
        return _problem("BILL-TAX-01", charge, "product", message, "pull the product, or give the line a tax code")
    code, country = tax_code_of(charge, product, facts.rules), country_of(payer)
    rule = rule_on(facts.rules, code, payer, issued_on)
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
    spot = field if field in ("customer", "instalments", "invoice_currency") else f"lines[{charge.line}].{field}"
    place = Place(system="billsync", object="deal", id=charge.deal, field=spot)
    return Problem(code=code, message=message, hint=hint, place=place)


def _each_once(problems: Sequence[Problem]) -> list[Problem]:
    return list({problem.fingerprint: problem for problem in problems}.values())
