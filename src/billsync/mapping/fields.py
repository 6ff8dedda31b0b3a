"""Compiles `fields:`: the keys of each field, checked together, become recipes.  (pure)"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final

from billsync.mapping import pipeline
from billsync.mapping.canonical import ANYTHING, Shape
from billsync.mapping.formula.expr import Formula, fits
from billsync.mapping.formula.functions import ANY, WORDS, mend
from billsync.mapping.kit import FieldFacts, Kit, Names, SourceRead
from billsync.mapping.native import Native, find
from billsync.mapping.ownership import check_owner
from billsync.mapping.paths import Path
from billsync.mapping.pipeline import compile_pipeline, literal
from billsync.mapping.recipe import Arm, Block, Called, Choice, Computed, Const, Each, From, Nested, Recipe, Rule
from billsync.mapping.tables import read_asked
from billsync.model.problem import Place, Severity
from billsync.model.scalar import show
from billsync.strict.yaml import BadYaml, Node, did_you_mean

_COMMON: Final = ("when", "owner", "direction", "create_only")
_TAKES: Final[dict[str, tuple[str, ...]]] = {
    "from": pipeline.KEYS,
    "const": ("as", "format"),
    "expr": pipeline.KEYS,
    "case": pipeline.KEYS,
    "fn": ("with", *pipeline.KEYS),
    "each": ("key", "by", "fields"),
    "fields": (),
}
"""Where a field's value comes from -> the keys that go with it."""

_KEYS: Final = tuple(dict.fromkeys([*_TAKES, *pipeline.KEYS, "with", "key", "by", *_COMMON]))
_DIRECTIONS: Final = ("inbound", "outbound", "both")


@dataclass(frozen=True, slots=True)
class Level:
    """Where in the document and in the record a `fields:` stands."""

    target: Names
    base: Names
    shape: Shape
    siblings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Job:
    """One field to be compiled; `key` is the node that says where its value comes from."""

    node: Node
    key: Node
    level: Level
    kit: Kit

    @property
    def name(self) -> str:
        """Name of the field."""
        return self.level.target[-1]


@dataclass(frozen=True, slots=True)
class _Made:
    """What the source of a field compiled to; `source` is the path where it is one."""

    recipe: Recipe
    source: Path | None = None
    needs: frozenset[str] = frozenset()


def compile_block(node: Node, level: Level, kit: Kit) -> Block:
    """The rules of a `fields:` mapping; what is wrong with them goes to the kit's findings."""
    if not node.is_mapping:
        kit.findings.add(node.wrong("fields, such as {name: {from: Name}}"))
        return Block((), ())
    names = frozenset(name for name, _ in node.items())
    inner = Level(level.target, level.base, level.shape, names)
    rules = [rule for name, field in node.items() if (rule := _field(name, field, node, inner, kit)) is not None]
    _check_required(node, level, kit)
    _check_inner(rules, kit)
    return Block(_in_order(rules, kit), tuple(rule.name for rule in rules))


def _check_required(node: Node, level: Level, kit: Kit) -> None:
    for name in sorted(level.shape.required - {name for name, _ in node.items()}):
        path = ".".join((*level.target, name))
        kit.findings.error("MAP-FIELD-02", f"the document needs the field {path}, and nothing writes it", node.place)


def _check_inner(rules: list[Rule], kit: Kit) -> None:
    """Paths into another field of the mapping lead to what it makes: a wrong name would be nothing, silently."""
    made = {rule.name: rule.recipe.block.names for rule in rules if isinstance(rule.recipe, Nested | Each)}
    for path, place in [found for rule in rules for formula in rule.formulas for found in formula.inner]:
        head, names = path.names[0], path.names[1:]
        if head not in made or not names or names[0] in made[head]:
            continue
        hint = did_you_mean(names[0], made[head])
        own = f"write $.{path} for the record's own"
        message = f"{head} means the mapping's field of that name, and it has no field {show(names[0])}"
        kit.findings.error("MAP-FIELD-01", message, place, f"{hint}; or {own}" if hint.startswith("did") else own)


