"""A mapping as Python source: one function from a record to a document, at the speed of code written by hand.  (pure)

The function takes the plain road only.  At the first oddity it raises, and the closures of the same recipes work the
record again: they collect every fault with its place (see `apply`).  Nothing of a mapping file reaches the source but
text literals and numbered names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from billsync.mapping.casts import table_key
from billsync.mapping.emit_formula import Here, Writer, clean_code, condition_code, formula_code, path_code
from billsync.mapping.expr import Formula
from billsync.mapping.paths import Path, step
from billsync.mapping.pipeline import Pipeline
from billsync.mapping.recipe import Block, Choice, Computed, Const, Each, From, Nested, Recipe, Rule
from billsync.mapping.run import Resolve, key_text
from billsync.mapping.tables import Table
from billsync.mapping.values import MISSING, as_list, is_blank, written
from billsync.model.base import canonical_json

References = dict[tuple[str, str], None]
Fast = Callable[[Any, Resolve, References], tuple[str, dict[str, Any]] | None]
"""(record, resolve, references found) -> key and document, None where `when` is false.  Raises anything."""


class Odd(Exception):
    """The record needs a closer look."""


def _never(_data: Any, _resolve: Resolve, _refs: References) -> None:
    raise Odd


def _key(value: Any, seen: Collection[str] = ()) -> str:
    text = key_text(value, "")
    if text in seen:
        raise Odd
    return text


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


_SHARED: Final[dict[str, Any]] = {
    "Odd": Odd,
    "key": _key,
    "refer": _refer,
    "symbol": _symbol,
    "group": _group,
    "as_list": as_list,
    "blank": is_blank,
    "written": written,
}


@dataclass(frozen=True, slots=True)
class Made:
    """A value in the source: its expression, and whether it can be missing."""

    code: str
    missing: bool = True


def source_of(when: Formula | None, key: Path, block: Block) -> tuple[str, dict[str, Any]]:
    """The source of the function `fast`, and the values that its names stand for."""
    writer = Writer()
    writer.names.update(_SHARED)
    writer.line("if type(r) is not dict: raise Odd")
    if when is not None:
        writer.line(f"if not {condition_code(when, Here(), writer)}: return None")
    writer.line(f"k = key({clean_code(path_code(key, Here(), writer), writer)})")
    document = _block(block, "r", writer)
    writer.line(f"return k, {document}")
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


# ---------------------------------------------------------------- fields


def _block(block: Block, at: str, writer: Writer) -> str:
    """Lines that make the object of a `fields:`; gives its variable."""
    made: dict[str, str] = {}
    missing: dict[str, bool] = {}
    for rule in block.rules:
        value = _rule(rule, Here(at, made), writer)
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


# ---------------------------------------------------------------- the pipeline


def _carried(code: str, pipeline: Pipeline, writer: Writer) -> Made:
    """The value through default, lookup, type and reference."""
    value, default = writer.fresh(), writer.const(pipeline.default)
    test = f"({value} := {code}) is M or {value} is None or type({value}) is str and (not {value} or {value}.isspace())"
    found = value
    if pipeline.table is not None:
        found, also = _looked_up(pipeline, pipeline.table, value, default, writer)
        test += also
    if pipeline.cast is not None:
        found = _cast(pipeline, found, writer)
    elif pipeline.ref:
        rest = "refs" if pipeline.outbound else "resolve, refs"
        found = f"{'symbol' if pipeline.outbound else 'refer'}({pipeline.ref!r}, {found}, {rest})"
    return Made(f"({default} if {test} else {found})", missing=pipeline.default is MISSING)


def _looked_up(pipeline: Pipeline, table: Table, value: str, default: str, writer: Writer) -> tuple[str, str]:
    """What the table has, and what more there is to test before the value counts."""
    entries = writer.const(table.entries)
    key = f"({value} if type({value}) is str else table_key({value}))"
    found = {"keep": f"{entries}.get({key}, {value})", "default": f"{entries}.get({key}, {default})"}.get(
        pipeline.on_miss, f"{entries}[{key}]"
    )
    if pipeline.on_miss != "default" and not any(is_blank(entry) for entry in table.entries.values()):
        return found, ""
    result = writer.fresh()
    return result, f" or blank({result} := {found}) or {result} is {default}"


def _cast(pipeline: Pipeline, code: str, writer: Writer) -> str:
    if pipeline.cast is not written:
        return f"{writer.const(pipeline.cast)}({code})"
    value = writer.fresh()
    return f"({value} if type({value} := {code}) is str else written({value}))"


# ---------------------------------------------------------------- lists


def _each(each: Each, here: Here, writer: Writer) -> str:
    """Lines that make the list of an `each`; gives its variable."""
    result, entry, found = writer.fresh("x"), writer.fresh("h"), writer.fresh()
    over = clean_code(path_code(each.source, here, writer), writer)
    entries = f"{found} if type({found} := {over}) is list else as_list({found})"
    writer.line(f"{result} = []")
    if each.by:
        entries = _grouped(each, entries, writer)
    elif each.key is not None:
        seen = writer.fresh("s")
        writer.line(f"{seen} = set()")
    writer.line(f"for {entry} in {entries}:")
    writer.indent += 1
    if not each.by:
        _unless_counted(each, entry, writer)
        if each.key is not None:
            key = clean_code(path_code(each.key, Here(entry), writer), writer)
            writer.line(f"{seen}.add(key({key}, {seen}))")
    writer.line(f"{result}.append({_block(each.block, entry, writer)})")
    writer.indent -= 1
    return result


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
