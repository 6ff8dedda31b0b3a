"""What was agreed by a deal, and the deal as it is told now -> what is agreed next, as amendments and lines.  (pure)

A line of the deal is one line of the contract for as long as its cycle, start and tax stay as they are: what else
changes is an amendment.  Otherwise the line ends and another one begins, which stands for the same line of the deal.
No line is ever taken out: what was billed of it has to be found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, count
from typing import Any, Final, Literal

from billsync.billing.line import Line, epochs, resolve
from billsync.billing.timeline import Grid
from billsync.model.amendment import Amendment
from billsync.model.contract import Contract, ContractLine
from billsync.model.convention import Policy
from billsync.model.proposal import Agreed, LineChange, TermChange
from billsync.model.scalar import plain
from billsync.model.scheme import PerUnitPrice

Effective = Literal["today", "next_period", "from_start"]

_FIXED: Final = ("model", "every", "billed", "aligned", "anchor", "starts_on", "tax_code")
"""What no amendment changes."""
_AMENDED: Final = ("quantity", "price", "product", "description")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """From when a change holds.

    Attributes:
        effective: `today`, the line's next period, or from its start; what is billed once changes from its start.
        on: the day on which the change was seen: the `today` of the rule.
        known_on: the day on which it is agreed, from which billing knows it.
        named: the day that the deal itself names, which counts in place of the rule; or None.
    """

    effective: Effective
    on: date
    known_on: date
    policy: Policy
    named: date | None = None

    def day(self, start: date, grid: Grid | None) -> date:
        """The first day on which a change of a line that starts on a day holds; never before its start."""
        if self.effective == "from_start" and self.named is None:
            return start
        day = self.named or self.on
        whole = self.policy.proration == "none"  # a part is billed in full: days of it can be neither sold nor bought
        waits = whole or (self.effective == "next_period" and self.named is None)
        return max(next_period(grid, day) if waits else day, start)


def next_period(grid: Grid | None, day: date) -> date:
    """The first beginning of a cycle on the day or after it; the day itself for what has no cycles."""
    return day if grid is None else grid.first_from(day)


@dataclass(frozen=True, slots=True)
class Change:
    """What is agreed next, and how it differs."""

    agreed: Agreed
    changes: tuple[LineChange, ...]

    @property
    def effective(self) -> date | None:
        """The first day on which something changes; None where nothing does."""
        return min((change.effective for change in self.changes), default=None)


def first(terms: Contract, effective_on: date | None = None) -> Change:
    """What a deal that is won agrees, just as it says it."""
    lines = {line.id: (line.id,) for line in terms.lines}
    agreed = Agreed.trusted(
        id=terms.id, customer=terms.customer, contract=terms, terms=terms, lines=lines, effective_on=effective_on
    )
    return Change(agreed, tuple(_added(line, line.starts_on or terms.start) for line in terms.lines))


def nothing(terms: Contract) -> Agreed:
    """What is agreed before a deal: no line at all."""
    return Agreed.trusted(id=terms.id, customer=terms.customer, contract=terms.model_copy(update={"lines": ()}))


def changed(was: Agreed, terms: Contract | None, rule: Rule, effective_on: date | None = None) -> Change:
    """What is agreed once the deal holds as `terms` say it; None where it holds no more.

    Raises ValueError where customer or currency are others: no contract changes these.
    """
    if terms is not None and (terms.customer, terms.currency) != (was.customer, was.contract.currency):
        raise ValueError("another customer or currency is another contract")
    old, new = _lines(was.terms, was.until), _lines(terms, was.until)
    work = _Work(was.contract, dict(was.lines), rule)
    for name, line in old.items():
        if name not in new:
            work.end(line)
    for name, line in new.items():
        if name not in old:
            work.add(line)
        elif line != old[name]:
            work.change(old[name], line)
    agreed = was.model_copy(
        update={"contract": work.contract, "terms": terms, "lines": work.lines, "effective_on": effective_on}
    )
    return Change(agreed, tuple(work.told))


def succeeded(was: Agreed, at: date, rule: Rule) -> Change:
    """What is left of it once another deal gives its service from a day on; what was billed once stays."""
    work = _Work(was.contract, dict(was.lines), rule)
    for line in _lines(was.terms, was.until).values():
        now = work.resolved(line.id)
        if line.model == "recurring" and (now.ends_on is None or now.ends_on > at):
            work.until(line, max(at, now.starts_on))
    until = at if was.until is None else min(at, was.until)
    return Change(was.model_copy(update={"contract": work.contract, "until": until}), tuple(work.told))


def _lines(terms: Contract | None, until: date | None) -> dict[str, ContractLine]:
    """A deal's lines by id, none longer than the day on which another deal takes over."""
    lines = {line.id: line for line in terms.lines} if terms is not None else {}
    if until is None:
        return lines
    return {
        name: line.model_copy(update={"ends_on": min(line.ends_on or until, until)}) if line.every else line
        for name, line in lines.items()
    }


