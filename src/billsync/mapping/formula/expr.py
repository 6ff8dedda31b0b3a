"""Formulas, compiled once to closures; the fields that one reads are known before the first record.  (pure)

A name is the value of another field of the same `fields:` where there is one, else a field of the record (inside
`each`: of the entry); `$.name` is always the record's.  Text is never a number by itself, division names its scale,
and there are no loops: a formula costs time in proportion to its length and its lists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.mapping.formula.foreign import unknown_function
from billsync.mapping.formula.functions import ANY, FUNCTIONS, TAKE, WORDS, Function, Parameter, mend
from billsync.mapping.formula.library import EXACT, bounded, comparable, equal
from billsync.mapping.formula.syntax import (
    BadFormula,
    Call,
    Chain,
    Compare,
    In,
    Literal,
    Name,
    Negative,
    Not,
    Tree,
    parse_formula,
)
from billsync.mapping.paths import Frame, Path, Read, reader
from billsync.mapping.tables import Table
from billsync.mapping.values import FAILED, MISSING, Wrong, kind_of
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean

_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A compiled formula.

    Attributes:
        run: computes it from a frame; raises `Wrong`.
        kind: of its value, as far as known before it runs, else `any`.
        paths: fields of the record that it reads, each with its place in the mapping.
        siblings: fields of the same `fields:` that it reads, each with its place in the mapping.
        inner: paths that lead into such a field, each with its place.
        tables: the tables that it looks up, by name.
        tree: the formula itself.
    """

    run: Read
    kind: str
    paths: tuple[tuple[Path, Place], ...]
    siblings: Mapping[str, Place]
    inner: tuple[tuple[Path, Place], ...]
    tables: Mapping[str, Table]
    tree: Tree

    @property
    def constant(self) -> bool:
        """Whether it reads nothing, so that it is the same for every record."""
        return not self.paths and not self.siblings


@dataclass(slots=True)
class Scope:
    """What the names in a formula may mean, and what its compilation finds.

    Attributes:
        place: 0-based position in the formula -> its place in the mapping file.
        siblings: names of the other fields of the same `fields:`.
    """

    place: Callable[[int], Place]
    tables: Mapping[str, Table] = field(default_factory=dict)
    siblings: Collection[str] = ()
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, code: str, message: str, offset: int, hint: str = "") -> None:
        """Note a problem at a position of the formula."""
        self.problems.append(Problem(code=code, message=message, hint=hint, place=self.place(offset)))


def compile_formula(source: str, scope: Scope) -> Formula | None:
    """The formula, or None where it cannot be used: then `scope.problems` says why, all of it."""
    before = len(scope.problems)
    try:
        tree = parse_formula(source)
    except BadFormula as error:
        scope.wrong(error.code, str(error), error.offset, error.hint)
        return None
    compiler = _Compiler(scope)
    run, kind = compiler.compile(tree)
    if len(scope.problems) > before:
        return None
    return Formula(run, kind, tuple(compiler.paths), compiler.siblings, tuple(compiler.inner), compiler.tables, tree)


Compiled = tuple[Read, str]


def _at(run: Read, place: Place, what: str = "") -> Read:
    """The closure with its place: what it raises says where in the mapping it came from."""

    def located(frame: Frame) -> Any:
        try:
            return run(frame)
        except Wrong as wrong:
            wrong.spot = wrong.spot or place
            raise
        except ArithmeticError:
            raise Wrong("MAP-VALUE-02", f"{what}the number has too many digits to be exact", spot=place) from None
        except (ValueError, OverflowError) as error:
            raise Wrong("MAP-VALUE-02", f"{what}{error}", getattr(error, "hint", ""), spot=place) from None

    return located


def _constant(value: Any) -> Read:
    return lambda _frame: value


