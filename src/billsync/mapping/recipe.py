"""How the value of one field is made, as data: what a mapping file says once it is checked.  (pure)

Each recipe is run in two ways that agree: as closures, which know every place and explain every fault (`run`), and as
Python source, which is fast and gives up at the first oddity (`emit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from billsync.mapping.formula.expr import Formula
from billsync.mapping.native import Native
from billsync.mapping.paths import Frame, Path, Read, reader, step
from billsync.mapping.pipeline import Pipeline
from billsync.mapping.run import Run, key_text, label
from billsync.mapping.values import FAILED, MISSING, Wrong, as_list
from billsync.model.base import canonical_json
from billsync.model.problem import Place
from billsync.model.scalar import show


@dataclass(frozen=True, slots=True)
class From:
    """A field of the record, carried through the pipeline."""

    path: Path
    pipeline: Pipeline

    def reader(self) -> Read:
        """Its closure."""
        return self.pipeline.after(reader(self.path))


@dataclass(frozen=True, slots=True)
class Const:
    """A fixed value, already typed."""

    value: Any

    def reader(self) -> Read:
        """Its closure."""
        value = self.value
        return lambda _frame: value


@dataclass(frozen=True, slots=True)
class Computed:
    """A formula's value, carried through the pipeline."""

    formula: Formula
    pipeline: Pipeline

    def reader(self) -> Read:
        """Its closure."""
        return self.pipeline.after(self.formula.run)


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a choice; `condition` is None for `else`."""

    condition: Formula | None
    value: Any


@dataclass(frozen=True, slots=True)
class Choice:
    """The value of the first arm whose condition is TRUE, carried through the pipeline; nothing without one."""

    arms: tuple[Arm, ...]
    pipeline: Pipeline

    def reader(self) -> Read:
        """Its closure."""
        arms = [(arm.condition.run if arm.condition else _always, arm.value) for arm in self.arms]
        return self.pipeline.after(lambda frame: next((value for check, value in arms if check(frame)), MISSING))


def _always(_frame: Frame) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Called:
    """What a function of a package gives for the values of its arguments, carried through the pipeline."""

    native: Native
    arguments: Mapping[str, Formula]
    pipeline: Pipeline
    place: Place

    def reader(self) -> Read:
        """Its closure."""
        arguments = {name: formula.run for name, formula in self.arguments.items()}

        def call(frame: Frame) -> Any:
            try:
                return self.native.run({name: run(frame) for name, run in arguments.items()})
            except Wrong as wrong:
                wrong.spot = wrong.spot or self.place
                raise

        return self.pipeline.after(call)


@dataclass(frozen=True, slots=True)
class Nested:
    """An object; without any value it is left out."""

    name: str
    block: Block

    def reader(self) -> Read:
        """Its closure."""
        name, block = self.name, self.block

        def run(frame: Frame) -> Any:
            inner = Frame(frame.here, frame.root, {}, frame.source, (*frame.target, name), frame.run)
            return block.run(inner) or MISSING

        return run


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of the document, compiled.

    Attributes:
        run: the recipe's closure behind `when`: MISSING leaves the field out.  It raises `Wrong`.
        place: of the field in the mapping.
        source: the field of the record that it reads, where it is one.
        needs: fields of the same level that have to be computed before.
        reader: what the document itself reads the value with, None where it takes it as it is.
    """

    name: str
    recipe: Recipe
    place: Place
    when: Formula | None = None
    source: Path | None = None
    needs: frozenset[str] = frozenset()
    reader: Callable[[Any], Any] | None = None
    run: Read = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "run", self._run())

    def _run(self) -> Read:
        run = self.recipe.reader()
        if self.when is None:
            return run
        check = self.when.run
        return lambda frame: run(frame) if check(frame) else MISSING

    @property
    def formulas(self) -> list[Formula]:
        """The formulas that it computes with, its conditions too."""
        found = [] if self.when is None else [self.when]
        match self.recipe:
            case Computed(formula=formula):
                found.append(formula)
            case Choice(arms=arms):
                found += [arm.condition for arm in arms if arm.condition is not None]
            case Called(arguments=arguments):
                found += arguments.values()
        return found

    @property
    def paths(self) -> list[Path]:
        """What it reads from where it stands: its source, and what its formulas read."""
        recipe = self.recipe
        own = [recipe.path] if isinstance(recipe, From) else [recipe.source] if isinstance(recipe, Each) else []
        return own + [path for formula in self.formulas for path, _ in formula.paths]

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


@dataclass(frozen=True, slots=True)
class Each:
    """A nested list, compiled: what it goes over, which entries count, and what tells them apart.

    With `by`, entries that are equal in these fields become one: an object of these fields and of `entries`.
    """

    name: str
    source: Path
    block: Block
    when: Formula | None
    key: Path | None
    by: tuple[str, ...]
    place: Place

    def reader(self) -> Read:
        """Its closure."""
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
            if self.when is not None and not self.when.run(inner):
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


Recipe = From | Const | Computed | Choice | Called | Nested | Each