def _in_order(rules: list[Rule], kit: Kit) -> tuple[Rule, ...]:
    """The rules, each after those that its formula needs; otherwise as in the file."""
    by_name = {rule.name: rule for rule in rules}
    graph = {rule.name: rule.needs & set(by_name) for rule in rules}
    try:
        order = TopologicalSorter(graph).static_order() if any(graph.values()) else iter(by_name)
        return tuple(by_name[name] for name in order)
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        message = f"the formulas need each other in a circle: {' -> '.join(circle)}"
        hint = f"write $.{circle[0]} where the record's own field is meant"
        kit.findings.error("MAP-CYCLE-01", message, by_name[circle[0]].place, hint)
        return ()


# ---------------------------------------------------------------- one field


def _field(name: str, node: Node, parent: Node, level: Level, kit: Kit) -> Rule | None:
    place = parent.key_place(name)
    shape = level.shape.child(name)
    if shape is None:
        what = ".".join(level.target) or "the document"
        hint = did_you_mean(name, level.shape.fields or ())
        kit.findings.error("MAP-FIELD-01", f"{what} has no field {show(name)}", place, hint)
        shape = Shape("any")
    if not node.is_mapping:
        hint = f"write {{from: {node.value}}}, or {{const: {node.value}}} for a fixed value" if node.is_text else ""
        kit.findings.error("YAML-VALUE-01", f"expected how {name} is made, got {node.form}", node.place, hint)
        return None
    kind = _source_key(name, node, kit)
    if kind is None or not _fits(name, kind, node, shape, kit):
        return None
    read_before = len(kit.reads)
    inner = Level((*level.target, name), level.base, shape, level.siblings - {name})
    made = _MAKERS[kind](_Job(node, node.get(kind) or node, inner, kit))
    rule = None if made is None else _gated(name, made, node, inner, kit)
    sources = tuple(dict.fromkeys(".".join(read.names) for read in kit.reads[read_before:]))
    facts = _facts(kind, node, ".".join(inner.target), sources, parent.key_place(name), kit)
    return rule if facts else None


def _source_key(name: str, node: Node, kit: Kit) -> str | None:
    """Which key says where the value comes from."""
    problems = node.check_keys(_KEYS, f"the field {name}")
    kit.findings.problems.extend(problems)
    found = [key for key in _TAKES if node.get(key) is not None]
    kind = "each" if found == ["each", "fields"] else found[0] if len(found) == 1 else None
    if kind is None:
        message = f"the field {name} needs exactly one of {', '.join(_TAKES)}"
        got = f"it has {', '.join(found)}" if found else "it has none"
        kit.findings.error("MAP-FIELD-03", f"{message}; {got}", node.place)
        return None
    allowed = {kind, *_TAKES[kind], *_COMMON}
    for key in dict(node.items()):
        if key in _KEYS and key not in allowed:
            kit.findings.error(
                "MAP-FIELD-03", f"`{key}` does nothing beside `{kind}`", node.key_place(key), "remove it"
            )
    return kind


def _fits(name: str, kind: str, node: Node, shape: Shape, kit: Kit) -> bool:
    """Whether the way a field is made suits what the document has there."""
    wanted = {"object": ("fields",), "map": ("fields",), "value": ("from", "const", "expr", "case", "fn")}.get(
        shape.form
    )
    if shape.form == "list":
        wanted = ("each",) if shape.fields else ("from", "expr", "fn")
    if wanted is None or kind in wanted:
        return True
    what = {"object": "an object", "map": "an object", "list": "a list"}.get(shape.form, "a single value")
    message = f"the document's {name} is {what}: `{kind}` does not make one"
    kit.findings.error("MAP-FIELD-03", message, node.key_place(kind), f"write it with `{'`, `'.join(wanted)}`")
    return False


def _gated(name: str, made: _Made, node: Node, level: Level, kit: Kit) -> Rule | None:
    """The rule, behind its `when:` where it has one; an `each` decides entry by entry itself."""
    place, when = node.place, node.get("when")
    if when is None or node.get("each") is not None:
        return Rule(name, made.recipe, place, None, made.source, made.needs, level.shape.reader)
    condition = kit.condition(when, level.base, level.siblings)
    if condition is None:
        return None
    needs = made.needs | frozenset(condition.siblings)
    return Rule(name, made.recipe, place, condition, made.source, needs, level.shape.reader)


