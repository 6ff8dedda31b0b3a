"""What the records of a source hold that its mappings do not know: before the billing day, not on it.  (pure)

Records are seen one by one and only counted: memory does not grow with them, but with the different values of the
fields that are looked up or referred to, up to a limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.connector import Record
from billsync.mapping.apply import Mapping as FieldMapping
from billsync.mapping.canonical import KINDS, shape_of
from billsync.mapping.paths import Path
from billsync.mapping.run import Resolve
from billsync.mapping.tables import Table
from billsync.mapping.tools.tracing import Step, Tracer, answer
from billsync.mapping.values import MISSING, is_blank, written
from billsync.model.problem import Problem
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean

MAX_VALUES: Final = 10_000
"""Different values that are told apart for one table or one kind of record; further ones are only counted."""
MAX_FIELDS: Final = 2_000
EXAMPLES: Final = 3
_POSITION: Final = re.compile(r"\[[0-9]+\]")

Key = tuple[str, ...]


@dataclass(slots=True)
class Miss:
    """A value that a table does not have, or an id that no record has.

    Attributes:
        kind: `lookup` or `reference`; among: the table, or the kind of record that is referred to.
        field: of the record; place: of the field in the mapping.
        on_miss: what the mapping does with it: quarantine, error, default or keep; quarantine for references.
        records: how many have it; held: how many of them would be held back.
        example: id of the first of them.
        near: the value that may be meant, or "".
    """

    kind: str
    among: str
    value: str
    field: str
    place: str
    on_miss: str
    records: int = 0
    held: int = 0
    example: str = ""
    near: str = ""


@dataclass(slots=True)
class FieldUse:
    """A field of the source's records, or of a mapping's documents.

    Attributes:
        filled: records in which it has a value.
        examples: a few of its values, as text.
    """

    name: str
    filled: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Fault:
    """Problems that records have in common.

    Attributes:
        rule: the code; message: of the first record that has it; records: how many; example: its id.
    """

    code: str
    message: str
    hint: str
    records: int = 0
    example: str = ""


@dataclass(slots=True)
class Profile:
    """The fields that the records of one kind have."""

    records: int = 0
    fields: dict[str, FieldUse] = field(default_factory=dict)
    beyond: int = 0
    """Values in fields past the limit."""

    def see(self, record: Record) -> None:
        """Count one record."""
        self.records += 1
        for name, value in dict(_leaves(record.data, ())).items():
            use = self.fields.get(name)
            if use is None:
                if len(self.fields) >= MAX_FIELDS:
                    self.beyond += 1
                    continue
                use = self.fields[name] = FieldUse(name)
            if not is_blank(value):
                use.filled += 1
                _exemplify(use, value)

    def unread(self, mappings: Iterable[FieldMapping]) -> list[FieldUse]:
        """Fields that none of the mappings reads, the fullest first."""
        read, whole = set[str](), list[str]()
        for mapping in mappings:
            lists = {facts.sources[0] for facts in mapping.fields if facts.rule == "each" and facts.sources}
            read |= set(mapping.source_fields)
            whole += [f"{name}." for name in mapping.source_fields if name not in lists]
        found = [use for use in self.fields.values() if use.name not in read and not use.name.startswith(tuple(whole))]
        return sorted(found, key=lambda use: (-use.filled, use.name))


class Coverage:
    """What the records of one source show of one mapping.

    Attributes:
        records: all that were seen; taken: those that the mapping is for; held: those of them with a problem.
    """

    def __init__(self, mapping: FieldMapping) -> None:
        """Nothing seen yet."""
        self.mapping = mapping
        self.records = self.taken = self.held = 0
        self.beyond = 0
        self._tracer = Tracer(mapping)
        self._misses: dict[tuple[str, str, str, str], Miss] = {}
        self._fields: dict[tuple[int, int], str] = {}
        self._faults: dict[tuple[str, str], Fault] = {}
        self._written: dict[str, FieldUse] = {
            facts.target: FieldUse(facts.target) for facts in mapping.fields if facts.rule not in {"each", "fields"}
        }

    def see(self, record: Record, resolve: Resolve) -> None:
        """Count one record; `resolve` tells the records that are there."""
        mapped = self.mapping.apply(record, resolve)
        self.records += 1
        self.taken += not mapped.skipped
        self.held += bool(mapped.problems)
        for problem in {problem.code + problem.hint: problem for problem in mapped.problems}.values():
            self._fault(problem, record)
        seen: set[Key] = set()
        filled: set[str] = set()
        for step in self._tracer.steps(record, resolve):
            if not mapped.skipped and not step.is_group and step.wrong is None and not is_blank(step.value):
                self._fill(step, filled)
            for kind, among, value, on_miss, path in _unknown(step, resolve) if step.asks else ():
                field = self._field_of(step, path)
                held = on_miss in {"quarantine", "error"} and not mapped.skipped
                self._miss((kind, among, value, field), (step, on_miss), record, seen, held=held)

    def _fill(self, step: Step, filled: set[str]) -> None:
        name = ".".join(part for part in step.location if isinstance(part, str))
        use = self._written.get(name)
        if use is not None and name not in filled:
            filled.add(name)
            use.filled += 1
            _exemplify(use, step.value)

    def _field_of(self, step: Step, path: Path | None) -> str:
        """The field of the record without positions, as the whole of a source is told of."""
        key = (id(step.rule), id(path))
        if key not in self._fields:
            where = path.under(step.frame.source) if path is not None else step.rule.where(step.frame)
            self._fields[key] = _POSITION.sub("", where)
        return self._fields[key]

    def _miss(
        self, key: tuple[str, str, str, str], by: tuple[Step, str], record: Record, seen: set[Key], *, held: bool
    ) -> None:
        known = self._misses.get(key)
        if known is None:
            if len(self._misses) >= MAX_VALUES:
                self.beyond += 1
                return
            step, on_miss = by
            known = self._misses[key] = Miss(*key, str(step.rule.place), on_miss, example=record.id)
            known.near = _near(step, among=key[1], value=key[2])
        known.records += key not in seen
        known.held += held and (*key, "held") not in seen
        seen |= {key, (*key, "held")} if held else {key}

    def _fault(self, problem: Problem, record: Record) -> None:
        fault = self._faults.setdefault(
            (problem.code, problem.hint), Fault(problem.code, problem.message, problem.hint)
        )
        fault.example = fault.example or record.id
        fault.records += 1

    # ------------------------------------------------------------ what it comes to

    @property
    def misses(self) -> list[Miss]:
        """Values that are not known, those that hold records back first."""
        return sorted(self._misses.values(), key=lambda miss: (-miss.held, -miss.records, miss.among, miss.value))

    @property
    def faults(self) -> list[Fault]:
        """Problems of records that no miss explains."""
        told = {"MAP-LOOKUP-01", "MAP-LOOKUP-02", "MAP-REF-01"}
        found = [fault for fault in self._faults.values() if fault.code not in told]
        return sorted(found, key=lambda fault: (-fault.records, fault.code, fault.message))

    @property
    def blank(self) -> list[str]:
        """Fields that the mapping writes and that had no value in any record."""
        return [use.name for use in self._written.values() if not use.filled] if self.taken else []

    @property
    def unwritten(self) -> list[tuple[str, bool]]:
        """Fields that the canonical document has and the mapping does not write, and whether they are needed."""
        if self.mapping.direction == "outbound":
            return []
        return list(_unwritten(self.mapping))


def _leaves(value: Any, at: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Dotted path and value of every field; of a list those of its entries, the first that is filled last."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, (*at, str(name)))
    elif isinstance(value, list | tuple):
        for item in sorted(value, key=lambda item: not is_blank(item)):
            yield from _leaves(item, at)
    else:
        yield ".".join(at), value


def _exemplify(use: FieldUse, value: Any) -> None:
    if len(use.examples) < EXAMPLES:
        try:
            text = show(written(value), 40)[1:-1]
        except ValueError:
            return
        if text not in use.examples:
            use.examples.append(text)


def _unknown(step: Step, resolve: Resolve) -> Iterator[tuple[str, str, str, str, Path | None]]:
    """Kind, among, value, what happens then, and field, of each key and reference that leads nowhere."""
    for table, key, on_miss, path in step.looked_up():
        if answer(table, key, resolve) is MISSING:
            yield "lookup", table.name, key, on_miss, path
    refers = step.reference()
    if refers is not None and resolve(*refers) is None:
        yield "reference", *refers, "quarantine", step.rule.source


def _near(step: Step, *, among: str, value: str) -> str:
    tables = (table for table, *_ in step.looked_up() if table.name == among)
    return next((near_of(value, table.entries) for table in tables if isinstance(table, Table)), "")


def near_of(value: str, known: Iterable[str]) -> str:
    """The known value that may be meant, or ""."""
    hint = did_you_mean(value, known)
    return hint.removeprefix("did you mean '").removesuffix("'?") if hint.startswith("did") else ""


def _unwritten(mapping: FieldMapping) -> Iterator[tuple[str, bool]]:
    """At the top of the document, and in the lists and objects that the mapping writes."""
    targets = {facts.target for facts in mapping.fields}
    inside = {facts.target for facts in mapping.fields if facts.rule in {"each", "fields"}}
    for base in ("", *sorted(inside)):
        shape = shape_of(KINDS[mapping.target])
        for name in base.split(".") if base else ():
            inner = shape.child(name)
            if inner is None:
                break
            shape = inner
        for name in shape.fields or ():
            path = f"{base}.{name}" if base else name
            if path not in targets:
                yield path, name in shape.required
