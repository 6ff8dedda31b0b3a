"""Numbers of documents: unique, and without gaps that nobody explained: I13.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Sequence

from billsync.invoicing import pattern
from billsync.store.evidence import Evidence
from billsync.verify.found import Scope, Spans, Tally


class Numbers:
    """The numbers of one kind of document, by series, as they come in."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._series: dict[str, Spans] = {}

    def add(self, number: str, series: str) -> None:
        """Take in a number of a document that says which series it is of."""
        name, counter = self._counted(number, series)
        if counter is not None:
            self._series.setdefault(name, Spans()).add(counter)

    def check(self, evidence: Evidence, tally: Tally) -> None:
        """Gaps, and counters that stand lower than their numbers."""
        raised, drawn = evidence.raised(), evidence.series()
        for name, spans in self._series.items():
            start = 1 if self._scope.since is None else None
            missing = [gap for gap in spans.gaps(start=start) if not _explained(gap, raised.get(name, []))]
            shown = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in missing[:10])
            fault = f"numbers are missing: {shown}" if missing else ""
            if name in drawn and drawn[name] < spans.last():
                fault = f"{spans.last()} is used, the series says that {drawn[name]} was drawn last"
            tally.see("I13", name, fault)

    def _counted(self, number: str, series: str) -> tuple[str, int | None]:
        """Series and counter of a number: by the patterns in use, else its last digits."""
        for text in self._scope.patterns:
            if found := pattern.read(text, number):
                return found
        digits = re.findall(r"[0-9]+", number)
        return series, int(digits[-1]) if digits else None


def _explained(gap: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    """Whether every number of the gap was passed over with a reason on record."""
    first, last = gap
    return any(before < first and last <= after for before, after in spans)
