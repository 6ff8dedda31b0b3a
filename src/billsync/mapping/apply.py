"""A mapping, ready to run, and what it makes of a record.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from billsync.connector import Record
from billsync.mapping.canonical import KINDS, complaint, validate
from billsync.mapping.emit import Fast, References, compile_fast, source_of
from billsync.mapping.formula.expr import Formula
from billsync.mapping.kit import FieldFacts, SourceRead
from billsync.mapping.paths import Frame, Path, reader
from billsync.mapping.recipe import Block
from billsync.mapping.run import Location, Resolve, Run, key_text, label
from billsync.mapping.values import Wrong
from billsync.model.base import Noun
from billsync.model.problem import Place, Problem
from billsync.strict.yaml import Node, did_you_mean


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a mapping made of a record.

    Attributes:
        key: the record's key by the mapping's `key:`; "" where it could not be read, and where `when` is false.
        doc: the document, of inbound mappings as it was before it was read as `noun`: a number may still be its text;
            None where `when` is false and where there are problems.
        noun: the document as the canonical noun, of inbound mappings; else None.
        problems: everything that is wrong with the record, in the order of the mapping.
        refs: (name, id) of every record that it refers to: `("files.accounts", "Acme")`, `("customer", "acme")`.
    """

    key: str
    doc: dict[str, Any] | None = None
    noun: Noun | None = None
    problems: tuple[Problem, ...] = ()
    refs: tuple[tuple[str, str], ...] = ()

    @property
    def skipped(self) -> bool:
        """Whether the record is none that the mapping is for."""
        return self.doc is None and not self.problems

    @classmethod
    def nothing(cls) -> Mapped:
        """What comes of a record that is gone, or that the mapping is not for."""
        return cls("")


@dataclass(frozen=True, slots=True)
class Case:
    """One entry of `tests:`; `node` holds the rest of it (see `testing`)."""

    name: str
    node: Node


