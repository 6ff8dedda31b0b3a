"""A mapping as Python source: one function from a record to a document, at the speed of code written by hand.  (pure)

The function takes the plain road only.  At the first oddity it raises, and the closures of the same recipes work the
record again: they collect every fault with its place (see `apply`).  Nothing of a mapping file reaches the source but
text literals and numbered names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from billsync.mapping.casts import table_key
from billsync.mapping.formula.emit import Here, Writer, condition_code, formula_code, path_code
from billsync.mapping.formula.expr import Formula
from billsync.mapping.paths import Path, step
from billsync.mapping.pipeline import Pipeline
from billsync.mapping.recipe import Block, Called, Choice, Computed, Const, Each, From, Nested, Recipe, Rule
from billsync.mapping.run import Resolve, key_text
from billsync.mapping.tables import Asked
from billsync.mapping.values import MISSING, as_list, is_blank
from billsync.model.base import canonical_json

References = dict[tuple[str, str], None]
Fast = Callable[[Any, Resolve, References], tuple[str, dict[str, Any]] | None]
"""(record, resolve, references found) -> key and document, None where `when` is false.  Raises anything."""


class Odd(Exception):
    """The record needs a closer look."""


def _never(_data: Any, _resolve: Resolve, _refs: References) -> None:
    raise Odd


def _key(value: Any) -> str:
    return key_text(value, "")


def _listed(value: Any) -> list[Any]:
    return as_list("" if isinstance(value, str) and value.isspace() else value)


def _refer(name: str, value: Any, resolve: Resolve, refs: References) -> str:
    id = table_key(value)
    refs[name, id] = None
    ours = resolve(name, id)
    if ours is None:
        raise Odd
    return ours


def _symbol(name: str, value: Any, refs: References) -> dict[str, str]:
    id = table_key(value)
    refs[name, id] = None
    return {"$ref": f"{name}/{id}"}


def _group(groups: dict[str, dict[str, Any]], entry: Any, by: tuple[str, ...]) -> None:
    shared = {name: value for name in by if (value := step(entry, name)) is not MISSING}
    groups.setdefault(canonical_json(shared), {**shared, "entries": []})["entries"].append(entry)


def _told(answer: str | None) -> str:
    if answer is None:
        raise Odd
    return answer


def _known(answer: str | None, value: Any) -> Any:
    return value if answer is None else answer


SHARED: Final[dict[str, Any]] = {
    "Odd": Odd,
    "key": _key,
    "refer": _refer,
    "symbol": _symbol,
    "group": _group,
    "told": _told,
    "known": _known,
    "listed": _listed,
}
"""What the source of a mapping may call, beside what formulas may."""


@dataclass(frozen=True, slots=True)
class Made:
    """A value in the source: its expression, and whether it can be missing."""

    code: str
    missing: bool = True


def source_of(when: Formula | None, key: Path, block: Block) -> tuple[str, dict[str, Any]]:
    """The source of the function `fast`, and the values that its names stand for."""
    writer = Writer()
    writer.names.update(SHARED)
    writer.line("if type(r) is not dict: raise Odd")
    if when is not None:
        writer.line(f"if not {condition_code(when, Here(), writer)}: return None")
    writer.line(f"key_ = {_key_code(key, 'r', writer)}")
    document = _block(block, "r", writer)
    writer.line(f"return key_, {document}")
    return "\n".join(["def fast(r, resolve, refs):", *writer.lines, ""]), writer.names


def compile_fast(when: Formula | None, key: Path, block: Block) -> Fast:
    """The function; one that gives every record back where Python finds the source nested too deep."""
    source, names = source_of(when, key, block)
    try:
        exec(compile(source, "<mapping>", "exec"), names)  # noqa: S102  source of our own, made of numbered names
    except (SyntaxError, RecursionError, MemoryError):
        return _never
    fast: Fast = names["fast"]
    return fast


def _key_code(key: Path, at: str, writer: Writer) -> str:
    value = writer.fresh()
    code = path_code(key, Here(at), writer)
    return f"{value} if type({value} := {code}) is str and {value} and not {value}.isspace() else key({value})"


# ---------------------------------------------------------------- fields


def _block(block: Block, at: str, writer: Writer) -> str:
    """Lines that make the object of a `fields:`; gives its variable."""
    made: dict[str, str] = {}
    missing: dict[str, bool] = {}
    here = Here(at, made, _parents(block, at, writer))
    needed = frozenset(name for rule in block.rules for name in rule.needs)
    for rule in block.rules:
        value = _rule(rule if rule.name in needed else _lean(rule), here, writer)
        made[rule.name], missing[rule.name] = writer.fresh("x"), value.missing
        writer.line(f"{made[rule.name]} = {value.code}")
    names = [name for name in block.names if name in made]
    sure = next((index for index, name in enumerate(names) if missing[name]), len(names))
    result = writer.fresh("d")
    writer.line(f"{result} = {{{', '.join(f'{name!r}: {made[name]}' for name in names[:sure])}}}")
    for name in names[sure:]:
        unless = f"if {made[name]} is not M: " if missing[name] else ""
        writer.line(f"{unless}{result}[{name!r}] = {made[name]}")
    return result


def _parents(block: Block, at: str, writer: Writer) -> Mapping[str, str]:
    """Lines that read what several paths lead through, once: `Account` of `Account.Name` and `Account.VatId__c`."""
    if at not in writer.objects:
        return {}
    heads = Counter(path.steps[0] for path in _paths(block) if len(path.steps) > 1 and path.start != "$")
    parents = {head: writer.fresh("p") for head, count in heads.items() if count > 1 and isinstance(head, str)}
    for head, variable in parents.items():
        writer.line(f"{variable} = {at}.get({head!r}, M)")
    return parents


def _paths(block: Block) -> Iterator[Path]:
    """The paths that the rules read from where the block stands."""
    return (path for rule in block.rules for path in rule.paths)


def _lean(rule: Rule) -> Rule:
    """The rule without a type that the document's own validation gives the value as well."""
    recipe = rule.recipe
    if isinstance(recipe, From) and rule.reader is not None and recipe.pipeline.cast is rule.reader:
        return replace(rule, recipe=replace(recipe, pipeline=replace(recipe.pipeline, cast=None)))
    return rule


