"""A formula as a Python expression that gives what its closure gives, or raises.  (pure)

Where the expression raises, the closure may still have a value: it is asked then, and it says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.mapping.casts import table_key
from billsync.mapping.formula.expr import Formula, table_name
from billsync.mapping.formula.functions import ANY, FUNCTIONS, TAKE, Function
from billsync.mapping.formula.library import EXACT, bounded, comparable, equal
from billsync.mapping.formula.syntax import Call, Chain, Compare, In, Literal, Name, Negative, Not, Tree
from billsync.mapping.paths import Path, step
from billsync.mapping.tables import Table
from billsync.mapping.values import MISSING, is_blank, kind_of

SHARED: Final[dict[str, Any]] = {
    "M": MISSING,
    "blank": is_blank,
    "step": step,
    "equal": equal,
    "comparable": comparable,
    "bounded": bounded,
    "table_key": table_key,
    "minus": EXACT.minus,
    "add": EXACT.add,
    "subtract": EXACT.subtract,
    "multiply": EXACT.multiply,
    **{f"take_{kind}": take for kind, take in TAKE.items()},
}
"""What every piece of generated source may call."""

_WORK: Final = {"+": "add", "-": "subtract", "*": "multiply"}


@dataclass(slots=True)
class Writer:
    """Source that grows line by line, with the values that it names.

    Attributes:
        names: name in the source -> value.
        objects: variables that are known to hold an object.
    """

    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=lambda: dict(SHARED))
    objects: set[str] = field(default_factory=lambda: {"r"})
    indent: int = 1
    _count: int = 0

    def line(self, text: str) -> None:
        """Add a line at the depth reached."""
        self.lines.append("    " * self.indent + text)

    def fresh(self, prefix: str = "t") -> str:
        """A variable that nothing else uses."""
        self._count += 1
        return f"{prefix}{self._count}"

    def const(self, value: Any) -> str:
        """The value as it may stand in the source: plain text and truth as themselves, all else by a name."""
        if value is None or value is True or value is False or type(value) is str:
            return repr(value)
        return "M" if value is MISSING else self.named(value)

    def named(self, value: Any) -> str:
        """The value by a name, whatever it is."""
        name = self.fresh("c")
        self.names[name] = value
        return name


@dataclass(frozen=True, slots=True)
class Here:
    """Where the source stands in a record.

    Attributes:
        at: variable of the record, or of the entry of an `each`.
        made: fields of the same `fields:` that are made by now -> their variable.
        parents: fields of `at` that were read beforehand, since several paths lead through them -> their variable.
    """

    at: str = "r"
    made: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)


def path_code(path: Path, here: Here, writer: Writer) -> str:
    """What reads a path; blank text is not yet made empty."""
    code, steps = here.at, path.steps
    if path.start == "$":
        code = "r"
    elif len(steps) > 1 and steps[0] in here.parents:
        code, steps = here.parents[str(steps[0])], steps[1:]
    for name in steps:
        code = _step_code(code, name, writer)
    return code


def _step_code(code: str, name: str | int, writer: Writer) -> str:
    if isinstance(name, int):
        return f"step({code}, {name})"
    if code in writer.objects:
        return f"{code}.get({name!r}, M)"
    if code.isidentifier():
        return f"({code}.get({name!r}, M) if type({code}) is dict else step({code}, {name!r}))"
    value = writer.fresh()
    return f"({value}.get({name!r}, M) if type({value} := {code}) is dict else step({value}, {name!r}))"


def clean_code(code: str, writer: Writer) -> str:
    """The value, with blank text as empty text."""
    value = writer.fresh()
    return f"('' if type({value} := {code}) is str and {value}.isspace() else {value})"


def formula_code(formula: Formula, here: Here, writer: Writer) -> str:
    """The formula's value."""
    return _Emitter(formula, here, writer).code(formula.tree)[0]


def condition_code(formula: Formula, here: Here, writer: Writer) -> str:
    """TRUE or FALSE; raises for anything else."""
    return _Emitter(formula, here, writer).taken(formula.tree, "boolean")


Emitted = tuple[str, str]
"""The expression, and the kind of its value as far as it is known."""


