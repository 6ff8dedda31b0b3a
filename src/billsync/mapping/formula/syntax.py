"""The formula language's grammar: text -> tokens -> a tree.  (pure)

    formula    = or ;  or = and { "OR" and } ;  and = not { "AND" not } ;  not = "NOT" not | comparison
    comparison = joined [ ("=" | "<>" | "<" | "<=" | ">" | ">=") joined | ["NOT"] "IN" "(" formula {"," formula} ")" ]
    joined     = sum { "&" sum } ;  sum = product { ("+" | "-") product } ;  product = sign { "*" sign }
    sign       = "-" sign | literal | path | NAME "(" [ formula { "," formula } ] ")" | "(" formula ")"

Words of the language are written in capitals.  There is no `/`: `DIV(a, b, scale)` names its scale.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from billsync.mapping.paths import Path
from billsync.model.scalar import read_decimal, show

MAX_SOURCE: Final = 2_000
MAX_DEPTH: Final = 32

_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+)
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<name>[$@]|`[^`]+`|[^\W\d]\w*)
      | (?P<index>\[[0-9]{1,6}\])
      | (?P<symbol><>|<=|>=|[=<>+\-*&(),.])""",
    re.VERBOSE,
)
_WORDS: Final = frozenset({"AND", "OR", "NOT", "IN", "TRUE", "FALSE", "NULL"})
_LITERALS: Final[dict[str, bool | None]] = {"TRUE": True, "FALSE": False, "NULL": None}
_COMPARE: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
_INSTEAD: Final = {
    "/": "a division names its scale: DIV(a, b, 2)",
    "!": "write NOT x, or a <> b",
    "%": "write 0.19 for 19 %",
    "^": "write POWER(a, 2)",
    "&&": "write AND",
    "|": "write OR, or & to join texts",
    "{": "a list of values stands in round brackets: x IN ('a', 'b')",
    "'": "the text is not closed: another ' is missing",
    '"': 'the text is not closed: another " is missing',
    "`": "the name is not closed: another ` is missing",
    "==": "write = to compare",
    "[": "a position in a list is a number: lines[0]; a name with blanks stands in `...`",
}


class BadFormula(ValueError):
    """The text is not a formula.

    Attributes:
        code: `MAP-FORMULA-01`, or `-04` for one beyond the limits.
        offset: 0-based position of the token that does not fit.
    """

    def __init__(self, message: str, offset: int, hint: str = "", code: str = "MAP-FORMULA-01") -> None:
        super().__init__(message)
        self.code = code
        self.offset = offset
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `kind` is number, text, name, word, index, symbol or end."""

    kind: str
    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the formula."""

    value: str | Decimal | bool | None
    offset: int


@dataclass(frozen=True, slots=True)
class Name:
    """A field of the record or of the document."""

    path: Path
    offset: int


@dataclass(frozen=True, slots=True)
class Not:
    """NOT x."""

    operand: Tree
    offset: int


