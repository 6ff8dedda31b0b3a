"""All that carries one number, on both sides -> the differences.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from billsync.connector import Standing
from billsync.model.delivery import STUCK
from billsync.model.drift import Difference, Drift, DriftKind
from billsync.model.scalar import plain
from billsync.reconcile.sides import Booked, Group, Ours

_K = DriftKind


def judge(group: Group, *, mine: bool, listed: bool) -> list[Drift]:
    """The differences of one group, without cause and cure.

    Args:
        group: all that carries the reference.
        mine: whether the reference is one that our numbers are made of; others are other people's documents.
        listed: whether the other system lists its payments, so that a missing one says something.
    """
    our, live = group.ours, group.live
    if our is None:
        return [_extra(group.reference, item) for item in live] if mine else []
    if our.void:
        return [_status(our, item) for item in live]
    if not group.documents:
        return [_missing(our)]
    if not live:
        return [_status(our, group.documents[0])]
    main = chosen(our, live)
    found = list(_doubled(our, main, live))
    found += _content(our, main)
    paid = list(_payments(our, group.payments)) if listed else []
    told = bool(paid) and _follows(our, main, group.payments)
    return [*found, *paid, *_standing(our, main, told=told)]


def chosen(our: Ours, live: tuple[Standing, ...]) -> Standing:
    """Which of their documents is ours: the one whose id we know, else one that shows the same, else the first."""
    known = our.written.remote_id if our.written else None
    same = (our.total, our.currency)
    return min(live, key=lambda item: (item.id != known, (item.total, item.currency) != same, len(item.id), item.id))


# ---------------------------------------------------------------- one side only


def _drift(kind: DriftKind, our: Ours, amount: Decimal, fields: list[Difference], *there: Standing) -> Drift:
    return Drift(
        kind=kind,
        document=our.reference,
        customer=our.customer,
        fields=tuple(fields),
        amount=abs(amount),
        currency=our.currency,
        there=tuple(item.id for item in there),
    )


def _missing(our: Ours) -> Drift:
    return _drift(_K.MISSING, our, our.total, [Difference(field="document", ours=money(our.total, our.currency))])


def _extra(reference: str, item: Standing) -> Drift:
    return Drift(
        kind=_K.EXTRA,
        document=reference,
        fields=(Difference(field="document", theirs=money(item.total, item.currency)), *paid_on([item])),
        amount=abs(item.total),
        currency=item.currency,
        there=(item.id,),
    )


def _doubled(our: Ours, main: Standing, live: tuple[Standing, ...]) -> Iterator[Drift]:
    surplus = [item for item in live if item.id != main.id]
    if surplus:
        times = Difference(field="documents", ours="1", theirs=str(len(live)))
        amount = sum((item.total for item in surplus if item.currency == our.currency), Decimal(0))
        yield _drift(_K.DUPLICATE, our, amount, [times, *paid_on(surplus)], main, *surplus)


PAID: Final = "paid"
"""The field that tells what was paid on records which should not be there: those no machine takes back."""


def paid_on(records: Sequence[Standing]) -> list[Difference]:
    """What was paid on the records, if anything."""
    paid = [(item.total - item.open, item.currency) for item in records if item.open is not None]
    return [Difference(field=PAID, theirs=money(amount, currency)) for amount, currency in paid if amount]


# ---------------------------------------------------------------- content


def _content(our: Ours, their: Standing) -> Iterator[Drift]:
    """Amounts of two currencies say nothing about each other: then only the currency is told."""
    rows = list(_differences(our, their))
    if not rows:
        return
    amount = sum((abs(stake) for _, _, stake in rows[:1]), Decimal(0))
    if our.written is not None and our.written.compared and any(kind is not _K.DATE for kind, _, _ in rows):
        yield _drift(_K.EDITED, our, amount, [difference for _, difference, _ in rows], their)
        return
    for kind in (_K.CURRENCY, _K.AMOUNT, _K.TAX, _K.DATE, _K.EDITED):
        mine = [(difference, stake) for found, difference, stake in rows if found is kind]
        if mine:
            yield _drift(kind, our, mine[0][1], [difference for difference, _ in mine], their)


def _differences(our: Ours, their: Standing) -> Iterator[tuple[DriftKind, Difference, Decimal]]:
    """(class, field, money at stake), the one with the most at stake first."""
    nothing = Decimal(0)
    if their.currency != our.currency:
        pair = money(our.total, our.currency), money(their.total, their.currency)
        yield _K.CURRENCY, Difference(field="total", ours=pair[0], theirs=pair[1]), our.total
    elif their.total != our.total:
        pair = money(our.total, our.currency), money(their.total, our.currency)
        yield _K.AMOUNT, Difference(field="total", ours=pair[0], theirs=pair[1]), their.total - our.total
    if their.currency == our.currency and their.tax is not None and their.tax != our.tax:
        pair = money(our.tax, our.currency), money(their.tax, our.currency)
        yield _K.TAX, Difference(field="tax", ours=pair[0], theirs=pair[1]), their.tax - our.tax
    for kind, field, here, there in _facts(our, their):
        if here is not None and there is not None and here != there:
            yield kind, Difference(field=field, ours=str(here), theirs=str(there)), nothing


def _facts(our: Ours, their: Standing) -> Iterator[tuple[DriftKind, str, object, object]]:
    yield _K.DATE, "date", our.on, their.on
    yield _K.DATE, "due date", our.due_on, their.due_on
    if our.written is not None:
        yield _K.EDITED, "lines", our.written.lines, their.lines
        yield _K.EDITED, "customer", our.written.customer, their.customer
        yield _K.EDITED, "id", our.written.remote_id, their.id


# ---------------------------------------------------------------- what was paid, and where it stands


def _payments(our: Ours, theirs: tuple[Standing, ...]) -> Iterator[Drift]:
    by_id = {item.remote: item for item in our.payments if item.remote} | {item.id: item for item in our.payments}
    seen: set[str] = set()
    for item in theirs:
        booked = next((by_id[name] for name in (item.id, item.reference) if name in by_id), None)
        if item.state == "void":
            continue
        if booked is not None:
            seen.add(booked.id)
        if booked is None or (booked.amount, booked.currency) != (item.total, item.currency):
            yield _payment(our, booked, item)
    for booked in our.payments:
        if booked.id not in seen:
            yield _payment(our, booked, None)


def _payment(our: Ours, booked: Booked | None, item: Standing | None) -> Drift:
    here = money(booked.amount, booked.currency) if booked else ""
    there = money(item.total, item.currency) if item else ""
    name = item.id if item else booked.remote or booked.id if booked else ""
    stake = (item.total if item else Decimal(0)) - (booked.amount if booked else Decimal(0))
    found = _drift(_K.PAYMENT, our, stake, [Difference(field=f"payment {name}", ours=here, theirs=there)])
    return found.model_copy(update={"there": (name,)})


def _follows(our: Ours, their: Standing, payments: tuple[Standing, ...]) -> bool:
    """Whether what is open there is what their payments leave: then the payments tell all of the difference."""
    paid = sum((item.total for item in payments if item.state != "void"), Decimal(0))
    return their.open is None or their.open == max(our.total - paid, Decimal(0))


def _standing(our: Ours, their: Standing, *, told: bool) -> Iterator[Drift]:
    """Where the document stands; differences that come from the amount or from payments are told once."""
    fields: list[Difference] = []
    if our.written is not None and our.written.state in STUCK and our.written.reason not in _SEEN_THERE:
        fields.append(Difference(field="write", ours=str(our.written.state), theirs=f"stands there as {their.id}"))
    same_money = (their.currency, their.total) == (our.currency, our.total)
    if their.state == "draft" or (same_money and our.total and not told and _other_state(our, their)):
        fields.append(_states(our, their))
    if fields:
        stake = their.open - our.open if their.open is not None and same_money else Decimal(0)
        yield _drift(_K.STATUS, our, stake, fields, their)


_SEEN_THERE = frozenset(
    {"readback_mismatch", "edited_there", "voided_there", "remote_missing", "remote_replaced", "duplicate_found"}
)
"""Reasons of a review that say what stands there: the difference itself is told, not the review."""


def _other_state(our: Ours, their: Standing) -> bool:
    if their.open is not None and max(their.open, Decimal(0)) != our.open:
        return True
    return their.state is not None and their.state != our.state


def _status(our: Ours, their: Standing) -> Drift:
    paid = paid_on([their]) if our.void else []
    return _drift(_K.STATUS, our, our.total, [_states(our, their), *paid], their)


def _states(our: Ours, their: Standing) -> Difference:
    left = "" if their.open is None else f"({money(their.open, their.currency)} open)"
    there = " ".join(part for part in (their.state or "", left) if part)
    return Difference(field="state", ours=f"{our.state} ({money(our.open, our.currency)} open)", theirs=there)


def money(amount: Decimal, currency: str) -> str:
    """An amount as it stands in reports."""
    return f"{plain(amount)} {currency}"
