"""Which proposals a person decides, and why.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from billsync.model.proposal import Effect
from billsync.model.scalar import plain, show
from billsync.settings.changes import Changes
from billsync.stage.changing.steps import Case, Step

_BEGINS: Final = ("new", "renewed")
"""Kinds whose days lie in the past without anything being changed there."""


def asks(policy: Changes, steps: Sequence[Step], group: Sequence[Case], effect: Effect) -> tuple[str, ...]:
    """Why a person decides, in words; () where it is agreed at once."""
    if all(step.adopted for step in steps):
        return ()
    found = ["every change is decided by a person"] if policy.apply == "approval" else []
    named = (condition for condition in policy.approve_when if isinstance(condition, str))
    found += [why for condition in named if (why := _CONDITIONS[condition](policy, steps, effect))]
    found += _above(policy, effect)
    found += _incomplete(steps, {case.id: case for case in group})
    return tuple(found)


def _mrr_down(_policy: Changes, _steps: Sequence[Step], effect: Effect) -> str:
    sums: dict[str, Decimal] = {}
    for item in effect.mrr:
        sums[item.currency] = sums.get(item.currency, Decimal(0)) + item.delta
    down = [f"{plain(amount)} {currency}" for currency, amount in sums.items() if amount < 0]
    return f"recurring revenue goes down: {', '.join(down)} a month" if down else ""


def _credit(_policy: Changes, _steps: Sequence[Step], effect: Effect) -> str:
    back = [f"{plain(item.credited)} {item.currency}" for item in effect.now if item.credited > 0]
    return f"something is given back: {', '.join(back)}" if back else ""


def _back_dated(_policy: Changes, steps: Sequence[Step], effect: Effect) -> str:
    first = _first_day(step for step in steps if step.kind not in _BEGINS)
    return f"it holds from {first}, before it was seen" if first is not None and first < effect.through else ""


def _closed_period(policy: Changes, steps: Sequence[Step], effect: Effect) -> str:
    days = [item.issued_on for item in effect.documents]
    first = min([*days, *([day] if (day := _first_day(iter(steps))) else [])], default=None)
    closed = policy.closed_through
    return f"it reaches into books that are closed through {closed}" if closed and first and first <= closed else ""


def _ended(_policy: Changes, steps: Sequence[Step], _effect: Effect) -> str:
    over = [show(step.case.id) for step in steps if step.kind in ("reopened", "cancelled")]
    return f"no longer won, or gone: {', '.join(over)}" if over else ""


def _split(_policy: Changes, steps: Sequence[Step], _effect: Effect) -> str:
    return "a deal was split" if any(step.kind == "split" for step in steps) else ""


_CONDITIONS: Final[Mapping[str, Callable[[Changes, Sequence[Step], Effect], str]]] = {
    "mrr_down": _mrr_down,
    "credit": _credit,
    "back_dated": _back_dated,
    "closed_period": _closed_period,
    "ended": _ended,
    "split": _split,
}


def _above(policy: Changes, effect: Effect) -> Iterator[str]:
    for item in effect.now:
        bound = policy.above(item.currency)
        most = max(abs(item.total), abs(item.charged), item.credited)
        if bound is not None and most > bound:
            yield f"it comes to {plain(most)} {item.currency}, above {plain(bound)}"


def _incomplete(steps: Sequence[Step], group: Mapping[str, Case]) -> Iterator[str]:
    """A part of a deal that still has all its lines would be billed beside them."""
    changing = {step.case.id for step in steps}
    for step in steps:
        parent = group.get((step.case.deal and step.case.deal.split_from) or "")
        if step.kind == "split" and parent and parent.id not in changing and not parent.settled:
            yield f"the deal {show(parent.id)} that it was split from still has all its lines"


def _first_day(steps: Iterator[Step]) -> date | None:
    return min((step.change.effective for step in steps if step.change.effective), default=None)