class _Compiler:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.paths: list[tuple[Path, Place]] = []
        self.siblings: dict[str, Place] = {}
        self.inner: list[tuple[Path, Place]] = []
        self.tables: dict[str, Table] = {}

    def compile(self, tree: Tree) -> Compiled:
        match tree:
            case Literal(value=value):
                return _constant(value), kind_of(value)
            case Name():
                return self._name(tree)
            case Not(operand=operand):
                run = self._wanted(operand, "boolean", "NOT")
                return (lambda frame: not run(frame)), "boolean"
            case Negative(operand=operand):
                run = self._wanted(operand, "number", "-")
                return (lambda frame: EXACT.minus(run(frame))), "number"
            case Chain():
                return self._chain(tree)
            case Compare():
                return self._compare(tree)
            case In():
                return self._in(tree)
            case Call():
                return self._call(tree)

    # ------------------------------------------------------------ names

    def _name(self, tree: Name) -> Compiled:
        path = tree.path
        head = path.steps[0] if path.steps else ""
        if not path.start and head in self.scope.siblings and isinstance(head, str):
            place = self.scope.place(tree.offset)
            self.siblings.setdefault(head, place)
            if len(path.steps) > 1:
                self.inner.append((path, place))
            return _sibling(head, path.steps[1:]), ANY
        place = self.scope.place(tree.offset)
        self.paths.append((path, place))
        return _at(reader(path), place), ANY

    # ------------------------------------------------------------ operators

    def _wanted(self, tree: Tree, kind: str, what: str) -> Read:
        """The operand, read as the kind that the operator works on."""
        run, known = self.compile(tree)
        self._check_kind(tree, kind, known, what)
        take = TAKE[kind]
        return _at(lambda frame: take(run(frame)), self.scope.place(tree.offset), f"`{what}`: ")

    def _check_kind(self, tree: Tree, wanted: str, known: str, what: str) -> None:
        if not fits(wanted, known):
            message = f"{what} works on {WORDS[wanted]}, this is {WORDS[known]}"
            self.scope.wrong("MAP-FORMULA-03", message, tree.offset, mend(wanted, known))

    def _chain(self, tree: Chain) -> Compiled:
        kind = {"OR": "boolean", "AND": "boolean", "&": "text"}.get(tree.family, "number")
        # A wrong operand is told with the sign that stands before it: `+` and `-` share a chain.
        signs = (tree.signs[0], *tree.signs)
        runs = [self._wanted(operand, kind, sign) for operand, sign in zip(tree.operands, signs, strict=True)]
        place = self.scope.place(tree.offset)
        match tree.family:
            case "OR":
                return (lambda frame: any(run(frame) for run in runs)), "boolean"
            case "AND":
                return (lambda frame: all(run(frame) for run in runs)), "boolean"
            case "&":
                return _at(lambda frame: bounded("".join([run(frame) for run in runs])), place), "text"
            case _:
                return _at(_arithmetic(runs, tree.signs), place), "number"

    def _compare(self, tree: Compare) -> Compiled:
        (left, known), (right, other) = self.compile(tree.left), self.compile(tree.right)
        place, sign = self.scope.place(tree.offset), tree.sign
        if sign in {"=", "<>"}:
            self._check_equal(tree, known, other)
            same = sign == "="
            return _at(lambda frame: equal(left(frame), right(frame)) is same, place, f"`{sign}`: "), "boolean"
        for operand, kind in ((tree.left, known), (tree.right, other)):
            if kind in {"text", "boolean", "null"}:
                hint = "use VALUE(...) for numbers, DATE(...) for dates" if kind == "text" else ""
                message = f"{sign} works on numbers and dates, this is {WORDS[kind]}"
                self.scope.wrong("MAP-FORMULA-03", message, operand.offset, hint)
        order = _ORDER[sign]

        def compare(frame: Frame) -> bool:
            a, b = left(frame), right(frame)
            return order(comparable(a, b), comparable(b, a))

        return _at(compare, place, f"`{sign}`: "), "boolean"

    def _check_equal(self, tree: Compare | In, known: str, other: str) -> None:
        if known != other and not {known, other} & {ANY, "null"}:
            message = f"{WORDS[known]} is never equal to {WORDS[other]}"
            self.scope.wrong("MAP-FORMULA-03", message, tree.offset, mend(known, other))

    def _in(self, tree: In) -> Compiled:
        operand, known = self.compile(tree.operand)
        options = []
        for option in tree.options:
            run, kind = self.compile(option)
            self._check_equal(tree, known, kind)
            options.append(run)
        if not options:
            self.scope.wrong("MAP-FORMULA-01", "IN () can never be true", tree.offset, "list at least one value")
        wanted = not tree.negated

        def contains(frame: Frame) -> bool:
            value = operand(frame)
            return any(equal(value, option(frame)) for option in options) is wanted

        return _at(contains, self.scope.place(tree.offset), "`IN`: "), "boolean"

    # ------------------------------------------------------------ calls

    def _call(self, tree: Call) -> Compiled:
        function = FUNCTIONS.get(tree.name)
        if function is None:
            hint = unknown_function(tree.name)
            self.scope.wrong("MAP-FORMULA-02", f"there is no function {show(tree.name)}", tree.offset, hint)
            for argument in tree.arguments:
                self.compile(argument)
            return _constant(None), ANY
        runs = [self._argument(function, index, argument) for index, argument in enumerate(tree.arguments)]
        if not function.fewest <= len(runs) or function.parameter(len(runs) - 1 if runs else 0) is None:
            message = f"{function.name} does not take {len(runs)} {'value' if len(runs) == 1 else 'values'}"
            self.scope.wrong("MAP-FORMULA-02", message, tree.offset, f"it is {function.signature}")
        run = _lazy(function, runs) if function.lazy else _eager(function, runs)
        return _at(run, self.scope.place(tree.offset), f"{function.name}: "), function.result

    def _argument(self, function: Function, index: int, tree: Tree) -> Read:
        parameter = function.parameter(index) or Parameter("", ANY)
        if parameter.kind == "table":
            return self._table(tree)
        run, known = self.compile(tree)
        self._check_kind(tree, parameter.kind, known, function.name)
        if parameter.kind == ANY:
            return run
        take = TAKE[parameter.kind]
        return _at(lambda frame: take(run(frame)), self.scope.place(tree.offset), f"{function.name}: ")

    def _table(self, tree: Tree) -> Read:
        name = table_name(tree)
        table = self.scope.tables.get(name)
        if table is None:
            hint = did_you_mean(name, self.scope.tables) or "define it under tables:"
            self.scope.wrong("MAP-TABLE-01", f"there is no table {show(name)}", tree.offset, hint)
            return _constant(None)
        self.tables[name] = table
        return _constant(table)


