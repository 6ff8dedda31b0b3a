"""What a check says: which invariant, which row, how it is broken.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Final

INVARIANTS: Final = {
    "I1": "each invoice has one document in the ERP, or a write under way, or a reason",
    "I2": "no document there carries a number of ours that the books do not know",
    "I3": "what was sent sums to what was invoiced, and that to what was charged",
    "I4": "one remote id stands for one document",
    "I5": "each source record is mapped, skipped, gone or a problem, and none lies after its checkpoint",
    "I6": "each payment event has one effect, or a reason",
    "I7": "each state of a write, a document and a proposal follows from its audit",
    "I8": "the audit chain is unbroken",
    "I9": "frozen payloads and invoices are unchanged",
    "I10": "amounts add up and fit their currency",
    "I11": "nothing is stuck without a reason",
    "I12": "nothing is confirmed without its remote id",
    "I13": "numbers are unique, and their gaps explained",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken row.

    Attributes:
        invariant: `I1` to `I13`.
        row: what is broken, by its key.
        detail: how.
    """

    invariant: str
    row: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a pass found: how many rows each invariant looked at, and the broken ones."""

    checked: dict[str, int]
    broken: list[Broken]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a pass looks at.

    Attributes:
        now: the instant that leases and waits are held against.
        targets: connections that invoices are sent to; without any, I1 has nothing to check.
        patterns: of the numbers of invoices and credit notes, such as `INV-{year}-{seq:06}`.
        since: only documents issued on that day or later, and writes planned then; None for all.
    """

    now: datetime
    targets: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    since: date | None = None

    @property
    def since_at(self) -> datetime | None:
        """The first instant of the day `since`."""
        return None if self.since is None else datetime.combine(self.since, time(0), UTC)


@dataclass(slots=True)
class Tally:
    """Findings as they come in: counts of what was looked at, and what is broken."""

    checked: dict[str, int] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def see(self, invariant: str, row: str, fault: str = "") -> None:
        """One row was looked at; `fault` says how it is broken, "" where it is not."""
        self.checked[invariant] = self.checked.get(invariant, 0) + 1
        if fault:
            self.broken.append(Broken(invariant, row, fault))

    def verdict(self) -> Verdict:
        """What was found, in order of the invariants."""
        return Verdict(dict(sorted(self.checked.items(), key=lambda item: int(item[0][1:]))), self.broken)


class Spans:
    """A set of whole numbers that mostly follow each other: as few spans as it has gaps, however many it holds."""

    def __init__(self) -> None:
        self._spans: dict[int, int] = {}  # first -> last
        self._ends: dict[int, int] = {}  # last -> first

    def add(self, number: int) -> None:
        """Put a number in.  One that is in already is not looked for: numbers are keys where they come from."""
        first = self._ends.pop(number - 1, number)
        last = self._spans.pop(number + 1, number)
        self._spans[first] = last
        self._ends[last] = first

    def last(self) -> int:
        """The highest number."""
        return max(self._ends)

    def gaps(self, *, start: int | None = 1) -> Iterator[tuple[int, int]]:
        """First and last of each span that is missing, from `start` (None: from the lowest there is) to the highest."""
        expected = start
        for first, last in sorted(self._spans.items()):
            if expected is not None and first > expected:
                yield expected, first - 1
            expected = last + 1