def _rule(rule: Rule, here: Here, writer: Writer) -> Made:
    if rule.when is None:
        return _recipe(rule.recipe, here, writer)
    condition = condition_code(rule.when, here, writer)
    if not isinstance(rule.recipe, Nested | Each):
        return Made(f"({_recipe(rule.recipe, here, writer).code} if {condition} else M)")
    result = writer.fresh("x")
    writer.line(f"{result} = M")
    writer.line(f"if {condition}:")
    writer.indent += 1
    writer.line(f"{result} = {_recipe(rule.recipe, here, writer).code}")
    writer.indent -= 1
    return Made(result)


def _recipe(recipe: Recipe, here: Here, writer: Writer) -> Made:
    match recipe:
        case Const(value=value):
            return Made(writer.const(value), missing=value is MISSING)
        case From(path=path, pipeline=pipeline):
            return _carried(path_code(path, here, writer), pipeline, writer)
        case Computed(formula=formula, pipeline=pipeline):
            return _carried(formula_code(formula, here, writer), pipeline, writer)
        case Choice():
            return _carried(_choice(recipe, here, writer), recipe.pipeline, writer)
        case Called():
            return _carried(_call(recipe, here, writer), recipe.pipeline, writer)
        case Nested(block=block):
            return Made(f"{_block(block, here.at, writer)} or M")
        case Each():
            return Made(_each(recipe, here, writer), missing=False)


def _choice(choice: Choice, here: Here, writer: Writer) -> str:
    code = "M"
    for arm in reversed(choice.arms):
        value = writer.const(arm.value)
        code = (
            value if arm.condition is None else f"{value} if {condition_code(arm.condition, here, writer)} else {code}"
        )
    return f"({code})"


def _call(called: Called, here: Here, writer: Writer) -> str:
    arguments = (f"{name!r}: {formula_code(each, here, writer)}" for name, each in called.arguments.items())
    return f"{writer.named(called.native.run)}({{{', '.join(arguments)}}})"


# ---------------------------------------------------------------- the pipeline


def _carried(code: str, pipeline: Pipeline, writer: Writer) -> Made:
    """The value through default, lookup, type and reference; text, the common case, first."""
    value, default = writer.fresh(), writer.const(pipeline.default)
    text = _steps(value, value, default, pipeline, writer)
    other = _steps(value, f"table_key({value})", default, pipeline, writer) if pipeline.table is not None else text
    return Made(
        f"({text} if type({value} := {code}) is str and {value} and not {value}.isspace() "
        f"else {default} if {value} is M or {value} is None or type({value}) is str else {other})",
        missing=pipeline.default is MISSING,
    )


