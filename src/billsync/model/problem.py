"""A fault in data is a value: a stable code, a place, what was expected and what to do.  (pure)"""

from __future__ import annotations

from enum import StrEnum

from billsync.model.base import Noun, Text, canonical_json, digest_text
from billsync.model.codes import CODES


class Severity(StrEnum):
    """How much a problem holds up: an error keeps its record back, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Place(Noun):
    """Where a fault or a fact comes from: a spot in a file, a record of a system, or both.

    Attributes:
        file: path as the user wrote it, or None.
        line: 1-based, or None.
        column: 1-based, in characters, or None.
        system: connection name, such as `crm`, or None.
        object: the system's own name of the kind of record, such as `Opportunity`, or None.
        id: the record's id there, or None.
        field: dotted path inside the record, or None.
    """

    file: Text | None = None
    line: int | None = None
    column: int | None = None
    system: Text | None = None
    object: Text | None = None
    id: Text | None = None
    field: Text | None = None

    def __str__(self) -> str:
        spot = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        record = "/".join(part for part in (self.system, self.object, self.id) if part is not None)
        where = " ".join(part for part in (spot, f"({record})" if spot and record else record) if part)
        return f"{where} field {self.field}" if self.field else where

    def at(self, field: str) -> Place:
        """The same place, at one field of the record."""
        return self.model_copy(update={"field": field})


class Problem(Noun):
    """What is wrong with data.  Raises ValueError for a code that `model/codes.py` does not list.

    Attributes:
        code: stable, such as `MAP-VALUE-01`; documented in docs/reference/problems.md.
        message: what is wrong and what was expected, in one sentence.
        hint: what to do about it, or "" where the message says it.
        place: where.
        severity: error or warning.
    """

    code: Text
    message: Text
    hint: Text = ""
    place: Place = Place()
    severity: Severity = Severity.ERROR

    def model_post_init(self, _context: object) -> None:
        """Refuse codes that nobody could look up."""
        if self.code not in CODES:
            raise ValueError(f"unknown problem code {self.code}: list it in model/codes.py")

    @property
    def fingerprint(self) -> str:
        """The same fault at the same record gives the same fingerprint, run after run."""
        spot = self.place.model_dump(include={"system", "object", "id", "field"})
        if self.place.id is None:
            spot = self.place.model_dump()
        return digest_text(canonical_json([self.code, spot]))[:16]

    def __str__(self) -> str:
        where = f"{self.place}: " if str(self.place) else ""
        hint = f"  ({self.hint})" if self.hint else ""
        return f"{where}{self.code} {self.message}{hint}"
