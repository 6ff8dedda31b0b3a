"""The filter language of `where`: comparisons, AND, OR, brackets, and three questions about texts.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.xero.server.denied import bad_query

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<date>DateTime\(\s*\d{4}\s*,\s*\d{1,2}\s*,\s*\d{1,2}[\d\s,]*\))"""
    r"""|(?P<guid>[Gg]uid\("[0-9a-fA-F-]{36}"\))|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<op>==|!=|>=|<=|&&|\|\||[=<>()])|(?P<word>[A-Za-z_][\w.]*))"""
)
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": lambda a, b: bool(a == b),
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    ">": lambda a, b: bool(a > b),
    "<": lambda a, b: bool(a < b),
    ">=": lambda a, b: bool(a >= b),
    "<=": lambda a, b: bool(a <= b),
}
_ASKS: Final[dict[str, Callable[[str, str], bool]]] = {
    "Contains": lambda a, b: b in a,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


def parse(text: str) -> Test:
    """The test that a filter is.  Raises `Denied`."""
    return _Parser(text).whole()


class _Parser:
    """One pass over the tokens, from the loosest binding to the tightest."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens = text, list[tuple[str, str]]()
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._no()
            assert match.lastgroup is not None
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self._at = 0

    def whole(self) -> Test:
        found = self._either()
        if self._at < len(self._tokens):
            raise self._no()
        return found

    def _either(self) -> Test:
        parts = [self._both()]
        while self._word("OR", "||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _both(self) -> Test:
        parts = [self._single()]
        while self._word("AND", "&&"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _single(self) -> Test:
        if self._word("("):
            found = self._either()
            self._need(")")
            return found
        kind, name = self._next()
        if kind != "word":
            raise self._no()
        head, _, ask = name.rpartition(".")
        if ask in _ASKS:
            return self._asked(head, _ASKS[ask])
        kind, operator = self._next()
        if operator not in _COMPARE:
            raise self._no()
        value = self._value()
        compare = _COMPARE[operator]
        return lambda row: _compared(compare, operator, _field(row, name), value)

    def _asked(self, name: str, ask: Callable[[str, str], bool]) -> Test:
        self._need("(")
        value = self._value()
        self._need(")")
        return lambda row: ask(str(_field(row, name) or "").casefold(), str(value).casefold())

    def _value(self) -> Any:
        kind, text = self._next()
        match kind:
            case "text":
                return re.sub(r"\\(.)", r"\1", text[1:-1])
            case "guid":
                return text[6:-2].lower()
            case "number":
                return Decimal(text)
            case "date":
                year, month, day = (int(part) for part in re.findall(r"\d+", text)[:3])
                try:
                    return date(year, month, day).isoformat()
                except ValueError:
                    raise self._no() from None
            case "word" if text.lower() in ("true", "false", "null"):
                return {"true": True, "false": False, "null": None}[text.lower()]
        raise self._no()

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise self._no()
        self._at += 1
        return self._tokens[self._at - 1]

    def _word(self, *words: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1].upper() in words:
            self._at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._word(word):
            raise self._no()

    def _no(self) -> Exception:
        return bad_query(f"The where clause could not be read: {self._text}")


def _field(row: Row, name: str) -> Any:
    """A field's value; `Contact.ContactID` is one of another record's."""
    last = name.rpartition(".")[2]
    return row.get(name, row.get(last))


def _compared(compare: Callable[[Any, Any], bool], operator: str, own: Any, value: Any) -> bool:
    if own is None or value is None:
        return operator in ("==", "=", "!=") and compare(own, value)
    if isinstance(own, str) and isinstance(value, str):
        size = 10 if re.fullmatch(r"\d{4}-\d\d-\d\d", value) and operator in ("==", "=") else len(own)
        return compare(own[:size].casefold(), value.casefold())
    if isinstance(own, bool) != isinstance(value, bool) or isinstance(own, str) != isinstance(value, str):
        return False
    return compare(own, value)