@dataclass(frozen=True, slots=True)
class Negative:
    """-x."""

    operand: Tree
    offset: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Operands joined from left to right; `signs` is one operator before each but the first."""

    family: str
    operands: tuple[Tree, ...]
    signs: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Compare:
    """left OP right."""

    sign: str
    left: Tree
    right: Tree
    offset: int


@dataclass(frozen=True, slots=True)
class In:
    """operand IN (options), or NOT IN."""

    operand: Tree
    options: tuple[Tree, ...]
    negated: bool
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """NAME(arguments)."""

    name: str
    arguments: tuple[Tree, ...]
    offset: int


Tree = Literal | Name | Not | Negative | Chain | Compare | In | Call


def tokens(source: str) -> list[Token]:
    """The tokens of a formula, the last one of kind `end`.  Raises `BadFormula`."""
    if len(source) > MAX_SOURCE:
        message = f"the formula has {len(source):,} characters, the limit is {MAX_SOURCE:,}"
        raise BadFormula(message, 0, "split it into fields, or use a table", "MAP-FORMULA-04")
    found, at = list[Token](), 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise BadFormula(f"{show(source[at])} has no meaning here", at, _INSTEAD.get(source[at], ""))
        kind = match.lastgroup or ""
        if kind != "blank":
            found.append(Token("word" if match[0] in _WORDS else kind, match[0], at))
        at = match.end()
    return [*found, Token("end", "", len(source))]


def parse_formula(source: str) -> Tree:
    """The tree of a formula.  Raises `BadFormula`."""
    parser = _Parser(tokens(source))
    tree = parser.formula()
    parser.expect_end()
    return tree


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> Token | None:
        token = self._now
        if token.kind in {"symbol", "word"} and token.text in texts:
            self._at += 1
            return token
        return None

    def _deeper(self, parse: Callable[[], Tree]) -> Tree:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"the formula is nested deeper than {MAX_DEPTH} levels"
            raise BadFormula(message, self._now.offset, "split it into fields", "MAP-FORMULA-04")
        tree = parse()
        self._depth -= 1
        return tree

    def _wrong(self, expected: str) -> BadFormula:
        token = self._now
        if token.kind == "end":
            return BadFormula(f"expected {expected}, but the formula ends here", token.offset)
        hint = f"write {token.text.upper()}" if token.text.upper() in _WORDS and token.kind == "name" else ""
        both = self._tokens[self._at - 1].text + token.text if self._at else ""
        got = f"the text {show(token.text[1:-1])}" if token.kind == "text" else show(token.text)
        return BadFormula(f"expected {expected}, got {got}", token.offset, hint or _INSTEAD.get(both, ""))

    def expect_end(self) -> None:
        if self._now.kind != "end":
            raise self._wrong("an operator or the end of the formula")

    def formula(self) -> Tree:
        return self._deeper(lambda: self._chain("OR", ("OR",), lambda: self._chain("AND", ("AND",), self._not)))

    def _chain(self, family: str, signs: tuple[str, ...], operand: Callable[[], Tree]) -> Tree:
        operands, between, first = [operand()], list[str](), self._now.offset
        while token := self._take(*signs):
            between.append(token.text)
            operands.append(operand())
        return Chain(family, tuple(operands), tuple(between), first) if between else operands[0]

    def _not(self) -> Tree:
        token = self._take("NOT")
        if token is None:
            return self._comparison()
        return Not(self._deeper(self._not), token.offset)

    def _comparison(self) -> Tree:
        left, token = self._joined(), self._now
        if sign := self._take(*_COMPARE):
            right = self._joined()
            if self._now.text in _COMPARE and self._now.kind == "symbol":
                raise BadFormula("comparisons do not chain", self._now.offset, "write a < b AND b < c")
            return Compare(sign.text, left, right, sign.offset)
        negated = self._take("NOT") is not None
        if negated or self._now.text == "IN":
            if not self._take("IN"):
                raise self._wrong("IN")
            return In(left, self._arguments("IN"), negated, token.offset)
        return left

    def _joined(self) -> Tree:
        return self._chain("&", ("&",), self._sum)

    def _sum(self) -> Tree:
        return self._chain("+", ("+", "-"), lambda: self._chain("*", ("*",), self._sign))

    def _sign(self) -> Tree:
        token = self._take("-")
        return self._primary() if token is None else Negative(self._deeper(self._sign), token.offset)

    def _primary(self) -> Tree:
        token = self._now
        if self._take("("):
            tree = self.formula()
            self._close("(")
            return tree
        if token.kind in {"name", "word"} and self._tokens[self._at + 1].text == "(" and token.text != "IN":
            self._at += 1
            return Call(token.text, self._arguments(token.text), token.offset)
        if token.kind == "name":
            return self._path()
        return self._literal()

    def _arguments(self, of: str) -> tuple[Tree, ...]:
        if not self._take("("):
            raise self._wrong(f"( after {of}")
        found = list[Tree]()
        while not (not found and self._now.text == ")" and self._now.kind == "symbol"):
            found.append(self.formula())
            if not self._take(","):
                break
        self._close(f"{of}(")
        return tuple(found)

    def _close(self, opened: str) -> None:
        if not self._take(")"):
            raise self._wrong(f"an operator, or ) for {opened}")

    def _literal(self) -> Literal:
        token = self._now
        value: Any
        if token.kind == "text":
            value = token.text[1:-1].replace(token.text[0] * 2, token.text[0])
        elif token.kind == "number":
            try:
                value = read_decimal(token.text)
            except ValueError as error:
                raise BadFormula(str(error), token.offset) from None
        elif token.text in _LITERALS and token.kind == "word":
            value = _LITERALS[token.text]
        else:
            raise self._wrong("a value, a field or a function")
        self._at += 1
        return Literal(value, token.offset)

    def _path(self) -> Name:
        first = self._now
        self._at += 1
        start = first.text if first.text in {"$", "@"} else ""
        steps: list[str | int] = [] if start else [first.text.strip("`")]
        while True:
            if self._now.kind == "index":
                steps.append(int(self._now.text[1:-1]))
            elif self._now.text == "." and self._tokens[self._at + 1].kind in {"name", "word"}:
                self._at += 1
                steps.append(self._now.text.strip("`"))
            else:
                return Name(Path(start, tuple(steps)), first.offset)
            self._at += 1
