"""How a mapping works through one record, watched field by field: for previews, and for what data it does not know.

(pure)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Protocol, cast

from billsync.connector import Record
from billsync.mapping.apply import Mapping
from billsync.mapping.casts import table_key
from billsync.mapping.formula.expr import Formula
from billsync.mapping.formula.syntax import Call, Name
from billsync.mapping.paths import Frame, Path, Read, reader
from billsync.mapping.pipeline import Pipeline
from billsync.mapping.recipe import Block, Choice, Computed, Each, From, Nested, Recipe, Rule
from billsync.mapping.run import Location, Resolve, Run
from billsync.mapping.tables import Asked, Table
from billsync.mapping.values import FAILED, MISSING, Wrong, is_blank


class Lookup(Protocol):
    """A table, or what is asked of the run in its place."""

    @property
    def name(self) -> str:
        """Its name."""


def answer(table: Lookup, key: str, resolve: Resolve) -> Any:
    """What a lookup has for a key: text, None for "nothing", or MISSING."""
    if isinstance(table, Table):
        return table.entries.get(key, MISSING)
    found = resolve(table.name, key)
    return MISSING if found is None else found


@dataclass(frozen=True, slots=True)
class Step:
    """One field of the document while one record was mapped.

    Attributes:
        location: its place in the document, `("lines", 0, "product")`.
        raw: what came from the source, before default, lookup, type and reference; MISSING where nothing asks for it.
        value: what the rule made: MISSING leaves the field out, FAILED has a problem.
        wrong: the problem, or None.
        lookups: the tables that its formulas look fields up in, and what happens on a miss.
        asks: whether it looks anything up or refers to a record.
    """

    location: Location
    rule: Rule
    frame: Frame
    raw: Any
    value: Any
    wrong: Wrong | None = None
    lookups: tuple[tuple[Lookup, Path, str], ...] = ()
    asks: bool = True

    @property
    def is_group(self) -> bool:
        """Whether it is an object or a list of further fields."""
        return isinstance(self.rule.recipe, Nested | Each)

    def sources(self) -> Iterator[tuple[str, Any]]:
        """Path in the record, and value, of each field that the rule read."""
        for path in dict.fromkeys(_paths(self.rule)):
            try:
                yield path.under(self.frame.source) or "$", reader(path)(self.frame)
            except Wrong:
                yield path.under(self.frame.source), MISSING

    def looked_up(self) -> Iterator[tuple[Lookup, str, str, Path | None]]:
        """Every key that was looked up: in what, the key, what happens on a miss, and the field that it came from."""
        steps = pipeline_of(self.rule.recipe)
        if steps is not None and isinstance(steps.table, Table) and (key := _key(self.raw)) is not None:
            yield steps.table, key, steps.on_miss, self.rule.source
        for table, path, how in self.lookups:
            if (key := _key(_try(reader(path), self.frame))) is not None:
                yield table, key, how, path

    def reference(self) -> tuple[str, str] | None:
        """Name and id of the record that the field refers to, or None."""
        steps = pipeline_of(self.rule.recipe)
        if steps is None or not steps.ref or (id := _key(self.raw)) is None or isinstance(steps.table, Asked):
            return None
        if steps.table is not None:
            found = answer(steps.table, id, self.frame.run.resolve)
            if found is MISSING:
                return (steps.ref, id) if steps.on_miss == "keep" else None
            id = found or ""
        return (steps.ref, id) if id else None


def trace(mapping: Mapping, record: Record, resolve: Resolve) -> list[Step]:
    """Every field, in the order in which it was computed, whether or not the mapping is for the record.

    Never raises for what stands in the record.  A field whose `when:` is false has no step.
    """
    return Tracer(mapping).steps(record, resolve)


class Tracer:
    """A mapping prepared to be watched, for many records."""

    def __init__(self, mapping: Mapping) -> None:
        self._steps: list[Step] = []
        self._block = _watched(mapping.block, self._steps.append)

    def steps(self, record: Record, resolve: Resolve) -> list[Step]:
        """As `trace`."""
        self._steps.clear()
        self._block.run(Run(record, resolve).frame())
        return list(self._steps)


# ---------------------------------------------------------------- watching


@dataclass(frozen=True, slots=True)
class _Watched:
    """A recipe that tells what it made."""

    rule: Rule
    note: Callable[[Step], None]

    def reader(self) -> Read:
        """Its closure."""
        rule, note, run = self.rule, self.note, self.rule.recipe.reader()
        lookups = tuple(found for formula in formulas_of(rule) for found in _lookups(formula))
        steps = pipeline_of(rule.recipe)
        asks = bool(lookups) or (steps is not None and (steps.table is not None or bool(steps.ref)))
        raw = _raw(rule.recipe) if asks else None

        def watch(frame: Frame) -> Any:
            location, before = (*frame.target, rule.name), _try(raw, frame)
            try:
                value = run(frame)
            except Wrong as wrong:
                note(Step(location, rule, frame, before, FAILED, wrong, lookups, asks))
                raise
            note(Step(location, rule, frame, before, value, None, lookups, asks))
            return value

        return watch


def _watched(block: Block, note: Callable[[Step], None]) -> Block:
    rules = []
    for rule in block.rules:
        recipe = rule.recipe
        inner = replace(recipe, block=_watched(recipe.block, note)) if isinstance(recipe, Nested | Each) else recipe
        watched = _Watched(replace(rule, recipe=inner), note)
        rules.append(replace(rule, recipe=cast("Recipe", watched)))
    return replace(block, rules=tuple(rules))


def _raw(recipe: Recipe) -> Read | None:
    """What reads the source of a recipe that has a pipeline."""
    if isinstance(recipe, From):
        return reader(recipe.path)
    return recipe.formula.run if isinstance(recipe, Computed) else None


def _try(read: Read | None, frame: Frame) -> Any:
    try:
        return MISSING if read is None else read(frame)
    except Wrong:
        return MISSING


def _key(value: Any) -> str | None:
    """A value as the key of a table; None where there is none."""
    try:
        return None if is_blank(value) or value is FAILED else table_key(value)
    except ValueError:
        return None


# ---------------------------------------------------------------- what a rule is made of


def pipeline_of(recipe: Recipe) -> Pipeline | None:
    """The steps after a recipe's source, or None where it has none."""
    return recipe.pipeline if isinstance(recipe, From | Computed | Choice) else None


