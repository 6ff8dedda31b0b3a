"""Whole records by their ids, as they are now: batches of rows, their associations, and the records inside.  (shell)

Search and lists only say which records there are to look at; what they show may be older than what was delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from billsync.connector import Record, TryLater
from billsync_connectors.hubspot import answers
from billsync_connectors.hubspot.answers import Odd, Row
from billsync_connectors.hubspot.definitions import Definitions
from billsync_connectors.hubspot.kinds import Kind
from billsync_connectors.hubspot.records import (
    MERGED,
    Ends,
    Labels,
    chosen,
    content,
    gone,
    merged,
    record,
    told_primary,
)
from billsync_connectors.hubspot.session import Session

_ASSOCIATED: Final = 1000
_POSITION: Final = "hs_position_on_quote"
_NO_LABELS: Final = Labels()
Pairs = dict[str, list[tuple[str, bool]]]


class Content:
    """The records of one account.  All raise `TryLater` and `Refused`."""

    def __init__(self, session: Session, definitions: Definitions, kinds: Mapping[str, Kind], page: int) -> None:
        self._session, self._definitions, self._kinds, self._page = session, definitions, kinds, page

    def records(self, object: str, ids: Iterable[str]) -> list[Record]:
        """These records as they are now, and those that were merged into them as gone; others are left out."""
        asked = list(dict.fromkeys(ids))
        found: list[Record] = []
        for start in range(0, len(asked), self._page):
            found += self.shown(object, self.rows(object, asked[start : start + self._page]))
        return found

    def shown(self, object: str, rows: Sequence[Row]) -> list[Record]:
        """Records of rows that have been read already, by a list with its associations or by a batch."""
        if not rows:
            return []
        kind, system = self._kinds[object], self._session.system
        names, types = self._definitions.names(object), self._definitions.types(object)
        labelled = object == "deals" or "hubspot_owner_id" in names
        labels = self._definitions.labels if labelled else _NO_LABELS
        ends = self._ends(kind, rows)
        found = [record(system, kind, row, names, types, ends[row.id], labels) for row in rows]
        return [*found, *(gone(system, object, id) for row in rows for id in merged(row))]

    def wanted(self, object: str) -> list[str]:
        """Names of the properties to ask for."""
        return [*self._definitions.names(object), MERGED]

    def modified(self, object: str) -> str:
        """The property that holds the instant of an object's last change."""
        return self._kinds[object].modified

    # ------------------------------------------------------------ rows

    def rows(self, object: str, ids: Sequence[str]) -> list[Row]:
        """The live records among these, at most a batch of them; a merged one's id gives none."""
        return self._rows(object, ids, self.wanted(object)) if ids else []

    def named(self, object: str, ids: Sequence[str], names: Sequence[str]) -> list[Row]:
        """The live records among these, with the properties of these names."""
        parts = [ids[start : start + self._page] for start in range(0, len(ids), self._page)]
        return [row for part in parts for row in self._rows(object, part, names)]

    def by_value(self, object: str, by: str, values: Sequence[str], names: Sequence[str]) -> list[Row]:
        """The live records with these values of a unique property, at most a batch of them."""
        body = {"properties": list(names), "idProperty": by, "inputs": [{"id": value} for value in values]}
        answer = self._session.ask("POST", f"crm/objects/{{}}/{object}/batch/read", body)
        with self._session.reading():
            found = answers.rows(answer)
            told = {row.properties.get(by) for row in found} | answers.missing(answer)
            if lacking := [value for value in values if value not in told]:
                raise Odd(f"the batch of {object} says nothing of {lacking[0]}")
            return found

    def _rows(self, object: str, ids: Sequence[str], names: Sequence[str]) -> list[Row]:
        answer = self._batch(object, ids, names)
        found, lacking = self._judged(answer, ids)
        for id in lacking:  # merged into another, whose record came in its place; or the answer was cut
            answer = self._batch(object, [id], names)
            more, still = self._judged(answer, [id])
            if still and not more and not answers.failed(answer):
                what = f"the batch of {object} says nothing of {id}; it is asked for again"
                raise TryLater("unreadable", f"{self._session.system}: {what}")
            found += more
        wanted = set(ids)
        there = {row.id: row for row in found if row.id in wanted and row.archived is None}
        return [there[id] for id in ids if id in there]

    def _batch(self, object: str, ids: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
        """A batch; one whose answer is too large is asked for in halves."""
        body = {"properties": list(names), "inputs": [{"id": id} for id in ids]}
        try:
            return self._session.ask("POST", f"crm/objects/{{}}/{object}/batch/read", body)
        except TryLater as fault:
            if fault.reason != "too_large" or len(ids) == 1:
                raise
        half = len(ids) // 2
        parts = [self._batch(object, part, names) for part in (ids[:half], ids[half:])]
        with self._session.reading():
            results = [item for part in parts for item in answers.listed(part)]
        return {"results": results, "errors": [error for part in parts for error in answers.failed(part)]}

    def _judged(self, answer: Mapping[str, Any], ids: Sequence[str]) -> tuple[list[Row], list[str]]:
        with self._session.reading():
            found = answers.rows(answer)
            absent = answers.missing(answer)
            return found, [id for id in answers.alike(ids, found) if id not in absent]

    # ------------------------------------------------------------ associations

    def associated(self, start: str, end: str, ids: Sequence[str]) -> Pairs:
        """What these records are associated with, in the order of their pages."""
        found: Pairs = {}
        todo = [{"id": id} for id in ids]
        while todo:
            batch, todo = todo[:_ASSOCIATED], todo[_ASSOCIATED:]
            pairs, more, silent = self._paired_with(start, end, batch)
            if silent:  # none, or an answer that was cut: the second look tells
                again, further, _ = self._paired_with(start, end, [{"id": id} for id in silent])
                pairs, more = {**pairs, **again}, [*more, *further]
            for id, ends in pairs.items():
                found.setdefault(id, []).extend(ends)
            todo += [{"id": id, "after": cursor} for id, cursor in more]
        return found

    def _paired_with(
        self, start: str, end: str, batch: Sequence[Mapping[str, str]]
    ) -> tuple[Pairs, list[tuple[str, str]], list[str]]:
        """Associations of a batch, where they go on, and ids of which the answer says nothing at all."""
        answer = self._session.ask("POST", f"crm/associations/{{}}/{start}/{end}/batch/read", {"inputs": list(batch)})
        asked = [item["id"] for item in batch]
        with self._session.reading():
            pairs, more = answers.pairs(answer)
            if not set(pairs) <= set(asked):
                raise Odd(f"the associations {start} to {end} are of records that nobody asked for")
            lacking = set(asked) - set(pairs) - answers.missing(answer)
            return pairs, more, sorted(lacking) if len(lacking) > len(answers.failed(answer)) else []

    def parents(self, child: str, parent: str, ids: Sequence[str]) -> list[str]:
        """Records of which one of these is a part, or with which it is associated."""
        if not ids:
            return []
        found = self.associated(child, parent, list(dict.fromkeys(ids)))
        return list(dict.fromkeys(id for ends in found.values() for id, _ in ends))

    def _ends(self, kind: Kind, rows: Sequence[Row]) -> dict[str, Ends]:
        """What each row shows of others, with the records inside as they are now."""
        pairs = {end: self._paired(kind, end, rows) for end in kind.ends}
        inside = {end: self._inside(end, pairs[end]) for end in kind.inside}
        return {row.id: _made(kind, row.id, pairs, inside) for row in rows}

    def _paired(self, kind: Kind, end: str, rows: Sequence[Row]) -> Pairs:
        """From the rows where they came with all of them, else asked for."""
        unknown = [row.id for row in rows if row.ends is None or end in row.cut]
        asked = self.associated(kind.name, end, unknown) if unknown else {}
        told = {row.id: told_primary(kind, (row.ends or {}).get(end, ())) for row in rows if row.id not in set(unknown)}
        return {**told, **asked}

    def _inside(self, end: str, pairs: Pairs) -> dict[str, Mapping[str, Any]]:
        ids = list(dict.fromkeys(id for ends in pairs.values() for id, _ in ends))
        names, types = (self._definitions.names(end), self._definitions.types(end)) if ids else ([], {})
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(ids), self._page):
            for row in self.rows(end, ids[start : start + self._page]):
                found[row.id] = {"id": row.id, **content(row, names, types)}
        return found


def _made(
    kind: Kind, id: str, pairs: Mapping[str, Pairs], inside: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> Ends:
    ends = {end: chosen(pairs[end].get(id, ())) for end in kind.ends}
    held = {end: [inside[end][one] for one in ends[end][0] if one in inside[end]] for end in kind.inside}
    return Ends(
        ids={end: ids for end, (ids, _) in ends.items()},
        primary={end: primary for end, (_, primary) in ends.items()},
        inside={end: sorted(rows, key=_place) for end, rows in held.items()},
    )


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Lines stand in the order that people gave them, those without one in the order in which they were made."""
    position = row.get(_POSITION)
    return (
        position is None or isinstance(position, str),
        0 if isinstance(position, str) else position or 0,
        len(row["id"]),
        row["id"],
    )