def _facts(kind: str, node: Node, target: str, sources: tuple[str, ...], place: Place, kit: Kit) -> bool:
    """Note what is known of the field; False where it is not for this direction."""
    owner, create_only, direction = "", False, "both"
    try:
        owner = found.text() if (found := node.get("owner")) is not None else ""
        create_only = found.flag() if (found := node.get("create_only")) is not None else False
        direction = found.text() if (found := node.get("direction")) is not None else "both"
    except BadYaml as error:
        kit.findings.add(error)
    wrong = check_owner(owner, kit.direction)
    if wrong is not None:
        kit.findings.error("YAML-VALUE-01", wrong, (node.get("owner") or node).place)
    if direction not in _DIRECTIONS:
        message = f"expected one of {', '.join(_DIRECTIONS)}, got {show(direction)}"
        kit.findings.error("YAML-VALUE-01", message, (node.get("direction") or node).place)
    said = {name: _said(node, key) for name, key in _STEPS.items()}
    kit.facts.append(FieldFacts(target, sources, kind, place, owner, create_only, **said))
    return direction in {"both", kit.direction}


_STEPS: Final = {"type": "as", "table": "lookup", "on_miss": "on_miss", "ref": "ref"}


def _said(node: Node, key: str) -> str:
    value = node.get(key)
    if value is None or not value.is_mapping:
        return value.value if value is not None and isinstance(value.value, str) else ""
    with suppress(BadYaml):
        return read_asked(value).name
    return ""


# ---------------------------------------------------------------- where a value comes from


def _from(job: _Job) -> _Made | None:
    path = job.kit.path(job.key, job.level.base)
    steps = compile_pipeline(job.node, job.kit)
    if path is None or steps is None:
        return None
    return _Made(From(path, steps), path)


def _const(job: _Job) -> _Made | None:
    before = len(job.kit.findings.problems)
    steps = compile_pipeline(job.node, job.kit)
    value = literal(job.key, steps.cast if steps else None, job.kit)
    return _Made(Const(value)) if len(job.kit.findings.problems) == before else None


def _expr(job: _Job) -> _Made | None:
    formula = job.kit.formula(job.key, job.level.base, job.level.siblings)
    steps = compile_pipeline(job.node, job.kit)
    if formula is None or steps is None:
        return None
    only = formula.paths[0][0] if len({str(path) for path, _ in formula.paths}) == 1 else None
    return _Made(Computed(formula, steps), only, frozenset(formula.siblings))


def _case(job: _Job) -> _Made | None:
    steps, findings = compile_pipeline(job.node, job.kit), job.kit.findings
    before = len(findings.problems)
    if not job.key.entries():
        findings.add(job.key.wrong("a list of {when, then} and at last {else}"))
    seen = dict[str, int]()
    arms = [arm for node in job.key.entries() if (arm := _arm(node, seen, job.level, job.kit)) is not None]
    if steps is None or any(problem.severity is Severity.ERROR for problem in findings.problems[before:]):
        return None
    needs = frozenset(name for arm in arms if arm.condition is not None for name in arm.condition.siblings)
    return _Made(Choice(tuple(arms), steps), None, needs)


def _arm(arm: Node, seen: dict[str, int], level: Level, kit: Kit) -> Arm | None:
    wanted = ("else",) if arm.get("else") is not None else ("when", "then")
    problems = arm.check_keys(wanted, "an arm with `else`" if len(wanted) == 1 else "an arm of `case`", wanted)
    if not arm.is_mapping:
        problems = list(arm.wrong("{when: ..., then: ...} or {else: ...}").problems)
    kit.findings.problems.extend(problems)
    if problems:
        return None
    text = str((arm.get("when") or arm).value) if len(wanted) > 1 else "else"
    before = seen.get("else") or seen.get(text)
    if before is not None:
        message = f"this arm is never reached: line {before} has already taken its records"
        kit.findings.warn("MAP-CASE-01", message, arm.place)
    seen.setdefault(text, arm.place.line or 0)
    if len(wanted) == 1:
        return Arm(None, literal(arm.get("else") or arm, None, kit))
    condition = kit.condition(arm.get("when") or arm, level.base, level.siblings)
    value = literal(arm.get("then") or arm, None, kit)
    return None if condition is None else Arm(condition, value)


