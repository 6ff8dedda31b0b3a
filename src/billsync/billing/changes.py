"""The deal changed after it was billed: what may still follow it, and what a person has to decide.  (pure)"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from billsync.model.charge import Charge
from billsync.model.problem import Place, Problem
from billsync.model.scalar import plain, show

_BILLED: Final = (
    "contract",
    "line",
    "deal",
    "customer",
    "product",
    "period",
    "due_on",
    "quantity",
    "unit_amount",
    "amount",
    "currency",
    "tax_code",
)
"""What an invoice has promised; words and the place of the source record may change freely."""

_HINT: Final = (
    "correct the invoice in the ERP, or set the deal back as it was; until then this deal's charges stay as they are"
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes of a contract's charges.

    Attributes:
        add: charges to keep from now on.
        drop: keys of charges to forget, before adding: none of them is on an invoice.
        problems: one per invoiced charge that the deal now tells otherwise: BILL-DEAL-03, or -05 where it is in
            another currency; then nothing else changes.
    """

    add: tuple[Charge, ...] = ()
    drop: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def compare(
    billed: Mapping[str, Charge],
    wanted: Sequence[Charge],
    invoiced: Collection[str],
    *,
    through: date | None = None,
) -> Changes:
    """One contract's charges as they are kept (by key) against those that the deal gives now.

    `invoiced` holds the keys of charges that stand on an invoice.  `through` is the day that `wanted` was made for:
    kept charges that fall due later are left alone, so that a run for an earlier day takes nothing back.
    """
    if not billed:
        return Changes(tuple(wanted))
    now = {charge.key: charge for charge in wanted}
    kept = {key: was for key, was in billed.items() if key in now or through is None or was.due_on <= through}
    problems = [
        _problem(was, now.get(key)) for key, was in kept.items() if key in invoiced and _broken(was, now.get(key))
    ]
    if problems:
        return Changes(problems=tuple(problems))
    drop = {key: was for key, was in kept.items() if key not in invoiced and not _same(was, now.get(key))}
    add = [charge for charge in wanted if charge.key not in billed or charge.key in drop]
    return Changes(tuple(add), tuple(drop))


def _broken(was: Charge, now: Charge | None) -> bool:
    """Whether the deal itself differs; an amount that differs by other conventions stays as it was invoiced."""
    if now is None:
        return True
    differing = set(_differing(was, now))
    return bool(differing if _conventions(was) == _conventions(now) else differing - {"amount"})


def _same(was: Charge, now: Charge | None) -> bool:
    return now is not None and not _differing(was, now) and was.description == now.description


def _differing(was: Charge, now: Charge) -> list[str]:
    return [field for field in _BILLED if getattr(was, field) != getattr(now, field)]


def _conventions(charge: Charge) -> tuple[str | None, ...]:
    return tuple(charge.why.inputs.get(name) for name in ("proration", "rounding"))


def _problem(was: Charge, now: Charge | None) -> Problem:
    before = f"{plain(was.amount)} {was.currency}"
    foreign = now is not None and now.currency != was.currency
    if now is None:
        after = "the deal no longer gives it"
    elif (now.amount, now.currency) != (was.amount, was.currency):
        after = f"the deal now gives {plain(now.amount)} {now.currency}"
    else:
        after = f"the deal now gives the same amount with another {', '.join(_differing(was, now))}"
    return Problem(
        code="BILL-DEAL-05" if foreign else "BILL-DEAL-03",
        message=f"the charge {show(was.key, 120)} was invoiced at {before}; {after}",
        hint=f"nothing is converted: {_HINT}" if foreign else _HINT,
        place=Place(system="billsync", object="deal", id=was.deal, field=f"charges[{was.key}]"),
    )