class _Emitter:
    def __init__(self, formula: Formula, here: Here, writer: Writer) -> None:
        self.formula = formula
        self.here = here
        self.writer = writer

    def code(self, tree: Tree) -> Emitted:
        match tree:
            case Literal(value=value):
                return self.writer.const(value), kind_of(value)
            case Name(path=path):
                return self._name(path), ANY
            case Not(operand=operand):
                return f"(not {self.taken(operand, 'boolean')})", "boolean"
            case Negative(operand=operand):
                return f"minus({self.taken(operand, 'number')})", "number"
            case Chain():
                return self._chain(tree)
            case Compare():
                return self._compare(tree), "boolean"
            case In():
                return self._in(tree), "boolean"
            case Call():
                return self._call(tree)

    def taken(self, tree: Tree, kind: str) -> str:
        """The value, read as a kind."""
        code, known = self.code(tree)
        return code if kind in (known, ANY) else f"take_{kind}({code})"

    def is_sibling(self, path: Path) -> bool:
        """Whether the path begins at another field of the same `fields:`."""
        return not path.start and bool(path.steps) and path.steps[0] in self.formula.siblings

    def _name(self, path: Path) -> str:
        if not self.is_sibling(path):
            return clean_code(path_code(path, self.here, self.writer), self.writer)
        sibling = self.here.made.get(str(path.steps[0]), "M")
        if len(path.steps) == 1:
            return sibling
        rest = path_code(Path("", path.steps[1:]), Here(sibling), self.writer)
        return clean_code(rest, self.writer)

    def _chain(self, tree: Chain) -> Emitted:
        kind = {"OR": "boolean", "AND": "boolean", "&": "text"}.get(tree.family, "number")
        codes = [self.taken(operand, kind) for operand in tree.operands]
        if kind == "boolean":
            return f"({f' {tree.family.lower()} '.join(codes)})", kind
        if kind == "text":
            return f"bounded(''.join(({', '.join(codes)})))", kind
        total = codes[0]
        for sign, code in zip(tree.signs, codes[1:], strict=True):
            total = f"{_WORK[sign]}({total}, {code})"
        return total, kind

    def _compare(self, tree: Compare) -> str:
        left, right = self.code(tree.left)[0], self.code(tree.right)[0]
        if tree.sign in {"=", "<>"}:
            same = self._equal(left, tree.right, right)
            return same if tree.sign == "=" else f"(not {same})"
        a, b = self.writer.fresh(), self.writer.fresh()
        return f"(comparable({a} := {left}, {b} := {right}) {tree.sign} comparable({b}, {a}))"

    def _equal(self, left: str, other: Tree, right: str) -> str:
        """Text against text in the formula needs no look at kinds."""
        if not (isinstance(other, Literal) and isinstance(other.value, str)):
            return f"equal({left}, {right})"
        value = self.writer.fresh()
        return f"({value} == {right} if type({value} := {left}) is str else equal({value}, {right}))"

    def _in(self, tree: In) -> str:
        operand, value = self.code(tree.operand)[0], self.writer.fresh()
        texts = [option.value for option in tree.options if isinstance(option, Literal) and type(option.value) is str]
        if len(texts) == len(tree.options):
            known = self.writer.const(frozenset(texts))
            first = self.writer.const(texts[0])
            found = f"({value} in {known} if type({value} := {operand}) is str else equal({value}, {first}))"
        else:
            options = [self.code(option)[0] for option in tree.options]
            found = f"(equal({value} := {operand}, {options[0]})"
            found += "".join(f" or equal({value}, {option})" for option in options[1:]) + ")"
        return f"(not {found})" if tree.negated else found

    # ------------------------------------------------------------ calls

    def _call(self, tree: Call) -> Emitted:
        function, special = FUNCTIONS[tree.name], _SPECIAL.get(tree.name)
        if special is not None:
            return special(self, tree), function.result
        name = f"f_{tree.name}"
        self.writer.names[name] = function.call
        arguments = [self._argument(function, index, tree) for index in range(len(tree.arguments))]
        return f"{name}({', '.join(arguments)})", function.result

    def _argument(self, function: Function, index: int, tree: Call) -> str:
        parameter, argument = function.parameter(index), tree.arguments[index]
        kind = parameter.kind if parameter is not None else ANY
        code = self.writer.const(self.table(argument)) if kind == "table" else self.taken(argument, kind)
        return f"lambda: {code}" if function.lazy else code

    def table(self, tree: Tree) -> Table:
        """The table that an argument names."""
        return self.formula.tables[table_name(tree)]


def _if(emitter: _Emitter, tree: Call) -> str:
    condition = emitter.taken(tree.arguments[0], "boolean")
    then = emitter.code(tree.arguments[1])[0]
    other = emitter.code(tree.arguments[2])[0] if len(tree.arguments) > 2 else "None"
    return f"({then} if {condition} else {other})"


def _blank(emitter: _Emitter, tree: Call) -> str:
    argument = tree.arguments[0]
    if isinstance(argument, Name) and not emitter.is_sibling(argument.path):
        return f"blank({path_code(argument.path, emitter.here, emitter.writer)})"
    return f"blank({emitter.code(argument)[0]})"


def _joined(word: str) -> Callable[[_Emitter, Call], str]:
    return lambda emitter, tree: f"({word.join(emitter.taken(each, 'boolean') for each in tree.arguments)})"


def _lookup(emitter: _Emitter, tree: Call) -> str:
    entries = emitter.writer.const(emitter.table(tree.arguments[0]).entries)
    value, key = emitter.writer.fresh(), emitter.code(tree.arguments[1])[0]
    key = f"({value} if type({value} := {key}) is str else table_key({value}))"
    if len(tree.arguments) < 3:
        return f"{entries}[{key}]"
    found, other = emitter.writer.fresh(), emitter.code(tree.arguments[2])[0]
    return f"({entries}[{found}] if ({found} := {key}) in {entries} else {other})"


_SPECIAL: Final[dict[str, Callable[[_Emitter, Call], str]]] = {
    "IF": _if,
    "AND": _joined(" and "),
    "OR": _joined(" or "),
    "LOOKUP": _lookup,
    "BLANK": _blank,
}
"""What Python does as well as the function itself."""
