"""Two streams sorted by reference, walked side by side: memory holds the differences and the totals.  (pure)"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from billsync.connector import Standing
from billsync.model.drift import Drift
from billsync.reconcile.judge import judge
from billsync.reconcile.sides import Group, Ours, There
from billsync.reconcile.totals import Totals


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared.

    Attributes:
        mine: whether a reference is one that our numbers are made of.
        customer: only this customer of ours, or None for all; there: its ids in the other system.
        as_of: documents dated, and payments received, up to this day; None for all that there are.
        listed: whether the other system lists its payments.
    """

    mine: Callable[[str], bool]
    customer: str | None = None
    there: frozenset[str] = frozenset()
    as_of: date | None = None
    listed: bool = True


@dataclass(slots=True)
class Comparison:
    """What came of comparing.

    Attributes:
        drifts: the differences, in order of reference; none where both sides agree.
        matched: references that stand on both sides; agreed: those of them without a difference.
        others: documents there that carry no number of ours: other people's.
        listed: as in the question.
    """

    totals: Totals = field(default_factory=Totals)
    drifts: list[Drift] = field(default_factory=list)
    matched: int = 0
    agreed: int = 0
    others: int = 0
    listed: bool = True


_Item = TypeVar("_Item", Ours, There)


def compare(ours: Iterable[Ours], theirs: Iterable[There], question: Question) -> Comparison:
    """Every difference between two streams sorted by reference, in code point order (SQL: COLLATE "C").

    Raises ValueError where a stream is not sorted.
    """
    result = Comparison(listed=question.listed)
    for group in groups(ours, theirs):
        asked = _asked(group, question)
        if asked is not None:
            _take(result, asked, question)
    return result


def groups(ours: Iterable[Ours], theirs: Iterable[There]) -> Iterator[Group]:
    """All that carries one reference, reference by reference.  Raises ValueError where a stream is not sorted."""
    sides: Iterator[Ours | There] = heapq.merge(
        _sorted(ours, "our"), _sorted(theirs, "their"), key=attrgetter("reference")
    )
    for reference, items in groupby(sides, key=attrgetter("reference")):
        if reference:
            yield _group(reference, list(items))
        else:  # what carries no number is other people's, one by one: there may be any number of them
            yield from (_group("", [item]) for item in items)


def _group(reference: str, items: list[Ours | There]) -> Group:
    mine = [item for item in items if isinstance(item, Ours)]
    others = [item for item in items if isinstance(item, There)]
    if len(mine) > 1:
        raise ValueError(f"our documents are not each one: {reference!r} stands {len(mine)} times")
    return Group(
        reference,
        mine[0] if mine else None,
        tuple(item.standing for item in others if not item.payment),
        tuple(item.standing for item in others if item.payment),
    )


def _sorted(stream: Iterable[_Item], whose: str) -> Iterator[_Item]:
    last = ""
    for item in stream:
        if item.reference < last:
            raise ValueError(f"{whose} documents are not sorted by reference: {item.reference!r} after {last!r}")
        last = item.reference
        yield item


# ---------------------------------------------------------------- what was asked


def _asked(group: Group, question: Question) -> Group | None:
    """The part of the group that the question is about, or None."""
    if question.customer is not None and not _of_customer(group, question):
        return None
    if question.as_of is None:
        return group
    days = [group.ours.on] if group.ours else [item.on for item in group.documents if item.on is not None]
    if days and min(days) > question.as_of:
        return None
    return _as_it_stood(group, question.as_of, listed=question.listed)


def _of_customer(group: Group, question: Question) -> bool:
    if group.ours is not None:
        return group.ours.customer == question.customer
    return any(item.customer in question.there for item in group.documents)


def _as_it_stood(group: Group, day: date, *, listed: bool) -> Group:
    """What was open on that day follows from the payments up to it; all else is known only as it is now."""
    paid = tuple(item for item in group.payments if item.on is None or item.on <= day)
    documents = tuple(_then(item, paid, listed=listed) for item in group.documents)
    ours = group.ours
    if ours is not None:
        booked = tuple(item for item in ours.payments if item.on <= day)
        ours = replace(ours, open=ours.total - sum((item.settled for item in booked), Decimal(0)), payments=booked)
    return Group(group.reference, ours, documents, paid)


def _then(item: Standing, paid: tuple[Standing, ...], *, listed: bool) -> Standing:
    if item.state in ("void", "draft"):
        return item
    if not listed:
        return replace(item, open=None, state=None)
    left = item.total - sum((payment.total for payment in paid if payment.state != "void"), Decimal(0))
    return replace(item, open=max(left, Decimal(0)), state=None)


# ---------------------------------------------------------------- counting


def _take(result: Comparison, group: Group, question: Question) -> None:
    found = judge(group, mine=question.mine(group.reference), listed=question.listed)
    result.drifts += found
    our, live = group.ours, group.live
    if our is None and not question.mine(group.reference):
        result.others += len(live)
        return
    if our is not None and not our.void:
        side = result.totals.of(our.currency).ours
        side.add(net=our.total - our.tax, tax=our.tax, total=our.total, open=our.open)
    for item in live:
        net = None if item.tax is None else item.total - item.tax
        result.totals.of(item.currency).erp.add(net=net, tax=item.tax, total=item.total, open=item.open)
    if our is not None and group.documents:
        result.matched += 1
        result.agreed += not found