def _steps(value: str, key: str, default: str, pipeline: Pipeline, writer: Writer) -> str:
    """The steps that a value takes which is not blank; `key` is its text, for the table."""
    if pipeline.table is None:
        return _typed(value, pipeline, writer)
    if isinstance(pipeline.table, Asked):
        return _asked(value, key, default, pipeline.table, pipeline, writer)
    entries, table = writer.const(pipeline.table.entries), pipeline.table
    found = {"keep": f"{entries}.get({key}, {value})", "default": f"{entries}.get({key}, {default})"}.get(
        pipeline.on_miss, f"{entries}[{key}]"
    )
    if pipeline.on_miss != "default" and not any(is_blank(entry) for entry in table.entries.values()):
        return _typed(found, pipeline, writer)
    result = writer.fresh()
    rest = _typed(result, pipeline, writer)
    return f"({default} if blank({result} := {found}) or {result} is {writer.named(pipeline.default)} else {rest})"


def _asked(value: str, key: str, default: str, asked: Asked, pipeline: Pipeline, writer: Writer) -> str:
    """What the run answers for the key; what it does not know is left to the closures, unless the mapping says what."""
    answer, result = f"resolve({asked.name!r}, {key})", writer.fresh()
    code = {"keep": f"known({answer}, {value})", "default": answer}.get(pipeline.on_miss, f"told({answer})")
    rest = _typed(result, pipeline, writer)
    return f"({default} if blank({result} := {code}) or {result} is {writer.named(pipeline.default)} else {rest})"


def _typed(code: str, pipeline: Pipeline, writer: Writer) -> str:
    if pipeline.cast is not None:
        return f"{writer.const(pipeline.cast)}({code})"
    if pipeline.ref:
        rest = "refs" if pipeline.outbound else "resolve, refs"
        return f"{'symbol' if pipeline.outbound else 'refer'}({pipeline.ref!r}, {code}, {rest})"
    return code


# ---------------------------------------------------------------- lists


def _each(each: Each, here: Here, writer: Writer) -> str:
    """Lines that make the list of an `each`; gives its variable."""
    result, entry = writer.fresh("x"), writer.fresh("h")
    entries = _entries(each, here, writer)
    seen = writer.fresh("s") if each.key is not None and not each.by else ""
    writer.line(f"{result} = []")
    if seen:
        writer.line(f"{seen} = set()")
    writer.line(f"for {entry} in {_grouped(each, entries, writer) if each.by else entries}:")
    writer.indent += 1
    if any(path.start != "$" and path.steps for path in _paths(each.block)):
        writer.line(f"if type({entry}) is not dict: raise Odd")
        writer.objects.add(entry)
    if not each.by:
        _unless_counted(each, entry, writer)
    if seen and each.key is not None:
        writer.line(f"k = {_key_code(each.key, entry, writer)}")
        writer.line(f"if k in {seen}: raise Odd")
        writer.line(f"{seen}.add(k)")
    writer.line(f"{result}.append({_block(each.block, entry, writer)})")
    writer.indent -= 1
    return result


def _entries(each: Each, here: Here, writer: Writer) -> str:
    code = path_code(each.source, here, writer)
    if code in writer.objects:  # an object is a list of one
        return f"({code},)"
    found = writer.fresh()
    return f"{found} if type({found} := {code}) is list else listed({found})"


def _unless_counted(each: Each, entry: str, writer: Writer) -> None:
    if each.when is not None:
        writer.line(f"if not {condition_code(each.when, Here(entry), writer)}: continue")


def _grouped(each: Each, entries: str, writer: Writer) -> str:
    """Lines that gather entries that are equal in the fields of `by`; gives the expression of the groups."""
    groups, entry = writer.fresh("g"), writer.fresh("h")
    writer.line(f"{groups} = {{}}")
    writer.line(f"for {entry} in {entries}:")
    writer.indent += 1
    _unless_counted(each, entry, writer)
    writer.line(f"group({groups}, {entry}, {writer.const(each.by)})")
    writer.indent -= 1
    return f"{groups}.values()"
