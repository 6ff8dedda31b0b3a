"""Whether records that come in have changed their shape: then none of them is taken, rather than all spoilt.  (pure)

A field that was renamed, or that the log-in may not see any more, comes as a page of changed records that lack it.
Taken in, they would stand in the place of good ones; and where the field comes back, none need count as changed again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from billsync.mapping import Mapped
from billsync.model.problem import Problem

SHARE: Final = 5
LEAST: Final = 10
"""At least `LEAST` records, and more than one in `SHARE` of those that are new or changed, fail at the same field."""

_SHAPE: Final = frozenset({"MAP-DOC-01", "MAP-DOC-02", "MAP-KEY-01", "MAP-VALUE-01", "MAP-VALUE-02"})
"""What is said of a value that is missing or of another form; not of a record or table entry that is not known yet."""

_INDEX: Final = re.compile(r"\[\d+\]")


def suspect(mapped: Sequence[Mapped], sound: int = 0) -> Problem | None:
    """A problem of one of the records at the field that too many of them, and `sound` others, fail at, or None."""
    first: dict[str, Problem] = {}
    counts: Counter[str] = Counter()
    for result in mapped:
        here = {_field(problem): problem for problem in result.problems if problem.code in _SHAPE}
        first = here | first
        counts.update(here.keys())
    for field, count in counts.most_common(1):
        if count >= LEAST and count * SHARE > len(mapped) + sound:
            return first[field].model_copy(update={"place": first[field].place.at(field)})
    return None


def _field(problem: Problem) -> str:
    return _INDEX.sub("", problem.place.field or "")