def _fn(job: _Job) -> _Made | None:
    steps, name = compile_pipeline(job.node, job.kit), _name_of(job.key, job.kit)
    native = find(job.kit.natives, name, job.key.place, job.kit.findings) if name else None
    arguments = _arguments(job.node, native, job)
    if steps is None or native is None or arguments is None:
        return None
    needs = frozenset(name for formula in arguments.values() for name in formula.siblings)
    return _Made(Called(native, arguments, steps, job.key.place), None, needs)


def _name_of(node: Node, kit: Kit) -> str:
    try:
        return node.text()
    except BadYaml as error:
        kit.findings.add(error)
        return ""


def _arguments(node: Node, native: Native | None, job: _Job) -> dict[str, Formula] | None:
    """The formulas of `with:` by parameter; None with findings where the function does not take them."""
    given, kit, level = node.get("with"), job.kit, job.level
    if given is not None and not given.is_mapping:
        kit.findings.add(given.wrong("what each parameter is, such as {country: Account.BillingCountry}"))
        return None
    named = dict(given.items()) if given is not None else {}
    formulas = {name: kit.formula(argument, level.base, level.siblings) for name, argument in named.items()}
    for name, message, hint in native.complaints(named) if native is not None else ():
        place = given.key_place(name) if given is not None and name else node.place
        kit.findings.error("MAP-FN-01", message, place, hint)
    kinds = {parameter.name: parameter.kind for parameter in native.parameters} if native is not None else {}
    for name, formula in formulas.items():
        if formula is not None and not fits(kinds.get(name, ANY), formula.kind):
            message = f"{name} is {WORDS[kinds[name]]}, this is {WORDS[formula.kind]}"
            kit.findings.error("MAP-FORMULA-03", message, named[name].place, mend(kinds[name], formula.kind))
    return (
        {name: formula for name, formula in formulas.items() if formula is not None} if all(formulas.values()) else None
    )


def _each(job: _Job) -> _Made | None:
    node, level, kit = job.node, job.level, job.kit
    inner = node.get("fields")
    if inner is None:
        kit.findings.error("YAML-KEY-03", f"`each` of {job.name} needs `fields`", node.place)
    path = kit.path(job.key, level.base)
    if path is None or inner is None:
        return None
    base = path.names if path.start == "$" else level.base + path.names
    shape = Shape("object", level.shape.fields, level.shape.required) if level.shape.fields else ANYTHING
    key, when = node.get("key"), node.get("when")
    condition = kit.condition(when, base) if when is not None else None
    key_path = kit.path(key, base) if key is not None else None
    by = _grouping(node, base, kit)
    if by:
        kit.groups[base] = by
    block = compile_block(inner, Level(level.target, base, shape), kit)
    kit.groups.pop(base, None)
    return _Made(Each(job.name, path, block, condition, key_path, by, node.place), path)


def _grouping(node: Node, base: Names, kit: Kit) -> tuple[str, ...]:
    """The fields of `by:`; none where entries are not grouped."""
    by = node.get("by")
    if by is None:
        return ()
    if node.get("key") is not None:
        place = node.key_place("key")
        kit.findings.error("MAP-FIELD-03", "`key` does nothing beside `by`: the group is its key", place, "remove it")
    names = {entry.value: entry.place for entry in by.entries() if isinstance(entry.value, str) and entry.value.strip()}
    if not names or len(names) != len(by.entries()):
        kit.findings.add(by.wrong("a list of different fields to group by, such as [product, tax_code]"))
    kit.reads += [SourceRead((*base, name), place) for name, place in names.items()]
    return tuple(names)


def _fields(job: _Job) -> _Made | None:
    block = compile_block(job.key, Level(job.level.target, job.level.base, job.level.shape), job.kit)
    return _Made(Nested(job.name, block))


_MAKERS: Final[dict[str, Callable[[_Job], _Made | None]]] = {
    "from": _from,
    "const": _const,
    "expr": _expr,
    "case": _case,
    "fn": _fn,
    "each": _each,
    "fields": _fields,
}