def fits(wanted: str, known: str) -> bool:
    """Whether a value of one kind may stand where another is wanted, as far as it is known before the first record."""
    return known == wanted or ANY in {known, wanted} or wanted == "list" or (wanted == "text" and known == "null")


def table_name(tree: Tree) -> str:
    """The table that an argument names, as a word or as text; "" where it is neither."""
    if isinstance(tree, Name) and not tree.path.start and len(tree.path.steps) == 1:
        return str(tree.path.steps[0])
    return tree.value if isinstance(tree, Literal) and isinstance(tree.value, str) else ""


def _sibling(name: str, steps: Sequence[str | int]) -> Read:
    inner = reader(Path("@", tuple(steps))) if steps else None

    def read(frame: Frame) -> Any:
        value = frame.out.get(name, MISSING)
        if value is FAILED:
            raise Wrong("", f"the field {name} has a problem of its own")
        if inner is None:
            return value
        return inner(Frame(value, frame.root, {}, frame.source, frame.target, frame.run))

    return read


def _arithmetic(runs: Sequence[Read], signs: Sequence[str]) -> Read:
    first, work = runs[0], {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply}
    rest = [(work[sign], run) for sign, run in zip(signs, runs[1:], strict=True)]

    def compute(frame: Frame) -> Any:
        total = first(frame)
        for operation, run in rest:
            total = operation(total, run(frame))
        return total

    return compute


def _lazy(function: Function, runs: Sequence[Read]) -> Read:
    call = function.call
    return lambda frame: call(*[(lambda run=run: run(frame)) for run in runs])


def _eager(function: Function, runs: Sequence[Read]) -> Read:
    call = function.call
    return lambda frame: call(*[run(frame) for run in runs])
