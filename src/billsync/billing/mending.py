"""What an agreed contract owes, with all that stands on documents: what was billed once is mended too.  (pure)

`charges.due` leaves what is billed once to a person.  A contract that follows a deal by policy needs nobody: what
stands on a document and is not wanted any more is given back whole, and what is wanted in its place is billed anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from billsync.billing import changes, charges
from billsync.billing.key import untaken
from billsync.model.charge import Charge, Why
from billsync.model.contract import Contract, ContractLine
from billsync.model.convention import Policy
from billsync.model.scalar import plain

_SAME: Final = ("amount", "quantity", "unit_amount", "product", "tax_code")
"""In what a charge that stands has to be as it is wanted, to stay."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The charges that there are of one contract.

    Attributes:
        billed: those on documents; open: those on none.
        by_hand: what people gave back of those on documents, as credits that are no charges of the contract.
    """

    billed: Sequence[Charge] = ()
    open: Sequence[Charge] = ()
    by_hand: Sequence[Charge] = ()

    def after(self, change: changes.Changes) -> Standing:
        """With what a change adds and drops."""
        kept = [charge for charge in self.open if charge.key not in change.drop]
        return Standing(self.billed, [*kept, *change.add], self.by_hand)

    def all_billed(self) -> Standing:
        """As if everything stood on documents."""
        return Standing([*self.billed, *self.open], (), self.by_hand)


def followed(
    contract: Contract, standing: Standing, *, through: date, policy: Policy, source: str = ""
) -> tuple[changes.Changes, date | None]:
    """What becomes of the open charges, so that all of them come to what the contract owes through a day.

    Also the day to look again, or None.  Raises ValueError as `charges.due` does.
    """
    due = owed(contract, standing, through=through, policy=policy, source=source)
    known = {charge.key for charge in (*standing.billed, *standing.by_hand)}
    wanted = [charge for charge in due.charges if charge.key not in known]
    change = changes.compare({charge.key: charge for charge in standing.open}, wanted, (), through=through)
    days = [due.next_on, *(item.known_on for item in contract.amendments)]
    return change, min((day for day in days if day is not None and day > through), default=None)


def by_hand(charge: Charge, amount: Decimal) -> Charge:
    """What people gave back of a charge, as `Standing.by_hand` holds it: never more of it is given back."""
    update = {"key": f"{charge.key}/by hand", "kind": "credit", "corrects": charge.key, "amount": -amount}
    return charge.model_copy(update={**update, "period": None})


def owed(contract: Contract, standing: Standing, *, through: date, policy: Policy, source: str = "") -> charges.Due:
    """`charges.due`, with what stands on documents kept, and mended where it was billed once."""
    billed = standing.billed
    # a contract that never changed gives nothing back: it is billed on as it is
    facts = charges.Facts(billed=[*billed, *standing.by_hand] if contract.amendments else billed)
    due = charges.due(contract, through=through, policy=policy, source=source, facts=facts)
    if not billed:
        return due
    found = list(due.charges)
    for line in contract.lines:
        mine = [charge for charge in billed if charge.line == line.id]
        if line.model == "one_time" and mine:
            wanted = [charge for charge in found if charge.line == line.id]
            found = [charge for charge in found if charge.line != line.id]
            less = [charge for charge in standing.by_hand if charge.line == line.id]
            found += _mended(mine, less, wanted, _agreed_on(contract, line, through), source)
    return replace(due, charges=tuple(sorted(found, key=lambda charge: charge.due_on)))


def _agreed_on(contract: Contract, line: ContractLine, through: date) -> date:
    """The day of the last change of the line that is known: its mending is dated then, whenever it is worked out."""
    known = [item.known_on for item in contract.amendments if item.line == line.id and item.known_on <= through]
    return max(known, default=through)


def _mended(
    billed: Sequence[Charge], by_hand: Sequence[Charge], wanted: Sequence[Charge], on: date, source: str
) -> Iterator[Charge]:
    """What stands, what is given back of it, and what is billed anew."""
    yield from billed
    left = _left([*billed, *by_hand])
    kept = _kept(billed, _left(billed), wanted)
    taken = [charge.key for charge in billed]
    for charge in billed:
        amount = left.get(charge.key, Decimal(0))
        if amount > 0 and charge.key not in kept:
            yield _given_back(charge, amount, on, taken, source)
    if wanted and not kept:
        [charge] = wanted
        key = untaken(charge.key, taken)
        yield charge.model_copy(update={"key": key, "due_on": max(charge.due_on, on)})


def _left(billed: Iterable[Charge]) -> dict[str, Decimal]:
    """Charge -> what was not given back of it."""
    left: dict[str, Decimal] = {}
    for charge in billed:
        key = charge.corrects if charge.kind == "credit" and charge.corrects else charge.key
        left[key] = left.get(key, Decimal(0)) + charge.amount
    return left


def _kept(billed: Sequence[Charge], left: Mapping[str, Decimal], wanted: Sequence[Charge]) -> Collection[str]:
    """The charge that stands just as it is wanted, if there is one."""
    for charge in billed:
        whole = charge.kind == "charge" and left[charge.key] == charge.amount
        if whole and any(all(getattr(charge, name) == getattr(want, name) for name in _SAME) for want in wanted):
            return {charge.key}
    return ()


def _given_back(charge: Charge, amount: Decimal, on: date, taken: Collection[str], source: str) -> Charge:
    formula = f"all that is left of {plain(charge.amount)} = {plain(amount)}"
    inputs = {**charge.why.inputs, "quantity": "1", "unit_amount": plain(-amount)}
    return charge.model_copy(
        update={
            "key": untaken(f"{charge.key}/credit", taken),
            "kind": "credit",
            "corrects": charge.key,
            "description": f"Credit: {charge.description or charge.product}",
            "due_on": max(on, charge.due_on),
            "quantity": Decimal(1),
            "unit_amount": -amount,
            "amount": -amount,
            "why": Why.trusted(
                rule="given back: billed once, and not wanted any more", formula=formula, inputs=inputs, source=source
            ),
        }
    )
