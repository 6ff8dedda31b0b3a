"""What is collected while one record is mapped: every fault, with its place; and what a key is.  (pure)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.connector import Record
from billsync.mapping.paths import Frame, Path
from billsync.mapping.values import Wrong, is_blank, kind_of, written
from billsync.model.problem import Place, Problem

Resolve = Callable[[str, str], str | None]
"""(name of the source's object, its id there) -> our id, or None where the record is not known."""

Location = tuple[str | int, ...]
"""A place in the document, as pydantic names it."""


@dataclass(slots=True)
class Run:
    """What is collected while one record is mapped.

    Attributes:
        refs: (name, id) of every record referred to, in order, each once.
        failed: fields that have a problem.
        origins: place of an entry in the document -> path of the entry in the record.
    """

    record: Record
    resolve: Resolve
    problems: list[Problem] = field(default_factory=list)
    refs: dict[tuple[str, str], None] = field(default_factory=dict)
    failed: set[Location] = field(default_factory=set)
    origins: dict[Location, str] = field(default_factory=dict)

    def frame(self) -> Frame:
        """The start: at the record itself."""
        return Frame(self.record.data, self.record.data, {}, "", (), self)

    def report(self, wrong: Wrong, where: str, label: str, spot: Place) -> None:
        """Make a fault a problem of the record, at the source field `where`; a fault told before is not told again."""
        if not wrong.code:
            return
        rule = f"mapped by {wrong.spot or spot}"
        self.problems.append(
            Problem(
                code=wrong.code,
                message=f"{label}: {wrong.message}" if label else wrong.message,
                hint=f"{wrong.hint}; {rule}" if wrong.hint else rule,
                place=self.record.place.at(where) if where else self.record.place,
            )
        )


def label(location: Location) -> str:
    """The place in the document as people read it: `lines[0].unit_amount`."""
    return str(Path("", location))


_KEYS: Final = {"text", "number"}


def key_text(value: Any, where: str) -> str:
    """A key as text.  Raises `Wrong` where it is blank, or neither text nor a number."""
    if is_blank(value):
        raise Wrong("MAP-KEY-01", f"the key field {where} is blank", "fill it in the source", source=where)
    if kind_of(value) not in _KEYS:
        raise Wrong("MAP-KEY-01", f"the key field {where} is neither text nor a number", source=where)
    return written(value)
