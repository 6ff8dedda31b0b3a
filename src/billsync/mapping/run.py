"""How a compiled mapping works through one record: rules in order, every fault collected.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.connector import Record
from billsync.mapping.paths import Frame, Path, Read, reader, step
from billsync.mapping.values import FAILED, MISSING, Wrong, as_list, is_blank, kind_of, written
from billsync.model.base import canonical_json
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show

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


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of the document, compiled.

    Attributes:
        run: computes its value: MISSING leaves the field out.  It raises `Wrong`.
        place: of the field in the mapping.
        source: the field of the record that it reads, where it is one.
        needs: fields of the same level that have to be computed before.
    """

    name: str
    run: Read
    place: Place
    source: Path | None = None
    needs: frozenset[str] = frozenset()

    def where(self, frame: Frame) -> str:
        """Path for a problem's place: of the source field, or else of the document's."""
        if self.source is not None:
            return self.source.under(frame.source) or self.name
        return label((*frame.target, self.name))


@dataclass(frozen=True, slots=True)
class Block:
    """The rules of one `fields:`, in the order in which they are computed; `names` is the order of the file."""

    rules: tuple[Rule, ...]
    names: tuple[str, ...]

    def run(self, frame: Frame) -> dict[str, Any]:
        """The object that the rules make of a frame; problems are collected in its run."""
        out = frame.out
        for rule in self.rules:
            try:
                out[rule.name] = rule.run(frame)
            except Wrong as wrong:
                out[rule.name] = FAILED
                _note(rule, wrong, frame)
        return {
            name: out[name]
            for name in self.names
            if name in out and out[name] is not MISSING and out[name] is not FAILED
        }


def _note(rule: Rule, wrong: Wrong, frame: Frame) -> None:
    run: Run = frame.run
    location = (*frame.target, rule.name)
    run.failed.add(location)
    run.report(wrong, wrong.source or rule.where(frame), label(location), rule.place)


def label(location: Location) -> str:
    """The place in the document as people read it: `lines[0].unit_amount`."""
    return str(Path("", location))


def object_rule(name: str, block: Block) -> Read:
    """A nested object; without any value it is left out."""

    def run(frame: Frame) -> Any:
        inner = Frame(frame.here, frame.root, {}, frame.source, (*frame.target, name), frame.run)
        return block.run(inner) or MISSING

    return run


@dataclass(frozen=True, slots=True)
class Each:
    """A nested list, compiled: what it goes over, which entries count, and what tells them apart.

    With `by`, entries that are equal in these fields become one: an object of these fields and of `entries`.
    """

    name: str
    source: Path
    block: Block
    when: Read | None
    key: Path | None
    by: tuple[str, ...]
    place: Place

    def compile(self) -> Read:
        """What makes the list from a frame."""
        read = reader(self.source)
        key = None if self.key is None else reader(self.key)
        return lambda frame: self._run(frame, read(frame), key)

    def _run(self, frame: Frame, value: Any, key: Read | None) -> list[Any]:
        made, seen = list[Any](), set[str]()
        base = self.source.under(frame.source)
        sources = [
            f"{base}[{index}]" if isinstance(value, list | tuple) else base for index in range(len(as_list(value)))
        ]
        entries = zip(as_list(value), sources, strict=True)
        for entry, source in self._grouped(frame, entries) if self.by else entries:
            inner = Frame(entry, frame.root, {}, source, (*frame.target, self.name, len(made)), frame.run)
            if self.by or self._counts(inner, key, seen):
                frame.run.origins[inner.target] = source
                made.append(self.block.run(inner))
        return made

    def _grouped(self, frame: Frame, entries: Iterable[tuple[Any, str]]) -> list[tuple[Any, str]]:
        """One object per group, in the order of its first entry, whose place it has."""
        groups: dict[str, tuple[dict[str, Any], str]] = {}
        for entry, source in entries:
            inner = Frame(entry, frame.root, {}, source, (*frame.target, self.name, len(groups)), frame.run)
            if not self._counts(inner, None, set()):
                continue
            shared = {name: value for name in self.by if (value := step(entry, name)) is not MISSING}
            group, _ = groups.setdefault(canonical_json(shared), ({**shared, "entries": []}, source))
            group["entries"].append(entry)
        return list(groups.values())

    def _counts(self, inner: Frame, key: Read | None, seen: set[str]) -> bool:
        """Whether the entry passes `when:` and has a key of its own; a fault in one entry spares the others."""
        try:
            if self.when is not None and not self.when(inner):
                return False
            if key is not None:
                self._check_key(key(inner), inner.source, seen)
        except Wrong as wrong:
            inner.run.report(wrong, wrong.source or inner.source, label(inner.target), self.place)
            return False
        return True

    def _check_key(self, value: Any, source: str, seen: set[str]) -> None:
        where = self.key.under(source) if self.key is not None else source
        text = key_text(value, where)
        if text in seen:
            message = f"two entries have the key {show(text)}"
            raise Wrong("MAP-KEY-01", message, "each entry needs a key of its own", source=where)
        seen.add(text)


_KEYS: Final = {"text", "number"}


def key_text(value: Any, where: str) -> str:
    """A key as text.  Raises `Wrong` where it is blank, or neither text nor a number."""
    if is_blank(value):
        raise Wrong("MAP-KEY-01", f"the key field {where} is blank", "fill it in the source", source=where)
    if kind_of(value) not in _KEYS:
        raise Wrong("MAP-KEY-01", f"the key field {where} is neither text nor a number", source=where)
    return written(value)