def formulas_of(rule: Rule) -> list[Formula]:
    """The formulas that a rule computes with, its conditions too, also those of the entries of a list."""
    recipe = rule.recipe
    return [*rule.formulas, *([recipe.when] if isinstance(recipe, Each) and recipe.when is not None else [])]


def _paths(rule: Rule) -> list[Path]:
    """What a rule reads, also for the entries of a list."""
    each = rule.recipe.when if isinstance(rule.recipe, Each) else None
    return rule.paths + ([path for path, _ in each.paths] if each is not None else [])


def _lookups(formula: Formula) -> Iterator[tuple[Lookup, Path, str]]:
    """Each `LOOKUP(table, field, ...)`: the table, the field, and what happens on a miss."""
    for call in _calls(formula.tree):
        if call.name != "LOOKUP" or len(call.arguments) < 2:
            continue
        table, value = call.arguments[0], call.arguments[1]
        if isinstance(table, Name) and isinstance(value, Name) and str(table.path) in formula.tables:
            how = "quarantine" if len(call.arguments) == 2 else "default"
            yield formula.tables[str(table.path)], value.path, how


def _calls(tree: Any) -> Iterator[Call]:
    if isinstance(tree, Call):
        yield tree
    if isinstance(tree, tuple):
        for part in tree:
            yield from _calls(part)
    elif is_dataclass(tree) and not isinstance(tree, type):
        for each in fields(tree):
            yield from _calls(getattr(tree, each.name))
