"""One billing document: a contract with all that happened, and the invoices and credit notes it makes.  (pure)

The same path as billing in a run: charges from the contract, drafts from charges, numbers in the order of the drafts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from billsync.billing.charges import Facts, due, zones_of
from billsync.billing.price_book import priced
from billsync.billing.usage import used_of
from billsync.invoicing import pattern
from billsync.invoicing.draft import Draft, Terms, drafts, finalise, finalise_note
from billsync.invoicing.policy import InvoicingRules
from billsync.invoicing.used import Used
from billsync.model.base import Id, Noun, ServiceDay
from billsync.model.charge import Charge
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.exchange import FxRate
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.payment import Payment
from billsync.model.problem import Place, Problem
from billsync.model.product import PriceBook, Product
from billsync.model.usage import UsageEvent


class BillingDocument(Noun):
    """All that bills one contract.

    Attributes:
        products: what is sold; a product that only a line names has no tax code of its own.
        price_books: where prices come from that lines leave out.
        invoicing: rules of grouping, numbers, taxes and due dates, with the policy.
        usage: the customer's events from the beginning.
        milestones: name -> the day on which it was reached.
        rates: of exchange, where the contract is invoiced in another currency.
        payments: what was paid, by number of the invoice or by nothing.
        through: the last day to bill, or None where the caller says it.
    """

    customer: Customer
    contract: Contract
    products: tuple[Product, ...] = ()
    price_books: tuple[PriceBook, ...] = ()
    invoicing: InvoicingRules = InvoicingRules()
    usage: tuple[UsageEvent, ...] = ()
    milestones: dict[Id, ServiceDay] = {}
    rates: tuple[FxRate, ...] = ()
    payments: tuple[Payment, ...] = ()
    through: ServiceDay | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """What a billing document comes to.

    Attributes:
        invoices, credit_notes: numbered, in the order of their dates.
        charges: all that are owed, on documents or not.
        problems: why something is not billed.
        next_on: when the next charge is due, or None where none will ever come.
    """

    invoices: tuple[Invoice, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    charges: tuple[Charge, ...] = ()
    problems: tuple[Problem, ...] = ()
    next_on: date | None = None

    @property
    def documents(self) -> list[Invoice | CreditNote]:
        """Both, by date; of one day, invoices first."""
        return sorted((*self.invoices, *self.credit_notes), key=lambda item: item.issued_on)


NOTHING = Book()


def book(document: BillingDocument, *, through: date, before: Book = NOTHING) -> Book:
    """What the document comes to through a day.

    With `before`, what an earlier call gave stands as it is: its charges are on documents, and what is known now makes
    further documents.  `before` is part of the result.
    """
    if before is NOTHING:
        for day in _turns(document, through):
            before = _book(document, day, before)
    return _book(document, through, before)


def _turns(document: BillingDocument, through: date) -> list[date]:
    """The days of earlier runs that decide what stands, where a change became known that reaches back.

    Recurring lines are billed by what was known on each day anyway; of other lines, what was billed the day before
    stands, and what becomes known from then on is billed as it comes.
    """
    contract = document.contract
    other = {line.id for line in contract.lines if line.model != "recurring"}
    turns = {
        item.known_on
        for item in contract.amendments
        if item.effective < item.known_on <= through and (item.line in other or (item.line is None and other))
    }
    if not turns:
        return []
    events = used_of(document.usage, zones_of(contract, document.customer.timezone))
    later = {used.known_on for found in events.values() for used in found if used.known_on > min(turns)}
    days = turns | {day - timedelta(days=1) for day in turns} | later
    return sorted(day for day in days if day < through)


def _book(document: BillingDocument, through: date, before: Book) -> Book:
    """One run."""
    contract, problems = priced(document.contract, document.price_books)
    if problems:
        return Book(problems=tuple(problems))
    rules = document.invoicing
    stand = _on_documents(before)
    billed = [charge for charge in before.charges if charge.key in stand]
    facts = Facts(document.usage, document.milestones, document.customer.timezone, billed)
    try:
        owed = due(contract, through=through, policy=rules.policy(), source=f"contract {contract.id}", facts=facts)
    except (ValueError, OverflowError) as error:  # the latter: a day beyond what a calendar can count
        place = Place(system="billsync", object="contract", id=contract.id)
        return Book(problems=(Problem(code="BILL-LINE-01", message=str(error), hint="correct the line", place=place),))
    found = drafts(
        [charge for charge in owed.charges if charge.key not in stand],
        {document.customer.id: document.customer},
        _products(document),
        rules,
        through=through,
        known={item.id for item in before.documents},
        terms=Terms({contract.id: contract}, document.rates, _used(before)),
    )
    invoices, notes = _numbered(found.documents, rules, before)
    return Book(invoices, notes, owed.charges, found.problems, owed.next_on)


def _on_documents(book: Book) -> set[str]:
    return {line.charge for item in book.documents for line in item.lines}


def _used(before: Book) -> Used:
    used = Used()
    for invoice in before.invoices:
        used.add(invoice)
    for note in before.credit_notes:
        used.add_note(note)
    return used


def _products(document: BillingDocument) -> dict[str, Product]:
    """Those that are given, and a plain one for each that a line, an amendment or a commitment only names."""
    contract = document.contract
    named = [line.product for line in contract.lines] + [item.product for item in contract.commitments]
    named += [item.product for item in contract.amendments if item.product]
    return {name: Product(id=name, name=name) for name in named} | {item.id: item for item in document.products}


def _numbered(
    made: tuple[Invoice | CreditNote, ...], rules: InvoicingRules, before: Book
) -> tuple[tuple[Invoice, ...], tuple[CreditNote, ...]]:
    """The documents with the next numbers of their series, in order, after those that there are."""
    counters = Counter(item.series for item in before.documents)
    invoices, notes = list(before.invoices), list(before.credit_notes)
    numbers = {line.charge: item.number for item in before.invoices for line in item.lines}
    for item in made:
        form = rules.pattern_of(item)
        series = pattern.series(form, item.issued_on)
        counters[series] += 1
        number = pattern.number(form, item.issued_on, counters[series])
        if isinstance(item, CreditNote):
            notes.append(finalise_note(item, number, series, invoice=_corrected(item, numbers)))
            continue
        invoices.append(finalise(Draft(item), number, series))
        numbers |= {line.charge: number for line in item.lines}
    return tuple(invoices), tuple(notes)


def _corrected(note: CreditNote, numbers: Mapping[str, str]) -> str | None:
    """The invoice that all lines of the note correct, or None where they are of several."""
    found = {numbers.get(line.corrects) for line in note.lines if line.corrects}
    return found.pop() if len(found) == 1 else None
