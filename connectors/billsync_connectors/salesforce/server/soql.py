"""SOQL read: text in, a tree out.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from billsync_connectors.salesforce.server.denied import Denied

LENGTH_MAX: Final = 100_000
_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*(?::\d+)?)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_LITERALS: Final = ("TODAY", "YESTERDAY", "TOMORROW", "LAST_N_DAYS", "NEXT_N_DAYS")
_AGGREGATES: Final = ("COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG")
_NOTHING_MORE: Final = ("FROM", "WHERE", "ORDER", "LIMIT", "OFFSET", "GROUP", "FOR", "WITH", "USING", "ALL", "HAVING")


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `at` is its place in the query, `kind` a group of the pattern, or `end`."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Path:
    """A field, with the relationships that lead to it."""

    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Total:
    """An aggregate: its function, the field, the name that its value gets."""

    function: str
    path: Path
    alias: str


@dataclass(frozen=True, slots=True)
class Fields:
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    which: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value; `kind`: text, number, date, datetime, boolean, null, or the name of a date literal with its days."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class Compared:
    """One condition: `sign` is =, !=, <, <=, >, >=, LIKE, IN or NOT IN; `values` are several for the last two."""

    path: Path
    sign: str
    values: tuple[Literal, ...] = ()
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions together: `how` is AND, OR, or NOT with one of them."""

    how: str
    of: tuple[Compared | Joined, ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """One key of the order."""

    path: Path
    down: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A query, or one inside of another; `count` for SELECT COUNT()."""

    text: str
    select: tuple[Path | Total | Fields | Query, ...]
    object: str
    at: int
    count: bool = False
    where: Compared | Joined | None = None
    groups: tuple[Path, ...] = ()
    order: tuple[Sorted, ...] = ()
    limit: int | None = None
    offset: int = 0


def parsed(text: str) -> Query:
    """The tree of a query.  Raises `Denied`."""
    if len(text) > LENGTH_MAX:
        raise Denied(400, "MALFORMED_QUERY", "SOQL statements can not be longer than 100000 characters")
    words = _Words(text)
    query = _query(words)
    words.expect_end()
    return query


def fault(text: str, at: int, code: str, message: str) -> Denied:
    """An error that shows its place."""
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    around = text[max(0, at - 40) : at + 40].replace("\n", " ")
    told = f"\n{around}\n{' ' * min(at, 40)}^\nERROR at Row:{line}:Column:{column}\n{message}"
    return Denied(400, code, told)


class _Words:
    """The words of a query, one after the other."""

    def __init__(self, text: str) -> None:
        self.text, self._at = text, 0
        self.tokens = self._cut()

    def _cut(self) -> list[Token]:
        found, at, end = [], 0, len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None or match.lastgroup is None:
                start = at + len(self.text[at:]) - len(self.text[at:].lstrip())
                raise fault(self.text, start, "MALFORMED_QUERY", f"unexpected token: '{self.text[start : start + 1]}'")
            found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            at = match.end()
        return [*found, Token("end", "<EOF>", end)]

    @property
    def now(self) -> Token:
        return self.tokens[self._at]

    @property
    def following(self) -> Token:
        return self.tokens[min(self._at + 1, len(self.tokens) - 1)]

    def next(self) -> Token:
        found = self.now
        self._at = min(self._at + 1, len(self.tokens) - 1)
        return found

    def wrong(self) -> Denied:
        return fault(self.text, self.now.at, "MALFORMED_QUERY", f"unexpected token: '{self.now.text}'")

    def takes(self, *words: str) -> bool:
        """Step over these words where they stand next."""
        found = self.tokens[self._at : self._at + len(words)]
        if [token.text.upper() for token in found] != list(words) or any(token.kind == "text" for token in found):
            return False
        self._at += len(words)
        return True

    def expect(self, word: str) -> Token:
        if self.now.text.upper() != word or self.now.kind == "text":
            raise self.wrong()
        return self.next()

    def expect_end(self) -> None:
        if self.now.kind != "end":
            raise self.wrong()

    def name(self) -> Token:
        if self.now.kind != "name" or self.now.text.upper() in _NOTHING_MORE:
            raise self.wrong()
        return self.next()

    def object(self) -> Token:
        """What stands after FROM: there is an object Order."""
        if self.now.kind != "name":
            raise self.wrong()
        return self.next()

    def count(self) -> int:
        if self.now.kind != "number" or not self.now.text.isdigit():
            raise self.wrong()
        return int(self.next().text)

    def listed(self, one: Callable[[_Words], Any]) -> tuple[Any, ...]:
        found = [one(self)]
        while self.takes(","):
            found.append(one(self))
        return tuple(found)


def _query(words: _Words) -> Query:
    words.expect("SELECT")
    count = words.takes("COUNT", "(", ")")
    select = () if count else words.listed(_selected)
    words.expect("FROM")
    object = words.object()
    alias = _alias(words)
    words.takes("USING", "SCOPE", "EVERYTHING")
    where = _condition(words) if words.takes("WHERE") else None
    _shallow(words, where)
    groups = words.listed(_path) if words.takes("GROUP", "BY") else ()
    order = words.listed(_sorted) if words.takes("ORDER", "BY") else ()
    limit = words.count() if words.takes("LIMIT") else None
    offset = words.count() if words.takes("OFFSET") else 0
    if not words.takes("FOR", "VIEW"):
        words.takes("FOR", "REFERENCE")
    query = Query(words.text, select, object.text, object.at, count, where, groups, order, limit, offset)
    return query if alias is None else _unaliased(query, alias)


def _alias(words: _Words) -> str | None:
    if words.now.kind == "name" and words.now.text.upper() not in _NOTHING_MORE:
        return words.next().text
    return None


def _selected(words: _Words) -> Path | Total | Fields | Query:
    if words.takes("("):
        inner = _query(words)
        words.expect(")")
        return inner
    upper, call = words.now.text.upper(), words.following.text == "("
    if upper == "FIELDS" and call:
        words.takes("FIELDS", "(")
        which = words.name().text.upper()
        words.expect(")")
        return Fields(which)
    if upper in _AGGREGATES and call:
        return _total(words)
    if call:
        raise words.wrong()
    return _path(words)


def _total(words: _Words) -> Total:
    function = words.next().text.upper()
    words.expect("(")
    path = _path(words)
    words.expect(")")
    return Total(function, path, _alias(words) or "")


def _path(words: _Words) -> Path:
    token = words.name()
    return Path(tuple(token.text.split(".")), token.at)


def _sorted(words: _Words) -> Sorted:
    path = _path(words)
    down = words.takes("DESC")
    if not down:
        words.takes("ASC")
    if words.takes("NULLS", "LAST"):
        return Sorted(path, down, nulls_first=False)
    words.takes("NULLS", "FIRST")
    return Sorted(path, down, nulls_first=True)


# ---------------------------------------------------------------- conditions


def _condition(words: _Words) -> Compared | Joined:
    """Conditions under one of AND and OR: both together need brackets."""
    found = [_term(words)]
    how = words.now.text.upper() if words.now.text.upper() in ("AND", "OR") else ""
    while how and words.takes(how):
        found.append(_term(words))
    if words.now.text.upper() in ("AND", "OR"):
        raise words.wrong()
    return found[0] if len(found) == 1 else Joined(how, tuple(found))


def _shallow(words: _Words, where: Compared | Joined | None, *, depth: int = 0) -> None:
    """A query inside of a condition stands at the top, joined by AND at most."""
    if isinstance(where, Joined):
        for each in where.of:
            _shallow(words, each, depth=depth + (2 if where.how != "AND" else 1))
    elif where is not None and where.query is not None and depth > 1:
        told = "Semi join sub-selects are only allowed at the top level WHERE expressions"
        raise fault(words.text, where.path.at, "MALFORMED_QUERY", f"{told} and not in nested WHERE expressions.")


def _term(words: _Words) -> Compared | Joined:
    if words.takes("NOT"):
        return Joined("NOT", (_term(words),))
    if words.takes("("):
        inner = _condition(words)
        words.expect(")")
        return inner
    path = _path(words)
    if words.takes("NOT", "IN"):
        return _among(words, path, "NOT IN")
    if words.takes("IN"):
        return _among(words, path, "IN")
    if words.takes("LIKE"):
        return Compared(path, "LIKE", (_literal(words),))
    if words.now.kind != "sign" or words.now.text not in ("=", "!=", "<>", "<", "<=", ">", ">="):
        raise words.wrong()
    sign = words.next().text.replace("<>", "!=")
    return Compared(path, sign, (_literal(words),))


def _among(words: _Words, path: Path, sign: str) -> Compared:
    words.expect("(")
    if words.now.text.upper() == "SELECT":
        inner = _query(words)
        words.expect(")")
        return Compared(path, sign, query=inner)
    values = words.listed(_literal)
    words.expect(")")
    return Compared(path, sign, values)


def _literal(words: _Words) -> Literal:
    token = words.now
    if token.kind == "text":
        words.next()
        return Literal("text", _unescaped(words, token))
    if token.kind in ("number", "date", "datetime"):
        return Literal(token.kind, words.next().text)
    upper, _, days = token.text.upper().partition(":")
    if upper in ("TRUE", "FALSE", "NULL"):
        words.next()
        return Literal("null", None) if upper == "NULL" else Literal("boolean", upper == "TRUE")
    if upper in _LITERALS and upper.endswith("_N_DAYS") == bool(days):
        words.next()
        return Literal(upper, int(days or 0))
    raise words.wrong()


def _unescaped(words: _Words, token: Token) -> str:
    """A text without its quotes; escapes of LIKE's own signs stay for LIKE."""

    def one(match: re.Match[str]) -> str:
        sign = match[1]
        if sign in "%_":
            return match[0]
        if sign not in _ESCAPES:
            raise fault(
                words.text,
                token.at,
                "MALFORMED_QUERY",
                f"Invalid string literal {token.text}. Illegal character sequence",
            )
        return _ESCAPES[sign]

    return re.sub(r"\\(.)", one, token.text[1:-1], flags=re.DOTALL)


# ---------------------------------------------------------------- aliases


def _unaliased(query: Query, alias: str) -> Query:
    """The query with its alias taken off from each path."""

    def path(one: Path) -> Path:
        names = one.names[1:] if len(one.names) > 1 and one.names[0].lower() == alias.lower() else one.names
        return Path(names, one.at)

    def where(one: Compared | Joined | None) -> Any:
        if isinstance(one, Joined):
            return Joined(one.how, tuple(where(each) for each in one.of))
        return None if one is None else replace(one, path=path(one.path))

    def selected(one: Any) -> Any:
        return (
            path(one) if isinstance(one, Path) else replace(one, path=path(one.path)) if isinstance(one, Total) else one
        )

    order = tuple(replace(each, path=path(each.path)) for each in query.order)
    select: Sequence[Any] = [selected(each) for each in query.select]
    groups = tuple(path(each) for each in query.groups)
    return replace(query, select=tuple(select), where=where(query.where), order=order, groups=groups)