@dataclass(slots=True)
class _Work:
    """A contract while it is changed."""

    contract: Contract
    lines: dict[str, tuple[str, ...]]
    rule: Rule
    told: list[LineChange] = field(default_factory=list)

    def resolved(self, name: str) -> Line:
        """The contract's line that stands for a line of the deal, with all amendments."""
        return self._resolved(self.lines[name][-1])

    def _resolved(self, id: str) -> Line:
        line = next(line for line in self.contract.lines if line.id == id)
        return epochs(self.contract, line, self.rule.policy)[-1].line

    # ------------------------------------------------------------ a line that ends

    def end(self, line: ContractLine) -> None:
        """The line is no longer sold."""
        now = self.resolved(line.id)
        if line.every is None:
            day = now.starts_on
            self._amend(now, day - _DAY, cancel=True)
        else:
            day = self.rule.day(self._begun(line.id), now.grid)
            if not self._cut(line.id, day):
                day = now.ends_on or day
        self.told.append(_ended(now.id, line, day))

    def _begun(self, name: str) -> date:
        """The first day of all that stood for a line of the deal."""
        return min(self._resolved(id).starts_on for id in self.lines[name])

    def _cut(self, name: str, day: date) -> bool:
        """No service of all that stood for a line goes on from a day on; gives whether any did."""
        before = [self._resolved(id) for id in self.lines.get(name, ())]
        going = [line for line in before if line.ends_on is None or line.ends_on > max(day, line.starts_on)]
        for line in going:
            self._amend(line, self._last_day(max(day, line.starts_on)), cancel=True)
        return bool(going)

    def _last_day(self, day: date) -> date:
        """The day on which a line is cancelled, for service to end before `day`, whichever way the policy counts."""
        return day - _DAY if self.rule.policy.end_day == "billed" else day

    def until(self, line: ContractLine, day: date) -> None:
        """The line ends on a day, and what is left of it is given back in proportion."""
        now = self.resolved(line.id)
        self._amend(now, day, ends_on=day)
        self.told.append(_ended(now.id, line, day))

    # ------------------------------------------------------------ a line that begins

    def add(self, line: ContractLine, since: date = date.min) -> None:
        """The line is sold from a day on: its own, or the rule's where that is later."""
        own = line.starts_on or self.contract.start
        start = max(own, since, self._from(line, own))
        if line.every is not None:
            self._cut(line.id, start)  # no day of it is served twice
            start = min(start, line.ends_on or start)  # a service that is over by then is none
        taken = [each.id for each in self.contract.lines]
        new = line.model_copy(update={"id": _fresh(line.id, taken), "starts_on": start})
        self.contract = self.contract.model_copy(update={"lines": (*self.contract.lines, new)})
        self.lines[line.id] = (*self.lines.get(line.id, ()), new.id)
        self.told.append(_added(new, start))

    def _from(self, line: ContractLine, own: date) -> date:
        if self.rule.effective == "from_start" and self.rule.named is None:
            return own
        return self.rule.day(own, resolve(self.contract, line).grid)

    # ------------------------------------------------------------ a line that goes on otherwise

    def change(self, old: ContractLine, new: ContractLine) -> None:
        """The line is told otherwise."""
        if any(getattr(old, name) != getattr(new, name) for name in _FIXED):
            self.end(old)
            self.add(new)
            return
        now, begun = self.resolved(old.id), self._begun(old.id)
        if new.every is not None and begun <= self.rule.day(begun, now.grid) < now.starts_on:
            self.end(old)  # it reaches back beyond the line that stands for it now
            self.add(new)
            return
        given = {name: getattr(new, name) for name in _AMENDED if getattr(old, name) != getattr(new, name)}
        day = now.starts_on if new.every is None else self.rule.day(now.starts_on, now.grid)
        if set(given) == {"description"} and new.every is not None:
            day = max(next_period(now.grid, self.rule.on), now.starts_on)  # words alone cut no period
        days = [day] if given else []
        if given:
            self._amend(now, day, **given, when="now")
        if old.ends_on != new.ends_on:
            days += [each for each in (old.ends_on, new.ends_on) if each is not None]
            self._prolong(now, new, day)
        self.told.append(
            LineChange(
                line=now.id, description=new.description, what="changed", effective=min(days), terms=_terms(old, new)
            )
        )

    def _prolong(self, now: Line, new: ContractLine, day: date) -> None:
        """The line ends on another day, or goes on without end as another one."""
        if new.ends_on is not None:
            self._amend(now, day, ends_on=max(new.ends_on, now.starts_on))
        elif new.every is not None:
            told = len(self.told)
            self.add(new, max(now.ends_on or day, day))
            del self.told[told:]  # it is told as a change of the line that it goes on with

    def _amend(self, now: Line, day: date, **given: Any) -> None:
        item = Amendment(effective=day, agreed_on=self.rule.known_on, line=now.id, **given)
        self.contract = self.contract.model_copy(update={"amendments": (*self.contract.amendments, item)})


def _fresh(name: str, taken: Sequence[str]) -> str:
    """`name`, or the first of `name~2`, `name~3` ... that no line of the contract has."""
    return next(each for each in chain((name,), (f"{name}~{number}" for number in count(2))) if each not in taken)


# ---------------------------------------------------------------- in words


def _added(line: ContractLine, start: date) -> LineChange:
    terms = tuple(TermChange(term=term, after=text) for term, text in _told(line).items())
    return LineChange(line=line.id, description=line.description, what="added", effective=start, terms=terms)


def _ended(id: str, line: ContractLine, day: date) -> LineChange:
    terms = tuple(TermChange(term=term, before=text) for term, text in _told(line).items())
    return LineChange(line=id, description=line.description, what="ended", effective=day, terms=terms)


def _terms(old: ContractLine, new: ContractLine) -> tuple[TermChange, ...]:
    before, after = _told(old), _told(new)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return tuple(TermChange(term=name, before=before.get(name), after=after.get(name)) for name in names)


def _told(line: ContractLine) -> dict[str, str]:
    """The terms of a line that people know it by."""
    price = line.price.unit_amount if isinstance(line.price, PerUnitPrice) else Decimal(0)
    told = {
        "product": line.product,
        "description": line.description,
        "quantity": plain(line.quantity),
        "unit_amount": plain(price),
        "every": "" if line.every is None else str(line.every.length),
        "starts_on": str(line.starts_on or ""),
        "ends_on": str(line.ends_on or ""),
        "tax_code": line.tax_code or "",
    }
    return {name: text for name, text in told.items() if text}
