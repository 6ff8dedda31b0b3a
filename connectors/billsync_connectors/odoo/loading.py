"""`load`: new records by their external id, many in one call; bad ones are left out.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billsync.connector import Fault, Refused, Unclear
from billsync_connectors.odoo.faults import reason
from billsync_connectors.odoo.session import Session

_ROWS_MAX: Final = 400
"""Rows in one call, about: Odoo ends a call after 120 seconds."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One record to be loaded.

    Attributes:
        xmlid: its external id.
        head: its columns; lines: those of its lines, each with the same columns, prefixed by the field.
    """

    xmlid: str
    head: Mapping[str, str]
    lines: Sequence[Mapping[str, str]] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All column names, but for the external id's."""
        return (*self.head, *dict.fromkeys(name for line in self.lines for name in line))

    def rows(self) -> list[list[str]]:
        """The cells: lines after the first stand in rows whose own cells are empty."""
        names, first = self.columns, {**self.head, **(self.lines[0] if self.lines else {})}
        told = [[self.xmlid, *(first.get(name, "") for name in names)]]
        return told + [["", *(line.get(name, "") for name in names)] for line in self.lines[1:]]


def load(session: Session, model: str, sheets: Sequence[Sheet]) -> list[int | Fault]:
    """Make the records: an id or a fault for each, in the same order."""
    made: dict[int, int | Fault] = {}
    for group in _groups(sheets):
        made.update(zip(group, _loaded(session, model, [sheets[n] for n in group]), strict=True))
    return [made[n] for n in range(len(sheets))]


def _groups(sheets: Sequence[Sheet]) -> Iterator[list[int]]:
    """Places of records with the same columns, not too many rows at once."""
    by_columns: dict[tuple[str, ...], list[int]] = {}
    for n, sheet in enumerate(sheets):
        by_columns.setdefault(sheet.columns, []).append(n)
    for places in by_columns.values():
        group: list[int] = []
        for n in places:
            if group and sum(max(1, len(sheets[m].lines)) for m in (*group, n)) > _ROWS_MAX:
                yield group
                group = []
            group.append(n)
        yield group


def _loaded(session: Session, model: str, sheets: Sequence[Sheet]) -> list[int | Fault]:
    """One call; where it is refused, once more without those that are to blame."""
    rows = [row for sheet in sheets for row in sheet.rows()]
    try:
        answer = session.do(model, "load", fields=["id", *sheets[0].columns], data=rows)
    except Refused as fault:
        return [fault] if len(sheets) == 1 else _halved(session, model, sheets)
    except Fault as fault:
        return [fault for _ in sheets]
    ids, messages = (answer.get(name) for name in ("ids", "messages")) if isinstance(answer, dict) else (None, None)
    if isinstance(ids, list) and len(ids) == len(sheets) and all(isinstance(id, int) for id in ids):
        return list(ids)
    if ids is False and isinstance(messages, list) and messages:
        return _without(session, model, sheets, messages)
    what = f"{session.system}: Odoo's answer to loading {len(sheets)} records of {model} has not their ids"
    return [Unclear("no_id", what) for _ in sheets]


def _halved(session: Session, model: str, sheets: Sequence[Sheet]) -> list[int | Fault]:
    middle = len(sheets) // 2
    return _loaded(session, model, sheets[:middle]) + _loaded(session, model, sheets[middle:])


def _without(session: Session, model: str, sheets: Sequence[Sheet], messages: Sequence[Any]) -> list[int | Fault]:
    """What Odoo complains of is refused, the others are loaded: nothing of the call was kept."""
    refused: dict[int, Fault] = {}
    for message in messages:
        told = message if isinstance(message, dict) else {}
        said = " ".join(str(told.get("message") or "it was not loaded").split())[:400]
        place = _place(sheets, told) if len(sheets) > 1 else 0
        if place is not None:
            refused.setdefault(place, Refused(reason(said), f"{session.system}: Odoo says: {said}"))
    if not refused:
        return _halved(session, model, sheets)
    rest = [n for n in range(len(sheets)) if n not in refused]
    made: dict[int, int | Fault] = dict(refused)
    if rest:
        made.update(zip(rest, _loaded(session, model, [sheets[n] for n in rest]), strict=True))
    return [made[n] for n in range(len(sheets))]


def _place(sheets: Sequence[Sheet], message: Mapping[str, Any]) -> int | None:
    """Which record a message is about, by its row; None where that cannot be seen."""
    rows = message.get("rows")
    row = rows.get("from") if isinstance(rows, dict) else message.get("record")
    if not isinstance(row, int) or row < 0:
        return None
    for n, sheet in enumerate(sheets):
        row -= max(1, len(sheet.lines))
        if row < 0:
            return n
    return None
