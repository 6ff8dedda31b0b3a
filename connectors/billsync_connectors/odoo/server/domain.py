"""Domains: conditions in Polish notation.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.odoo.server.denied import Broken
from billsync_connectors.odoo.server.values import Row

Value = Callable[[Row, str], Any]
"""The value of a field, also of a dotted path, as it is compared."""
Test = Callable[[Row], bool]


def compiled(domain: Any, value: Value) -> Test:
    """The test that a domain is.  Raises `Broken`."""
    if not isinstance(domain, Sequence) or isinstance(domain, str):
        raise Broken(f"Domain() invalid item in domain: {domain!r}")
    stack: list[Test] = []
    for item in reversed(domain):
        if item in ("&", "|"):
            if len(stack) < 2:
                raise Broken(f"Domain() missing operands: {domain!r}")
            stack.append(_joined(item, stack.pop(), stack.pop()))
        elif item == "!":
            stack.append(_not(stack.pop()))
        else:
            stack.append(_leaf(item, value))
    return lambda row: all(test(row) for test in stack)


def _joined(operator: str, one: Test, other: Test) -> Test:
    if operator == "&":
        return lambda row: one(row) and other(row)
    return lambda row: one(row) or other(row)


def _not(test: Test) -> Test:
    return lambda row: not test(row)


def _leaf(item: Any, value: Value) -> Test:
    if not isinstance(item, Sequence) or isinstance(item, str) or len(item) != 3:
        raise Broken(f"Domain() invalid item in domain: {item!r}")
    name, operator, wanted = item
    if operator not in _TESTS:
        raise Broken(f"Invalid operator {operator!r} in domain term {item!r}")
    if operator == "=?" and wanted in (None, False):
        return lambda _row: True
    test = _TESTS[operator]
    wanted = False if wanted is None else wanted
    return lambda row: test(value(row, str(name)), wanted)


def _same(own: Any, wanted: Any) -> bool:
    if isinstance(own, list):
        return (not own and wanted is False) or wanted in own
    if wanted is False or own is False:
        return bool(own) is bool(wanted) and (own is wanted or not own)
    return bool(own == wanted)


def _in(own: Any, wanted: Any) -> bool:
    return any(_same(own, each) for each in (wanted if isinstance(wanted, list) else [wanted]))


def _more(own: Any, wanted: Any, least: int) -> bool:
    """Greater, or with `least` 0 also equal; what is empty is neither."""
    if own is False or wanted is False or isinstance(own, str) != isinstance(wanted, str):
        return False
    if isinstance(own, str):
        return own > str(wanted) or (least == 0 and own == wanted)
    return Decimal(own) > Decimal(wanted) or (least == 0 and Decimal(own) == Decimal(wanted))


def _like(own: Any, wanted: Any, *, whole: bool = False, fold: bool = True) -> bool:
    text, pattern = str(own or ""), str(wanted)
    if not whole:
        pattern = f"%{pattern}%"
    found = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(found, text, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None


_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": _same,
    "!=": lambda own, wanted: not _same(own, wanted),
    "=?": _same,
    "in": _in,
    "not in": lambda own, wanted: not _in(own, wanted),
    ">": lambda own, wanted: _more(own, wanted, 1),
    ">=": lambda own, wanted: _more(own, wanted, 0),
    "<": lambda own, wanted: _more(wanted, own, 1) if own is not False else False,
    "<=": lambda own, wanted: _more(wanted, own, 0) if own is not False else False,
    "like": lambda own, wanted: _like(own, wanted, fold=False),
    "ilike": _like,
    "not like": lambda own, wanted: not _like(own, wanted, fold=False),
    "not ilike": lambda own, wanted: not _like(own, wanted),
    "=like": lambda own, wanted: _like(own, wanted, whole=True, fold=False),
    "=ilike": lambda own, wanted: _like(own, wanted, whole=True),
    "child_of": _in,
}
