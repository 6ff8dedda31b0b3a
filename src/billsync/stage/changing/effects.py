"""What changed contracts come to: charges, documents and recurring revenue, with the change less without it.  (pure)

By the very functions that bill: `mending.followed` for charges, `draft.drafts` for documents.  What is worked out here
for a day is what billing makes on that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from billsync.billing.mending import Standing, followed
from billsync.insight.contract import recurring_lines
from billsync.insight.movement import movements
from billsync.insight.recurring import Recurring, by_customer
from billsync.invoicing import draft as drafting
from billsync.invoicing.draft import Terms
from billsync.invoicing.policy import InvoicingRules
from billsync.model.charge import Charge
from billsync.model.contract import Contract
from billsync.model.currency import exponent
from billsync.model.customer import Customer
from billsync.model.exact import round_ratio
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.period import Every, anchor
from billsync.model.product import Product
from billsync.model.proposal import DocumentLine, Effect, EffectDocument, Money, Movement, Recurrence

HORIZON: Final = Every(12, "months")


@dataclass(frozen=True, slots=True)
class Part:
    """One deal of a change.

    Attributes:
        before, after: what is agreed without the change and with it, or None for nothing.
        standing: the deal's charges as they are.
        source: place of its record, as text.
    """

    before: Contract | None
    after: Contract | None
    standing: Standing = field(default_factory=Standing)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Books:
    """What documents need beside charges; see `draft.drafts`."""

    customers: Mapping[str, Customer]
    products: Mapping[str, Product]
    rules: InvoicingRules
    known: frozenset[str] = frozenset()
    terms: Terms = drafting.NO_TERMS


@dataclass(frozen=True, slots=True)
class Worth:
    """The other contracts of the customers, which say whether more revenue is new or an expansion."""

    others: Sequence[Contract] = ()


def effect(parts: Sequence[Part], books: Books, worth: Worth, *, through: date, turns_on: date) -> Effect:
    """What a change comes to on the day `through`; `turns_on` is the last day on which something of it begins.

    Raises ValueError where a contract cannot be billed.
    """
    horizon = anchor(through, HORIZON, 1)
    before, after = ([_Side(part, way, books.rules) for part in parts] for way in ("before", "after"))
    now = [_made(_billed(side, through), side, books, through) for side in (before, after)]
    later = [_made(_billed(_gone_on(side), horizon), side, books, horizon) for side in (before, after)]
    shown = [item for item in now[1].documents if item not in now[0].documents]
    revenue_on = max(through, turns_on)
    return Effect.trusted(
        through=through,
        horizon=horizon,
        documents=tuple(_shown(item) for item in shown),
        now=_difference(*now),
        later=_difference(*later),
        mrr_on=revenue_on,
        mrr=tuple(_recurrences(parts, worth, books.rules, revenue_on)),
        untold=now[1].untold,
    )


# ---------------------------------------------------------------- charges


class _Side:
    """One deal with the change or without it, as it is billed further and further."""

    def __init__(self, part: Part, way: str, rules: InvoicingRules) -> None:
        self.contract: Contract | None = getattr(part, way)
        self.standing = part.standing
        self.source = part.source
        self._policy = rules.policy()

    def bill(self, through: date) -> list[Charge]:
        """The charges that stand on no document on a day."""
        if self.contract is not None:
            change, _ = followed(self.contract, self.standing, through=through, policy=self._policy, source=self.source)
            self.standing = self.standing.after(change)
        return list(self.standing.open)


def _billed(sides: Iterable[_Side], through: date) -> list[Charge]:
    return [charge for side in sides for charge in side.bill(through)]


def _gone_on(sides: Sequence[_Side]) -> Sequence[_Side]:
    """The sides once all that is owed stands on documents."""
    for side in sides:
        side.standing = side.standing.all_billed()
    return sides


# ---------------------------------------------------------------- documents


@dataclass(frozen=True, slots=True)
class _Made:
    """Charges on no document, and the documents that they make."""

    charges: Sequence[Charge]
    documents: Sequence[Invoice | CreditNote]
    untold: tuple[str, ...]


def _made(charges: Sequence[Charge], sides: Sequence[_Side], books: Books, through: date) -> _Made:
    contracts = {side.contract.id: side.contract for side in sides if side.contract is not None}
    terms = replace(books.terms, contracts={**books.terms.contracts, **contracts})
    found = drafting.drafts(
        charges, books.customers, books.products, books.rules, through=through, known=books.known, terms=terms
    )
    return _Made(charges, found.documents, tuple(problem.message for problem in found.problems))


def _shown(item: Invoice | CreditNote) -> EffectDocument:
    return EffectDocument.trusted(
        kind="invoice" if isinstance(item, Invoice) else "credit_note",
        customer=item.customer,
        issued_on=item.issued_on,
        currency=item.currency,
        net=item.total - item.tax_total,
        tax=item.tax_total,
        total=item.total,
        lines=tuple(
            DocumentLine.trusted(deal=line.deal, description=line.description, amount=line.amount)
            for line in item.lines
        ),
    )


def _difference(before: _Made, after: _Made) -> tuple[Money, ...]:
    """By currency; those that nothing changes in are left out."""
    sums: dict[str, Money] = {}
    for made, sign in ((before, -1), (after, 1)):
        for charge in made.charges:
            back = -charge.amount if charge.kind == "credit" else Decimal(0)
            sums[charge.currency] = _more(sums, charge.currency, charged=sign * charge.amount, credited=sign * back)
        for item in made.documents:
            count = "invoices" if isinstance(item, Invoice) else "credit_notes"
            way = sign if isinstance(item, Invoice) else -sign
            net = item.total - item.tax_total
            amounts = {"net": way * net, "tax": way * item.tax_total, "total": way * item.total}
            sums[item.currency] = _more(sums, item.currency, **{count: sign}, **amounts)
    nothing = {currency: Money(currency=currency, charged=Decimal(0)) for currency in sums}
    return tuple(sums[currency] for currency in sorted(sums) if sums[currency] != nothing[currency])


def _more(sums: Mapping[str, Money], currency: str, **amounts: Decimal | int) -> Money:
    was = sums.get(currency, Money(currency=currency, charged=Decimal(0)))
    return was.model_copy(update={name: getattr(was, name) + amount for name, amount in amounts.items()})


# ---------------------------------------------------------------- recurring revenue


def _recurrences(parts: Sequence[Part], worth: Worth, rules: InvoicingRules, on: date) -> Iterable[Recurrence]:
    """Of each customer and currency; none where no line of the change recurs."""
    own = [contract for part in parts for contract in (part.before, part.after) if contract is not None]
    mine = {contract.id for contract in own}
    turning = {
        (contract.currency, contract.customer)
        for contract in own
        if any(line.model == "recurring" for line in contract.lines)
    }
    for currency in sorted({currency for currency, _ in turning}):
        rest = [item for item in worth.others if item.currency == currency and item.id not in mine]
        before, after = (
            _lines([*rest, *(each for part in parts if (each := _of(part, way, currency)) is not None)], rules, on)
            for way in ("before", "after")
        )
        customers = sorted(customer for each, customer in turning if each == currency)
        yield from (_recurrence(customer, currency, before, after, on) for customer in customers)


def _of(part: Part, way: str, currency: str) -> Contract | None:
    contract: Contract | None = getattr(part, way)
    return contract if contract is not None and contract.currency == currency else None


def _lines(contracts: Iterable[Contract], rules: InvoicingRules, on: date) -> list[Recurring]:
    policy = rules.policy()
    return [line for contract in contracts for line in recurring_lines(contract, policy, on)]


def _recurrence(
    customer: str, currency: str, before: Sequence[Recurring], after: Sequence[Recurring], on: date
) -> Recurrence:
    was, now = (
        {name: amount for name, amount in by_customer(lines, on).items() if name == customer}
        for lines in (before, after)
    )
    known = {line.customer for line in before if line.counts and line.starts_on <= on}
    places = exponent(currency)
    return Recurrence(
        customer=customer,
        currency=currency,
        before=round_ratio(was.get(customer, Fraction(0)), places),
        after=round_ratio(now.get(customer, Fraction(0)), places),
        movement=_movement(was, now, known),
    )


def _movement(was: Mapping[str, Fraction], now: Mapping[str, Fraction], known: Iterable[str]) -> Movement:
    found = movements(was, now, set(known))
    names: tuple[Movement, ...] = ("new", "reactivation", "expansion", "contraction", "churn")
    return next((name for name in names if getattr(found, name)), "none")
