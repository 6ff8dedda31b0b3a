"""Tables of Bulk API, CSV, as rows of queries have it: what is empty is null, what has a parent is nested.  (pure)"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

from billsync_connectors.salesforce.plan import Leaf
from billsync_connectors.salesforce.rows import Strange

_CELL_MAX: Final = 1 << 28


def columns(fields: Sequence[str], leaves: Sequence[Leaf]) -> list[str]:
    """What a bulk query selects: with each parent's fields the reference, which says whether there is a parent."""
    return list(dict.fromkeys([*fields, *(reference for leaf in leaves for reference in leaf.through)]))


def table(text: str, leaves: Sequence[Leaf], further: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of a table; `further` are its columns that are no leaf.  Raises `Strange`."""
    csv.field_size_limit(_CELL_MAX)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(lines, [])
        places = {name.lower(): place for place, name in enumerate(head)}
        missing = [name for name in (*further, *(leaf.name for leaf in leaves)) if name.lower() not in places]
        if missing:
            raise Strange(f"a table without {missing[0]}")
        for line in lines:
            if len(line) != len(head):
                raise Strange("a line that does not fit the head of its table")
            yield _row(line, places, leaves, further)
    except csv.Error as error:
        raise Strange(f"a table that is no CSV: {error}") from None


def _row(line: Sequence[str], places: dict[str, int], leaves: Sequence[Leaf], further: Sequence[str]) -> dict[str, Any]:
    def cell(name: str) -> str | None:
        return line[places[name.lower()]] or None

    found: dict[str, Any] = {name: cell(name) for name in further}
    for leaf in leaves:
        here = found
        for step, reference in zip(leaf.path, leaf.through, strict=False):
            if cell(reference) is None:
                here[step] = None
                break
            here = here.setdefault(step, {})
        else:
            here[leaf.path[-1]] = cell(leaf.name)
    return found
