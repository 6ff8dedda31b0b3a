"""The query language: one SELECT, read from its text.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billsync_connectors.quickbooks.server.denied import Denied

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<sign><=|>=|!=|[=<>(),*]))"
)
_OPERATORS: Final = ("=", "!=", "<", "<=", ">", ">=")

Value = str | Decimal | bool


@dataclass(frozen=True, slots=True)
class Condition:
    """`field operator values`; only IN has several values."""

    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """A query.

    Attributes:
        fields: what is asked for; empty for all; `count` where only their number is.
        order: fields, each with whether it goes down.
        start: of the first row, from 1.
    """

    kind: str
    fields: tuple[str, ...]
    count: bool
    where: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]
    start: int
    rows: int


def parsed(text: str, most: int) -> Select:
    """The query of a text.  Raises `Denied`."""
    return _Parser(text, most).select()


class _Parser:
    def __init__(self, text: str, most: int) -> None:
        self._tokens, self._most, self._place = list(_tokens(text)), most, 0

    def select(self) -> Select:
        """All of it."""
        self._need("SELECT")
        fields, count = self._fields()
        self._need("FROM")
        kind = self._word()
        where = self._where() if self._take("WHERE") else ()
        order = self._order()
        start = self._number(1) if self._take("STARTPOSITION") else 1
        rows = self._number(1) if self._take("MAXRESULTS") else 100
        if self._place < len(self._tokens):
            raise _unparsed(f"Encountered {self._tokens[self._place][1]!r}")
        if rows > self._most:
            raise _invalid(f"value {rows} is too large. Max allowed value is {self._most}.")
        return Select(kind, fields, count, where, order, start, rows)

    # ------------------------------------------------------------ parts

    def _fields(self) -> tuple[tuple[str, ...], bool]:
        if self._take("COUNT"):
            for sign in ("(", "*", ")"):
                self._need(sign)
            return (), True
        fields = []
        while True:
            fields.append("*" if self._take("*") else self._word())
            if not self._take(","):
                break
        return (() if "*" in fields else tuple(fields)), False

    def _where(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while self._take("AND"):
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        field = self._word()
        if self._take("LIKE"):
            return Condition(field, "LIKE", (self._value(),))
        if self._take("IN"):
            self._need("(")
            values = [self._value()]
            while self._take(","):
                values.append(self._value())
            self._need(")")
            return Condition(field, "IN", tuple(values))
        kind, sign = self._next()
        if kind != "sign" or sign not in _OPERATORS:
            raise _unparsed(f"Encountered {sign!r}, expected an operator")
        return Condition(field, sign, (self._value(),))

    def _order(self) -> tuple[tuple[str, bool], ...]:
        if self._take("ORDER"):
            self._need("BY")
        elif not self._take("ORDERBY"):
            return ()
        found = []
        while True:
            field = self._word()
            down = self._take("DESC")
            if not down:
                self._take("ASC")
            found.append((field, down))
            if not self._take(","):
                return tuple(found)

    # ------------------------------------------------------------ tokens

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise _unparsed("Encountered <EOF>")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, word: str) -> bool:
        if self._place < len(self._tokens):
            kind, text = self._tokens[self._place]
            if kind in ("word", "sign") and text.upper() == word:
                self._place += 1
                return True
        return False

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise _unparsed(f"Encountered {self._next()[1]!r}, expected {word}")

    def _word(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise _unparsed(f"Encountered {text!r}, expected a name")
        return text

    def _number(self, least: int) -> int:
        kind, text = self._next()
        if kind != "number" or "." in text or int(text) < least:
            raise _invalid(f"value {text} is not a number from {least} on")
        return int(text)

    def _value(self) -> Value:
        kind, text = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return Decimal(text)
        if kind == "word" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise _unparsed(f"Encountered {text!r}, expected a value")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place, text = 0, text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unparsed(f"Lexical error at column {place + 1}")
        yield str(match.lastgroup), match[str(match.lastgroup)]
        place = match.end()


def _unparsed(told: str) -> Denied:
    return Denied(4000, "Error parsing query", f"QueryParserError: {told}")


def _invalid(told: str) -> Denied:
    return Denied(4001, "Invalid query", f"QueryValidationError: {told}")


def unknown(field: str, kind: str) -> Denied:
    """A property that an entity does not have."""
    return _invalid(f"Property {field} not found for Entity {kind}")
