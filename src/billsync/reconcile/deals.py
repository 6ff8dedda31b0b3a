"""The CRM against the books, deal by deal: what is won and what was billed, and what the CRM was told.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billsync.connector import Standing
from billsync.model.drift import Difference, Drift, DriftKind
from billsync.model.payment import InvoiceStatus
from billsync.reconcile.judge import money

_K = DriftKind


@dataclass(frozen=True, slots=True)
class Sold:
    """A deal as the CRM has it now.

    Attributes:
        ripe: what shall stand on invoices by now, before tax; None where it cannot be billed as it stands.
        due: what it comes to by now, whether its invoice is due or not.
    """

    deal: str
    customer: str
    currency: str
    due: Decimal | None
    ripe: Decimal | None


@dataclass(frozen=True, slots=True)
class Billed:
    """A deal in our books.

    Attributes:
        charged: all its charges by now; invoiced: those of them that stand on an invoice; before tax.
        status: what the CRM has to be told of it, or None where it has no invoice.
        untold: whether the last that was told, if anything, is something else.
    """

    deal: str
    customer: str
    currency: str
    charged: Decimal
    invoiced: Decimal
    status: InvoiceStatus | None = None
    untold: bool = False


def judge_deal(sold: Sold | None, billed: Billed | None, told: Sequence[Standing] | None) -> list[Drift]:
    """The differences of one deal, without cause and cure.

    `told` is what the CRM shows of its invoices, or None where it cannot list that.
    """
    found = list(_billing(sold, billed))
    if billed is not None and billed.status is not None:
        found += _telling(billed, billed.status, told)
    return found


def _billing(sold: Sold | None, billed: Billed | None) -> Iterator[Drift]:
    if sold is None:
        if billed is not None and billed.invoiced:
            amount = billed.invoiced
            yield _drift(_K.UNWON, billed, amount, "billed", money(amount, billed.currency), "")
        return
    if sold.due is None or sold.ripe is None:
        if billed is None or not billed.invoiced:
            yield _drift(_K.UNBILLED, sold, Decimal(0), "billed", "", "cannot be billed as it stands")
        return
    done = billed.invoiced if billed is not None else Decimal(0)
    if billed is not None and done and (sold.due != billed.charged or sold.currency != billed.currency):
        here, there = money(billed.charged, billed.currency), money(sold.due, sold.currency)
        yield _drift(_K.DEAL, billed, sold.due - billed.charged, "deal", here, there)
    elif done < sold.ripe:
        here, there = money(done, sold.currency) if done else "", money(sold.ripe, sold.currency)
        yield _drift(_K.UNBILLED, sold, sold.ripe - done, "billed", here, there)


def _telling(billed: Billed, status: InvoiceStatus, told: Sequence[Standing] | None) -> Iterator[Drift]:
    if told is None:
        if billed.untold:
            yield _drift(_K.TOLD, billed, status.amount, "told", status.state, "")
        return
    if not told:
        yield _drift(_K.TOLD, billed, status.amount, "state", status.state, "")
        return
    rows = [
        Difference(field=name, ours=here, theirs=there or "")
        for name, here, there in _facts(status, told[0])
        if there is not None and here != there
    ]
    if rows:
        made = _drift(_K.TOLD, billed, status.amount, "", "", "")
        yield made.model_copy(update={"fields": tuple(rows), "there": (told[0].id,)})


def _facts(status: InvoiceStatus, told: Standing) -> Iterator[tuple[str, str, str | None]]:
    yield "state", status.state, told.state
    yield "amount", money(status.amount, status.currency), money(told.total, told.currency)
    yield "date", str(status.issued_on), str(told.on) if told.on else None
    yield "due date", str(status.due_on), str(told.due_on) if told.due_on else None


def _drift(kind: DriftKind, of: Sold | Billed, amount: Decimal, field: str, ours: str, theirs: str) -> Drift:
    fields = (Difference(field=field, ours=ours, theirs=theirs),) if field else ()
    return Drift(
        kind=kind, document=of.deal, customer=of.customer, fields=fields, amount=abs(amount), currency=of.currency
    )
