"""Our documents against another system's: every difference, and both sides' totals.  (pure)

Both streams come sorted by reference and are walked side by side, so memory holds the differences and the totals,
never the documents.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from billsync.model.delivery import Drift
from billsync.model.scalar import plain


@dataclass(frozen=True, slots=True)
class Ours:
    """One of our documents; leave out those that shall not stand there (drafts, void ones).

    Attributes:
        reference: what the other system carries of ours: the invoice's number.
        total: with tax; tax: of it; open: what is still to be paid.
        state: in our words: `sent`, `partly_paid`, `paid`.
    """

    reference: str
    customer: str
    currency: str
    total: Decimal
    tax: Decimal
    state: str
    open: Decimal


@dataclass(frozen=True, slots=True)
class Theirs:
    """A document of the other system; None means that it does not say, and is not compared.

    Attributes:
        reference: ours, as it stands there; "" where the document has none.
        id: its id there.
        state: translated into our words.
    """

    reference: str
    id: str
    currency: str
    total: Decimal
    tax: Decimal | None = None
    state: str | None = None
    open: Decimal | None = None


@dataclass(slots=True)
class Totals:
    """Documents and money on both sides; a doubled document counts twice where it is doubled."""

    our_count: int = 0
    their_count: int = 0
    ours: Decimal = Decimal(0)
    theirs: Decimal = Decimal(0)

    @property
    def difference(self) -> Decimal:
        """What they have more than we."""
        return self.theirs - self.ours


@dataclass(slots=True)
class Comparison:
    """What came of comparing.

    Attributes:
        drifts: the differences, in order of reference; none where both sides agree.
        matched: references that stand on both sides; agreed: those of them without a difference.
        by_currency: currency -> totals.
        by_customer: (customer, currency) -> totals; the customer is "" for documents that only they have.
    """

    drifts: list[Drift] = field(default_factory=list)
    matched: int = 0
    agreed: int = 0
    by_currency: dict[str, Totals] = field(default_factory=dict)
    by_customer: dict[tuple[str, str], Totals] = field(default_factory=dict)


_Document = TypeVar("_Document", Ours, Theirs)


def compare(ours: Iterable[Ours], theirs: Iterable[Theirs]) -> Comparison:
    """Every difference between two streams that are sorted by reference, in code point order (SQL: COLLATE "C").

    Kinds of drift: `missing` there, `extra` there, `duplicate`, `currency`, `amount`, `tax`, `status`.  Raises
    ValueError where a stream is not sorted.
    """
    result = Comparison()
    sides: Iterator[Ours | Theirs] = heapq.merge(
        _sorted(ours, "our"), _sorted(theirs, "their"), key=attrgetter("reference")
    )
    for reference, group in groupby(sides, key=attrgetter("reference")):
        documents = list(group)
        mine = [item for item in documents if isinstance(item, Ours)]
        others = [item for item in documents if isinstance(item, Theirs)]
        _count(result, mine, others)
        found = list(_drifts(reference, mine, others))
        result.drifts += found
        if mine and others:
            result.matched += 1
            result.agreed += not found
    return result


def _sorted(stream: Iterable[_Document], whose: str) -> Iterator[_Document]:
    last = ""
    for item in stream:
        if item.reference < last:
            raise ValueError(f"{whose} documents are not sorted by reference: {item.reference!r} after {last!r}")
        last = item.reference
        yield item


def _drifts(reference: str, mine: list[Ours], others: list[Theirs]) -> Iterator[Drift]:
    if not mine:
        for item in others:
            yield Drift(kind="extra", document=reference, ours="", theirs=_money(item), place=item.id)
        return
    if not others:
        yield Drift(kind="missing", document=reference, ours=_money(mine[0]), theirs="")
        return
    if len(mine) > 1 or len(others) > 1:
        yield Drift(
            kind="duplicate",
            document=reference,
            ours=_times(len(mine)),
            theirs=_times(len(others)),
            place=", ".join(item.id for item in others),
        )
    yield from _differences(mine[0], others[0])


def _differences(our: Ours, their: Theirs) -> Iterator[Drift]:
    """Amounts of two currencies say nothing about each other: then only the currency is told."""

    def drift(kind: str, here: str, there: str) -> Drift:
        return Drift(kind=kind, document=our.reference, ours=here, theirs=there, place=their.id)

    if our.currency != their.currency:
        yield drift("currency", _money(our), _money(their))
        return
    if our.total != their.total:
        yield drift("amount", _money(our), _money(their))
    if their.tax is not None and our.tax != their.tax:
        yield drift("tax", f"{plain(our.tax)} {our.currency}", f"{plain(their.tax)} {their.currency}")
    if their.state not in (None, our.state) or their.open not in (None, our.open):
        yield drift("status", _status(our), _status(their))


def _count(result: Comparison, mine: list[Ours], others: list[Theirs]) -> None:
    customer = mine[0].customer if mine else ""
    for our in mine:
        for totals in _both(result, our.customer, our.currency):
            totals.our_count += 1
            totals.ours += our.total
    for their in others:
        for totals in _both(result, customer, their.currency):
            totals.their_count += 1
            totals.theirs += their.total


def _both(result: Comparison, customer: str, currency: str) -> tuple[Totals, Totals]:
    return (
        result.by_currency.setdefault(currency, Totals()),
        result.by_customer.setdefault((customer, currency), Totals()),
    )


def _money(item: Ours | Theirs) -> str:
    return f"{plain(item.total)} {item.currency}"


def _status(item: Ours | Theirs) -> str:
    still = "" if item.open is None else f"{plain(item.open)} {item.currency} open"
    return ", ".join(part for part in (item.state, still) if part)


def _times(count: int) -> str:
    return "1 document" if count == 1 else f"{count} documents"