class Engine:
    """The mapping's function, compiled when the first record comes."""

    def __init__(self, when: Formula | None, key: Path, block: Block) -> None:
        self._parts = when, key, block
        self._fast: Fast | None = None

    @property
    def source(self) -> str:
        """Its Python source."""
        return source_of(*self._parts)[0]

    def run(self, data: object, resolve: Resolve, refs: References) -> tuple[str, dict[str, Any]] | None:
        """Key and document, None where `when` is false.  Raises anything where the record is not plain."""
        if self._fast is None:
            self._fast = compile_fast(*self._parts)
        return self._fast(data, resolve, refs)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping, compiled.

    Attributes:
        name, version: as in the file; `file` as it was named.
        source, target: as in the file: `files.accounts` and `customer`, or `customer` and `tryton.party`.
        direction: `inbound` where the target is a canonical document, else `outbound`.
        digest: SHA-256 of what the mapping does (tests and comments do not count), with its table files.
        source_fields: dotted paths of every field of the record that is read, sorted.
        refs: names that `ref:` uses: objects of the source, or canonical kinds.
        lookups: what is asked of `Resolve` beside references: `links:tryton.customer`, `live:tryton.account.tax?...`.
        fields: every field with what is known of it.
        tests: the entries of `tests:`.
        warnings: what is probably not meant.
        reads: fields of the record that are read, each with its place in the mapping.
        shadows: names in formulas that mean another field of the mapping.
        place: of the mapping's name.
    """

    name: str
    version: int
    file: str
    source: str
    target: str
    direction: str
    digest: str
    source_fields: tuple[str, ...]
    refs: tuple[str, ...]
    lookups: tuple[str, ...]
    fields: tuple[FieldFacts, ...]
    tests: tuple[Case, ...]
    warnings: tuple[Problem, ...]
    reads: tuple[SourceRead, ...]
    shadows: tuple[SourceRead, ...]
    place: Place
    key: Path
    _when: Formula | None
    _block: Block
    _engine: Engine
    _places: dict[str, FieldFacts]

    @property
    def block(self) -> Block:
        """What it does, as data."""
        return self._block

    @property
    def compiled(self) -> Fast:
        """The bare function that the mapping compiles to: no validation, no words for what is odd."""
        return self._engine.run

    @property
    def source_code(self) -> str:
        """Its Python source, for who wants to read it."""
        return self._engine.source

    @property
    def source_system(self) -> str:
        """System of the records, "" where they are canonical documents."""
        return self.source.rpartition(".")[0] if self.direction == "inbound" else ""

    @property
    def source_object(self) -> str:
        """The system's name of the kind of record, or the canonical kind."""
        return self.source.partition(".")[2] or self.source

    @property
    def target_system(self) -> str:
        """System that takes the documents, "" where they are canonical."""
        return self.target.partition(".")[0] if self.direction == "outbound" else ""

    @property
    def target_object(self) -> str:
        """The system's name of the kind of record that is written, or the canonical kind."""
        return self.target.partition(".")[2] or self.target

    def apply(self, record: Record, resolve: Resolve) -> Mapped:
        """What the mapping makes of a record.  Never raises for what stands in the record.

        `resolve(name, id)` gives our id of a record that the source refers to, or None where it is not known; outbound
        mappings do not call it: their references stay symbolic, `{"$ref": "customer/acme"}`.
        """
        mapped = self.apply_fast(record.data, resolve)
        return self.explain(record, resolve) if mapped is None else mapped

    def apply_fast(self, data: object, resolve: Resolve) -> Mapped | None:
        """What the mapping makes of a record without a fault; None where it takes `explain` to say."""
        refs: References = {}
        try:
            made = self._engine.run(data, resolve, refs)
            if made is None:
                return Mapped.nothing()
            key, doc = made
            noun = KINDS[self.target].model_validate(doc) if self.direction == "inbound" else None
        except Exception:  # noqa: BLE001  whatever it was: `explain` comes upon it again, and names it
            return None
        return Mapped(key, doc, noun, (), tuple(refs))

    def explain(self, record: Record, resolve: Resolve) -> Mapped:
        """The same as `apply`, step by step: every fault of the record, with its place here and there."""
        run = Run(record, resolve)
        frame = run.frame()
        try:
            if self._when is not None and not self._when.run(frame):
                return Mapped.nothing()
        except Wrong as wrong:
            run.report(wrong, wrong.source, "when", self.place)
            return Mapped("", problems=tuple(run.problems))
        key = self._key(run, frame)
        doc = self._block.run(frame)
        noun = self._validated(doc, run) if self.direction == "inbound" else None
        refs = tuple(run.refs)
        if run.problems:
            return Mapped(key, problems=tuple(run.problems), refs=refs)
        return Mapped(key, doc, noun, (), refs)

    def _key(self, run: Run, frame: Frame) -> str:
        try:
            return key_text(reader(self.key)(frame), str(self.key))
        except Wrong as wrong:
            run.report(wrong, wrong.source, "", self.place)
            return ""

    def _validated(self, doc: dict[str, Any], run: Run) -> Noun | None:
        noun, errors = validate(self.target, doc)
        clean = not run.problems
        for error in errors:
            location = tuple(error["loc"])
            # What is said of the whole document may only follow from a field that already has its problem.
            if clean or (location and not _told(location, run.failed)):
                self._complain(error, location, run)
        return noun

    def _complain(self, error: ErrorDetails, location: Location, run: Run) -> None:
        """Make an error of the canonical model a problem at the field of the record that the value came from."""
        facts = self._facts(location)
        path = facts.sources[0] if facts is not None and len(facts.sources) == 1 else ""
        where = _where(path, location, run, self._places) if path else label(location)
        spot = facts.place if facts is not None else self.place
        missing = error["type"] == "missing"
        wrong = _needed(path, run.record) if missing else Wrong("MAP-DOC-01", complaint(error))
        run.report(wrong, where, label(location), spot)

    def _facts(self, location: Location) -> FieldFacts | None:
        """What made a place of the document: the field itself, or the nearest one around it."""
        names = [step for step in location if isinstance(step, str)]
        while names:
            facts = self._places.get(".".join(names))
            if facts is not None:
                return facts
            names.pop()
        return None


def _told(location: Location, failed: set[Location]) -> bool:
    """Whether a field at, above or below the place has a problem already."""
    return any(location[: len(other)] == other[: len(location)] for other in failed)


def _needed(path: str, record: Record) -> Wrong:
    if not path:
        return Wrong("MAP-DOC-02", "the document needs a value here, there is none")
    head = path.partition(".")[0]
    if isinstance(record.data, dict) and head not in record.data:
        hint = did_you_mean(head, [str(name) for name in record.data])
        return Wrong("MAP-DOC-02", f"the document needs a value here, and the record has no field {head}", hint)
    hint = "fill it in the source, or give a default"
    return Wrong("MAP-DOC-02", f"the document needs a value here, and {path} is blank", hint)


def _where(path: str, location: Location, run: Run, places: dict[str, FieldFacts]) -> str:
    """The path in the record, with the position of the entry that a place of the document came from."""
    for length in range(len(location), 0, -1):
        origin = run.origins.get(location[:length])
        if origin is not None:
            names = ".".join(step for step in location[:length] if isinstance(step, str))
            each = places[names].sources[0] if names in places else ""
            within = bool(each) and (path == each or path.startswith(f"{each}."))
            return origin + path[len(each) :] if within else path
    return path
